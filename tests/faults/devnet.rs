//! Homes and processes of a devnet.

use super::validator::{eventually, free_ports, program, signal};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// Ports of a devnet of one validator, its observer and its provider.
pub(crate) const PORTS: u16 = 30;

/// A devnet that runs, killed with the value.
pub(crate) struct Network {
    process: Child,
    log: tempfile::NamedTempFile,
}

impl Network {
    pub(crate) fn start(home: &Path, base: u16) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let process = devnet(home, base).stderr(log.reopen().unwrap()).spawn().unwrap();
        Self { process, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(&mut self) {
        self.says("ready\n");
    }

    fn says(&mut self, what: &str) {
        eventually(what, || {
            let log = self.log();
            let found = log.contains(what);
            let ended = self.process.try_wait().unwrap();
            assert!(found || ended.is_none(), "the devnet ended ({ended:?}) before {what:?}: {log}");
            found.then_some(())
        });
    }

    /// Stops it, which must succeed.
    pub(crate) fn stop(&mut self) {
        signal(&self.process, "TERM");
        let ended = eventually("the end of the devnet", || self.process.try_wait().unwrap());
        assert!(ended.success(), "{ended}: {}", self.log());
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have ended already; its nodes end with it.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn devnet(home: &Path, base: u16) -> Command {
    let mut command = program();
    command.args(["devnet", "--validators", "1", "--base-port", &base.to_string(), "--home"]).arg(home);
    command.stdout(Stdio::null());
    command
}

/// A devnet that must refuse; what it says last.
fn refusal(home: &Path, base: u16, more: &[&str]) -> String {
    let Output { status, stderr, .. } = devnet(home, base).args(more).output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

/// What the devnet wrote of itself.
pub(crate) fn description(home: &Path) -> Value {
    serde_json::from_slice(&fs::read(home.join("devnet.json")).unwrap()).unwrap()
}

fn pid(home: &Path) -> u64 {
    description(home)["nodes"][0]["pid"].as_u64().unwrap()
}

fn alive(pid: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn height(home: &Path) -> Option<u64> {
    let network = description(home);
    let rpc = network["rpc"].as_str()?.strip_prefix("http://")?.parse().ok()?;
    let status = super::validator::get(rpc, "/status")?;
    status["result"]["sync_info"]["latest_block_height"].as_str()?.parse().ok()
}

#[test]
fn a_folder_that_no_devnet_made_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("keyring-test/mine.json");
    fs::create_dir(key.parent().unwrap()).unwrap();
    fs::write(&key, "mine").unwrap();
    for more in [&[][..], &["--fresh"]] {
        let said = refusal(folder.path(), free_ports(PORTS), more);
        assert!(said.contains("keyring-test") && said.contains("no devnet made it"), "{said}");
        assert_eq!(fs::read_to_string(&key).unwrap(), "mine");
    }
}

#[test]
fn a_damaged_description_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("devnet.json"), "{\n\"chain_id\": 5").unwrap();
    let said = refusal(folder.path(), free_ports(PORTS), &[]);
    assert!(said.contains("devnet.json is not a devnet's description") && said.contains("line 2"), "{said}");
}

#[test]
fn a_devnet_says_which_node_was_killed_and_survives_its_own_death() {
    let folder = tempfile::tempdir().unwrap();
    let (home, base) = (folder.path(), free_ports(PORTS));
    let mut network = Network::start(home, base);
    network.ready();

    let said = refusal(home, base, &[]);
    assert!(said.contains("another devnet runs in"), "{said}");

    let first = pid(home);
    assert!(Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap().success());
    network.says("node0 ended: killed by signal 9; starting it again in 1 s; its log is ");
    assert!(network.log().contains("logs/node0.log"), "{}", network.log());
    eventually("another process of node0", || (pid(home) != first).then_some(()));
    let before = eventually("blocks of the new process", || height(home));

    let left = pid(home);
    network.process.kill().unwrap();
    network.process.wait().unwrap();
    eventually("the end of the nodes of a dead devnet", || (!alive(left)).then_some(()));
    assert_eq!(pid(home), left, "the dead run left its description");

    let mut network = Network::start(home, base);
    network.ready();
    assert_ne!(pid(home), left);
    eventually("blocks after those of the dead run", || height(home).filter(|height| *height > before));
    network.stop();

    let said = refusal(home, base + 10, &[]);
    let both =
        format!("has 1 validator and ports from {base} on, but --base-port {} was asked for", base + 10);
    assert!(said.contains(&both) && said.contains("--fresh"), "{said}");
}

#[test]
fn a_node_that_does_not_start_is_named_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (home, base) = (folder.path(), free_ports(PORTS));
    // Stopped while it starts: what is there is whole, or made anew.
    let mut network = Network::start(home, base);
    network.says("chain virtengine-devnet-1");
    signal(&network.process, "TERM");
    let ended = eventually("the end of the devnet", || network.process.try_wait().unwrap());
    // Before the handler is in place the signal ends the process by itself.
    assert!(ended.code().is_none_or(|code| code == 0), "{ended}: {}", network.log());
    drop(network);
    let mut network = Network::start(home, base);
    network.ready();
    network.stop();

    let genesis = home.join("node0/config/genesis.json");
    fs::write(&genesis, "{").unwrap();
    let said = refusal(home, base, &[]);
    for part in ["node0 ended while starting", "genesis.json has ", "logs/node0.log"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!alive(pid(home)), "a process stayed");
}
