//! The program as its user runs it.

use std::process::Command;
use virtengine_lab::result::RunResult;

#[test]
fn a_small_world_is_a_document_of_the_lab() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("world.json");
    let output = Command::new(env!("CARGO_BIN_EXE_virtengine-world"))
        .args(["--validators", "10", "--rate", "20", "--duration", "2", "--seeds", "2"])
        .args(["--commit", "0123456789abcdef", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result = RunResult::from_json(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!((result.scenario.as_str(), result.errors.len()), ("world", 0));
    let value = |name: &str| result.metric(name).unwrap().value;
    assert_eq!(value("error_rate"), 0.0);
    // Distances are the least of it, and to be told of it takes longer than to be final.
    assert!(value("propagation_p75_ms") < value("finality_p75_ms"));
    assert!(value("finality_p50_ms") < value("submission_p50_ms"));
    assert_eq!(result.repetitions_of("finality_p75_ms").unwrap().values.len(), 2);
}

#[test]
fn mistakes_are_refused_with_both_values() {
    let output = Command::new(env!("CARGO_BIN_EXE_virtengine-world"))
        .args(["--validators", "3", "--commit", "0123456789abcdef"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("validators must be from 4 to 256, got 3"), "{said}");
}
