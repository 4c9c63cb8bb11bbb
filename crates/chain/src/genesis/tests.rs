use super::*;
use crate::testing::{CHAIN_ID, FUNDS, Harness, STAKE, address, bls_secret, genesis, hash};
use sha2::{Digest, Sha256};

fn testdata(name: &str) -> String {
    std::fs::read_to_string(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn file() -> Genesis {
    serde_json::from_str(&testdata("genesis.json")).unwrap()
}

/// SHA-256 over partition, key, length and value of every row, in order.
fn rows_hash(writes: &WriteSet) -> String {
    let mut hasher = Sha256::new();
    for (key, value) in writes.iter() {
        let value = value.as_ref().unwrap();
        hasher.update([key.partition as u8]);
        hasher.update(key.bytes);
        hasher.update((value.len() as u64).to_be_bytes());
        hasher.update(value);
    }
    hex::encode(hasher.finalize())
}

#[test]
fn the_rows_of_a_genesis_file_never_change() {
    let writes = file().writes().unwrap();
    // A new value here is a new state root: nodes of a running chain would no longer agree.
    assert_eq!(rows_hash(&writes), testdata("genesis.rows.sha256").trim());
}

#[test]
fn a_genesis_file_reads_back_as_it_was_written() {
    let genesis = file();
    let text = serde_json::to_string(&genesis).unwrap();
    assert_eq!(serde_json::from_str::<Genesis>(&text).unwrap(), genesis);
}

#[test]
fn accepts_accounts_validators_and_their_supply() {
    let chain = Harness::new(&["alice", "bob"]);
    assert_eq!(chain.balance(address("alice")), FUNDS);
    let validator = chain.row(&staking::VALIDATORS, &address("validator")).unwrap();
    assert_eq!((validator.tokens, validator.status), (Amount(STAKE), ValidatorStatus::Bonded));
    let supply = chain.row(&bank::SUPPLY, &Denom::base()).unwrap();
    assert_eq!(supply, Amount(3 * FUNDS + STAKE));
    assert_eq!(staking::invariants::check(&chain.store), Ok(()));
    // Every account has a number of its own, the pools' too.
    let mut numbers: Vec<_> =
        chain.rows(&bank::ACCOUNTS).into_iter().map(|(_, account)| account.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[test]
fn accepts_an_operator_without_coins() {
    let mut genesis = genesis(&["alice"]);
    genesis.accounts.pop();
    let chain = Harness::of(&genesis, &["alice"]);
    assert!(chain.account(address("validator")).balances.is_empty());
}

fn refused(change: impl FnOnce(&mut Genesis)) -> GenesisError {
    let mut genesis = genesis(&["alice"]);
    change(&mut genesis);
    genesis.writes().unwrap_err()
}

#[test]
fn rejects_chain_ids_that_are_empty_long_or_odd() {
    for found in ["", "a b", "chain/1", &"c".repeat(51)] {
        let error = refused(|genesis| genesis.chain_id = found.to_owned());
        assert_eq!(error, GenesisError::ChainId { found: found.to_owned() });
    }
}

#[test]
fn rejects_a_chain_without_validators() {
    assert_eq!(refused(|genesis| genesis.validators.clear()), GenesisError::NoValidators);
}

#[test]
fn rejects_more_accounts_than_have_numbers() {
    assert_eq!(numbers_suffice(MAX_ACCOUNTS - 3, 1), Ok(()));
    let found = MAX_ACCOUNTS - 2;
    assert_eq!(numbers_suffice(found, 1), Err(GenesisError::TooManyAccounts { found }));
}

#[test]
fn rejects_what_occurs_twice() {
    let twice = |error| {
        let GenesisError::Duplicate { what, .. } = error else { panic!("{error}") };
        what
    };
    let account = refused(|genesis| genesis.accounts.push(genesis.accounts[0].clone()));
    assert_eq!(twice(account), "account");
    let operator = refused(|genesis| genesis.validators.push(genesis.validators[0].clone()));
    assert_eq!(twice(operator), "operator");
    let key = refused(|genesis| {
        let operator = address("alice");
        genesis.validators.push(GenesisValidator { operator, ..genesis.validators[0].clone() });
    });
    assert_eq!(twice(key), "consensus key");
    let key = refused(|genesis| {
        let (operator, consensus_key) = (address("alice"), hash("another node"));
        let first = genesis.validators[0].clone();
        genesis.validators.push(GenesisValidator { operator, consensus_key, ..first });
    });
    assert_eq!(twice(key), "BLS key");
}

#[test]
fn rejects_a_supply_that_overflows() {
    let error = refused(|genesis| genesis.accounts[0].coins[0].amount = Amount(u128::MAX));
    let GenesisError::Coins { cause, .. } = error else { panic!("{error}") };
    assert_eq!(cause, CoinError::Overflow { left: u128::MAX, right: FUNDS });
}

#[test]
fn rejects_a_validator_below_the_minimum() {
    let min = Amount(STAKE + 1);
    let error = refused(|genesis| genesis.params.min_self_delegation = min);
    let operator = address("validator");
    assert_eq!(error, GenesisError::Tokens { operator, found: Amount(STAKE), min });
    let nothing = refused(|genesis| {
        genesis.params.min_self_delegation = Amount(0);
        genesis.validators[0].tokens = Amount(0);
    });
    assert!(matches!(nothing, GenesisError::Tokens { .. }));
}

#[test]
fn rejects_a_proof_of_possession_of_another_chain_operator_or_key() {
    let secret = bls_secret("validator");
    let operator = address("validator");
    let proofs = [
        secret.prove_possession(&operator, "test-2"),
        secret.prove_possession(&address("alice"), CHAIN_ID),
        bls_secret("other").prove_possession(&operator, CHAIN_ID),
    ];
    for proof in proofs {
        let error = refused(|genesis| genesis.validators[0].proof_of_possession = proof.to_bytes());
        assert!(matches!(error, GenesisError::ProofOfPossession { .. }), "{error}");
    }
    let malformed = refused(|genesis| genesis.validators[0].bls_key = [0xff; 48]);
    assert!(matches!(malformed, GenesisError::ProofOfPossession { .. }), "{malformed}");
}

#[test]
fn rejects_more_currencies_than_a_balance_holds() {
    let coin = |number| Coin { denom: format!("gold{number}").parse().unwrap(), amount: Amount(1) };
    let error = refused(|genesis| genesis.accounts[0].coins.extend((0..32).map(coin)));
    let GenesisError::Coins { cause, .. } = error else { panic!("{error}") };
    assert_eq!(cause, CoinError::TooMany { found: 33, max: 32 });
}

#[test]
fn rejects_a_row_over_the_size_limit() {
    let error = refused(|genesis| genesis.validators[0].moniker = "m".repeat(64 * 1024));
    assert!(matches!(error, GenesisError::State(StateError::TooLarge { .. })), "{error}");
}

#[test]
fn rejects_unknown_fields() {
    let text = testdata("genesis.json").replacen("\"chain_id\"", "\"chian\": 1, \"chain_id\"", 1);
    let error = serde_json::from_str::<Genesis>(&text).unwrap_err();
    assert!(error.to_string().contains("unknown field `chian`"), "{error}");
}
