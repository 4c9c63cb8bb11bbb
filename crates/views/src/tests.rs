use crate::{List, ListPage, ViewError, Views};
use proptest::prelude::*;
use std::collections::BTreeSet;
use virtengine_chain::staking;
use virtengine_types::{
    Address, Amount, Height,
    staking::{
        Commission, Delegation, Description, Redelegation, Standing, Validator, ValidatorRewards,
        ValidatorStatus,
    },
};

const DELEGATION: Delegation = Delegation { shares: Amount(1), paid_per_share: 0 };

fn page(limit: usize) -> ListPage {
    ListPage { limit, ..ListPage::default() }
}

fn filled() -> Views {
    let views = Views::default();
    views.filled();
    views
}

fn pairs() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    prop::collection::vec((0u8..6, 0u8..6, any::<bool>()), 0..60)
}

proptest! {
    #[test]
    fn pages_of_any_size_list_exactly_what_is_there(
        writes in pairs(),
        scanned in 0usize..60,
        limit in 1usize..7,
        reverse: bool,
    ) {
        let views = Views::default();
        let mut model = BTreeSet::new();
        for (number, (delegator, validator, keep)) in writes.into_iter().enumerate() {
            if number == scanned {
                views.filled();
            }
            let pair = (Address([delegator; 20]), Address([validator; 20]));
            let key = staking::DELEGATIONS.key(&pair).unwrap();
            let row = staking::DELEGATIONS.encode(&pair, &DELEGATION).unwrap();
            views.apply(&[(1, key.bytes, keep.then_some(row))]).unwrap();
            if keep { model.insert(pair) } else { model.remove(&pair) };
        }
        views.filled();
        prop_assert_eq!(views.rows(), model.len());
        let third = Some(Address([3; 20]));
        for (delegator, validator) in [(None, None), (third, None), (None, third), (third, third)] {
            let list = List::Delegations { delegator, validator };
            let mut expected: Vec<_> = model
                .iter()
                .filter(|pair| delegator.is_none_or(|wanted| pair.0 == wanted))
                .filter(|pair| validator.is_none_or(|wanted| pair.1 == wanted))
                .map(|pair| staking::DELEGATIONS.key(pair).unwrap())
                .collect();
            if reverse {
                expected.reverse();
            }
            let mut found = Vec::new();
            let mut wanted = ListPage { reverse, count: true, ..page(limit) };
            loop {
                let listed = views.list(&list, &wanted).unwrap();
                prop_assert_eq!(listed.total, Some(expected.len() as u64));
                prop_assert!(listed.keys.len() <= limit);
                found.extend(listed.keys);
                let Some(next) = listed.next else { break };
                wanted.cursor = Some(next);
            }
            prop_assert_eq!(found, expected);
        }
    }
}

fn validator_with(tokens: u128) -> Validator {
    Validator {
        consensus_key: [1; 32],
        bls_key: None,
        tokens: Amount(tokens),
        shares: Amount(tokens),
        self_shares: Amount(1),
        min_self_delegation: Amount(1),
        description: Description::default(),
        commission: Commission::default(),
        status: ValidatorStatus::Bonded,
        standing: Standing::Free,
        created_height: Height(1),
        rewards: ValidatorRewards::default(),
        slashes: Vec::new(),
    }
}

#[test]
fn what_blocks_write_during_the_scan_wins_over_the_scanned_row() {
    let pair = |delegator: u8| (Address([delegator; 20]), Address([9; 20]));
    let key = |delegator| staking::DELEGATIONS.key(&pair(delegator)).unwrap();
    let row = |delegator| staking::DELEGATIONS.encode(&pair(delegator), &DELEGATION).unwrap();
    let operator = Address([7; 20]);
    let validator = |tokens| staking::VALIDATORS.encode(&operator, &validator_with(tokens)).unwrap();
    let place = staking::VALIDATORS.key(&operator).unwrap();
    let views = Views::default();
    views.insert(&key(1), &row(1)).unwrap();
    let writes = [
        // Deleted after and before the scan comes to it; created; changed.
        (1, key(1).bytes, None),
        (1, key(2).bytes, None),
        (1, key(3).bytes, Some(row(3))),
        (1, place.bytes, Some(validator(50))),
    ];
    views.apply(&writes).unwrap();
    views.insert(&key(2), &row(2)).unwrap();
    views.insert(&place, &validator(40)).unwrap();
    views.insert(&key(4), &row(4)).unwrap();
    views.filled();
    let all = List::Delegations { delegator: None, validator: None };
    assert_eq!(views.list(&all, &page(9)).unwrap().keys, [key(3), key(4)]);
    assert_eq!(views.list(&List::Validators { status: None }, &page(9)).unwrap().keys, [place]);
    // The older row would have left its own place in the order of tokens.
    let other = Address([8; 20]);
    let between = staking::VALIDATORS.encode(&other, &validator_with(45)).unwrap();
    let second = staking::VALIDATORS.key(&other).unwrap();
    views.apply(&[(1, second.bytes, Some(between))]).unwrap();
    assert_eq!(views.list(&List::Validators { status: None }, &page(9)).unwrap().keys, [place, second]);
    // From now on a row that was deleted can be written again, and nothing is remembered.
    views.apply(&[(1, key(2).bytes, Some(row(2)))]).unwrap();
    assert_eq!(views.list(&all, &page(9)).unwrap().keys, [key(2), key(3), key(4)]);
    assert!(views.inner.read().written.is_none());
}

#[test]
fn a_length_is_right_or_absent() {
    let views = Views::default();
    for byte in 0..10 {
        let triple = (Address([byte % 2; 20]), Address([byte; 20]), Address([9; 20]));
        let key = staking::REDELEGATIONS.key(&triple).unwrap();
        let row = staking::REDELEGATIONS.encode(&triple, &Redelegation::default()).unwrap();
        views.insert(&key, &row).unwrap();
    }
    views.filled();
    let total = |delegator, source, page: ListPage| {
        views.list(&List::Redelegations { delegator, source, destination: None }, &page).unwrap().total
    };
    let (even, third) = (Some(Address([0; 20])), Some(Address([2; 20])));
    // Nobody asks for it: what costs a count is left out, the rest is there.
    assert_eq!(total(None, None, page(1)), Some(10));
    assert_eq!(total(even, None, page(1)), Some(5));
    assert_eq!(total(even, None, ListPage { offset: 4, ..page(1) }), Some(5));
    assert_eq!(total(even, third, page(1)), Some(1));
    assert_eq!(total(Some(Address([1; 20])), third, page(1)), Some(0));
    assert_eq!(total(even, third, ListPage { offset: 1, ..page(1) }), None);
    assert_eq!(total(even, third, ListPage { offset: 1, count: true, ..page(1) }), Some(1));
}

#[test]
fn rejects_a_cursor_of_another_list() {
    let cursor = Some(bytes::Bytes::from_static(b"nonsense"));
    for list in [List::Accounts, List::Validators { status: None }] {
        let result = filled().list(&list, &ListPage { cursor: cursor.clone(), ..page(1) });
        assert_eq!(result.unwrap_err(), ViewError::Cursor);
    }
}

#[test]
fn rejects_questions_before_the_scan_is_over() {
    let views = Views::default();
    assert_eq!(views.list(&List::Accounts, &page(1)).unwrap_err(), ViewError::Filling);
    assert_eq!(views.validators().err(), Some(ViewError::Filling));
    views.filled();
    assert!(views.validators().unwrap().is_empty());
}
