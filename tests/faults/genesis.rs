//! A genesis of several batches whose writing is cut short.

use super::validator::{Validator, eventually, get};
use std::{fs, path::Path};
use virtengine_chain::genesis::{BATCH_ROWS, GenesisAccount};
use virtengine_types::{Address, Amount, Coin};

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| {
        let path = entry.path();
        if path.is_dir() { size(&path) } else { entry.metadata().map_or(0, |found| found.len()) }
    };
    entries.map(size).sum()
}

/// What the genesis block commits to, as the first field of the genesis says.
fn app_hash(validator: &Validator) -> String {
    let answer = get(validator.config.rpc_addr, "/genesis_chunked?chunk=0").unwrap();
    answer["result"]["data"].as_str().unwrap()[..100].to_owned()
}

#[test]
fn a_node_that_is_killed_between_batches_begins_again_and_comes_to_the_same_state() {
    let account = |number: u32| {
        let mut address = Address([3; 20]);
        address.0[..4].copy_from_slice(&number.to_be_bytes());
        GenesisAccount { address, coins: vec![Coin::base(Amount(1))] }
    };
    let accounts = (0..u32::try_from(BATCH_ROWS).unwrap() * 2).map(account).collect();
    let folder = tempfile::tempdir().unwrap();
    let validator = Validator::with_accounts(folder.path(), accounts);
    let copied = tempfile::tempdir().unwrap();
    let undisturbed = validator.copy(copied.path());
    // Each batch takes some megabytes, so these lie before, in and after the first two.
    for bytes in [0, 1 << 20, 8 << 20, 16 << 20] {
        let mut running = validator.start();
        eventually("the beginning of the state", || {
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none(), "the node ended ({ended:?}): {}", running.log());
            (validator.file("data/genesis").exists() && size(&validator.file("data/engine")) > bytes)
                .then_some(())
        });
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    let mut running = validator.start();
    running.reach(1);
    let mut other = undisturbed.start();
    other.reach(1);
    assert_eq!(app_hash(&validator), app_hash(&undisturbed));
    running.stop();
    other.stop();
    // The file is not read to its end again, but it is known.
    let file = validator.home().genesis_file();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"amount\":\"1\"", "\"amount\":\"2\"", 1)).unwrap();
    let said = validator.refusal();
    assert!(said.contains("genesis.json has"), "{said}");
}
