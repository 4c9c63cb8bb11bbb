//! Whatever is done with stake in whatever order: the supply is exact, and nobody gets more than was earned.

use super::*;
use crate::testing::{node_key, node_secret};
use proptest::prelude::*;
use std::collections::BTreeMap;
use virtengine_crypto::votes;
use virtengine_types::{
    Address, Denom, Height,
    msg::{CancelUnbonding, SubmitEvidence, Unjail, Vote, VoteKind},
    ratio,
};

const VALIDATORS_OF: [&str; 3] = ["validator", "other", "third"];

#[derive(Clone, Debug)]
enum Wish {
    Delegate { from: usize, to: usize, amount: u128 },
    Undelegate { from: usize, to: usize, part: u128 },
    Redelegate { from: usize, to: usize, part: u128 },
    Cancel { from: usize, to: usize, amount: u128 },
    Withdraw { from: usize, to: usize },
    Commission(usize),
    Unjail(usize),
    Slash(usize),
    Fee(u128),
    Wait(u64),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let (who, whom) = (0usize..5, 0usize..3);
    let wish = prop_oneof![
        4 => (who.clone(), whom.clone(), 1u128..5_000)
            .prop_map(|(from, to, amount)| Wish::Delegate { from, to, amount }),
        3 => (who.clone(), whom.clone(), 1u128..101)
            .prop_map(|(from, to, part)| Wish::Undelegate { from, to, part }),
        3 => (who.clone(), whom.clone(), 1u128..101)
            .prop_map(|(from, to, part)| Wish::Redelegate { from, to, part }),
        1 => (who.clone(), whom.clone(), 1u128..500)
            .prop_map(|(from, to, amount)| Wish::Cancel { from, to, amount }),
        3 => (who, whom.clone()).prop_map(|(from, to)| Wish::Withdraw { from, to }),
        1 => whom.clone().prop_map(Wish::Commission),
        1 => whom.clone().prop_map(Wish::Unjail),
        1 => whom.prop_map(Wish::Slash),
        6 => (1u128..3_000).prop_map(Wish::Fee),
        1 => (1u64..12).prop_map(Wish::Wait),
    ];
    prop::collection::vec(wish, 1..60)
}

fn name(index: usize) -> &'static str {
    ["alice", "bob", "validator", "other", "third"][index]
}

fn stake_of(chain: &Harness, from: &str, to: &str) -> u128 {
    let validator = chain.row(&VALIDATORS, &address(to)).unwrap();
    let delegation = chain.row(&DELEGATIONS, &(address(from), address(to)));
    delegation.map_or(0, |delegation| validator.worth(delegation.shares).0)
}

fn evidence(name: &str) -> Msg {
    let key = node_secret(name);
    let signed = |payload: u8| {
        let vote = Vote { kind: VoteKind::Notarize, epoch: 0, view: 3, parent: 2, payload: [payload; 32] };
        votes::sign(&key, crate::testing::CHAIN_ID, vote)
    };
    Msg::SubmitEvidence(SubmitEvidence {
        submitter: address("bob"),
        consensus_key: node_key(name),
        first: signed(1),
        second: signed(2),
    })
}

fn message(chain: &Harness, wish: &Wish) -> Option<Msg> {
    let part_of = |from: &str, to: &str, part: u128| (stake_of(chain, from, to) * part / 100).max(1);
    Some(match *wish {
        Wish::Delegate { from, to, amount } => delegate(name(from), VALIDATORS_OF[to], amount),
        Wish::Undelegate { from, to, part } => {
            let amount = part_of(name(from), VALIDATORS_OF[to], part);
            undelegate(name(from), VALIDATORS_OF[to], amount)
        }
        Wish::Redelegate { from, to, part } => Msg::BeginRedelegate(BeginRedelegate {
            delegator: address(name(from)),
            source: address(VALIDATORS_OF[to]),
            destination: address(VALIDATORS_OF[(to + 1) % 3]),
            amount: Amount(part_of(name(from), VALIDATORS_OF[to], part)),
        }),
        Wish::Cancel { from, to, amount } => {
            let key = (address(name(from)), address(VALIDATORS_OF[to]));
            let unbonding = chain.row(&crate::staking::UNBONDINGS, &key)?;
            let created_height: Height = unbonding.entries.last()?.created_height;
            let (delegator, validator) = key;
            Msg::CancelUnbonding(CancelUnbonding {
                delegator,
                validator,
                amount: Amount(amount),
                created_height,
            })
        }
        Wish::Withdraw { from, to } => withdraw(name(from), VALIDATORS_OF[to]),
        Wish::Commission(to) => commission(VALIDATORS_OF[to]),
        Wish::Unjail(to) => Msg::Unjail(Unjail { operator: address(VALIDATORS_OF[to]) }),
        Wish::Slash(to) => evidence(VALIDATORS_OF[to]),
        Wish::Fee(_) | Wish::Wait(_) => return None,
    })
}

/// What each delegation and each commission should have got, in units, counted the slow way.
#[derive(Default)]
struct Model {
    earned: BTreeMap<(Address, Address), u128>,
    paid: BTreeMap<(Address, Address), u128>,
}

impl Model {
    /// Shares a block's fee among all who are bonded after it.
    fn fee(&mut self, chain: &Harness, amount: u128) {
        let validators: BTreeMap<_, _> = chain.rows(&VALIDATORS).into_iter().collect();
        let bonded: u128 = validators
            .values()
            .filter(|validator| validator.status == ValidatorStatus::Bonded)
            .map(|validator| validator.tokens.0)
            .sum();
        for ((delegator, operator), delegation) in chain.rows(&DELEGATIONS) {
            let validator = &validators[&operator];
            if validator.status == ValidatorStatus::Bonded {
                let of_validator = ratio::floor(amount * UNIT, validator.tokens.0, bonded).unwrap();
                let rest = ratio::floor(of_validator, UNIT - validator.commission.rate, UNIT).unwrap();
                let part = ratio::floor(rest, delegation.shares.0, validator.shares.0).unwrap();
                *self.earned.entry((delegator, operator)).or_default() += part;
            }
        }
    }

    fn watch(&mut self, outcome: &BlockOutcome) {
        for event in outcome.results.iter().flat_map(|result| &result.events) {
            if event.kind == "distribution.reward.withdrawn" {
                let operator = Address::from_operator(event.get("validator").unwrap()).unwrap();
                let delegator = event.get("delegator").unwrap().parse().unwrap();
                let amount: u128 = event.get("amount").unwrap().trim_end_matches("uve").parse().unwrap();
                *self.paid.entry((delegator, operator)).or_default() += amount * UNIT;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stake_in_any_order_keeps_the_supply_and_earns_its_part(wishes in wishes()) {
        let mut chain = Harness::with_params(&NAMES, |params| {
            params.unbonding_seconds = 9;
            params.max_unbonding_entries = 20;
            params.slash_double_sign_bps = 1_300;
        });
        for name in ["other", "third"] {
            chain.ok(create(name, 100_000));
        }
        let mut model = Model::default();
        let mut slashed = false;
        let steps = wishes.len() as u128;
        for wish in &wishes {
            match (wish, message(&chain, wish)) {
                (Wish::Fee(amount), _) => {
                    let outcome = fee(&mut chain, *amount);
                    model.watch(&outcome);
                    model.fee(&chain, amount - amount * 200 / 10_000);
                }
                (Wish::Wait(blocks), _) => chain.empty_blocks(*blocks),
                (_, Some(message)) => {
                    let outcome = chain.block(&[(message.signer(), vec![message])]);
                    slashed |= matches!(wish, Wish::Slash(_)) && outcome.results[0].code == 0;
                    model.watch(&outcome);
                }
                _ => {}
            }
            sound(&chain);
        }
        // Nobody waits for what another did: all is paid, and what is left over is less than 1 uve each.
        chain.empty_blocks(20);
        sound(&chain);
        prop_assert!(chain.rows(&crate::staking::UNBONDINGS).is_empty());
        prop_assert!(chain.rows(&crate::staking::REDELEGATIONS).is_empty());
        for ((delegator, operator), _) in chain.rows(&DELEGATIONS) {
            let message = WithdrawReward { delegator, validator: operator };
            let outcome = chain.block(&[(delegator, vec![Msg::WithdrawReward(message)])]);
            model.watch(&outcome);
        }
        sound(&chain);
        let left = chain.row(&crate::bank::SUPPLY, &Denom::base()).unwrap();
        prop_assert!(slashed || left == Amount((NAMES.len() as u128 + 1) * FUNDS + STAKE));
        for (key, paid) in &model.paid {
            let earned = model.earned.get(key).copied().unwrap_or_default();
            // Each payment leaves less than 1 uve to all shares, and a slash what the burned shares were not paid.
            prop_assert!(slashed || *paid <= earned + (steps + 9) * UNIT, "{key:?} was paid {paid} of {earned}");
        }
        for (key, earned) in &model.earned {
            let paid = model.paid.get(key).copied().unwrap_or_default();
            prop_assert!(slashed || paid + (steps + 9) * UNIT >= *earned, "{key:?} was paid {paid} of {earned}");
        }
    }
}
