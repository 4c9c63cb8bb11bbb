//! Sending many transactions of one account without waiting for each.

use crate::{Client, ClientError, Refusal, TxOptions, queries::BaseAccount};
use prost_types::Any;
use tokio::sync::Mutex;
use virtengine_crypto::SigningKey;
use virtengine_types::{Address, code::SdkCode};

/// Attempts of one transaction when sequences do not agree.
const ATTEMPTS: usize = 4;

/// A transaction on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Upper-case hex.
    pub hash: String,
    /// The sequence it was signed with.
    pub sequence: u64,
}

/// An account that signs with sequences n, n+1, ... ahead of the blocks.
///
/// The node takes transactions of one account in order, so signing and sending is one step at a time;
/// waiting for blocks is not. When the node expects another sequence - a transaction was lost, or
/// somebody else signs for the same account - the account takes the node's word and signs anew.
pub struct Account {
    client: Client,
    key: SigningKey,
    next: Mutex<Option<BaseAccount>>,
}

impl Account {
    /// The account of `key`. Nothing is asked yet.
    #[must_use]
    pub fn new(client: Client, key: SigningKey) -> Self {
        Self { client, key, next: Mutex::new(None) }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The client it sends with.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Makes, signs and sends a transaction; it is on its way when this returns. Wait for it with
    /// [`Client::wait_tx`].
    ///
    /// # Errors
    /// - `NoAccount` - the account does not exist
    /// - `Simulation` - the transaction would fail
    /// - `Rejected` - the node's checks failed; the sequence is free for the next one
    pub async fn submit(&self, messages: &[Any], options: &TxOptions) -> Result<Submitted, ClientError> {
        let mut next = self.next.lock().await;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let account = match next.as_ref() {
                Some(account) => account.clone(),
                None => next.insert(self.client.account_to_sign(self.key.address()).await?).clone(),
            };
            let signed = self.client.prepare(&self.key, &account, messages, options).await?;
            let error = match self.client.broadcast(&signed.bytes).await {
                Ok(hash) => {
                    let sequence = account.sequence;
                    *next = Some(BaseAccount { sequence: sequence + 1, ..account });
                    return Ok(Submitted { hash, sequence });
                }
                Err(error) => error,
            };
            let Some(refusal) = error.refusal() else {
                *next = None; // it may or may not have arrived
                return Err(error);
            };
            if !is_sequence(refusal) {
                return Err(error);
            }
            tracing::warn!(%error, sequence = account.sequence, attempt, "the account's sequence has moved");
            *next = refusal.expected_sequence().map(|sequence| BaseAccount { sequence, ..account });
            if attempt >= ATTEMPTS {
                return Err(error);
            }
        }
    }

    /// Forgets the sequence; the next transaction asks the node. For a transaction that never came into a
    /// block.
    pub async fn resynchronize(&self) {
        *self.next.lock().await = None;
    }
}

fn is_sequence(refusal: &Refusal) -> bool {
    refusal.is(SdkCode::WrongSequence) || refusal.is(SdkCode::InvalidSequence)
}
