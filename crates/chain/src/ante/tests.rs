use super::*;
use crate::testing::{CHAIN_ID, FUNDS, Harness, Preload, address, key};
use virtengine_types::{
    Denom,
    msg::{Msg, Send},
    tx::{MultisigKey, VerifiedSigner},
};

fn uve(amount: u128) -> Coins {
    let mut coins = Coins::default();
    coins.add(&virtengine_types::Coin::base(Amount(amount))).unwrap();
    coins
}

/// A chain with fees, at 0.025 uve a gas.
fn chain() -> Harness {
    Harness::with_params(&["alice", "bob"], |params| params.min_fee_per_million_gas = Amount(25_000))
}

/// A transfer of 1 uve from alice to bob with a sufficient fee.
fn transfer(chain: &Harness) -> DecodedTx {
    let send = Send { from: address("alice"), to: address("bob"), coins: uve(1) };
    let mut tx = chain.tx(address("alice"), 0, vec![Msg::Send(send)]);
    tx.fee.gas_limit = Gas(100_000);
    tx.fee.amount = uve(2_500);
    tx
}

/// Refuses the transaction in a block of its own, whoever proposes it; answers with code and log.
fn refused(chain: &Harness, tx: VerifiedTx) -> (u32, String) {
    let proposed = chain.execute(vec![tx.clone()], Mode::Propose, Preload::Hints).unwrap();
    assert!(proposed.outcome.results.is_empty() && proposed.included.is_empty());
    assert!(proposed.writes.iter().all(|(key, _)| key.tag() != bank::ACCOUNTS.tag()));
    let [(0, left_out)] = proposed.refused.as_slice() else { panic!("{:?}", proposed.refused) };
    let rejection = chain.execute(vec![tx], Mode::Verify, Preload::Hints).unwrap_err();
    assert_eq!(*left_out, rejection);
    assert_eq!(rejection.codespace, "sdk");
    (rejection.code, rejection.log)
}

fn refused_with(change: impl FnOnce(&mut DecodedTx)) -> (u32, String) {
    let chain = chain();
    let mut tx = transfer(&chain);
    change(&mut tx);
    refused(&chain, chain.verified(tx))
}

#[test]
fn accepts_a_transaction_takes_its_fee_and_tells_it_in_order() {
    let mut chain = chain();
    let tx = transfer(&chain);
    let signature = base64_of(&tx.signers[0].signature);
    let outcome = chain.apply(vec![chain.verified(tx)]);
    let (alice, collector) = (address("alice").to_string(), Pool::Fees.address().to_string());
    assert_eq!(chain.balance(address("alice")), FUNDS - 2_501);
    assert_eq!(chain.balance(Pool::Fees.address()), 2_450, "2 % is the community's");
    let expected = [
        Event::new("coin_spent").with("spender", &alice).with("amount", "2500uve"),
        Event::new("coin_received").with("receiver", &collector).with("amount", "2500uve"),
        Event::new("transfer").with("recipient", &collector).with("sender", &alice).with("amount", "2500uve"),
        Event::new("message").with("sender", &alice),
        Event::new("tx").with("fee", "2500uve").with("fee_payer", &alice),
        Event::new("tx").with("acc_seq", format!("{alice}/0")),
        Event::new("tx").with("signature", signature),
    ];
    assert_eq!(outcome.results[0].events[..7], expected);
}

#[test]
fn accepts_a_transaction_without_a_fee_where_none_is_asked() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let outcome = chain.apply(vec![chain.verified(chain.tx(
        address("alice"),
        0,
        vec![Msg::Send(Send { from: address("alice"), to: address("bob"), coins: uve(1) })],
    ))]);
    let fee = Event::new("tx").with("fee", "").with("fee_payer", address("alice"));
    assert_eq!(outcome.results[0].events[0], fee);
}

#[test]
fn accepts_a_fee_that_another_signer_pays() {
    let mut chain = chain();
    let mut tx = transfer(&chain);
    let bob = chain.tx(address("bob"), 0, Vec::new());
    tx.signers.extend(bob.signers);
    tx.fee.payer = address("bob");
    chain.apply(vec![chain.verified(tx)]);
    assert_eq!(chain.balance(address("alice")), FUNDS - 1);
    assert_eq!(chain.balance(address("bob")), FUNDS + 1 - 2_500);
    assert_eq!((chain.account(address("alice")).sequence, chain.account(address("bob")).sequence), (1, 1));
}

#[test]
fn accepts_its_last_height_and_rejects_the_one_after() {
    let mut chain = chain();
    let mut tx = transfer(&chain);
    tx.timeout_height = 1;
    assert!(chain.execute(vec![chain.verified(tx.clone())], Mode::Verify, Preload::Hints).is_ok());
    chain.empty_blocks(1);
    let (code, log) = refused(&chain, chain.verified(tx));
    assert_eq!((code, log.as_str()), (30, "block height: 2, timeout height: 1: tx timeout height"));
}

#[test]
fn rejects_a_long_memo() {
    let (code, log) = refused_with(|tx| tx.memo = "m".repeat(257));
    assert_eq!(code, 12);
    assert!(log.starts_with("maximum number of bytes is 256 but received 257 bytes"), "{log}");
}

#[test]
fn rejects_a_large_transaction() {
    let (code, log) = refused_with(|tx| tx.raw = vec![0; 64 * 1024 + 1].into());
    assert_eq!(code, 21);
    assert!(log.contains("at most 65536 bytes, got 65537"), "{log}");
}

#[test]
fn rejects_gas_limits_of_zero_and_over_the_block() {
    let (code, log) = refused_with(|tx| tx.fee.gas_limit = Gas(0));
    assert_eq!((code, log.as_str()), (41, "must provide positive gas: invalid gas limit"));
    // Within a block's total the executor refuses it first, so the check is asked directly.
    let (params, chain) = (Params::default(), chain());
    let mut tx = transfer(&chain);
    tx.fee.gas_limit = Gas(params.max_block_gas + 1);
    let error = check(&params, Height(1), &tx).unwrap_err();
    assert_eq!(error, AnteInvalid::TooMuchGas { found: tx.fee.gas_limit, max: params.max_block_gas });
    assert_eq!(error.rejection().code, 41);
}

#[test]
fn rejects_a_gas_limit_below_size_and_signatures() {
    let size = transfer(&chain()).raw.len() as u64;
    let used = 10 * size + 1_000;
    let (code, log) = refused_with(|tx| tx.fee.gas_limit = Gas(used - 1));
    assert_eq!(code, 11);
    assert!(log.contains(&format!("gasWanted: {}, gasUsed: {used}", used - 1)), "{log}");
}

#[test]
fn rejects_fees_that_are_low_or_in_another_currency() {
    let (code, log) = refused_with(|tx| tx.fee.amount = uve(2_499));
    let expected = "insufficient fees; got: 2499uve required: 2500uve: insufficient fee";
    assert_eq!((code, log.as_str()), (13, expected));
    let (code, _) = refused_with(|tx| tx.fee.amount = Coins::default());
    assert_eq!(code, 13);
    let (code, log) = refused_with(|tx| {
        let atom = virtengine_types::Coin { denom: "atom".parse::<Denom>().unwrap(), amount: Amount(1) };
        tx.fee.amount.add(&atom).unwrap();
    });
    assert_eq!(code, 13);
    assert!(log.contains("fees are paid in uve, got 1atom,2500uve"), "{log}");
}

#[test]
fn rejects_too_many_signatures() {
    let (code, log) = refused_with(|tx| {
        let members = (0..8).map(|member| [member; 33]).collect();
        tx.signers[0].public_key = Some(PublicKey::Multisig(MultisigKey { threshold: 1, members }));
    });
    assert_eq!(code, 14);
    assert!(log.contains("signatures: 8, limit: 7"), "{log}");
}

#[test]
fn rejects_a_fee_that_cannot_be_paid() {
    let (code, _) = refused_with(|tx| tx.fee.amount = uve(FUNDS + 1));
    assert_eq!(code, 5);
    let (code, _) = refused_with(|tx| tx.fee.payer = address("nobody"));
    assert_eq!(code, 9);
}

#[test]
fn rejects_a_signer_without_an_account() {
    let (code, log) = refused_with(|tx| tx.signers[0].address = address("nobody"));
    assert_eq!(code, 9);
    assert!(log.contains(&format!("account {} not found", address("nobody"))), "{log}");
}

#[test]
fn rejects_replays_and_gaps() {
    let mut chain = chain();
    let tx = transfer(&chain);
    chain.apply(vec![chain.verified(tx.clone())]);
    let (code, log) = refused(&chain, chain.verified(tx.clone()));
    let expected = "account sequence mismatch, expected 1, got 0: incorrect account sequence";
    assert_eq!((code, log.as_str()), (32, expected));
    let mut gap = tx;
    gap.signers[0].sequence = 2;
    assert_eq!(refused(&chain, chain.verified(gap)).0, 32);
}

fn refused_signature(change: impl FnOnce(&mut VerifiedSigner)) {
    let chain = chain();
    let mut tx = chain.verified(transfer(&chain));
    let mut signers = tx.signers.to_vec();
    change(&mut signers[0]);
    tx.signers = signers.into();
    let (code, log) = refused(&chain, tx);
    let number = chain.account(address("alice")).number;
    assert_eq!(code, 4);
    let expected = format!("verify account number ({number}) and chain-id ({CHAIN_ID}): unauthorized");
    assert!(log.ends_with(&expected), "{log}");
}

#[test]
fn rejects_signatures_checked_for_another_account() {
    refused_signature(|signer| signer.account_number += 1);
    refused_signature(|signer| signer.address = address("bob"));
}

#[test]
fn rejects_a_key_other_than_the_accounts() {
    let mut chain = chain();
    chain.apply(vec![chain.verified(transfer(&chain))]);
    let mut tx = chain.verified(transfer(&chain));
    let mut signers = tx.signers.to_vec();
    signers[0].public_key = key("bob");
    tx.signers = signers.into();
    assert_eq!(refused(&chain, tx).0, 4);
}

#[test]
fn rejects_a_transaction_without_its_checked_signatures() {
    let chain = chain();
    let mut tx = chain.verified(transfer(&chain));
    tx.signers = Vec::new().into();
    assert_eq!(refused(&chain, tx).0, 4);
}

#[test]
fn a_simulation_needs_neither_fee_nor_signature_but_the_sequence() {
    let chain = chain();
    let mut tx = transfer(&chain);
    tx.fee.amount = Coins::default();
    tx.fee.gas_limit = Gas(0);
    let mut verified = chain.verified(tx.clone());
    verified.signers = Vec::new().into();
    let executed = chain.execute(vec![verified], Mode::Simulate, Preload::Hints).unwrap();
    assert_eq!(executed.outcome.results[0].code, 0);
    assert!(executed.outcome.gas_used.0 > 0);
    tx.signers[0].sequence = 5;
    let rejection = chain.execute(vec![chain.verified(tx)], Mode::Simulate, Preload::Hints).unwrap_err();
    assert_eq!(rejection.code, 32);
}
