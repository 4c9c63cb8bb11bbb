//! Ports, settings, genesis files and homes that do not fit.

use super::validator::{Running, Validator, program};
use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
};

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    for (setting, addr) in validator.config.listeners() {
        let _taken = TcpListener::bind(addr).unwrap();
        let said = {
            let mut running = validator.start();
            let ended = super::validator::eventually("the end", || running.child.try_wait().unwrap());
            running.verdict(ended)
        };
        for part in [setting, &addr.to_string(), "config/node.toml"] {
            assert!(said.contains(part), "{setting}: {said}");
        }
    }
    validator.start().reach(1);
}

#[test]
fn settings_are_refused_with_file_line_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let file = validator.home().config_file();
    let whole = fs::read_to_string(&file).unwrap();
    let unknown = whole.replace("rpc_addr", "rpc_adr");
    let mistyped = whole.replace("threads = 2", "threads = \"two\"");
    for (text, named) in [
        (unknown.as_str(), "rpc_adr"),
        (&mistyped, "threads = \"two\""),
        (&whole[..whole.len() / 3], "line "),
        ("", "no settings"),
        ("\u{0}\u{0}\u{0}", "line 1"),
    ] {
        fs::write(&file, text).unwrap();
        let said = validator.refusal();
        assert!(said.contains(named) && said.contains("config/node.toml"), "{text:?}: {said}");
    }
}

#[test]
fn settings_that_connect_to_nobody_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    fs::remove_file(validator.file("keys/bls_key.json")).unwrap();
    let said = validator.refusal();
    assert!(said.contains("[[validators]]") && said.contains("1 validators"), "{said}");
}

#[test]
fn a_genesis_that_does_not_fit_is_refused_and_the_right_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let mut running = validator.start();
    running.reach(1);
    let hash = validator.transfer();
    let height = running.reach(2);
    running.stop();
    let file = validator.home().genesis_file();
    let whole = fs::read_to_string(&file).unwrap();
    for (text, named) in [
        (whole.replace("faults-1", "other-1"), "genesis.json has"),
        (whole.replace("1700000000000", "1700000000001"), "genesis.json has"),
        (String::new(), "genesis.json has"),
    ] {
        assert_ne!(text, whole);
        fs::write(&file, text).unwrap();
        let said = validator.refusal();
        assert!(said.contains(named) && said.contains("genesis file"), "{named}: {said}");
    }
    // Without the note of its hash the file is checked anew, and the engine still knows which one it was.
    let note = validator.file("data/genesis");
    for (text, named) in [
        (whole.replace("1700000000000", "1700000000001"), "the genesis file has"),
        (whole.replace("\"moniker\"", "\"monicker\""), "line "),
        (String::new(), "not a genesis file"),
    ] {
        drop(fs::remove_file(&note));
        fs::write(&file, text).unwrap();
        let said = validator.refusal();
        assert!(said.contains(named) && said.contains("genesis file"), "{named}: {said}");
    }
    drop(fs::remove_file(&note));
    fs::write(&file, whole).unwrap();
    let mut running = validator.start();
    running.reach(height + 1);
    assert!(validator.knows(&hash));
    running.stop();
}

#[test]
fn a_home_of_a_newer_version_is_refused_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    fs::write(validator.file("FORMAT"), "99\n").unwrap();
    let said = validator.refusal();
    assert!(said.contains("format 99, this release knows 3"), "{said}");
    assert_eq!(fs::read_to_string(validator.file("FORMAT")).unwrap(), "99\n");
}

#[test]
fn a_second_process_on_one_home_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let mut first = validator.start();
    let height = first.reach(1);
    let output = validator.command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let home = validator.home().path().display().to_string();
    assert!(said.contains(&home) && said.contains("in use by another process"), "{said}");
    first.reach(height + 2);
    first.stop();
    validator.start().reach(height + 3);
}

#[test]
fn what_is_no_home_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let half = folder.path().join("half");
    fs::create_dir_all(half.join("config")).unwrap();
    for (home, named) in [
        (folder.path().join("none"), "holds no node"),
        (file, "--home names a folder"),
        (half, "was not finished being made"),
        ("/proc/self".into(), "holds no node"),
    ] {
        let output = program().args(["node", "start", "--home"]).arg(&home).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(named) && said.contains(&home.display().to_string()), "{said}");
    }
}

#[test]
fn few_open_files_are_raised_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let limited = |which: &str| {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit {which} 1024; exec \"$@\"")).arg("sh");
        command.arg(validator.command().get_program()).args(validator.command().get_args());
        let child = command.stdin(Stdio::null()).stderr(log.reopen().unwrap()).spawn().unwrap();
        Running::new(child, validator.config.rpc_addr, Some(log))
    };
    let mut running = limited("-Sn");
    running.reach(1);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft >= 4 * 1024 + 2048, "{line}");
    running.stop();
    let said = limited("-n").refusal();
    assert!(said.contains("may open 1024 files") && said.contains("api.max_connections"), "{said}");
}
