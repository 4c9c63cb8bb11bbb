use super::*;
use crate::testing::{FUNDS, Harness, Preload, STAKE, address};
use proptest::prelude::*;
use virtengine_types::{
    Address,
    msg::{
        BeginRedelegate, CancelUnbonding, Delegate, Msg, MultiSend, Send, SetWithdrawAddress, Undelegate,
        Unjail, WithdrawCommission, WithdrawReward,
    },
    tx::DecodedTx,
};

fn uve(amount: u128) -> Coins {
    base_coins(Amount(amount)).unwrap()
}

fn send(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Send(Send { from: address(from), to: address(to), coins: uve(amount) })
}

fn transfer(chain: &Harness, ahead: u64, amount: u128) -> DecodedTx {
    chain.tx(address("alice"), ahead, vec![send("alice", "bob", amount)])
}

#[test]
fn sequences_n_and_n_plus_1_fit_in_one_block() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let outcome =
        chain.apply(vec![chain.verified(transfer(&chain, 0, 1)), chain.verified(transfer(&chain, 1, 2))]);
    assert_eq!(outcome.results.iter().map(|result| result.code).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(chain.balance(address("bob")), FUNDS + 3);
    assert_eq!(chain.account(address("alice")).sequence, 2);
}

#[test]
fn a_failed_message_keeps_fee_and_sequence_and_drops_every_write() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let messages = vec![send("alice", "bob", 5), send("alice", "bob", FUNDS)];
    let mut tx = chain.tx(address("alice"), 0, messages);
    tx.fee.amount = uve(7);
    let result = chain.apply(vec![chain.verified(tx)]).results.remove(0);
    assert_eq!((result.codespace.as_str(), result.code), ("sdk", 5));
    assert!(
        result.log.starts_with("failed to execute message; message index: 1: spendable"),
        "{}",
        result.log
    );
    assert!(result.data.is_empty());
    let kinds: Vec<_> = result.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["coin_spent", "coin_received", "transfer", "message", "tx", "tx", "tx"]);
    assert_eq!(chain.balance(address("alice")), FUNDS - 7);
    assert_eq!(chain.balance(address("bob")), FUNDS);
    assert_eq!(chain.balance(Pool::Fees.address()), 7);
    assert_eq!(chain.account(address("alice")).sequence, 1);
}

#[test]
fn a_transaction_out_of_gas_keeps_its_fee_and_drops_its_writes() {
    let mut chain = Harness::new(&["alice", "bob"]);
    let mut tx = transfer(&chain, 0, 5);
    tx.fee.amount = uve(3);
    let needed = {
        let executed = chain.execute(vec![chain.verified(tx.clone())], Mode::Verify, Preload::Hints).unwrap();
        executed.outcome.gas_used
    };
    tx.fee.gas_limit = needed;
    let executed = chain.execute(vec![chain.verified(tx.clone())], Mode::Verify, Preload::Hints).unwrap();
    assert_eq!((executed.outcome.results[0].code, executed.outcome.gas_used), (0, needed));
    tx.fee.gas_limit = Gas(needed.0 - 1);
    let result = chain.apply(vec![chain.verified(tx)]).results.remove(0);
    assert_eq!((result.codespace.as_str(), result.code), ("sdk", 11));
    assert_eq!(
        result.log,
        format!(
            "out of gas in location: message; gasWanted: {}, gasUsed: {needed}: out of gas",
            needed.0 - 1
        )
    );
    assert_eq!(result.gas_used, result.gas_wanted);
    assert_eq!(chain.balance(address("alice")), FUNDS - 3);
    assert_eq!(chain.balance(address("bob")), FUNDS);
}

#[test]
fn a_proposer_leaves_out_what_is_not_admissible_and_a_verifier_refuses_the_block() {
    let chain = Harness::new(&["alice", "bob"]);
    let txs = vec![
        chain.verified(transfer(&chain, 0, 1)),
        chain.verified(transfer(&chain, 5, 2)),
        chain.verified(transfer(&chain, 1, 3)),
    ];
    let proposed = chain.execute(txs.clone(), Mode::Propose, Preload::Hints).unwrap();
    assert_eq!(proposed.included, [0, 2]);
    let [(1, rejection)] = proposed.refused.as_slice() else { panic!("{:?}", proposed.refused) };
    assert_eq!(rejection.code, SdkCode::WrongSequence.number());
    let refused = chain.execute(txs.clone(), Mode::Verify, Preload::Hints).unwrap_err();
    assert_eq!(&refused, rejection);
    // What was proposed is valid, with the same result.
    let included = proposed.included.iter().map(|index| txs[*index].clone()).collect();
    let verified = chain.execute(included, Mode::Verify, Preload::Hints).unwrap();
    assert_eq!((verified.outcome, verified.writes), (proposed.outcome, proposed.writes));
}

#[test]
fn a_block_is_bounded_in_gas_and_bytes() {
    let names = ["alice", "bob"];
    let size = transfer(&Harness::new(&names), 0, 1).raw.len() as u64;
    let bounds: [fn(&mut Params, u64); 2] = [
        |params, _| params.max_block_gas = 39_999_999, // two transactions have a limit of 20,000,000 each
        |params, size| params.max_block_bytes = 2 * size - 1,
    ];
    for bound in bounds {
        let chain = Harness::with_params(&names, |params| bound(params, size));
        let txs = vec![chain.verified(transfer(&chain, 0, 1)), chain.verified(transfer(&chain, 1, 1))];
        let proposed = chain.execute(txs.clone(), Mode::Propose, Preload::Hints).unwrap();
        assert_eq!((proposed.included, proposed.refused), (vec![0], vec![]));
        let refused = chain.execute(txs, Mode::Verify, Preload::Hints).unwrap_err();
        assert_eq!(refused.code, SdkCode::InvalidRequest.number());
    }
}

#[test]
fn a_block_is_bounded_in_events_of_the_log() {
    let chain = Harness::new(&["alice", "bob"]);
    let run = |mode, logged| {
        let context = BlockContext {
            chain_id: "test-1".into(),
            epoch: 0,
            height: chain.height.plus(1),
            time: chain.time,
        };
        let delegate = |ahead| {
            let msg =
                Delegate { delegator: address("alice"), validator: address("validator"), amount: Amount(1) };
            chain.verified(chain.tx(address("alice"), ahead, vec![Msg::Delegate(msg)]))
        };
        let mut executor = BlockExecutor::new(context, vec![delegate(0), delegate(1)], mode);
        executor.logged = logged;
        loop {
            match executor.run().unwrap() {
                Step::Load(keys) => {
                    executor.load(keys.into_iter().map(|key| (key, chain.store.get(&key))));
                }
                Step::Done(executed) => return Ok(executed.included),
                Step::Invalid(rejection) => return Err(rejection.log),
            }
        }
    };
    // A delegation is one event.
    let last = MAX_BLOCK_EVENTS - MAX_STEP_EVENTS;
    assert_eq!(run(Mode::Verify, last - 1), Ok(vec![0, 1]));
    assert_eq!(run(Mode::Propose, last), Ok(vec![0]));
    let refused = run(Mode::Verify, last).unwrap_err();
    assert!(refused.contains("and 995904 events before its last, got"), "{refused}");
    assert!(refused.contains("2 and 995905: "), "{refused}");
}

#[test]
fn a_key_that_was_not_hinted_is_asked_for() {
    let chain = Harness::new(&["alice"]);
    let context =
        BlockContext { chain_id: "test-1".into(), epoch: 0, height: chain.height.plus(1), time: chain.time };
    let mut executor = BlockExecutor::new(context, Vec::new(), Mode::Verify);
    let Step::Load(keys) = executor.run().unwrap() else { panic!("nothing is loaded yet") };
    assert_eq!(keys, [params::PARAMS.key(&0).unwrap()]);
}

#[test]
fn a_damaged_row_is_fatal() {
    let chain = Harness::new(&["alice"]);
    let context =
        BlockContext { chain_id: "test-1".into(), epoch: 0, height: chain.height.plus(1), time: chain.time };
    let mut executor = BlockExecutor::new(context, Vec::new(), Mode::Verify);
    executor.load([(params::PARAMS.key(&0).unwrap(), Some(Bytes::from_static(&[1, 2, 3])))]);
    assert!(matches!(executor.run(), Err(Fatal::State(_))));
}

/// One random message and how it is sent.
#[derive(Clone, Debug)]
struct Action {
    message: Msg,
    gas: u64,
    fee: u128,
}

const NAMES: [&str; 4] = ["alice", "bob", "carol", "validator"];

fn actor() -> impl Strategy<Value = Address> {
    prop::sample::select(NAMES.map(address).to_vec())
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![8 => 1..2_000u128, 1 => Just(STAKE), 1 => Just(FUNDS)]
}

fn message() -> impl Strategy<Value = Msg> {
    // Accounts beside the validator make validators of themselves in the first block of the property.
    (0..13u8, actor(), actor(), actor(), amount(), 1..40u64).prop_map(
        |(kind, from, to, other, amount, height)| {
            let (coins, amount) = (uve(amount), Amount(amount));
            match kind {
                0 => Msg::Send(Send { from, to, coins }),
                1 => {
                    let fresh = Address([height as u8; 20]);
                    let mut total = coins.clone();
                    total.add(&Coin::base(amount)).unwrap();
                    Msg::MultiSend(MultiSend {
                        from,
                        total,
                        outputs: vec![(to, coins.clone()), (fresh, coins)],
                    })
                }
                2 | 3 => Msg::Delegate(Delegate { delegator: from, validator: to, amount }),
                4 | 5 => Msg::Undelegate(Undelegate { delegator: from, validator: to, amount }),
                6 => Msg::BeginRedelegate(BeginRedelegate {
                    delegator: from,
                    source: to,
                    destination: if other == to { address("validator") } else { other },
                    amount,
                }),
                7 => Msg::WithdrawReward(WithdrawReward { delegator: from, validator: to }),
                8 => Msg::SetWithdrawAddress(SetWithdrawAddress { delegator: from, receiver: other }),
                9 => Msg::Unjail(Unjail { operator: from }),
                10 => Msg::WithdrawCommission(WithdrawCommission { operator: from }),
                _ => Msg::CancelUnbonding(CancelUnbonding {
                    delegator: from,
                    validator: to,
                    amount,
                    created_height: virtengine_types::Height(height),
                }),
            }
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    let gas = prop_oneof![9 => Just(500_000u64), 1 => 1_000..20_000u64];
    (message(), gas, 0..50u128).prop_map(|(message, gas, fee)| Action { message, gas, fee })
}

fn validators() -> Vec<(Address, Vec<Msg>)> {
    let create = |name: &str| {
        Msg::CreateValidator(virtengine_types::msg::CreateValidator {
            operator: address(name),
            consensus_key: crate::testing::hash(name),
            description: Default::default(),
            commission: Default::default(),
            min_self_delegation: Amount(500),
            amount: Amount(1_000),
        })
    };
    ["alice", "bob"].map(|name| (address(name), vec![create(name)])).to_vec()
}

/// Everything owned, staked and unbonding.
fn total(chain: &Harness) -> u128 {
    let balances: u128 = chain
        .rows(&bank::ACCOUNTS)
        .iter()
        .map(|(_, row)| row.balances.amount_of(&virtengine_types::Denom::base()).0)
        .sum();
    balances + crate::staking::invariants::locked(&chain.store).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_blocks_conserve_supply_and_hints_never_change_a_result(
        blocks in prop::collection::vec(prop::collection::vec(action(), 0..8), 1..24),
    ) {
        let mut chain = Harness::with_params(&NAMES[..3], |params| {
            params.unbonding_seconds = 5;
            params.max_unbonding_entries = 3;
            params.max_due_per_block = 2; // so that some are carried over
        });
        chain.block(&validators());
        let supply = total(&chain);
        prop_assert_eq!(supply, chain.row(&bank::SUPPLY, &virtengine_types::Denom::base()).unwrap().0);
        for actions in blocks {
            let mut sent = std::collections::BTreeMap::new();
            let txs: Vec<_> = actions.into_iter().map(|Action { message, gas, fee }| {
                let signer = message.signer();
                let ahead = sent.entry(signer).or_insert(0u64);
                let mut tx = chain.tx(signer, *ahead, vec![message]);
                *ahead += 1;
                tx.fee.gas_limit = Gas(gas);
                tx.fee.amount = uve(fee);
                chain.verified(tx)
            }).collect();
            let hinted = chain.execute(txs.clone(), Mode::Propose, Preload::Hints).unwrap();
            let blind = chain.execute(txs.clone(), Mode::Propose, Preload::Nothing).unwrap();
            prop_assert_eq!(&hinted.outcome, &blind.outcome);
            prop_assert_eq!(&hinted.writes, &blind.writes);
            prop_assert_eq!((&hinted.included, &hinted.refused), (&blind.included, &blind.refused));
            let included = hinted.included.iter().map(|index| txs[*index].clone()).collect();
            let outcome = chain.apply(included);
            prop_assert_eq!(outcome, hinted.outcome);
            prop_assert_eq!(total(&chain), supply);
            prop_assert_eq!(crate::staking::invariants::check(&chain.store), Ok(()));
            prop_assert_eq!(crate::invariants::all(&chain.store), Ok(()));
        }
        chain.empty_blocks(60);
        prop_assert!(chain.rows(&crate::staking::UNBONDINGS).is_empty());
        prop_assert!(chain.rows(&crate::staking::INCOMING).is_empty());
        prop_assert_eq!(total(&chain), supply);
    }
}
