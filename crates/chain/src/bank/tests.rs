use super::*;
use crate::testing::{FUNDS, Harness, address, key};
use virtengine_types::{
    Address, Amount, Coin, Coins, Denom,
    block::TxResult,
    ledger::Pool,
    msg::{Msg, MultiSend, Send},
};

fn coins(list: &[(&str, u128)]) -> Coins {
    let mut coins = Coins::default();
    for (denom, amount) in list {
        coins.add(&Coin { denom: denom.parse().unwrap(), amount: Amount(*amount) }).unwrap();
    }
    coins
}

fn send_msg(from: &str, to: Address, list: &[(&str, u128)]) -> Msg {
    Msg::Send(Send { from: address(from), to, coins: coins(list) })
}

fn kinds(result: &TxResult) -> Vec<&str> {
    result.events.iter().map(|event| event.kind.as_str()).collect()
}

#[test]
fn accepts_a_send_between_accounts() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let result = chain.ok(send_msg("alice", address("bob"), &[("uve", 100)]));
    assert_eq!(chain.balance(address("alice")), FUNDS - 100);
    assert_eq!(chain.balance(address("bob")), FUNDS + 100);
    let ante = ["tx", "tx", "tx"];
    let message = ["message", "coin_spent", "coin_received", "transfer", "message"];
    assert_eq!(kinds(&result), [ante.as_slice(), &message].concat());
    let transfer = result.events.iter().find(|event| event.kind == "transfer").unwrap();
    let expected = [
        ("recipient", address("bob").to_string()),
        ("sender", address("alice").to_string()),
        ("amount", "100uve".to_owned()),
        ("msg_index", "0".to_owned()),
    ];
    let found: Vec<_> =
        transfer.attributes.iter().map(|(key, value)| (key.as_str(), value.to_string())).collect();
    assert_eq!(found, expected);
}

#[test]
fn accepts_a_send_to_a_new_account_which_gets_a_number_of_its_own() {
    let mut chain = Harness::new(&["alice"]);
    let (first, second) = (Address([1; 20]), Address([2; 20]));
    chain.ok(send_msg("alice", first, &[("uve", 1)]));
    chain.ok(send_msg("alice", second, &[("uve", 2)]));
    let (first, second) = (chain.account(first), chain.account(second));
    assert_eq!((first.sequence, first.public_key), (0, None));
    assert_eq!(second.balances, coins(&[("uve", 2)]));
    assert_ne!(first.number, second.number);
    assert!(second.number > chain.account(address("alice")).number);
}

#[test]
fn accepts_a_send_to_oneself() {
    let mut chain = Harness::new(&["alice"]);
    chain.ok(send_msg("alice", address("alice"), &[("uve", FUNDS)]));
    assert_eq!(chain.balance(address("alice")), FUNDS);
}

#[test]
fn a_coin_that_reaches_zero_leaves_the_row() {
    let mut chain = Harness::new(&["alice", "bob"]);
    chain.ok(send_msg("alice", address("bob"), &[("uve", FUNDS)]));
    assert!(chain.account(address("alice")).balances.is_empty());
}

#[test]
fn a_first_transaction_sets_the_key_and_counts() {
    let mut chain = Harness::new(&["alice", "bob"]);
    chain.ok(send_msg("alice", address("bob"), &[("uve", 1)]));
    let account = chain.account(address("alice"));
    assert_eq!((account.sequence, account.public_key), (1, Some(key("alice"))));
}

#[test]
fn accepts_a_multi_send_and_pays_every_output() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let outputs = vec![
        (address("bob"), coins(&[("uve", 5)])),
        (Address([1; 20]), coins(&[("uve", 7)])),
        (address("bob"), coins(&[("uve", 1)])),
    ];
    let message = MultiSend { from: address("alice"), total: coins(&[("uve", 13)]), outputs };
    let result = chain.ok(Msg::MultiSend(message));
    assert_eq!(chain.balance(address("alice")), FUNDS - 13);
    assert_eq!(chain.balance(address("bob")), FUNDS + 6);
    assert_eq!(chain.balance(Address([1; 20])), 7);
    assert_eq!(kinds(&result).iter().filter(|kind| **kind == "transfer").count(), 3);
}

#[test]
fn rejects_insufficient_funds() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let log = chain.refused(send_msg("alice", address("bob"), &[("uve", FUNDS + 1)]), "sdk", 5);
    let (has, needs) = (FUNDS, FUNDS + 1);
    let rule = format!("spendable balance {has}uve is smaller than {needs}uve: insufficient funds");
    assert_eq!(log, format!("failed to execute message; message index: 0: {rule}"));
    // Also of a currency that it does not have, and then nothing of the other moves.
    let both = send_msg("alice", address("bob"), &[("atom", 1), ("uve", 1)]);
    let log = chain.refused(both, "sdk", 5);
    assert!(log.contains("spendable balance 0atom is smaller than 1atom"), "{log}");
    assert_eq!(chain.balance(address("bob")), FUNDS);
}

#[test]
fn rejects_a_payer_without_an_account() {
    let mut state = virtengine_state::State::default();
    let (nobody, needed) = (Address([9; 20]), coins(&[("uve", 1)]));
    state.load([(ACCOUNTS.key(&nobody).unwrap(), None)]);
    let error = debit(&mut state, nobody, &needed).unwrap_err();
    assert_eq!(error, BankInvalid::NoAccount { address: nobody, needed }.into());
    let crate::Stop::Invalid(rejection) = error else { panic!("{error}") };
    assert_eq!((rejection.codespace, rejection.code), ("sdk", 9));
}

#[test]
fn rejects_sends_to_module_accounts() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let staking = ["bonded_tokens_pool", "not_bonded_tokens_pool", "escrow"].map(Address::of_module);
    for module in [Pool::Fees, Pool::Community].map(Pool::address).into_iter().chain(staking) {
        let log = chain.refused(send_msg("alice", module, &[("uve", 1)]), "sdk", 4);
        assert!(log.contains("is not allowed to receive funds: unauthorized"), "{log}");
        let outputs = vec![(address("bob"), coins(&[("uve", 1)])), (module, coins(&[("uve", 1)]))];
        let message = MultiSend { from: address("alice"), total: coins(&[("uve", 2)]), outputs };
        chain.refused(Msg::MultiSend(message), "sdk", 4);
    }
    assert_eq!(chain.balance(address("alice")), FUNDS);
    assert_eq!(chain.balance(address("bob")), FUNDS);
}

#[test]
fn rejects_a_balance_that_overflows() {
    let mut genesis = crate::testing::genesis(&["alice", "bob"]);
    let gold = |amount| Coin { denom: "gold".parse().unwrap(), amount: Amount(amount) };
    let alice = genesis.accounts.iter_mut().find(|account| account.address == address("alice")).unwrap();
    alice.coins.push(gold(1));
    let mut chain = Harness::of(&genesis, &["alice", "bob"]);
    // No genesis has such a supply, so the row is written by hand.
    let mut account = chain.account(address("bob"));
    account.balances.add(&gold(u128::MAX)).unwrap();
    let row = ACCOUNTS.encode(&address("bob"), &account).unwrap();
    chain.store.apply(&[(ACCOUNTS.key(&address("bob")).unwrap(), Some(row))].into_iter().collect());
    let log = chain.refused(send_msg("alice", address("bob"), &[("gold", 1)]), "sdk", 10);
    assert!(log.contains(&format!("balance of {} overflows", address("bob"))), "{log}");
    assert_eq!(
        chain.account(address("alice")).balances.amount_of(&"gold".parse::<Denom>().unwrap()),
        Amount(1)
    );
}

#[test]
fn supply_is_that_of_the_genesis() {
    let chain = Harness::new(&["alice"]);
    let mut state = virtengine_state::State::default();
    let keys = [Denom::base(), "gold".parse().unwrap()].map(|denom: Denom| SUPPLY.key(&denom).unwrap());
    state.load(keys.map(|key| (key, chain.store.get(&key))));
    assert_eq!(supply(&mut state, &Denom::base()).unwrap(), Amount(2 * FUNDS + crate::testing::STAKE));
    assert_eq!(supply(&mut state, &"gold".parse().unwrap()).unwrap(), Amount::ZERO);
}
