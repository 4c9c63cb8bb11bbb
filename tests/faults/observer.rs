//! Nodes that join a network that runs.

use super::{
    devnet::{Network, PORTS, description},
    validator::{Running, eventually, free_ports, get, program, signal},
};
use std::{fs, net::SocketAddr, path::Path};

/// Starts the node of a home, whose RPC is at an address.
fn start(home: &Path, rpc: SocketAddr) -> Running {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = program();
    command.args(["node", "start", "--home"]).arg(home).stderr(log.reopen().unwrap());
    Running::new(command.spawn().unwrap(), rpc, Some(log))
}

/// The address of a setting of a home.
fn address(home: &Path, setting: &str) -> SocketAddr {
    let text = fs::read_to_string(home.join("config/node.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with(setting)).unwrap();
    line.split('"').nth(1).unwrap().parse().unwrap()
}

/// Status and text of what an address answers.
fn answer(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let text = super::validator::raw(address, path)?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
}

#[test]
fn a_node_that_joined_says_why_it_waits_and_goes_on_after_every_end() {
    let folder = tempfile::tempdir().unwrap();
    let base = free_ports(PORTS);
    let mut network = Network::start(folder.path(), base);
    network.ready();
    let home = folder.path().join("observer0");
    assert!(description(folder.path())["nodes"].is_array() && home.is_dir());
    let (rpc, metrics) = (address(&home, "rpc_addr"), address(&home, "metrics_addr"));
    network.stop();

    // Nobody is there to answer it.
    let alone = start(&home, rpc);
    let (status, why) = eventually("the reason to wait", || {
        answer(metrics, "/ready").filter(|(_, why)| why.contains("waits until 1 of them answer"))
    });
    assert_eq!(status, 503);
    assert_eq!(answer(metrics, "/health"), Some((200, "ok\n".to_owned())));
    assert_eq!(answer(rpc, "/status"), Some((503, why)));
    alone.stop();

    let mut network = Network::start(folder.path(), base);
    network.ready();
    let mut height = 0;
    for end in ["TERM", "KILL", "TERM", "KILL", "TERM"] {
        let mut node = start(&home, rpc);
        height = node.reach(height + 3);
        signal(&node.child, end);
        node.ended();
    }
    assert!(get(rpc, "/status").is_none());
    network.stop();
}
