//! Transactions that the lab signs ahead, sent as another generator would.

use super::free_ports;
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for a devnet.
const PATIENCE: Duration = Duration::from_secs(180);

/// A devnet of one validator, killed with the value.
struct Devnet(Child);

impl Devnet {
    /// Waits until it is ready.
    fn start(home: &Path, base: u16) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_virtengine"))
            .args(["devnet", "--validators", "1", "--base-port", &base.to_string(), "--home"])
            .arg(home)
            .env_remove("VIRTENGINE_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.reopen().unwrap())
            .spawn();
        let mut devnet = Self(process.unwrap());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = fs::read_to_string(log.path()).unwrap();
            if said.contains("ready\n") {
                return devnet;
            }
            let ended = devnet.0.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}: {said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // It may have ended already; its nodes end with it.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Posts a signed transaction and waits until it is final: the number that it created.
fn post(port: u16, path: &str, tx: &Value) -> u64 {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let body = json!({"tx_bytes": tx["tx_bytes"]}).to_string();
    let (route, length) = (format!("/virtengine/market/v1/{path}"), body.len());
    write!(socket, "POST {route} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n").unwrap();
    write!(socket, "Content-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    let body: Value = serde_json::from_str(body).unwrap();
    body["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn signed_orders_bids_and_allocations_are_taken_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let (home, signed) = (folder.path().join("net"), folder.path().join("signed.json"));
    let base = free_ports(24_300);
    let _devnet = Devnet::start(&home, base);
    let endpoint = format!("rpc=127.0.0.1:{},grpc=127.0.0.1:{}", base + 7, base + 8);
    let output = Command::new(env!("CARGO_BIN_EXE_virtengine"))
        .args(["lab", "presign", "--endpoint", &endpoint, "--commit", "0123456789abcdef"])
        .args(["--orders", "3", "--bids", "11", "--allocations", "4", "--devnet"])
        .arg(home.join("devnet.json"))
        .arg("--json")
        .arg(&signed)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let signed: Value = serde_json::from_slice(&fs::read(&signed).unwrap()).unwrap();
    let entries = |kind: &str| signed[kind].as_array().unwrap().iter().rev();
    assert_eq!(["orders", "bids", "allocations"].map(|kind| entries(kind).len()), [3, 11, 4]);
    let rest = base + 9;
    for entry in entries("allocations") {
        let order = entry["order_id"].as_str().unwrap();
        // A lease has the number of the bid that won.
        let lease = post(rest, &format!("orders/{order}/allocate"), entry);
        assert_eq!(entry["bid_id"], lease.to_string());
    }
    let bids: Vec<u64> = entries("bids").map(|entry| post(rest, "bids", entry)).collect();
    let orders: Vec<u64> = entries("orders").map(|entry| post(rest, "orders", entry)).collect();
    let mut numbers = [bids, orders].concat();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 14);
}

#[test]
fn presign_asks_for_a_network_and_for_something_to_sign() {
    let refused = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_virtengine"))
            .args(["lab", "presign", "--json", "/nowhere.json", "--commit", "0123456789abcdef"])
            .args(more)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let alone = refused(&[]);
    assert!(alone.contains("--endpoint"), "{alone}");
    let nothing = refused(&[
        "--endpoint",
        "rpc=127.0.0.1:1,grpc=127.0.0.1:2",
        "--orders",
        "0",
        "--bids",
        "0",
        "--allocations",
        "0",
    ]);
    assert!(nothing.contains("--orders, --bids or --allocations"), "{nothing}");
}
