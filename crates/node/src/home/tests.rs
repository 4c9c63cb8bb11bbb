use super::*;
use crate::genesis::tests::{genesis, written};

#[test]
fn a_made_home_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path().join("node"));
    assert!(matches!(home.check(), Err(HomeError::Missing { .. })));
    let identity = Identity::generate();
    let file = written(folder.path(), &genesis());
    home.init(&NodeConfig::default(), &file, &identity, None).unwrap();
    home.check().unwrap();
    home.check_room().unwrap();
    drop(home.lock().unwrap());
    assert_eq!(home.config().unwrap(), NodeConfig::default());
    assert_eq!(home.genesis().unwrap().summary.head, genesis().head());
    assert_eq!(home.identity().unwrap().public_key(), identity.public_key());
    assert!(home.bls_key().unwrap().is_none());
    let again = home.init(&NodeConfig::default(), &file, &identity, None);
    assert!(matches!(again, Err(HomeError::Exists { .. })));
}

#[test]
fn rejects_a_half_written_or_newer_home() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    fs::create_dir(folder.path().join("config")).unwrap();
    assert!(matches!(home.check(), Err(HomeError::HalfWritten { .. })));
    fs::write(folder.path().join("FORMAT"), "99\n").unwrap();
    let error = home.check().unwrap_err().to_string();
    assert!(error.contains("format 99, this release knows 3"), "{error}");
}

#[test]
fn rejects_a_lost_or_damaged_format_without_asking_to_remove_the_home() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    fs::create_dir_all(home.engine().join("node-blocks-keys")).unwrap();
    assert!(matches!(home.check(), Err(HomeError::Marker { .. })));
    for found in ["", "one", "\u{0}\u{0}"] {
        fs::write(folder.path().join("FORMAT"), found).unwrap();
        let error = home.check().unwrap_err().to_string();
        assert!(error.contains("FORMAT says") && error.contains("restore"), "{error}");
    }
}

#[test]
fn rejects_a_second_lock_until_the_first_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    let first = home.lock().unwrap();
    let error = home.lock().unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
    drop(first);
    home.lock().unwrap();
}

#[test]
fn rejects_settings_naming_the_file_the_line_and_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path().join("node"));
    let file = written(folder.path(), &genesis());
    home.init(&NodeConfig::default(), &file, &Identity::generate(), None).unwrap();
    for (text, named) in [
        ("moniker = \"a\"\nrpc_prt = 5\n", "node.toml: line 2 (rpc_prt = 5): unknown field `rpc_prt`"),
        ("\n[engine]\nthreads = \"x\"\n", "line 3 (threads = \"x\"): invalid type"),
        ("moniker = \"a", "line 1"),
        ("moniker = \"\u{1}\"", "line 1"),
        (" \n", "holds no settings"),
        ("[engine]\nepoch_length = 0\n", "node.toml: engine: "),
    ] {
        fs::write(home.config_file(), text).unwrap();
        let error = home.config().unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("config/node.toml"), "{text:?}: {error}");
    }
    fs::write(home.config_file(), b"moniker = \"a\"\n# \xff\n").unwrap();
    let error = home.config().unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn rejects_another_or_no_voter_once_the_data_has_votes() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    let (own, other) = (Identity::generate(), Identity::generate());
    home.check_room().unwrap();
    home.note_voter(None).unwrap();
    home.check_voter(Some(&other)).unwrap();
    home.note_voter(Some(&own)).unwrap();
    home.note_voter(Some(&other)).unwrap();
    home.check_voter(Some(&own)).unwrap();
    let cases = [
        (Some(&other), public_hex(&other), "keys/node_key.json"),
        (None, "is missing".into(), "keys/bls_key.json"),
    ];
    for (voter, given, file) in cases {
        let error = home.check_voter(voter).unwrap_err().to_string();
        assert!(error.contains(&public_hex(&own)) && error.contains(&given), "{error}");
        assert!(error.contains(file) && error.contains("data/voter"), "{error}");
    }
    fs::write(home.voter(), "").unwrap();
    assert!(matches!(home.check_voter(Some(&own)), Err(HomeError::Voter { .. })));
    fs::remove_dir_all(home.data()).unwrap();
    home.check_voter(None).unwrap();
}

#[test]
fn rejects_what_is_no_file_or_has_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    fs::create_dir(folder.path().join("config")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.config_file()).unwrap();
    let (_reader, writer) = std::io::pipe().unwrap();
    let pipe = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
    std::os::unix::fs::symlink(pipe, home.genesis_file()).unwrap();
    for error in [home.config().unwrap_err(), home.genesis().unwrap_err()] {
        let error = error.to_string();
        assert!(error.contains("it is not a file") && error.contains("/config/"), "{error}");
    }
    fs::remove_file(home.config_file()).unwrap();
    fs::write(home.config_file(), vec![b'#'; MAX_CONFIG_BYTES as usize + 1]).unwrap();
    let error = home.config().unwrap_err().to_string();
    assert!(error.contains("at most 1048576 bytes are read, it has 1048577"), "{error}");
}
