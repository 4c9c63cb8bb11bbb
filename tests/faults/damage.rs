//! Files of a home that are cut short: each is named with what to do, or the node goes on and has lost nothing.

use super::validator::{Running, Validator, eventually};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    sync::Mutex,
};

#[test]
fn a_file_cut_short_is_named_or_mended() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Validator::new(&folder.path().join("whole"));
    let mut running = whole.start();
    running.reach(1);
    let hash = whole.transfer();
    let height = running.reach(5);
    running.stop();
    let cuts: Vec<(PathBuf, u64)> = samples(whole.home().path())
        .into_iter()
        .flat_map(|(file, length)| [(file.clone(), 0), (file, length / 2)])
        .collect();
    assert!(cuts.len() > 100, "{} cuts", cuts.len());
    let (queue, told) = (Mutex::new(cuts.into_iter()), Mutex::new(0));
    std::thread::scope(|scope| {
        for worker in ["a", "b"] {
            let (whole, queue, told, folder) = (&whole, &queue, &told, folder.path().join(worker));
            let hash = &hash;
            scope.spawn(move || {
                loop {
                    let Some((file, length)) = queue.lock().unwrap().next() else { return };
                    let what = format!("{} cut to {length} bytes", file.display());
                    let copy = whole.copy(&folder);
                    let cut = OpenOptions::new().write(true).open(copy.home().path().join(&file)).unwrap();
                    cut.set_len(length).unwrap();
                    if !goes_on(&copy, height, hash, &what) {
                        *told.lock().unwrap() += 1;
                    }
                    fs::remove_dir_all(&folder).unwrap();
                }
            });
        }
    });
    assert!(told.into_inner().unwrap() >= 12, "settings, keys and what marks a home cannot be mended");
}

#[test]
fn a_node_whose_data_was_removed_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::new(folder.path());
    let mut running = validator.start();
    running.reach(2);
    running.stop();
    fs::remove_dir_all(validator.home().data()).unwrap();
    let mut running = validator.start();
    running.reach(1);
    running.stop();
}

/// Whether the node goes on with all that it had; if not, it must say why in one line that names the home.
fn goes_on(validator: &Validator, height: u64, hash: &str, what: &str) -> bool {
    let mut running: Running = validator.start();
    let ended = eventually(what, || match running.child.try_wait().unwrap() {
        Some(ended) => Some(Some(ended)),
        None => running.height().filter(|now| *now > height).map(|_| None),
    });
    let Some(ended) = ended else {
        assert!(validator.knows(hash), "{what}: a final transaction is gone");
        running.stop();
        return true;
    };
    let said = running.verdict(ended);
    assert!(said.contains(&validator.home().path().display().to_string()), "{what}: {said}");
    let remedy = ["restore", "copy the chain's genesis file"].iter().any(|remedy| said.contains(remedy));
    assert!(remedy || said.contains("node.toml: line"), "{what}: no remedy in: {said}");
    false
}

/// The files of a home by length, the last one of each folder: those before it are of the same kind.
fn samples(home: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap().map(Result::unwrap);
        // A chain of one has nobody who knows the votes that it lost: it serves what is final and makes no block.
        let (inner, files): (Vec<_>, Vec<_>) = entries
            .map(|entry| entry.path())
            .filter(|path| !path.ends_with("node-votes-0"))
            .partition(|path| path.is_dir());
        folders.extend(inner);
        let mut files: Vec<_> = files
            .into_iter()
            .map(|file| (file.clone(), file.metadata().unwrap().len()))
            .filter(|(_, length)| *length > 0)
            .collect();
        files.sort();
        // Only the engine's folders hold many of a kind.
        let skip =
            if folder.starts_with(home.join("data/engine")) { files.len().saturating_sub(1) } else { 0 };
        for (file, length) in files.into_iter().skip(skip) {
            found.insert(file.strip_prefix(home).unwrap().to_owned(), length);
        }
    }
    found
}
