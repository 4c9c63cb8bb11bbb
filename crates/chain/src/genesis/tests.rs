use super::*;
use crate::{
    bank, staking,
    testing::{CHAIN_ID, FUNDS, Harness, STAKE, address, bls_secret, genesis, hash},
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use virtengine_state::StateError;
use virtengine_types::{Denom, coin::CoinError, ledger::Pool, staking::ValidatorStatus};

fn testdata(name: &str) -> String {
    std::fs::read_to_string(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn file() -> Genesis {
    serde_json::from_str(&testdata("genesis.json")).unwrap()
}

/// What a visitor was shown.
#[derive(Default)]
struct Seen(Option<Genesis>);

impl Visit for Seen {
    fn head(&mut self, head: Head) -> Result<(), GenesisError> {
        let Head { chain_id, genesis_time_ms, params, committee } = head;
        let (validators, accounts) = (Vec::new(), Vec::new());
        self.0 = Some(Genesis { chain_id, genesis_time_ms, params, committee, validators, accounts });
        Ok(())
    }

    fn validator(&mut self, validator: GenesisValidator) -> Result<(), GenesisError> {
        self.0.as_mut().unwrap().validators.push(validator);
        Ok(())
    }

    fn account(&mut self, account: GenesisAccount) -> Result<(), GenesisError> {
        self.0.as_mut().unwrap().accounts.push(account);
        Ok(())
    }
}

/// Reads a text piece by piece.
fn seen(text: &str) -> Result<Genesis, ReadError> {
    let mut seen = Seen::default();
    read(text.as_bytes(), &mut seen)?;
    Ok(seen.0.unwrap())
}

fn written(genesis: &Genesis) -> String {
    let mut text = Vec::new();
    genesis.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// A validator with keys of its own, whose operator begins with `number`.
fn validator(number: u8) -> GenesisValidator {
    let secret = bls_secret(&format!("validator {number}"));
    let operator = Address([number; 20]);
    GenesisValidator {
        operator,
        moniker: format!("validator {number}"),
        consensus_key: hash(&format!("node {number}")),
        bls_key: secret.public_key().to_bytes(),
        proof_of_possession: secret.prove_possession(&operator, CHAIN_ID).to_bytes(),
        tokens: Amount(STAKE),
    }
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
    let text = written(&genesis);
    assert_eq!(serde_json::from_str::<Genesis>(&text).unwrap(), genesis);
    assert_eq!(seen(&text).unwrap(), genesis);
    // One validator or account a line.
    assert_eq!(
        text.lines().filter(|line| line.starts_with("    {\"address\"")).count(),
        genesis.accounts.len()
    );
    let named =
        Genesis { committee: Some(vec![genesis.validators[0].operator]), accounts: Vec::new(), ..genesis };
    assert_eq!(seen(&written(&named)).unwrap(), named);
}

proptest! {
    #[test]
    fn pieces_and_the_whole_give_the_same_rows(numbers in proptest::collection::btree_set(0..u64::MAX, 0..40)) {
        let mut genesis = genesis(&[]);
        let account = |number: u64| {
            let mut address = Address([3; 20]);
            address.0[..8].copy_from_slice(&number.to_be_bytes());
            GenesisAccount { address, coins: vec![Coin::base(Amount(number.into()))] }
        };
        genesis.accounts = numbers.into_iter().map(account).collect();
        let pieces = seen(&written(&genesis)).unwrap();
        prop_assert_eq!(pieces.batches(), genesis.batches());
    }
}

#[test]
fn batches_have_a_constant_number_of_rows() {
    let mut genesis = genesis(&[]);
    let account = |number: u32| {
        let mut address = Address([3; 20]);
        address.0[..4].copy_from_slice(&number.to_be_bytes());
        GenesisAccount { address, coins: Vec::new() }
    };
    genesis.accounts = (0..u32::try_from(BATCH_ROWS).unwrap() * 2).map(account).collect();
    let (batches, summary) = genesis.batches().unwrap();
    let lengths: Vec<_> = batches.iter().map(WriteSet::len).collect();
    // Each validator has four rows and an account, a currency, the parameters, the sum of stakes, the cursor and each
    // pool has one.
    assert_eq!(lengths, [BATCH_ROWS, BATCH_ROWS, 4 + 1 + 4 + 2]);
    assert_eq!(summary.accounts, genesis.accounts.len() as u64);
    assert_eq!(genesis.writes().unwrap().len(), lengths.iter().sum::<usize>());
}

#[test]
fn accounts_are_numbered_in_order_of_addresses_those_of_operators_and_pools_among_them() {
    let mut genesis = genesis(&[]);
    genesis.validators = vec![validator(0), validator(7), validator(255)];
    let account =
        |number| GenesisAccount { address: Address([number; 20]), coins: vec![Coin::base(Amount(1))] };
    genesis.accounts = vec![account(1), account(7), account(9)];
    let chain = Harness::of(&genesis, &[]);
    let mut accounts = chain.rows(&bank::ACCOUNTS);
    accounts.sort_by_key(|(address, _)| *address);
    let numbers: Vec<_> = accounts.iter().map(|(_, account)| account.number).collect();
    assert_eq!(numbers, (0..7).collect::<Vec<_>>());
    assert!(chain.account(Pool::Fees.address()).balances.is_empty());
    assert_eq!(chain.account(Address([7; 20])).balances.len(), 1);
}

#[test]
fn all_validators_are_the_committee_unless_some_are_named() {
    let mut genesis = genesis(&[]);
    genesis.validators = (1..=3).map(validator).collect();
    let seats = |genesis: &Genesis| -> Vec<Address> {
        let (_, summary) = genesis.batches().unwrap();
        assert_eq!(summary.validators, 3);
        summary.seats.iter().map(|seat| seat.operator).collect()
    };
    assert_eq!(seats(&genesis), [1, 2, 3].map(|number| Address([number; 20])));
    genesis.committee = Some([3, 1].map(|number| Address([number; 20])).to_vec());
    assert_eq!(seats(&genesis), [1, 3].map(|number| Address([number; 20])));
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

fn item(error: GenesisError) -> (&'static str, u64, ItemError) {
    let GenesisError::Item { list, position, cause } = error else { panic!("{error}") };
    (list, position, *cause)
}

#[test]
fn rejects_committees_that_are_empty_large_double_or_of_strangers() {
    let operator = address("validator");
    let found = |error| match error {
        GenesisError::Committee { found } => found,
        other => panic!("{other}"),
    };
    assert_eq!(found(refused(|genesis| genesis.committee = Some(Vec::new()))), 0);
    assert_eq!(found(refused(|genesis| genesis.committee = Some(vec![operator; MAX_COMMITTEE + 1]))), 257);
    let twice = refused(|genesis| genesis.committee = Some(vec![operator, operator]));
    assert_eq!(twice, GenesisError::CommitteeTwice { operator, first: 0, second: 1 });
    let stranger = refused(|genesis| genesis.committee = Some(vec![operator, address("alice")]));
    assert_eq!(stranger, GenesisError::NoSeat { operator: address("alice"), validators: 1 });
}

#[test]
fn rejects_more_validators_than_a_committee_holds_unless_one_is_named() {
    let (head, one) = (genesis(&[]).head(), validator(1));
    // Whether their keys hold is not what is refused here.
    let build = |head: Head| {
        let mut builder = Builder::new(head, |_| Ok(()))?;
        for number in 0..=256u16 {
            let mut validator = one.clone();
            validator.operator.0[..2].copy_from_slice(&number.to_be_bytes());
            validator.consensus_key[..2].copy_from_slice(&number.to_be_bytes());
            validator.bls_key[..2].copy_from_slice(&number.to_be_bytes());
            builder.validator(ProvenValidator::of_checked_file(validator))?;
        }
        builder.finish()
    };
    let refusal = item(build(head.clone()).unwrap_err());
    assert_eq!(refusal, ("validators", 256, ItemError::NoRoom { found: 257 }));
    let mut operator = one.operator;
    operator.0[..2].copy_from_slice(&[1, 0]);
    let summary = build(Head { committee: Some(vec![operator]), ..head }).unwrap();
    assert_eq!((summary.validators, summary.seats.len()), (257, 1));
}

#[test]
fn rejects_what_occurs_twice_naming_both_places() {
    let account = refused(|genesis| genesis.accounts.push(genesis.accounts[1].clone()));
    let (list, position, cause) = item(account);
    let value = genesis(&["alice"]).accounts[1].address.to_string();
    assert_eq!(
        (list, position, cause),
        ("accounts", 2, ItemError::Twice { what: "account", value, first: 1 })
    );
    let operator = refused(|genesis| genesis.validators.push(genesis.validators[0].clone()));
    assert!(matches!(item(operator), ("validators", 1, ItemError::Twice { what: "operator", first: 0, .. })));
    let with = |change: fn(&mut GenesisValidator, &GenesisValidator)| {
        let mut genesis = genesis(&[]);
        genesis.validators = (1..=3).map(validator).collect();
        let first = genesis.validators[0].clone();
        let third = &mut genesis.validators[2];
        change(third, &first);
        item(genesis.batches().unwrap_err())
    };
    let key = with(|third, first| third.consensus_key = first.consensus_key);
    assert!(
        matches!(key, ("validators", 2, ItemError::Twice { what: "consensus key", first: 0, .. })),
        "{key:?}"
    );
    let key = with(|third, first| {
        third.bls_key = first.bls_key;
        let secret = bls_secret("validator 1");
        third.proof_of_possession = secret.prove_possession(&third.operator, CHAIN_ID).to_bytes();
    });
    assert!(matches!(key, ("validators", 2, ItemError::Twice { what: "BLS key", first: 0, .. })), "{key:?}");
}

#[test]
fn rejects_lists_that_do_not_ascend_and_sorts_them() {
    let mut genesis = genesis(&["alice", "bob"]);
    let sorted = genesis.clone();
    genesis.accounts.reverse();
    let error = genesis.batches().unwrap_err();
    assert!(error.to_string().contains("virtengine genesis sort"), "{error}");
    let (previous, found) = (genesis.accounts[0].address, genesis.accounts[1].address);
    assert_eq!(item(error), ("accounts", 1, ItemError::Order { previous, found }));
    genesis.sort();
    assert_eq!(genesis, sorted);
    genesis.validators = vec![validator(2), validator(1)];
    assert!(matches!(item(genesis.batches().unwrap_err()), ("validators", 1, ItemError::Order { .. })));
}

#[test]
fn rejects_a_validator_after_an_account() {
    let genesis = genesis(&["alice"]);
    let mut builder = Builder::new(genesis.head(), |_| Ok(())).unwrap();
    builder.validator(ProvenValidator::of_checked_file(genesis.validators[0].clone())).unwrap();
    builder.account(&genesis.accounts[0]).unwrap();
    let late = builder.validator(ProvenValidator::of_checked_file(validator(255))).unwrap_err();
    assert_eq!(item(late), ("validators", 1, ItemError::Late { accounts: 1 }));
}

#[test]
fn ends_when_nobody_takes_the_rows() {
    let genesis = genesis(&[]);
    let mut builder = Builder::new(genesis.head(), |_| Err(Stopped)).unwrap();
    builder.validator(ProvenValidator::of_checked_file(genesis.validators[0].clone())).unwrap();
    assert_eq!(builder.finish().unwrap_err(), GenesisError::Stopped);
}

#[test]
fn rejects_a_supply_that_overflows() {
    let error = refused(|genesis| genesis.accounts[0].coins[0].amount = Amount(u128::MAX));
    let (.., ItemError::Coins { cause, .. }) = item(error) else { panic!("no coins") };
    // The validator's stake counts first.
    assert_eq!(cause, CoinError::Overflow { left: STAKE, right: u128::MAX });
}

#[test]
fn rejects_a_validator_below_the_minimum() {
    let min = Amount(STAKE + 1);
    let error = refused(|genesis| genesis.params.min_self_delegation = min);
    let operator = address("validator");
    assert_eq!(item(error), ("validators", 0, ItemError::Tokens { operator, found: Amount(STAKE), min }));
    let nothing = refused(|genesis| {
        genesis.params.min_self_delegation = Amount(0);
        genesis.validators[0].tokens = Amount(0);
    });
    assert!(matches!(item(nothing).2, ItemError::Tokens { .. }));
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
        assert!(matches!(item(error), ("validators", 0, ItemError::ProofOfPossession { .. })));
    }
    let malformed = refused(|genesis| genesis.validators[0].bls_key = [0xff; 48]);
    assert!(matches!(item(malformed).2, ItemError::ProofOfPossession { .. }));
}

#[test]
fn rejects_more_currencies_than_a_balance_holds() {
    let coin = |number| Coin { denom: format!("gold{number}").parse().unwrap(), amount: Amount(1) };
    let error = refused(|genesis| genesis.accounts[0].coins.extend((0..32).map(coin)));
    let (.., ItemError::Coins { cause, .. }) = item(error) else { panic!("no coins") };
    assert_eq!(cause, CoinError::TooMany { found: 33, max: 32 });
}

#[test]
fn rejects_a_row_over_the_size_limit() {
    let error = refused(|genesis| genesis.validators[0].moniker = "m".repeat(64 * 1024));
    assert!(matches!(item(error).2, ItemError::State(StateError::TooLarge { .. })));
}

/// The text of the example with a change, which must be refused; the refusal.
fn unread(change: impl FnOnce(String) -> String) -> String {
    seen(&change(written(&file()))).unwrap_err().to_string()
}

#[test]
fn rejects_unknown_and_missing_fields() {
    let error = unread(|text| text.replacen("\"chain_id\"", "\"chian\": 1, \"chain_id\"", 1));
    assert!(error.contains("unknown field `chian`"), "{error}");
    let error = unread(|text| text.replacen("\"moniker\"", "\"monicker\"", 1));
    assert!(error.contains("unknown field `monicker`"), "{error}");
    let error = unread(|text| text.replacen("\"chain_id\": \"test-1\",", "", 1));
    assert!(error.contains("`chain_id`, or that is missing"), "{error}");
    let error = unread(|text| format!("{}}}", text.split_once(",\n  \"accounts\"").unwrap().0));
    assert!(error.contains("missing field `accounts`"), "{error}");
}

#[test]
fn rejects_fields_in_another_order_or_twice_saying_what_to_do() {
    let moved = |text: String| {
        let at = text.find("  \"accounts\"").unwrap();
        let list = text[at..].trim_end().strip_suffix('}').unwrap().trim_end().to_owned();
        text.replacen("  \"validators\"", &format!("{list},\n  \"validators\""), 1)
    };
    let error = unread(moved);
    assert!(error.contains("`accounts` comes before `validators`"), "{error}");
    assert!(error.contains("virtengine genesis sort"), "{error}");
    let error = unread(|text| text.replacen("\"params\"", "\"chain_id\": \"b\", \"params\"", 1));
    assert!(error.contains("`chain_id` comes twice or too late"), "{error}");
}

#[test]
fn rejects_pieces_that_are_too_long_wherever_they_are() {
    let long = " ".repeat(MAX_ENTRY_BYTES + 1);
    for (before, place) in [
        ("\"chain_id\"", "a field before the lists"),
        ("{\"operator\"", "validators[0]"),
        ("{\"address\"", "accounts[0]"),
    ] {
        let error = unread(|text| text.replacen(before, &format!("{long}{before}"), 1));
        assert!(error.starts_with(&format!("{place} is longer than 65536 bytes")), "{before}: {error}");
    }
    let error = unread(|text| text + &long);
    assert!(error.starts_with("what follows the file's end is longer"), "{error}");
}

#[test]
fn rejects_a_text_that_is_cut_short_or_goes_on() {
    let text = written(&file());
    for length in 0..text.trim_end().len() {
        assert!(matches!(seen(&text[..length]), Err(ReadError::Json(_))), "{length}");
    }
    assert!(unread(|text| text + "{}").contains("trailing"));
}
