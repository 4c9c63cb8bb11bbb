//! The lab against the real program: a small load is committed whole, and its result is a valid document.

mod presign;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Command, Output, Stdio},
};
use virtengine_lab::result::{RunResult, Series};

/// The first of ten ports in a row that nobody uses, below those that the system hands out.
fn free_ports(first: u16) -> u16 {
    let free =
        |base: &u16| (*base..*base + 10).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    // Two runs on one machine begin at different places.
    let start = first + u16::try_from(std::process::id() % 80).unwrap() * 10;
    (start..first + 2_000).step_by(10).find(free).expect("ten free ports in a row")
}

/// Runs a scenario on one validator with a hundred filler accounts.
fn run(scenario: &str, first_port: u16, json: &Path, more: &[&str]) -> Output {
    let port = free_ports(first_port).to_string();
    Command::new(env!("CARGO_BIN_EXE_virtengine"))
        .args(["lab", "run", scenario, "--validators", "1", "--size", "100", "--base-port", &port])
        .args(["--commit", "0123456789abcdef", "--warm-up", "1", "--json"])
        .arg(json)
        .args(more)
        .env_remove("VIRTENGINE_LOG")
        .env_remove("VIRTENGINE_OUTPUT")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn result(output: &Output, json: &Path) -> RunResult {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let result = RunResult::from_json(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(result.errors, [], "{errors}");
    result
}

/// Transactions that were offered and those that became final, by the series over time.
fn counts(result: &RunResult) -> (f64, f64) {
    let over_time = result.series.iter().find_map(|series| match series {
        Series::OverTime(series) => Some(series),
        _ => None,
    });
    let points = &over_time.unwrap().points;
    (points.iter().map(|p| p.offered_per_second).sum(), points.iter().map(|p| p.committed_per_second).sum())
}

#[test]
fn every_transfer_of_a_small_load_is_committed_in_each_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut signed = Vec::new();
    for way in ["stream", "batch", "single"] {
        let json = folder.path().join(format!("{way}.json"));
        let load = ["--rate", "50", "--duration", "4", "--accounts", "20", "--way", way];
        let result = result(&run("throughput", 20_100, &json, &load), &json);
        let (offered, committed) = counts(&result);
        assert!(offered > 100.0, "{way}: {offered}");
        assert_eq!(committed, offered, "{way}");
        let value = |name: &str| result.metric(name).unwrap_or_else(|| panic!("{way} has no {name}")).value;
        assert_eq!(value("error_rate"), 0.0, "{way}");
        assert!(value("latency_p50_ms") <= value("latency_p999_ms") && value("latency_p50_ms") > 0.0);
        let committed = value("committed_tps");
        assert!((25.0..100.0).contains(&committed), "{way}: {committed}");
        assert!(value("signature_limit_tps") > committed && value("peak_rss_bytes") > 1e6);
        let stages = result.series.iter().find_map(|series| match series {
            Series::Stages(stages) => Some(stages),
            _ => None,
        });
        let stages = stages.unwrap();
        assert!(stages.bound_by.is_some() && stages.stages.iter().any(|stage| stage.seconds > 0.0), "{way}");
        signed.push(result.parameters["transactions_sha256"].clone());
    }
    assert!(signed[0].as_str().is_some_and(|hash| hash.len() == 64));
    assert!(
        signed.iter().all(|hash| *hash == signed[0]),
        "one seed gives one set of transactions: {signed:?}"
    );
}

#[test]
fn every_market_cycle_of_a_small_load_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("market.json");
    let load = ["--rate", "40", "--duration", "4", "--accounts", "2", "--providers", "3", "--key", "ed25519"];
    let output = run("market", 22_200, &json, &load);
    let result = result(&output, &json);
    let (offered, committed) = counts(&result);
    assert_eq!(committed, offered);
    // Each cycle is four transactions, and two tenants have many at once.
    assert!(offered >= 40.0 && offered % 4.0 == 0.0, "{offered}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("committed_tps") && table.contains("verdict"), "{table}");
}

#[test]
fn an_overload_is_told_by_its_phases() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("overload.json");
    let load = ["--rate", "60", "--duration", "5", "--accounts", "20", "--max-outstanding", "400"];
    let output = run("overload", 26_400, &json, &load);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let result = RunResult::from_json(&std::fs::read(&json).unwrap()).unwrap();
    let value = |name: &str| result.metric(name).unwrap_or_else(|| panic!("no {name}: {errors}")).value;
    assert_eq!(result.parameters["phases"], "30 tx/s for 5 s, 180 for 5 s, 30 for 10 s");
    // A rate that is far below the true knee is taken whole three times too.
    assert!((120.0..240.0).contains(&value("offered_tps")), "{errors}");
    assert!(value("overload_ratio") > 1.5 && value("refused") == 0.0, "{errors}");
    assert_eq!(value("error_rate"), 0.0, "{errors}");
    // The budget of the node itself is the limit.
    assert_eq!(result.metric("peak_rss_bytes").unwrap().limit, Some(4e9));
    let (offered, committed) = counts(&result);
    assert_eq!(committed, offered, "{errors}");
    assert!(
        result.series.iter().any(|series| matches!(series, Series::Held(held) if held.memory.len() > 15))
    );
}

#[test]
fn an_analysis_whose_runs_fail_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("d.json");
    let port = free_ports(28_500).to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_virtengine"))
        .args(["lab", "degradation", "throughput", "--sizes", "1,2,3,4,5", "--repeat", "1", "--resume"])
        .args(["--base-port", &port, "--commit", "0123456789abcdef", "--accounts", "1"])
        .args(["--program", "/bin/false", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("5 runs failed and are missing"), "{errors}");
    let result = RunResult::from_json(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!((result.metric("missing_runs").unwrap().value, result.errors.len()), (5.0, 5));
    let reason = &result.errors[0].reason;
    assert!(reason.contains("no run of size 1, repetition 1") && reason.contains("node0 ended"), "{reason}");
}

#[test]
fn mistakes_are_refused_with_what_to_do() {
    let lab = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_virtengine")).arg("lab").args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let commit = ["--commit", "0123456789abcdef"];
    let unknown = lab(&["run", "speed", commit[0], commit[1]]);
    assert!(unknown.contains("speed") && unknown.contains("throughput, market, overload"), "{unknown}");
    let zero = lab(&["run", "throughput", "--rate", "0", commit[0], commit[1]]);
    assert!(zero.contains("--rate must be above 0"), "{zero}");
    let funds =
        lab(&["run", "throughput", "--endpoint", "rpc=127.0.0.1:1,grpc=127.0.0.1:2", commit[0], commit[1]]);
    assert!(funds.contains("--mnemonic or --devnet"), "{funds}");
    let endpoint = lab(&["run", "throughput", "--endpoint", "127.0.0.1:1"]);
    assert!(endpoint.contains("rpc=URL,grpc=ADDR"), "{endpoint}");
    let few = lab(&["degradation", "throughput", "--sizes", "1,2,4,8", commit[0], commit[1]]);
    assert!(few.contains("--sizes needs at least 5 different ones, not 4"), "{few}");
    let missing = lab(&["check", "/nowhere.json"]);
    assert!(missing.contains("/nowhere.json"), "{missing}");
}
