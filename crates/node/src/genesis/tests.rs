use super::*;
use crate::Home;
use futures::{StreamExt as _, executor::block_on};
use std::{fs, path::PathBuf};
use virtengine_chain::{
    Genesis,
    genesis::{BATCH_ROWS, GenesisAccount, GenesisError, GenesisValidator, ItemError, MAX_ENTRY_BYTES},
};
use virtengine_crypto::{bls::SecretKey, node_key::Identity};
use virtengine_state::WriteSet;
use virtengine_types::{Address, Amount, Coin, Timestamp, params::Params};

const CHAIN: &str = "test-1";

fn validator(number: u32) -> GenesisValidator {
    let mut secret = [7; 32];
    secret[..4].copy_from_slice(&(number + 1).to_be_bytes());
    secret[0] = 1;
    let key = SecretKey::decode(&secret).unwrap();
    let mut operator = Address([9; 20]);
    operator.0[..4].copy_from_slice(&number.to_be_bytes());
    GenesisValidator {
        operator,
        moniker: format!("validator {number}"),
        consensus_key: Identity::from_seed(&secret).public_key(),
        bls_key: key.public_key().to_bytes(),
        proof_of_possession: key.prove_possession(&operator, CHAIN).to_bytes(),
        tokens: Amount(1_000_000),
    }
}

fn account(number: u32) -> GenesisAccount {
    let mut address = Address([1; 20]);
    address.0[..4].copy_from_slice(&number.to_be_bytes());
    GenesisAccount { address, coins: vec![Coin::base(Amount(5))] }
}

/// A chain of three validators.
pub(crate) fn genesis() -> Genesis {
    Genesis {
        chain_id: CHAIN.into(),
        genesis_time_ms: Timestamp(1),
        params: Params::default(),
        committee: None,
        validators: (0..3).map(validator).collect(),
        accounts: (0..10).map(account).collect(),
    }
}

/// Writes a file into a folder.
pub(crate) fn written(folder: &Path, genesis: &Genesis) -> PathBuf {
    let path = folder.join("genesis.json");
    genesis.write(File::create(&path).unwrap()).unwrap();
    path
}

fn check(genesis: &Genesis) -> Result<CheckedGenesis, HomeError> {
    let folder = tempfile::tempdir().unwrap();
    CheckedGenesis::of(&written(folder.path(), genesis), &|_| ())
}

fn batches(path: &Path, checked: &CheckedGenesis) -> Vec<WriteSet> {
    let rows = rows(path.to_owned(), checked);
    block_on(rows.give().map(Result::unwrap).collect())
}

#[test]
fn a_file_gives_the_batches_that_memory_gives() {
    let mut genesis = genesis();
    // More than a batch.
    genesis.accounts = (0..u32::try_from(BATCH_ROWS).unwrap() + 5).map(account).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &genesis);
    let checked = CheckedGenesis::of(&path, &|_| ()).unwrap();
    let (expected, summary) = genesis.batches().unwrap();
    assert_eq!(expected.len(), 2);
    assert_eq!(checked.summary, summary);
    assert_eq!(checked.bytes, fs::metadata(&path).unwrap().len());
    assert_eq!(batches(&path, &checked), expected);
    assert_eq!(batches(&path, &checked), expected, "the rows are given again from the first");
}

#[test]
fn the_verdict_is_the_same_whatever_the_number_of_threads() {
    let mut genesis = genesis();
    genesis.validators = (0..600).map(validator).collect();
    genesis.committee = Some(vec![validator(4).operator]);
    let verdict = |genesis: &Genesis, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| check(genesis))
            .map_err(|error| error.to_string().split_once(": ").unwrap().1.to_owned())
    };
    let checked = verdict(&genesis, 1).unwrap();
    assert_eq!(checked.summary.seats.len(), 1);
    assert_eq!(verdict(&genesis, 3), Ok(checked));
    for place in [590, 300, 299] {
        genesis.validators[place].proof_of_possession = [0xff; 96];
        let refusal = verdict(&genesis, 1).unwrap_err();
        assert!(refusal.starts_with(&format!("validators[{place}]: ")), "{refusal}");
        assert_eq!(verdict(&genesis, 3), Err(refusal));
    }
}

#[test]
fn a_file_that_changes_after_it_was_checked_gives_no_last_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &genesis());
    let checked = CheckedGenesis::of(&path, &|_| ()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"5\"", "\"6\"")).unwrap();
    let given: Vec<_> = block_on(rows(path, &checked).give().collect());
    let [Err(error)] = given.as_slice() else { panic!("{} batches", given.len()) };
    assert!(error.to_string().contains(&hex::encode(checked.sha256)), "{error}");
}

#[test]
fn a_home_checks_its_file_once_and_then_knows_it_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    fs::create_dir(folder.path().join("config")).unwrap();
    home.check_room().unwrap();
    let path = written(&folder.path().join("config"), &genesis());
    let checked = home.genesis().unwrap();
    assert_eq!(checked.sha256, hash(&path).unwrap().0);
    assert_eq!(home.genesis().unwrap(), checked);
    let whole = fs::read(&path).unwrap();
    // Whatever it is now, it is not what the data was made for.
    for text in ["", "{", "{}"] {
        fs::write(&path, text).unwrap();
        let error = home.genesis().unwrap_err();
        assert!(matches!(error, HomeError::OtherGenesis { .. }), "{error}");
        let (noted, found) = (hex::encode(checked.sha256), hex::encode(Sha256::digest(text)));
        assert!(error.to_string().contains(&noted) && error.to_string().contains(&found), "{error}");
    }
    fs::write(&path, whole).unwrap();
    fs::write(folder.path().join("data/genesis"), "damaged").unwrap();
    assert_eq!(home.genesis().unwrap(), checked);
}

#[test]
fn rejects_a_file_that_is_cut_short_anywhere_naming_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &genesis());
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len() - 2).step_by(97) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = CheckedGenesis::of(&path, &|_| ()).unwrap_err();
        assert!(matches!(error, HomeError::Genesis { .. }), "{length}: {error}");
        assert!(error.to_string().contains("line "), "{length}: {error}");
    }
}

#[test]
fn rejects_what_breaks_a_rule_naming_the_file() {
    let mut genesis = genesis();
    genesis.validators.swap(0, 1);
    let error = check(&genesis).unwrap_err();
    assert!(error.to_string().contains("genesis.json is refused"), "{error}");
    let HomeError::GenesisRule { cause: GenesisError::Item { position: 1, cause, .. }, .. } = error else {
        panic!("{error}")
    };
    assert!(matches!(*cause, ItemError::Order { .. }), "{cause}");
}

#[test]
fn rejects_what_is_too_long_to_be_held() {
    let mut genesis = genesis();
    genesis.validators[1].moniker = "m".repeat(MAX_ENTRY_BYTES);
    let error = check(&genesis).unwrap_err().to_string();
    assert!(error.contains("validators[1] is longer than 65536 bytes"), "{error}");
}
