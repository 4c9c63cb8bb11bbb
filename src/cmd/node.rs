//! `virtengine node`: running a node.

use super::output::line;
use clap::{Args, Subcommand};
use eyre::{Context as _, Result, eyre};
use std::{future::Future, io::Read as _, net::SocketAddr, path::PathBuf};
use virtengine_crypto::node_key::Identity;
use virtengine_node::{CheckedGenesis, Home, NodeConfig, PeerConfig};

#[derive(Subcommand)]
pub(super) enum Node {
    /// Make the home of a node that follows a chain and serves reads.
    Init(Init),
    /// Run the node of a home until interrupted.
    Start {
        #[command(flatten)]
        home: HomeArg,
        /// End when stdin is closed: for supervisors, so that no node outlives them.
        #[arg(long)]
        until_stdin_closes: bool,
    },
    /// Print the node's identity on the network, which its peers list.
    Identity {
        #[command(flatten)]
        home: HomeArg,
    },
}

#[derive(Args)]
pub(super) struct HomeArg {
    /// Folder of the node.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
}

#[derive(Args)]
pub(super) struct Init {
    #[command(flatten)]
    home: HomeArg,
    /// Genesis file of the chain.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Name shown to clients.
    #[arg(long, default_value = "observer")]
    moniker: String,
    /// A validator's node, as IDENTITY@IP:PORT; once for each.
    #[arg(long = "peer", value_name = "IDENTITY@ADDR")]
    peers: Vec<String>,
    /// Address on which other nodes connect.
    #[arg(long, default_value = "127.0.0.1:26656", value_name = "ADDR")]
    p2p_addr: SocketAddr,
}

impl Node {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Init(init) => init.run(),
            Self::Start { home, until_stdin_closes } => {
                std::panic::set_hook(Box::new(log_panic));
                let home = Home::new(home.home);
                virtengine_node::run(&home, Box::pin(ended(until_stdin_closes)))
                    .wrap_err_with(|| format!("the node of {} stopped", home.path().display()))
            }
            Self::Identity { home } => line(&hex::encode(Home::new(home.home).identity()?.public_key())),
        }
    }
}

impl Init {
    fn run(self) -> Result<()> {
        let genesis = CheckedGenesis::of(&self.genesis, &|_| ())?;
        let validators = self.peers.iter().map(|peer| parse_peer(peer)).collect::<Result<Vec<_>>>()?;
        let identity = Identity::generate();
        let mut config = NodeConfig {
            moniker: self.moniker,
            p2p_addr: self.p2p_addr,
            validators,
            ..NodeConfig::default()
        };
        config.engine.state_sync = true;
        let home = Home::new(self.home.home);
        home.init(&config, &self.genesis, &identity, None)?;
        line(&format!(
            "made {} for chain {}; let the validators list the observer identity = \"{}\", addr = \"{}\" in their node.toml, \
             then `virtengine node start --home {}`",
            home.path().display(),
            genesis.summary.head.chain_id,
            hex::encode(identity.public_key()),
            config.p2p_addr,
            home.path().display(),
        ))
    }
}

/// A panic in one line; what it means is said when the node has stopped.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "{}", panic.payload_as_str().unwrap_or("a part gave up"));
    tracing::debug!("{}", std::backtrace::Backtrace::force_capture());
}

fn parse_peer(text: &str) -> Result<PeerConfig> {
    let malformed = || {
        eyre!(
            "{text:?} is no peer: write IDENTITY@IP:PORT, the identity as 64 hex digits, the address in numbers"
        )
    };
    let (identity, addr) = text.split_once('@').ok_or_else(malformed)?;
    let peer = PeerConfig { identity: identity.to_owned(), addr: addr.parse().map_err(|_| malformed())? };
    peer.key().map_err(|_| malformed())?;
    Ok(peer)
}

/// Resolves on Ctrl-C, on SIGTERM and, if asked to, when stdin is closed.
pub(super) async fn ended(until_stdin_closes: bool) {
    let closed = async {
        if until_stdin_closes {
            stdin_closed().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = signalled() => {}
        () = closed => {}
    }
}

/// Resolves on Ctrl-C and on SIGTERM.
pub(super) async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        // Without handlers the signals end the process by themselves.
        _ => std::future::pending().await,
    }
}

fn stdin_closed() -> impl Future<Output = ()> {
    let (closed, wait) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while std::io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        drop(closed);
    });
    async move {
        // The sender is only ever dropped.
        drop(wait.await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_peer_and_rejects_what_is_none() {
        let key = "ab".repeat(32);
        assert_eq!(parse_peer(&format!("{key}@127.0.0.1:26656")).unwrap().identity, key);
        for text in ["", "ab@127.0.0.1:1", &format!("{key}@nowhere"), &key] {
            let error = parse_peer(text).unwrap_err().to_string();
            assert!(error.contains("IDENTITY@IP:PORT"), "{error}");
        }
    }
}
