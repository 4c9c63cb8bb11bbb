//! `virtengine tx`: one verb for each message.

mod bank;
mod distribution;
mod market;
mod order;
mod provider;
mod send;
mod slashing;
mod staking;

pub(super) use send::{Flags, check, outcome_json};

use clap::{Args, Subcommand};
use eyre::Result;
use virtengine_types::Address;

#[derive(Args)]
pub(super) struct Tx {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    module: Module,
}

#[derive(Subcommand)]
enum Module {
    /// Send coins.
    #[command(subcommand)]
    Bank(bank::Bank),
    /// Run a validator and delegate stake.
    #[command(subcommand)]
    Staking(staking::Staking),
    /// Pay out what stake has earned.
    #[command(subcommand)]
    Distribution(distribution::Distribution),
    /// Return from jail, and prove misbehaviour.
    #[command(subcommand)]
    Slashing(slashing::Slashing),
    /// Describe and vouch for providers.
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Order compute, bid for orders, and end what runs.
    #[command(subcommand)]
    Market(market::Market),
}

/// What a message may need to be made: who signs, and the chain it is for.
struct Signer<'a> {
    address: Address,
    chain_id: &'a str,
}

impl Tx {
    pub(super) async fn run(self) -> Result<()> {
        let sender = self.flags.sender().await?;
        let signer = Signer { address: sender.address(), chain_id: sender.chain_id() };
        let message = match self.module {
            Module::Bank(bank) => bank.message(&signer, |text| sender.account(text))?,
            Module::Staking(staking) => {
                staking.message(&signer, async |text: &str| sender.validator(text).await).await?
            }
            Module::Distribution(distribution) => {
                let find = async |text: &str| sender.validator(text).await;
                distribution.message(&signer, |text| sender.account(text), find).await?
            }
            Module::Slashing(slashing) => slashing.message(&signer)?,
            Module::Provider(provider) => provider.message(&signer, |text| sender.account(text))?,
            Module::Market(market) => {
                let params = async || Ok(sender.client.params().await?);
                market.message(&signer, |text| sender.account(text), params).await?
            }
        };
        sender.run(vec![message]).await
    }
}
