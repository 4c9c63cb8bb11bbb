//! `virtengine query`: what a node knows.

mod account;
mod block;
mod distribution;
mod events;
mod market;
mod proof;
mod provider;
mod slashing;
mod staking;

use super::{
    connection::Connection,
    keyring::KeyringArgs,
    output::{Column, Output},
    validator,
};
use clap::{Args, Subcommand};
use eyre::Result;
use prost::{Message, Name};
use serde_json::Value;
use virtengine_client::{Client, json, page};
use virtengine_types::{Address, proto::cosmos::base::query::v1beta1::PageRequest};

#[derive(Args)]
pub(super) struct Query {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    keyring: KeyringArgs,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    module: Module,
}

#[derive(Subcommand)]
enum Module {
    /// Accounts.
    #[command(subcommand)]
    Auth(account::Auth),
    /// Balances and supply.
    #[command(subcommand)]
    Bank(account::Bank),
    /// Validators and delegations.
    #[command(subcommand)]
    Staking(staking::Staking),
    /// What stake has earned.
    #[command(subcommand)]
    Distribution(distribution::Distribution),
    /// Who is tombstoned.
    #[command(subcommand)]
    Slashing(slashing::Slashing),
    /// Providers.
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Orders, bids and leases.
    #[command(subcommand)]
    Market(market::Market),
    /// Escrow accounts.
    #[command(subcommand)]
    Escrow(market::Escrow),
    /// The chain's parameters.
    Params,
    /// The node's state: chain, height, whether it catches up.
    Status,
    /// A transaction by its hash.
    Tx {
        /// Its hash in hexadecimal.
        hash: String,
        /// Longest time to wait for it, in seconds.
        #[arg(long, default_value_t = 0)]
        wait: u64,
    },
    /// A block.
    Block {
        /// Its height; default the newest.
        height: Option<u64>,
    },
    /// A native header with its roots and certificate.
    Header {
        /// Its height; default the newest.
        height: Option<u64>,
    },
    /// The event log.
    #[command(subcommand)]
    Events(events::Events),
    /// A value with the proof that it is part of the state, checked here, without a database.
    Proof {
        #[command(subcommand)]
        of: proof::Of,
    },
}

/// What every query needs.
struct Asker {
    client: Client,
    output: Output,
    keyring: KeyringArgs,
}

impl Query {
    pub(super) async fn run(self) -> Result<()> {
        let asker = Asker { client: self.connection.client()?, output: self.output, keyring: self.keyring };
        match self.module {
            Module::Auth(auth) => auth.run(&asker).await,
            Module::Bank(bank) => bank.run(&asker).await,
            Module::Staking(staking) => staking.run(&asker).await,
            Module::Distribution(distribution) => distribution.run(&asker).await,
            Module::Slashing(slashing) => slashing.run(&asker).await,
            Module::Provider(provider) => provider.run(&asker).await,
            Module::Market(market) => market.run(&asker).await,
            Module::Escrow(escrow) => escrow.run(&asker).await,
            Module::Params => asker.show(&asker.client.params().await?),
            Module::Status => asker.output.record(&serde_json::to_value(asker.client.status().await?)?),
            Module::Tx { hash, wait } => block::tx(&asker, &hash, wait).await,
            Module::Block { height } => {
                asker.output.record(&serde_json::to_value(asker.client.block(height).await?)?)
            }
            Module::Header { height } => block::header(&asker, height.unwrap_or(0)).await,
            Module::Events(events) => events.run(&asker).await,
            Module::Proof { of } => of.run(&asker).await,
        }
    }
}

impl Asker {
    /// Prints a message, one line a field.
    fn show<M: Message + Name>(&self, message: &M) -> Result<()> {
        self.output.record(&json::of(message)?)
    }

    /// Prints an answer that holds a list in its field `list`.
    fn list<M: Message + Name>(&self, message: &M, list: &str, columns: &[Column]) -> Result<()> {
        let answer: Value = json::of(message)?;
        self.output.list(&answer, list, columns)
    }

    /// An account: an address, or the name of a key.
    fn address(&self, text: &str) -> Result<Address> {
        self.keyring.address(text)
    }

    /// The validator that a text names.
    async fn validator(&self, text: &str) -> Result<Address> {
        validator::find(&self.client, &self.keyring, text).await
    }

    /// An account as a filter that may be left out.
    fn filter(&self, text: Option<&str>) -> Result<String> {
        text.map_or(Ok(String::new()), |text| Ok(self.address(text)?.to_string()))
    }
}

/// Which part of a list is wanted.
#[derive(Args)]
struct Paging {
    /// Most entries; 0 for the node's default.
    #[arg(long, default_value_t = 0)]
    limit: u64,
    /// Where to go on: the key that the page before ended with.
    #[arg(long, value_name = "BASE64", value_parser = page_key)]
    page_key: Option<Key>,
}

/// The decoded key of a page.
#[derive(Clone)]
struct Key(Vec<u8>);

impl Paging {
    fn request(&self) -> Option<PageRequest> {
        let request = page(self.page_key.as_ref().map_or(&[], |key| &key.0), self.limit);
        // The answer holds the length of the whole list, which is 0 if nobody asks for it.
        Some(PageRequest { count_total: true, ..request })
    }
}

fn page_key(text: &str) -> Result<Key, base64::DecodeError> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.decode(text).map(Key)
}
