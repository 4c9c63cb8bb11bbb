//! `virtengine query proof`: values checked against the state root, without a database.

use super::{super::parse, Asker};
use bytes::Bytes;
use clap::{Subcommand, ValueEnum};
use eyre::{Context as _, Result, ensure, eyre};
use serde_json::{Value, json};
use virtengine_chain::{bank, escrow, market, provider, staking};
use virtengine_client::json as proto_json;
use virtengine_state::{Key, Partition};
use virtengine_store::proof;
use virtengine_types::{
    Coin, Denom,
    block::Hash,
    market::{BidId, LeaseId, OrderId, OrderStatus},
    proto::virtengine::chain::v1::QueryProofResponse,
    tx::PublicKey,
};

#[derive(Subcommand)]
pub(super) enum Of {
    /// An account: balances, number, sequence.
    Account {
        /// Its address, or the name of a key.
        account: String,
    },
    /// The supply of a denomination.
    Supply {
        /// The denomination.
        #[arg(default_value = "uve")]
        denom: Denom,
    },
    /// A validator.
    Validator {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// A provider.
    Provider {
        /// Its account, or the name of a key.
        provider: String,
    },
    /// An order.
    Order {
        /// The order.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// A bid.
    Bid {
        /// The bid.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// A lease.
    Lease {
        /// The lease.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// The escrow account of an order.
    Escrow {
        /// The order.
        #[arg(value_parser = parse::number)]
        order: u64,
    },
    /// Any row by its key.
    Raw {
        /// The partition.
        #[arg(value_enum)]
        partition: PartitionName,
        /// The 32-byte key, 64 hexadecimal digits.
        key: String,
    },
}

/// One of the five partitions.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum PartitionName {
    /// Accounts, balances, supply, escrow.
    Ledger,
    /// Validators, delegations.
    Staking,
    /// Providers, orders, bids, leases.
    Market,
    /// Identities.
    Identity,
    /// Clusters and jobs.
    Hpc,
}

impl Of {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let key = self.key(asker).await?;
        let answer = asker.client.proof(key.partition.name(), key.bytes).await;
        let answer = answer.map_err(|error| {
            if error.is_not_found() {
                eyre!("{} is not in the state: {error}", self.named())
            } else {
                error.into()
            }
        })?;
        let row = Bytes::copy_from_slice(&answer.value);
        let state_root = verify(&key, &answer, &row)?;
        let value = self.value(&row).wrap_err("the proven row is of another version")?;
        asker.output.record(&json!({
            "verified": true,
            "partition": key.partition.name(),
            "key": hex::encode_upper(key.bytes),
            "height": answer.height.to_string(),
            "state_root": hex::encode_upper(state_root),
            "proof_bytes": answer.proof.len(),
            "row": hex::encode_upper(&row),
            "value": value,
        }))?;
        if !asker.output.is_json() {
            eprintln!(
                "This program has checked, without a database, that the row is in the state with this root. \
                 That block {} has this root is the node's word: compare `virtengine query header {}` of another node.",
                answer.height, answer.height
            );
        }
        Ok(())
    }

    /// What is asked for.
    fn named(&self) -> String {
        match self {
            Self::Account { account } => format!("account {account}"),
            Self::Supply { denom } => format!("the supply of {denom}"),
            Self::Validator { validator } => format!("validator {validator}"),
            Self::Provider { provider } => format!("provider {provider}"),
            Self::Order { id } => format!("order {id}"),
            Self::Bid { id } => format!("bid {id}"),
            Self::Lease { id } => format!("lease {id}"),
            Self::Escrow { order } => format!("the escrow account of order {order}"),
            Self::Raw { key, .. } => format!("key {key}"),
        }
    }

    /// What the row says; nothing for a raw one.
    fn value(&self, row: &[u8]) -> Result<Value> {
        Ok(match self {
            Self::Account { .. } => {
                let (address, account) = bank::ACCOUNTS.decode(row)?;
                json!({
                    "address": address.to_string(),
                    "account_number": account.number.to_string(),
                    "sequence": account.sequence.to_string(),
                    "public_key": account.public_key.as_ref().map(PublicKey::to_json),
                    "balances": account.balances.iter().map(|coin| coin_json(&coin)).collect::<Vec<_>>(),
                })
            }
            Self::Supply { .. } => {
                let (denom, amount) = bank::SUPPLY.decode(row)?;
                coin_json(&Coin { denom, amount })
            }
            Self::Validator { .. } => {
                let (operator, validator) = staking::VALIDATORS.decode(row)?;
                json!({
                    "operator_address": operator.operator(),
                    "moniker": validator.description.moniker,
                    "consensus_key": hex::encode_upper(validator.consensus_key),
                    "bls_key": validator.bls_key.map(hex::encode_upper),
                    "tokens": validator.tokens.to_string(),
                    "self_delegation": validator.self_delegation().to_string(),
                    "created_height": validator.created_height.to_string(),
                })
            }
            Self::Provider { .. } => {
                let (owner, provider) = provider::PROVIDERS.decode(row)?;
                proto_json::of(&provider.to_wire(owner))?
            }
            Self::Order { .. } => {
                let (id, order) = market::ORDERS.decode(row)?;
                let mut value = proto_json::of(&order.to_wire(id, 0))?;
                without(&mut value, "open_bids"); // it is counted from another row
                value
            }
            Self::Bid { .. } => {
                let (id, bid) = market::BIDS.decode(row)?;
                proto_json::of(&bid.to_wire(id, OrderStatus::Open))? // the status as it is stored
            }
            Self::Lease { .. } => {
                let (id, lease) = market::LEASES.decode(row)?;
                proto_json::of(&lease.to_wire(id))?
            }
            Self::Escrow { .. } => {
                let (order, account) = escrow::ESCROW_ACCOUNTS.decode(row)?;
                proto_json::of(&account.to_wire(order))?
            }
            Self::Raw { .. } => Value::Null,
        })
    }

    async fn key(&self, asker: &Asker) -> Result<Key> {
        Ok(match self {
            Self::Account { account } => bank::ACCOUNTS.key(&asker.address(account)?)?,
            Self::Supply { denom } => bank::SUPPLY.key(denom)?,
            Self::Validator { validator } => staking::VALIDATORS.key(&asker.validator(validator).await?)?,
            Self::Provider { provider } => provider::PROVIDERS.key(&asker.address(provider)?)?,
            Self::Order { id } => market::ORDERS.key(&OrderId(*id))?,
            Self::Bid { id } => market::BIDS.key(&BidId(*id))?,
            Self::Lease { id } => market::LEASES.key(&LeaseId(*id))?,
            Self::Escrow { order } => escrow::ESCROW_ACCOUNTS.key(&OrderId(*order))?,
            Self::Raw { partition, key } => Key { partition: partition.partition(), bytes: raw_key(key)? },
        })
    }
}

impl PartitionName {
    const fn partition(self) -> Partition {
        match self {
            Self::Ledger => Partition::Ledger,
            Self::Staking => Partition::Staking,
            Self::Market => Partition::Market,
            Self::Identity => Partition::Identity,
            Self::Hpc => Partition::Hpc,
        }
    }
}

/// Checks a node's answer; gives the state root that it is checked against.
fn verify(key: &Key, answer: &QueryProofResponse, row: &Bytes) -> Result<Hash> {
    let hash = |what: &str, bytes: &[u8]| {
        let found = bytes.len();
        Hash::try_from(bytes).map_err(|_| eyre!("the node's {what} has {found} bytes, a hash has 32"))
    };
    let count = answer.partitions.len();
    ensure!(
        count == Partition::ALL.len(),
        "the node gave {count} partition roots, the state has {}",
        Partition::ALL.len()
    );
    let mut roots = [[0; 32]; Partition::ALL.len()];
    for ((root, partition), given) in roots.iter_mut().zip(Partition::ALL).zip(&answer.partitions) {
        ensure!(
            given.name == partition.name(),
            "the node gave partition {:?} in place of {}",
            given.name,
            partition.name()
        );
        *root = hash("partition root", &given.root)?;
    }
    let state_root = hash("state root", &answer.state_root)?;
    proof::verify(&state_root, &roots, key, row, &answer.proof)
        .wrap_err("the node's proof is wrong: do not trust the value")?;
    Ok(state_root)
}

fn coin_json(coin: &Coin) -> Value {
    json!({"denom": coin.denom.as_str(), "amount": coin.amount.to_string()})
}

fn without(value: &mut Value, field: &str) {
    if let Value::Object(fields) = value {
        fields.remove(field);
    }
}

fn raw_key(text: &str) -> Result<[u8; 32]> {
    let bytes = hex::decode(text.trim_start_matches("0x")).wrap_err("the key is not hexadecimal")?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| eyre!("the key has {found} bytes, a key has 32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_keys_of_another_size() {
        assert_eq!(raw_key(&"ab".repeat(32)).unwrap(), [0xab; 32]);
        assert!(raw_key("abcd").unwrap_err().to_string().contains("2 bytes"));
        assert!(raw_key("xyz").is_err());
    }

    #[test]
    fn rejects_answers_without_all_partitions() {
        let key = Key { partition: Partition::Ledger, bytes: [1; 32] };
        let error = verify(&key, &QueryProofResponse::default(), &Bytes::new()).unwrap_err();
        assert!(error.to_string().contains("0 partition roots"), "{error}");
    }
}
