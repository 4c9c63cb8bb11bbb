//! A network of processes on this machine.

use super::{Endpoint, Usage, disk_busy_seconds, disk_bytes, process::NodeProcess};
use crate::load::http::Connection;
use eyre::{Result, bail, ensure};
use std::{
    net::TcpListener,
    path::PathBuf,
    time::{Duration, Instant},
};
use virtengine_client::Client;
use virtengine_types::{Address, Amount};

/// Longest wait for a network with a small state.
const READY: Duration = Duration::from_secs(120);
/// What an account of the genesis adds to that.
const READY_PER_ACCOUNT: Duration = Duration::from_micros(300);
/// Time between looks at the nodes.
const POLL: Duration = Duration::from_millis(100);
/// A network makes progress when it has come to this height.
const FIRST_HEIGHT: u64 = 2;
/// Ports of one node.
const PORTS_EACH: u16 = 10;

/// The network that is wanted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program that runs the nodes.
    pub program: PathBuf,
    /// Where homes and logs are made.
    pub home: PathBuf,
    /// Validators, each a process.
    pub validators: u16,
    /// First port; each node takes the ten from `base_port + 10 i` on.
    pub base_port: u16,
    /// Name of the chain.
    pub chain_id: String,
    /// Accounts of the genesis with what they own in uve, in whatever order.
    pub accounts: Vec<(Address, Amount)>,
    /// Most calls of a JSON-RPC batch.
    pub max_batch: usize,
    /// Most transactions of one account that wait in a mempool, if not the program's default.
    pub max_per_account: usize,
}

/// A node that has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeHome {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub home: PathBuf,
    /// Where it will listen.
    pub endpoint: Endpoint,
}

/// Makes the homes of a network's nodes. The program gives it, as settings and keys of nodes are its own.
pub type MakeHomes = fn(&Plan) -> Result<Vec<NodeHome>>;

/// Running nodes. They are stopped when it is dropped.
pub struct LocalNetwork {
    nodes: Vec<(NodeHome, NodeProcess)>,
}

impl LocalNetwork {
    /// Makes and starts a network, and waits until every node serves and blocks are made.
    ///
    /// # Errors
    /// A port is in use, a node ends, or there is no progress within two minutes and 0.3 ms an account.
    pub async fn start(plan: &Plan, make_homes: MakeHomes) -> Result<Self> {
        check_ports(plan)?;
        let mut nodes = Vec::new();
        for node in make_homes(plan)? {
            let process = NodeProcess::start(&plan.program, &node)?;
            nodes.push((node, process));
        }
        let mut network = Self { nodes };
        let patience = READY + READY_PER_ACCOUNT * u32::try_from(plan.accounts.len()).unwrap_or(u32::MAX);
        let deadline = Instant::now() + patience;
        while !network.is_ready().await? {
            ensure!(
                Instant::now() < deadline,
                "no block within {} s: see the logs in {}",
                patience.as_secs(),
                plan.home.display()
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(network)
    }

    /// Where the nodes listen.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.nodes.iter().map(|(node, _)| node.endpoint.clone()).collect()
    }

    /// What the nodes are called.
    pub(crate) fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|(node, _)| node.name.clone()).collect()
    }

    /// What each process uses.
    ///
    /// # Errors
    /// One has ended.
    pub(crate) fn usage(&mut self) -> Result<Vec<Usage>> {
        self.check()?;
        self.nodes.iter().map(|(_, process)| Usage::of(process.pid())).collect()
    }

    /// Bytes on the disk of the first node.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.nodes.first().map_or(0, |(node, _)| disk_bytes(&node.home.join("data")))
    }

    /// Seconds in which the disk of the nodes had something to do; none if the system does not count that.
    pub(crate) fn disk_busy_seconds(&self) -> Option<f64> {
        self.nodes.first().and_then(|(node, _)| disk_busy_seconds(&node.home))
    }

    fn check(&mut self) -> Result<()> {
        for (_, process) in &mut self.nodes {
            if let Some(why) = process.ended()? {
                bail!("{why}");
            }
        }
        Ok(())
    }

    async fn is_ready(&mut self) -> Result<bool> {
        self.check()?;
        for (node, _) in &self.nodes {
            let Some(metrics) = &node.endpoint.metrics else { continue };
            // A node that starts refuses connections at first and answers with a status of failure then.
            let Ok(mut connection) = Connection::open(metrics).await else { return Ok(false) };
            if connection.get("/ready").await.is_err() {
                return Ok(false);
            }
            let status = Client::new(&node.endpoint.rpc)?.status().await;
            if !status.is_ok_and(|status| status.latest_height >= FIRST_HEIGHT) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Drop for LocalNetwork {
    fn drop(&mut self) {
        // All are asked first, so that they stop side by side.
        self.nodes.iter_mut().for_each(|(_, process)| process.ask_to_stop());
        self.nodes.iter_mut().for_each(|(_, process)| process.stop());
    }
}

/// Finds a port in use before anything is started.
fn check_ports(plan: &Plan) -> Result<()> {
    let last = u32::from(plan.base_port) + u32::from(plan.validators) * u32::from(PORTS_EACH);
    ensure!(
        last <= 65_536,
        "--base-port {} leaves no room for {} nodes below port 65536: choose a lower one",
        plan.base_port,
        plan.validators
    );
    for port in u32::from(plan.base_port)..last {
        let Ok(port) = u16::try_from(port) else { break };
        if let Err(cause) = TcpListener::bind(("127.0.0.1", port)) {
            bail!("port {port} is in use ({cause}): stop what uses it, or choose others with --base-port");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(base_port: u16, validators: u16) -> Plan {
        Plan {
            program: "virtengine".into(),
            home: "/nowhere".into(),
            validators,
            base_port,
            chain_id: "lab-1".into(),
            accounts: Vec::new(),
            max_batch: 20,
            max_per_account: 1_000,
        }
    }

    #[test]
    fn rejects_ports_that_do_not_exist_or_are_in_use() {
        let error = check_ports(&plan(65_500, 4)).unwrap_err().to_string();
        assert!(error.contains("--base-port 65500") && error.contains("4 nodes"), "{error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_ports(&plan(port - 3, 1)).unwrap_err().to_string();
        assert!(error.contains("in use"), "{error}");
    }
}
