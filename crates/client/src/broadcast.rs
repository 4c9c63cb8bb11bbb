//! Sending transactions and waiting for them.

use crate::{
    Client, ClientError, Fee, Gas, Refusal, Simulated, TxOptions, TxOutcome,
    gas::{adjusted, min_fee},
    outcome::text,
    queries::BaseAccount,
    sign::Unsigned,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use prost_types::Any;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use virtengine_crypto::SigningKey;
use virtengine_types::{
    Amount, Coin, Coins,
    proto::cosmos::tx::v1beta1::{SimulateRequest, SimulateResponse},
};

/// Time between two looks for a transaction.
const POLL: Duration = Duration::from_millis(100);
/// How a node refuses a transaction that it has already.
const KNOWN: &str = "tx already exists in cache";

/// A transaction ready to be sent.
#[derive(Clone, Debug)]
pub struct Signed {
    /// As it travels.
    pub bytes: Vec<u8>,
    /// Upper-case hex of its SHA-256.
    pub hash: String,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Its fee.
    pub fee: Coins,
    /// The sequence it was signed with.
    pub sequence: u64,
}

impl Client {
    /// Runs messages on the newest state without sending them.
    ///
    /// # Errors
    /// - `Simulation` - a message fails; the reason is the chain's
    pub async fn simulate(
        &self,
        key: &SigningKey,
        messages: &[Any],
        memo: &str,
        sequence: u64,
    ) -> Result<Simulated, ClientError> {
        let fee = Coins::default();
        let unsigned = Unsigned { messages, memo, timeout_height: 0, gas_limit: 0, fee: &fee, sequence };
        let request = SimulateRequest { tx_bytes: unsigned.unsigned(key).into(), ..Default::default() };
        let path = "/cosmos.tx.v1beta1.Service/Simulate";
        let answer: SimulateResponse = self.query(path, &request).await.map_err(|error| match error {
            ClientError::Query { refusal, .. } if !error.is_transient() => {
                ClientError::Simulation { refusal }
            }
            other => other,
        })?;
        Ok(Simulated {
            gas_used: answer.gas_info.map(|info| info.gas_used).unwrap_or_default(),
            responses: answer.result.map(|result| result.msg_responses).unwrap_or_default(),
        })
    }

    /// Makes and signs a transaction for an account with a known number and sequence.
    ///
    /// # Errors
    /// - `Simulation` - gas is `Auto` and the transaction would fail
    /// - `Option` - the adjustment is below 1
    pub async fn prepare(
        &self,
        key: &SigningKey,
        account: &BaseAccount,
        messages: &[Any],
        options: &TxOptions,
    ) -> Result<Signed, ClientError> {
        let sequence = account.sequence;
        let gas_limit = match options.gas {
            Gas::Limit(limit) => limit,
            Gas::Auto { adjustment } => {
                if !(1.0..=100.0).contains(&adjustment) {
                    let (field, found) = ("the gas adjustment", adjustment.to_string());
                    return Err(ClientError::Option { field, found, rule: "it is a factor from 1 to 100" });
                }
                let used = self.simulate_pending(key, messages, &options.memo, sequence).await?.gas_used;
                adjusted(used, adjustment)
            }
        };
        let fee = match &options.fee {
            Fee::Amount(coins) => coins.clone(),
            Fee::Auto => self.min_fee(gas_limit).await?,
        };
        let unsigned = Unsigned {
            messages,
            memo: &options.memo,
            timeout_height: options.timeout_height,
            gas_limit,
            fee: &fee,
            sequence,
        };
        let bytes = unsigned.sign(key, self.chain_id().await?, account.account_number);
        let hash = hex::encode_upper(Sha256::digest(&bytes));
        Ok(Signed { bytes, hash, gas_limit, fee, sequence })
    }

    /// Simulates with the sequence of the newest state if `sequence` runs ahead of it: transactions
    /// before this one may still be on their way.
    async fn simulate_pending(
        &self,
        key: &SigningKey,
        messages: &[Any],
        memo: &str,
        sequence: u64,
    ) -> Result<Simulated, ClientError> {
        let first = self.simulate(key, messages, memo, sequence).await;
        let expected =
            first.as_ref().err().and_then(ClientError::refusal).and_then(Refusal::expected_sequence);
        match expected {
            Some(expected) if expected != sequence => self.simulate(key, messages, memo, expected).await,
            _ => first,
        }
    }

    /// The least fee that the chain takes for a gas limit.
    ///
    /// # Errors
    /// As [`Client::params`].
    pub async fn min_fee(&self, gas_limit: u64) -> Result<Coins, ClientError> {
        let price = self.params().await?.min_fee_per_million_gas.unwrap_or_default();
        let malformed = |cause: String| self.transport.malformed("the parameters", cause);
        let price = Coin::from_wire(&price).map_err(|error| malformed(error.to_string()))?;
        let amount = Amount(min_fee(gas_limit, price.amount.0));
        let mut coins = Coins::default();
        if !amount.is_zero() {
            let fee = Coin { denom: price.denom, amount };
            coins.add(&fee).map_err(|error| malformed(error.to_string()))?;
        }
        Ok(coins)
    }

    /// Gives a transaction to the node; it is checked, and on its way when this returns.
    ///
    /// # Errors
    /// - `Known` - the node has the transaction already
    /// - `Rejected` - the node's checks failed
    pub async fn broadcast(&self, tx: &[u8]) -> Result<String, ClientError> {
        let hash = hex::encode_upper(Sha256::digest(tx));
        let params = json!({"tx": BASE64_STANDARD.encode(tx)});
        let answer = self.transport.call("broadcast_tx_sync", params).await;
        let answer = answer.map_err(|error| match error {
            ClientError::Rpc { message, .. } if message == KNOWN => ClientError::Known { hash: hash.clone() },
            other => other,
        })?;
        let code = answer["code"].as_u64().unwrap_or(0);
        if code == 0 {
            return Ok(hash);
        }
        let code = u32::try_from(code).unwrap_or(u32::MAX);
        let refusal = Refusal { codespace: text(&answer["codespace"]), code, log: text(&answer["log"]) };
        Err(ClientError::Rejected { hash, refusal })
    }

    /// Makes, signs and sends a transaction of the key's account, behind those that are pending. To send
    /// several without waiting use [`crate::Account`].
    ///
    /// # Errors
    /// - `NoAccount` - the account does not exist
    /// - `Simulation` - the transaction would fail
    /// - `Rejected` - the node's checks failed
    pub async fn sign_and_broadcast(
        &self,
        key: &SigningKey,
        messages: Vec<Any>,
        options: &TxOptions,
    ) -> Result<String, ClientError> {
        let account = self.account_to_sign(key.address()).await?;
        let signed = self.prepare(key, &account, &messages, options).await?;
        self.broadcast(&signed.bytes).await
    }

    /// Waits until a transaction is in a block, failed or not.
    ///
    /// # Errors
    /// - `NotIncluded` - it is not there in time
    pub async fn wait_tx(&self, hash: &str, within: Duration) -> Result<TxOutcome, ClientError> {
        let late = || ClientError::NotIncluded { hash: hash.to_owned(), after: within };
        let deadline = Instant::now() + within;
        loop {
            match timeout_at(deadline, self.tx(hash)).await.map_err(|_| late())? {
                Ok(outcome) => return Ok(outcome),
                Err(error) if error.is_not_found() || error.is_transient() => {}
                Err(error) => return Err(error),
            }
            if Instant::now() + POLL > deadline {
                return Err(late());
            }
            sleep(POLL).await;
        }
    }

    /// A transaction by its hash, in hex.
    ///
    /// # Errors
    /// - `Rpc` - it is in no block ([`ClientError::is_not_found`]), or the hash is malformed
    pub async fn tx(&self, hash: &str) -> Result<TxOutcome, ClientError> {
        let answer = self.transport.call("tx", json!({"hash": hash, "prove": false})).await?;
        TxOutcome::from_json(&answer).map_err(|cause| self.transport.malformed("tx", cause))
    }
}
