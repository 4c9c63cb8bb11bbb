//! The verbs of the program, each in its file.

mod connection;
mod deploy;
mod devnet;
mod genesis;
mod keyring;
mod keys;
mod lab;
mod network;
mod node;
pub(crate) mod output;
mod parse;
mod provider;
mod query;
mod sdl;
mod tx;
mod validator;

use clap::{Parser, Subcommand};
use eyre::{Context as _, Result};
use std::{future::Future, io::IsTerminal as _};
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

/// A decentralized compute marketplace: node, provider daemon and clients in one program.
#[derive(Parser)]
#[command(name = "virtengine", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What is logged to stderr, such as `info` or `virtengine_client=debug`.
    #[arg(long, global = true, env = "VIRTENGINE_LOG", value_name = "FILTER", help_heading = output::GLOBAL)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring up a network of validators and a provider on this machine.
    Devnet(devnet::Devnet),
    /// Run a node.
    #[command(subcommand)]
    Node(node::Node),
    /// Check, sort and make genesis files.
    #[command(subcommand)]
    Genesis(genesis::Genesis),
    /// Keep the keys of accounts.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Make, sign and send a transaction.
    Tx(tx::Tx),
    /// Ask a node.
    Query(query::Query),
    /// Work with SDL files.
    #[command(subcommand)]
    Sdl(sdl::Sdl),
    /// Order what an SDL file describes and lease it.
    Deploy(deploy::Deploy),
    /// Sell compute.
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Measure networks under load.
    Lab(lab::Lab),
}

impl Arguments {
    pub(crate) fn run(self) -> Result<()> {
        let daemon = matches!(self.command, Command::Provider(_) | Command::Node(_));
        // The engine tells of every message at level info, HTTP/2 warns of every stream that a client resets.
        let filter = if daemon { "warn,h2=error,virtengine=info" } else { "error" };
        log(self.log.as_deref().unwrap_or(filter))?;
        match self.command {
            Command::Devnet(devnet) => devnet.run(),
            Command::Node(node) => node.run(),
            Command::Genesis(genesis) => genesis.run(),
            Command::Keys(keys) => keys.run(),
            Command::Tx(tx) => block_on(tx.run()),
            Command::Query(query) => block_on(query.run()),
            Command::Sdl(sdl) => sdl.run(),
            Command::Deploy(deploy) => block_on(deploy.run()),
            Command::Provider(provider) => provider.run(),
            Command::Lab(lab) => lab.run(),
        }
    }
}

/// Logs to stderr, so that stdout holds answers only.
fn log(filter: &str) -> Result<()> {
    let filter =
        EnvFilter::try_new(filter).wrap_err_with(|| format!("failed to read log filter {filter:?}"))?;
    let writer = BoxMakeWriter::new(std::io::stderr);
    let colours = std::io::stderr().is_terminal();
    // A log that cannot be written, as on a full disk, must not end what is logged about.
    let log = tracing_subscriber::fmt().log_internal_errors(false);
    log.with_env_filter(filter).with_ansi(colours).with_writer(writer).init();
    Ok(())
}

/// Runs a client's work.
fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.wrap_err("failed to start the threads")?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn no_two_flags_collide() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn accepts_the_commands_of_the_manual() {
        let address = virtengine_types::Address([7; 20]);
        let (account, operator) = (address.to_string(), address.operator());
        for line in [
            "keys add alice --keyring-backend test --home /srv/x",
            "keys export alice --yes -o json",
            "keys recover bob",
            &format!(
                "tx bank send {account} 1000000uve --from alice --gas 200000 --fees 5000uve --memo hi -y"
            ),
            &format!("tx bank multi-send {account}=5uve {account}=6uve --from alice"),
            &format!("tx staking redelegate {operator} {account} 5uve --dry-run"),
            "tx staking create-validator --moniker m --amount 5 --key-folder keys",
            "tx provider register --host-uri https://p --attribute region=eu -a tier=1",
            "tx market create-order --max-price 5 --cpu 500m --memory 1Gi --storage data=2Gi:beta3 --gpu 1 --gpu-model a100",
            "tx market close-lease 7 --reason unhealthy --reopen --output json",
            "query market orders --tenant alice --status open --limit 5 --page-key AQI=",
            "query events follow --topic market.* --filter order_id=7 --from 9",
            "query proof raw ledger 00",
            "query tx AB --wait 5 --node tcp://localhost:1",
            "query bank supply",
            "query bank community-pool --output json",
            "tx staking delegate validator0 5 --from alice",
            "tx distribution withdraw-reward validator0 --from alice -y",
            "tx distribution withdraw-commission --from alice",
            "tx distribution set-withdraw-address bob --from alice",
            "tx slashing unjail --from alice",
            "tx slashing submit-evidence votes.json --from alice",
            "query distribution rewards alice validator0",
            "query distribution slashes validator0 --limit 5",
            "query slashing signing-info validator0 -o json",
            "tx bank send bob -y --from alice 5uve",
            "tx bank multi-send bob=5uve carol=6uve --from alice",
            "tx provider attest bob --attribute region=eu",
            "sdl check app.yml --denom-map uact=uve --ignore-signed-by",
            "deploy app.yml --from alice --accept first --bid-window 5 --wait 9 --deposit 7uve",
            "provider init --region eu --host-uri https://p",
            "provider run --config p.toml --log debug",
            "lab run throughput --validators 4 --key ed25519 --way batch --batch-size 20 --rate 500 --saturate -o json",
            "lab run market --endpoint rpc=127.0.0.1:1,grpc=127.0.0.1:2 --devnet devnet.json --duration 2.5",
            "lab compare a.json b.json",
            "genesis check genesis.json --output json",
            "genesis sort genesis.json --out sorted.json",
            "genesis synth --accounts 10 --validators 2 --committee 1 --seed 7 --out g.json --homes nodes --base-port 5000",
        ] {
            let words = std::iter::once("virtengine").chain(line.split(' '));
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn the_flags_of_every_verb_come_behind_its_own() {
        let help = |path: &[&str]| {
            let mut command = Arguments::command();
            command.build();
            let mut verb = &mut command;
            for name in path {
                verb = verb.find_subcommand_mut(name).unwrap();
            }
            verb.render_long_help().to_string()
        };
        let order = |help: &str, parts: &[&str]| {
            let places: Vec<_> = parts.iter().map(|part| help.find(part).ok_or(part)).collect();
            assert!(places.iter().all(Result::is_ok) && places.is_sorted(), "{places:?}: {help}");
        };
        let query = help(&["query", "market", "orders"]);
        order(&query, &["\nOptions:", "--tenant", "\nGlobal options:", "--node"]);
        assert!(query.find("--output") > query.find("Global options:"), "{query}");
        let tx = help(&["tx", "market", "close-lease"]);
        order(&tx, &["\nOptions:", "--reopen", "\nGlobal options:", "--node", "--gas"]);
        let deploy = help(&["deploy"]);
        order(&deploy, &["\nOptions:", "--bid-window", "--manifest", "\nGlobal options:", "--node"]);
    }

    #[test]
    fn a_key_that_is_not_named_is_wrong_usage() {
        let words = "virtengine tx bank send bob 5uve --home /nowhere".split(' ');
        let error = Arguments::try_parse_from(words).ok().unwrap().run().unwrap_err();
        assert!(error.is::<clap::Error>() && error.to_string().contains("--from"), "{error}");
        assert!(error.to_string().ends_with('\n'), "{error:?}");
    }

    #[test]
    fn rejects_mistakes_by_their_names() {
        let address = virtengine_types::Address([7; 20]);
        for (line, named) in [
            ("tx bank send bob five", "five"),
            ("tx market submit-bid 7 0", "positive"),
            ("tx market submit-bid 7 5atom", "atom"),
            ("tx bank send bob 5VE", "write 5000000uve"),
            ("tx bank send bob 0uve", "positive"),
            ("tx bank send bob 5", "write 5uve"),
            ("query proof raw disk 00", "disk"),
            ("tx bank send bob -5", "-5: the amount must be positive"),
            ("tx bank send bob -5uve --from alice", "-5uve: the amount must be positive"),
            ("tx market deposit-escrow 7 -5 -y", "must be positive"),
            ("tx market create-order --max-price -5", "must be positive"),
            ("tx bank send faucet 1uve,1uve", "1uve and 1uve"),
            (
                "query market order zzz",
                "whole number, such as those that `virtengine query market orders` lists",
            ),
            ("tx staking create-validator --moniker m --amount 5", "--key-folder"),
            ("tx bank send bob 5uve --gas abc", "auto or a whole number"),
            ("tx bank send bob 5uve --gas-adjustment 0", "from 1 to 100"),
            ("deploy", "FILE"),
            ("tx bank send bob 1,000,000uve", "write 1000000uve"),
            ("tx market create-order --max-price 5 --gpu-model a100", "--gpu <GPU>"),
            ("tx market create-order --max-price 5 --gpu-vendor nvidia", "--gpu <GPU>"),
            ("tx staking edit-validator --from alice", "--moniker"),
            (&format!("keys add {address}"), "is an address"),
            (&format!("keys rename bob {}", address.operator()), "is an address"),
        ] {
            let words = std::iter::once("virtengine").chain(line.split(' '));
            let Err(error) = Arguments::try_parse_from(words) else { panic!("{line} is accepted") };
            assert!(error.to_string().contains(named), "{line}: {error}");
        }
    }
}
