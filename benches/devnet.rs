//! A devnet of four validators on this machine: what it uses when idle, and how fast transfers are final.
//!
//! `cargo bench --bench devnet` starts the real program on a new home and prints one JSON line. Transfers
//! arrive on a schedule that does not wait for answers; latency counts from the scheduled arrival to the
//! moment at which a subscriber is told of the block.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_tungstenite::tungstenite::Message;
use virtengine_client::{Account, Client, Fee, Gas, TxOptions, sign::any};
use virtengine_crypto::{hd, mnemonic::Mnemonic};
use virtengine_types::proto::cosmos::{bank::v1beta1::MsgSend, base::v1beta1::Coin};

/// Transfers a second.
const RATE: u64 = 200;
/// Seconds of load.
const LOAD_SECONDS: u64 = 20;
/// Seconds without load that are measured.
const IDLE_SECONDS: u64 = 10;
const BASE_PORT: u16 = 29_550;
/// Scheduler ticks a second in `/proc`, on every Linux that this runs on.
const TICKS: f64 = 100.0;

fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(()); // `cargo test --benches` builds it only
    }
    tokio::runtime::Runtime::new()?.block_on(measure())
}

/// The devnet's process, ended when dropped.
struct Devnet(Child);

impl Drop for Devnet {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("failed to end the devnet: {error}");
        }
    }
}

async fn measure() -> Result<()> {
    let home = tempfile::tempdir()?;
    let child = Command::new(env!("CARGO_BIN_EXE_virtengine"))
        .args(["devnet", "--base-port", &BASE_PORT.to_string(), "--home"])
        .arg(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .wrap_err("failed to start the devnet")?;
    let _devnet = Devnet(child);
    let network = ready(home.path()).await?;
    let pids: Vec<u64> = network["nodes"]
        .as_array()
        .ok_or_eyre("no nodes")?
        .iter()
        .filter_map(|node| node["pid"].as_u64())
        .collect();

    let fresh = resident_bytes(&pids)?;
    let before = cpu_seconds(&pids)?;
    tokio::time::sleep(Duration::from_secs(IDLE_SECONDS)).await;
    let idle = (cpu_seconds(&pids)? - before) / IDLE_SECONDS as f64 / pids.len() as f64;

    let before = cpu_seconds(&pids)?;
    let mut latencies = load(&network).await?;
    let busy = (cpu_seconds(&pids)? - before) / LOAD_SECONDS as f64 / pids.len() as f64;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{}",
        json!({
            "bench": "devnet", "validators": pids.len(), "offered_per_second": RATE, "transfers": latencies.len(),
            "final_p50_ms": at(0.5), "final_p95_ms": at(0.95), "final_p99_ms": at(0.99), "final_max_ms": at(1.0),
            "goal_final_p95_ms": 300.0,
            "idle_cpu_share_of_a_core": idle, "goal_idle_cpu_share_of_a_core": 0.05,
            "busy_cpu_share_of_a_core": busy,
            "fresh_rss_mib": fresh.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>(), "goal_fresh_rss_mib": 300,
            "loaded_rss_mib": resident_bytes(&pids)?.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>(),
        })
    );
    Ok(())
}

/// Waits until the network's description names running nodes with blocks.
async fn ready(home: &Path) -> Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        ensure!(Instant::now() < deadline, "the devnet was not ready within 120 s");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Ok(text) = std::fs::read(home.join("devnet.json")) else { continue };
        let Ok(network) = serde_json::from_slice::<Value>(&text) else { continue };
        let Some(rpc) = network["rpc"].as_str() else { continue };
        let status = Client::new(rpc)?.status().await;
        if network["nodes"][0]["pid"] != 0 && status.is_ok_and(|status| status.latest_height >= 5) {
            return Ok(network);
        }
    }
}

/// Offers transfers at [`RATE`] through all nodes; the time from each one's schedule to its finality.
async fn load(network: &Value) -> Result<Vec<Duration>> {
    let rpc = network["rpc"].as_str().ok_or_eyre("no rpc")?;
    let mut blocks = subscribe(rpc).await?;
    let mut accounts = Vec::new();
    let nodes = network["nodes"].as_array().ok_or_eyre("no nodes")?;
    for (entry, node) in network["accounts"].as_array().ok_or_eyre("no accounts")?.iter().zip(nodes) {
        let words = entry["mnemonic"].as_str().ok_or_eyre("no mnemonic")?;
        let key = Mnemonic::parse(words)?.key(hd::DEFAULT_PATH)?;
        accounts.push(Arc::new(Account::new(Client::new(node["rpc"].as_str().ok_or_eyre("no rpc")?)?, key)));
    }
    let (submitted, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let total = RATE * LOAD_SECONDS;
    let start = Instant::now() + Duration::from_millis(200);
    // One sender an account, as its transactions go in the order of their sequences.
    for (lane, account) in accounts.iter().enumerate() {
        let (account, submitted, lanes) = (account.clone(), submitted.clone(), accounts.len() as u64);
        tokio::spawn(async move {
            let to = account.address().to_string();
            for index in (lane as u64..total).step_by(lanes as usize) {
                let due = start + Duration::from_micros(index * 1_000_000 / RATE);
                tokio::time::sleep_until(due.into()).await;
                let coin = Coin { denom: "uve".into(), amount: "1".into() };
                let message =
                    MsgSend { from_address: to.clone(), to_address: to.clone(), amount: vec![coin] };
                let options = TxOptions {
                    gas: Gas::Limit(100_000),
                    fee: Fee::Auto,
                    memo: index.to_string(),
                    ..TxOptions::default()
                };
                let outcome = account.submit(&[any(&message)], &options).await;
                if submitted.send((due, outcome.map(|tx| tx.hash))).is_err() {
                    return;
                }
            }
        });
    }
    drop(submitted);
    let mut due: HashMap<String, Instant> = HashMap::new();
    let mut seen: HashMap<String, Instant> = HashMap::new();
    let mut latencies = Vec::new();
    let mut open = true;
    let deadline = start + Duration::from_secs(LOAD_SECONDS + 30);
    while open || !due.is_empty() {
        tokio::select! {
            arrival = arrivals.recv(), if open => match arrival {
                Some((at, hash)) => {
                    let hash = hash.wrap_err("a transfer was refused")?;
                    match seen.remove(&hash) {
                        Some(final_at) => latencies.push(final_at.duration_since(at)),
                        None => { due.insert(hash, at); }
                    }
                }
                None => open = false,
            },
            message = blocks.next() => {
                let now = Instant::now();
                for hash in hashes(&message.ok_or_eyre("the node closed the subscription")??)? {
                    match due.remove(&hash) {
                        Some(at) => latencies.push(now.duration_since(at)),
                        None => { seen.insert(hash, now); }
                    }
                }
            }
            () = tokio::time::sleep_until(deadline.into()) => {
                eyre::bail!("{} transfers were not final {} s after the load", due.len(), 30);
            }
        }
    }
    Ok(latencies)
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn subscribe(rpc: &str) -> Result<Socket> {
    let address = format!("{}/websocket", rpc.replacen("http", "ws", 1));
    let (mut socket, _) = tokio_tungstenite::connect_async(&address).await?;
    let request =
        json!({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"query": "tm.event='NewBlock'"}});
    socket.send(Message::text(request.to_string())).await?;
    Ok(socket)
}

/// Hashes of the transactions of a block event, as the client prints them.
fn hashes(message: &Message) -> Result<Vec<String>> {
    let Message::Text(text) = message else { return Ok(Vec::new()) };
    let event: Value = serde_json::from_str(text)?;
    let txs =
        event["result"]["data"]["value"]["block"]["data"]["txs"].as_array().cloned().unwrap_or_default();
    txs.iter()
        .filter_map(Value::as_str)
        .map(|tx| Ok(hex::encode_upper(Sha256::digest(STANDARD.decode(tx)?))))
        .collect()
}

fn cpu_seconds(pids: &[u64]) -> Result<f64> {
    let mut ticks = 0u64;
    for pid in pids {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let after_name = stat.rsplit_once(')').ok_or_eyre("no name in stat")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // utime and stime, the 14th and 15th field of the line.
        for field in fields.get(11..13).ok_or_eyre("stat is short")? {
            ticks += field.parse::<u64>()?;
        }
    }
    Ok(ticks as f64 / TICKS)
}

fn resident_bytes(pids: &[u64]) -> Result<Vec<u64>> {
    pids.iter()
        .map(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or_eyre("no VmRSS")?;
            let kib: u64 = line.split_whitespace().nth(1).ok_or_eyre("no value")?.parse()?;
            Ok(kib * 1024)
        })
        .collect()
}
