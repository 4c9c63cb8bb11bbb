//! Where and of what a result was measured.

use std::path::Path;

use crate::result::{Commit, CommitError, Machine, MachineError, Timestamp};

#[test]
fn a_machine_is_described_by_the_files_of_its_kernel() {
    let cpuinfo =
        "processor\t: 0\nmodel name\t: Fast(R) CPU @ 3 GHz\nprocessor\t: 1\nmodel name\t: Fast(R)\n";
    let machine = Machine::describe(cpuinfo, "MemTotal:       24689092 kB\n", 2, "Linux 6.1 x86_64").unwrap();
    assert_eq!(
        machine,
        Machine {
            cpu: "Fast(R) CPU @ 3 GHz".into(),
            cores: 2,
            memory_bytes: 25_281_630_208,
            os: "Linux 6.1 x86_64".into()
        }
    );
    assert_eq!(Machine::describe("", "MemTotal: 1 kB", 1, "").unwrap().cpu, "unknown");
    for meminfo in ["", "MemTotal: much kB", "MemTotal:", "MemTotal: 18446744073709551615 kB"] {
        assert!(
            matches!(
                Machine::describe("", meminfo, 1, ""),
                Err(MachineError::Missing { line: "MemTotal", .. })
            ),
            "{meminfo}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn this_machine_is_described() {
    let machine = Machine::read().unwrap();
    assert_eq!(machine.validate(), Ok(()));
    assert!(machine.memory_bytes > 1 << 20 && machine.os.starts_with("Linux "), "{machine:?}");
}

#[test]
fn a_commit_is_read_from_its_repository() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Commit::read(folder.path()), Err(CommitError::Git { .. })), "no repository");
    let program = folder.path().join("program");
    let missing = Commit::of_program(&program).unwrap_err();
    assert!(matches!(missing, CommitError::Program { .. }) && missing.to_string().contains("--commit"));
    std::fs::write(&program, "abc").unwrap();
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Commit::of_program(&program).unwrap().as_str(), sha256);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let mut command = std::process::Command::new("git");
        let status =
            command.arg("-C").arg(folder.path()).args(identity).args(arguments).output().unwrap().status;
        assert!(status.success(), "git {arguments:?}");
    };
    let write = |text: &str| std::fs::write(folder.path().join("file"), text).unwrap();
    write("one");
    git(&["init"]);
    git(&["add", "file"]);
    git(&["commit", "-m", "one"]);
    let clean = Commit::read(folder.path()).unwrap();
    assert_eq!((clean.as_str().len(), clean.short().len()), (40, 10));
    assert_eq!(Commit::of_program(&program).unwrap(), clean);
    write("two");
    let dirty = Commit::read(folder.path()).unwrap();
    assert_eq!(dirty.as_str(), format!("{clean}-dirty"));
    assert_eq!(dirty.short(), format!("{}-dirty", clean.short()));
}

#[test]
fn rejects_a_commit_that_is_no_hash() {
    for found in ["", "03d530", "main", "03D530F7", "-dirty", &"a".repeat(65)] {
        assert!(matches!(Commit::try_from(found.to_string()), Err(CommitError::Hash { .. })), "{found}");
    }
    assert!(matches!(Commit::read(Path::new("/proc/none")), Err(CommitError::Git { .. })));
}

#[test]
fn a_moment_is_written_to_the_second() {
    for (given, written) in [
        ("2026-01-30T12:00:00Z", "2026-01-30T12:00:00Z"),
        ("2026-01-30T12:00:00.75Z", "2026-01-30T12:00:00Z"),
    ] {
        assert_eq!(Timestamp::try_from(given.to_string()).unwrap().to_string(), written);
    }
    for given in ["", "2026-01-30", "2026-13-30T12:00:00Z", "2026-01-30T12:00:00+01:00"] {
        assert!(Timestamp::try_from(given.to_string()).is_err(), "{given}");
    }
    // A clock may be set to any time, so now() must always be writable.
    assert!(Timestamp::try_from(Timestamp::now().to_string()).is_ok());
}
