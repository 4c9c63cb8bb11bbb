//! A chain of one validator in a folder, run by the real program.

use serde_json::Value;
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};
use virtengine_chain::{
    Genesis,
    genesis::{GenesisAccount, GenesisValidator},
};
use virtengine_crypto::{Backend, Keyring, bls, hd, node_key::Identity};
use virtengine_node::{Home, NodeConfig};
use virtengine_types::{Amount, Coin, Timestamp, params::Params};

const CHAIN_ID: &str = "faults-1";
/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtengine"));
    command.env_remove("VIRTENGINE_HOME").env_remove("VIRTENGINE_LOG").stdin(Stdio::null());
    command
}

/// Waits until `look` answers, or fails.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not happen within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The first of `count` ports in a row that nobody uses, below those that the system hands out.
pub(crate) fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 12_000;
    const LAST: u16 = 20_000;
    // Two runs on one machine begin at different places.
    let start = u16::try_from(std::process::id() % 80).unwrap() * 100;
    for _ in 0..200 {
        let base = FIRST + (start + NEXT.fetch_add(count, Ordering::Relaxed)) % (LAST - FIRST - count);
        if (base..base + count).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return base;
        }
    }
    panic!("no {count} free ports in a row between {FIRST} and {LAST}");
}

/// The home of a whole network of one, beside a keyring with the funded key `alice`.
#[derive(Clone)]
pub(crate) struct Validator {
    pub(crate) folder: PathBuf,
    pub(crate) config: NodeConfig,
}

impl Validator {
    /// Makes it in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Self::with_accounts(folder, Vec::new())
    }

    /// The same with accounts beside that of `alice`.
    pub(crate) fn with_accounts(folder: &Path, mut accounts: Vec<GenesisAccount>) -> Self {
        let keyring = Keyring::open(folder.join("keyring-test"), Backend::Test).unwrap();
        let (alice, _) = keyring.add("alice", hd::DEFAULT_PATH).unwrap();
        let (identity, voting) = (Identity::generate(), bls::SecretKey::generate());
        accounts
            .push(GenesisAccount { address: alice.address, coins: vec![Coin::base(Amount(1_000_000_000))] });
        let mut genesis = Genesis {
            chain_id: CHAIN_ID.to_owned(),
            genesis_time_ms: Timestamp(1_700_000_000_000),
            params: Params::default(),
            committee: None,
            accounts,
            validators: vec![GenesisValidator {
                operator: alice.address,
                moniker: "alone".to_owned(),
                consensus_key: identity.public_key(),
                bls_key: voting.public_key().to_bytes(),
                proof_of_possession: voting.prove_possession(&alice.address, CHAIN_ID).to_bytes(),
                tokens: Amount(100_000_000_000),
            }],
        };
        let validator = Self { folder: folder.to_owned(), config: config() };
        genesis.sort();
        let file = folder.join("genesis.json");
        genesis.write(File::create(&file).unwrap()).unwrap();
        validator.home().init(&validator.config, &file, &identity, Some(&voting)).unwrap();
        validator
    }

    /// A copy of it in another folder, with ports of its own.
    pub(crate) fn copy(&self, folder: &Path) -> Self {
        copy(&self.folder, folder);
        let copy = Self { folder: folder.to_owned(), config: config() };
        copy.home().write_config(&copy.config).unwrap();
        copy
    }

    pub(crate) fn home(&self) -> Home {
        Home::new(self.folder.join("node"))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home().path().join(name)
    }

    /// Starts the node.
    pub(crate) fn start(&self) -> Running {
        let log = tempfile::NamedTempFile::new().unwrap();
        let file = log.reopen().unwrap();
        Running::new(self.command().stderr(file).spawn().unwrap(), self.config.rpc_addr, Some(log))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        // What people set for other programs must not turn errors into backtraces.
        command.args(["node", "start", "--home"]).arg(self.home().path()).env("RUST_BACKTRACE", "1");
        command
    }

    /// Starts the node, which must end by itself with an error in its last line; that line.
    pub(crate) fn refusal(&self) -> String {
        self.start().refusal()
    }

    /// Sends a transfer through the running node, which is final when this returns; its hash.
    pub(crate) fn transfer(&self) -> String {
        let answer = self.client(&["tx", "bank", "send", "alice", "7uve", "--from", "alice", "--yes"]);
        let hash = ["hash", "txhash", "tx_hash"].iter().find_map(|name| answer[*name].as_str());
        hash.unwrap_or_else(|| panic!("no hash in {answer}")).to_owned()
    }

    /// Whether the node knows the transaction as final.
    pub(crate) fn knows(&self, hash: &str) -> bool {
        let path = format!("/tx?hash=0x{hash}");
        get(self.config.rpc_addr, &path).is_some_and(|answer| answer["result"]["height"].is_string())
    }

    fn client(&self, arguments: &[&str]) -> Value {
        let output = program()
            .args(arguments)
            .args(["--keyring-backend", "test", "--output", "json", "--node"])
            .arg(format!("http://{}", self.config.rpc_addr))
            .arg("--home")
            .arg(&self.folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A process of a node, which is killed with the value.
pub(crate) struct Running {
    pub(crate) child: Child,
    rpc: SocketAddr,
    log: Option<tempfile::NamedTempFile>,
}

impl Running {
    pub(crate) fn new(child: Child, rpc: SocketAddr, log: Option<tempfile::NamedTempFile>) -> Self {
        Self { child, rpc, log }
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        let bytes = self.log.as_ref().map_or(Vec::new(), |log| fs::read(log.path()).unwrap());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The height of its last final block.
    pub(crate) fn height(&self) -> Option<u64> {
        let status = get(self.rpc, "/status")?;
        status["result"]["sync_info"]["latest_block_height"].as_str()?.parse().ok()
    }

    /// Waits until `height` is final; the height reached.
    pub(crate) fn reach(&mut self, height: u64) -> u64 {
        eventually(&format!("height {height}"), || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the node ended ({ended:?}) before height {height}: {}", self.log());
            self.height().filter(|now| *now >= height)
        })
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let ended = eventually("the end of the node", || self.child.try_wait().unwrap());
        assert!(get(self.rpc, "/status").is_none(), "something still serves");
        ended
    }

    /// Waits until it ends by itself with an error in its last line; that line.
    pub(crate) fn refusal(mut self) -> String {
        let ended = self.ended();
        self.verdict(ended)
    }

    /// The last line of a node that ended, which must be an error that people can read.
    pub(crate) fn verdict(&self, ended: ExitStatus) -> String {
        let log = self.log();
        assert!(ended.code().is_some_and(|code| code != 0), "{ended}: {log}");
        assert!(!log.contains("backtrace") && !log.contains("panicked at"), "{log}");
        let last = log.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: "), "the last line is no error: {log}");
        last.to_owned()
    }

    /// Asks it to stop, which must succeed.
    pub(crate) fn stop(mut self) {
        signal(&self.child, "TERM");
        let ended = self.ended();
        assert!(ended.success(), "{ended}: {}", self.log());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a signal by name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "kill -{name} failed");
}

/// The JSON that a node answers, if it does.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<Value> {
    serde_json::from_str(raw(address, path)?.split_once("\r\n\r\n")?.1).ok()
}

/// What a node answers, headers included.
pub(crate) fn raw(address: SocketAddr, path: &str) -> Option<String> {
    let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(socket, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn config() -> NodeConfig {
    let base = free_ports(5);
    let local = |offset| SocketAddr::from((Ipv4Addr::LOCALHOST, base + offset));
    let mut config = NodeConfig {
        p2p_addr: local(0),
        rpc_addr: local(1),
        metrics_addr: local(2),
        ..NodeConfig::default()
    };
    config.api.grpc_addr = local(3);
    config.api.rest_addr = local(4);
    config.engine.idle_block_interval_ms = 200;
    config.engine.page_cache_pages = 256;
    config
}

/// Copies a folder and all in it, with permissions.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
            continue;
        }
        // The history's journal is large and mostly holes; only what is not zero is written.
        let bytes = fs::read(entry.path()).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let mut file = File::create(&target).unwrap();
        file.write_all(&bytes[..used]).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.set_permissions(entry.metadata().unwrap().permissions()).unwrap();
    }
}
