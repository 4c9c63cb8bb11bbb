//! `virtengine devnet`: a whole network on this machine.

mod files;
mod process;
mod screen;
mod setup;

use clap::Args;
use eyre::{Context as _, Result, bail, ensure};
use files::{DevnetFile, NodeEntry};
use process::{Child, stop_all};
use screen::Screen;
use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use virtengine_client::Client;
use virtengine_node::{Home, HomeError};

/// Validators of a new network.
const VALIDATORS: u16 = 4;
/// First port of a new network.
const BASE_PORT: u16 = 26_650;
/// Time between looks at the nodes.
const POLL: Duration = Duration::from_millis(500);
/// Longest wait for the nodes of a devnet that was killed.
const FORMER: Duration = Duration::from_secs(10);
/// Longest wait for the first block.
const READY: Duration = Duration::from_secs(120);

/// Bring up a network of validators and a provider on this machine.
#[derive(Args)]
pub(super) struct Devnet {
    /// Validators of a new network, each a process of its own; default 4.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    validators: Option<u16>,
    /// Folder of the network; default ~/.virtengine/devnet.
    #[arg(long, env = "VIRTENGINE_DEVNET_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// First port of a new network; default 26650. Node i has p2p at +10i+6, RPC +7, gRPC +8, REST +9 and
    /// metrics +5.
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    /// Remove the network in the folder and start a new chain; keys of your own stay.
    #[arg(long)]
    fresh: bool,
}

impl Devnet {
    pub(super) fn run(self) -> Result<()> {
        super::block_on(self.bring_up())
    }

    async fn bring_up(self) -> Result<()> {
        let home = files::home(self.home.clone())?;
        files::check_ours(&home)?;
        let _lock = files::lock(&home)?;
        let kept = if self.fresh { None } else { files::read(&home)? };
        let mut screen = Screen::new();
        let mut network = match kept {
            Some(network) => {
                self.fits(&home, &network)?;
                former_ended(&network).await;
                network
            }
            None => setup::create(
                &home,
                self.validators.unwrap_or(VALIDATORS),
                self.base_port.unwrap_or(BASE_PORT),
                |text| screen.say(text),
            )?,
        };
        ports_are_free(&network)?;
        let program = std::env::current_exe().wrap_err("failed to find this program's own file")?;
        screen.say(&format!("chain {} in {}", network.chain_id, home.display()));

        let mut children = Vec::new();
        for node in &network.nodes {
            children.push(Child::node(&program, &home, node)?);
        }
        note_pids(&mut network, &children);
        let outcome = tokio::select! {
            () = super::node::signalled() => Ok(()),
            outcome = watch(&program, &home, &mut network, &mut children, &mut screen) => outcome,
        };
        screen.say("stopping");
        stop_all(children).await;
        screen.say("stopped; start again with the same --home to go on with the same chain");
        outcome
    }

    /// Refuses settings other than those that the network in the folder was made with.
    fn fits(&self, home: &Path, network: &DevnetFile) -> Result<()> {
        let (made, base) = (network.nodes.len(), setup::base_port_of(network)?);
        let mut others = Vec::new();
        if let Some(asked) = self.validators.filter(|asked| usize::from(*asked) != made) {
            others.push(format!("--validators {asked}"));
        }
        if let Some(asked) = self.base_port.filter(|asked| *asked != base) {
            others.push(format!("--base-port {asked}"));
        }
        ensure!(
            others.is_empty(),
            "the network in {} has {made} validator{} and ports from {base} on, but {} was asked for: leave it out, \
             choose another --home, or start a new network with --fresh",
            home.display(),
            if made == 1 { "" } else { "s" },
            others.join(" and ")
        );
        Ok(())
    }
}

/// Waits for the first block, starts the provider, says that the network is ready, and then keeps it up.
async fn watch(
    program: &Path,
    home: &Path,
    network: &mut DevnetFile,
    children: &mut Vec<Child>,
    screen: &mut Screen,
) -> Result<()> {
    let clients = network.nodes.iter().map(|node| Client::new(&node.rpc)).collect::<Result<Vec<_>, _>>()?;
    let started = std::time::Instant::now();
    let mut ready = false;
    let mut unsaved = false;
    loop {
        for child in children.iter_mut() {
            if let Some((how, pause)) = child.look()? {
                let (name, log, why) = (child.name(), child.log().display(), why(home, child, how));
                ensure!(ready, "{name} ended while starting: {why}; its log is {log}");
                let pause = pause.as_secs();
                screen.say(&format!("{name} ended: {why}; starting it again in {pause} s; its log is {log}"));
            }
        }
        let pids_changed = note_pids(network, children);
        let mut heights = Vec::with_capacity(clients.len());
        for client in &clients {
            let status = tokio::time::timeout(POLL * 4, client.status()).await;
            heights.push(status.ok().and_then(Result::ok).map(|status| status.latest_height));
        }
        if !ready && heights.iter().all(|height| height.is_some_and(|height| height > 0)) {
            children.push(Child::provider(program, home)?);
            files::write(home, network)?;
            screen.ready(home, network);
            ready = true;
        } else if ready && (pids_changed || unsaved) {
            let written = files::write(home, network);
            if let (Err(error), false) = (&written, unsaved) {
                screen.say(&super::output::causes(error));
            }
            unsaved = written.is_err();
        } else if !ready && started.elapsed() > READY {
            bail!("no block within {} s: see the logs in {}", READY.as_secs(), home.join("logs").display());
        }
        screen.status(&heights, ready);
        tokio::time::sleep(POLL).await;
    }
}

/// Why a process ended: the signal that killed it, what it says, or that it had no room to say anything.
fn why(home: &Path, child: &Child, how: ExitStatus) -> String {
    if let Some(signal) = how.signal() {
        return format!("killed by signal {signal}"); // its last line is of something else
    }
    let folder = home.join("logs");
    match virtengine_node::check_room(&folder) {
        Err(error) if error.is_full_disk() => {
            format!("the disk of {} is full: free some room", home.display())
        }
        _ => format!("{} ({how})", child.last_words()),
    }
}

/// Writes the processes' ids into the network's description; whether any changed.
fn note_pids(network: &mut DevnetFile, children: &[Child]) -> bool {
    let mut changed = false;
    for NodeEntry { name, pid, .. } in &mut network.nodes {
        let now = children.iter().find(|child| child.name() == name).and_then(Child::pid);
        if let Some(now) = now.filter(|now| now != pid) {
            *pid = now;
            changed = true;
        }
    }
    changed
}

/// Waits for the nodes of a devnet that was killed: they end by themselves, a moment later. One that does not is
/// named by what is tried next.
async fn former_ended(network: &DevnetFile) {
    let in_use = |node: &NodeEntry| matches!(Home::new(&node.home).lock(), Err(HomeError::Locked { .. }));
    let ended = async {
        while network.nodes.iter().any(in_use) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    drop(tokio::time::timeout(FORMER, ended).await);
}

/// Finds a port in use before anything is started.
fn ports_are_free(network: &DevnetFile) -> Result<()> {
    for node in &network.nodes {
        for (what, port) in setup::ports_of(node)? {
            if let Err(cause) = TcpListener::bind(("127.0.0.1", port)) {
                bail!(
                    "port {port} for {what} of {} is in use ({cause}): stop what uses it (another devnet?), \
                     or choose others with --base-port and --fresh",
                    node.name
                );
            }
        }
    }
    Ok(())
}
