//! Disks that are full or read-only. They are mounted, which takes root.

use super::validator::{Running, Validator};
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// A mounted folder, unmounted with the value.
struct Mount(PathBuf);

impl Mount {
    /// `None`, said on stderr, where this user may not mount.
    fn new(folder: &Path, arguments: &[&str]) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount").args(arguments).arg(folder).status().unwrap();
        if mounted.success() {
            return Some(Self(folder.to_owned()));
        }
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        assert!(!root, "root could not mount {arguments:?}");
        eprintln!("only root may mount {arguments:?}: not tried");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "failed to unmount {}", self.0.display());
    }
}

/// Fills the disk to the last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 16, 1 << 10, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

#[test]
fn a_full_disk_stops_the_node_and_room_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let Some(_mount) = Mount::new(&disk, &["-t", "tmpfs", "-o", "size=48m", "tmpfs"]) else { return };
    let validator = Validator::new(&disk);
    let mut running = validator.start();
    running.reach(1);
    let hash = validator.transfer();
    let height = running.reach(3);

    fill(&disk.join("filler"));
    let said = running.refusal();
    let data = validator.home().data().display().to_string();
    for part in ["the disk of", &data, "is full", "free some room"] {
        assert!(said.contains(part), "{said}");
    }
    let said = validator.refusal();
    assert!(said.contains("free some room") && said.contains(&data), "a start on the full disk: {said}");

    fs::remove_file(disk.join("filler")).unwrap();
    let mut running = validator.start();
    running.reach(height + 2);
    assert!(validator.knows(&hash), "a final transaction is gone");
    running.stop();
}

#[test]
fn a_home_made_on_a_full_disk_is_not_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Validator::new(&folder.path().join("whole"));
    let disk = folder.path().join("disk");
    let Some(_mount) = Mount::new(&disk, &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) else { return };
    fill(&disk.join("filler"));
    let home = disk.join("node");
    let init = || {
        let mut command = super::validator::program();
        command.args(["node", "init", "--home"]).arg(&home).arg("--genesis").arg(whole.home().genesis_file());
        command.output().unwrap()
    };
    let output = init();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("No space left"), "{said}");
    let again = init();
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("was not finished being made"), "{said}");
    fs::remove_file(disk.join("filler")).unwrap();
    fs::remove_dir_all(&home).unwrap();
    assert!(init().status.success());
}

#[test]
fn a_key_made_on_a_full_disk_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let Some(_mount) = Mount::new(&disk, &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) else { return };
    let keys = |arguments: &[&str]| {
        let mut command = super::validator::program();
        command.arg("keys").args(arguments).args(["--keyring-backend", "test", "--home"]).arg(&disk);
        command.output().unwrap()
    };
    assert!(keys(&["add", "first"]).status.success());
    fill(&disk.join("filler"));
    let output = keys(&["add", "second"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("No space left"), "{said}");
    let files = fs::read_dir(disk.join("keyring-test")).unwrap().count();
    assert_eq!(files, 1, "a draft stayed");
    fs::remove_file(disk.join("filler")).unwrap();
    assert!(keys(&["add", "second"]).status.success());
    assert!(keys(&["show", "first"]).status.success());
}

#[test]
fn a_read_only_home_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let home = validator.home().path().to_owned();
    let source = home.display().to_string();
    let Some(_mount) = Mount::new(&home, &["--bind", &source]) else { return };
    let remounted = Command::new("mount").args(["-o", "remount,ro,bind"]).arg(&home).status().unwrap();
    assert!(remounted.success());
    let said = validator.refusal();
    assert!(said.contains("Read-only file system") && said.contains(&source), "{said}");
    assert!(said.contains("--home"), "{said}");
}

#[test]
fn a_log_that_cannot_be_written_does_not_stop_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = validator.command().args(["--log", "info"]).stderr(full).spawn().unwrap();
    let mut running = Running::new(child, validator.config.rpc_addr, None);
    running.reach(3);
    running.stop();
}
