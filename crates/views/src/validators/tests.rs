use crate::{List, ListPage, ValidatorEntry, ValidatorTotals, Views};
use proptest::prelude::*;
use std::{cmp::Reverse, collections::BTreeMap};
use virtengine_chain::staking::VALIDATORS;
use virtengine_state::Key;
use virtengine_types::{
    Address, Amount, Height,
    block::StateWrite,
    staking::{Commission, Description, Standing, Validator, ValidatorRewards, ValidatorStatus},
};

const STATUSES: [Option<ValidatorStatus>; 3] =
    [None, Some(ValidatorStatus::Bonded), Some(ValidatorStatus::Unbonded)];

fn row(of: &ValidatorEntry) -> Validator {
    Validator {
        consensus_key: of.consensus_key,
        bls_key: of.bls_key,
        tokens: of.tokens,
        shares: of.tokens,
        self_shares: Amount(1),
        min_self_delegation: Amount(1),
        description: Description::default(),
        commission: Commission::default(),
        status: of.status,
        standing: of.standing,
        created_height: Height(1),
        rewards: ValidatorRewards::default(),
        slashes: Vec::new(),
    }
}

fn key(operator: &Address) -> Key {
    VALIDATORS.key(operator).unwrap()
}

fn write(entry: &ValidatorEntry) -> StateWrite {
    (1, key(&entry.operator).bytes, Some(VALIDATORS.encode(&entry.operator, &row(entry)).unwrap()))
}

/// Validators of few operators and few amounts, so that many writes change one and many have equal tokens.
fn entry() -> impl Strategy<Value = ValidatorEntry> {
    let standing = prop_oneof![Just(Standing::Free), Just(Standing::Jailed), Just(Standing::Tombstoned)];
    let status = prop_oneof![Just(ValidatorStatus::Bonded), Just(ValidatorStatus::Unbonded)];
    (0u8..40, 0u128..6, status, standing, prop::option::of(any::<u8>()), any::<u8>()).prop_map(
        |(operator, tokens, status, standing, bls_key, consensus_key)| ValidatorEntry {
            operator: Address([operator; 20]),
            tokens: Amount(tokens << 70),
            status,
            standing,
            bls_key: bls_key.map(|byte| [byte; 48]),
            consensus_key: [consensus_key; 32],
        },
    )
}

fn entries(most: usize) -> impl Strategy<Value = Vec<ValidatorEntry>> {
    prop::collection::vec(entry(), 0..most)
}

type Model = BTreeMap<Address, ValidatorEntry>;

fn model<'a>(writes: impl IntoIterator<Item = &'a ValidatorEntry>) -> Model {
    writes.into_iter().map(|entry| (entry.operator, *entry)).collect()
}

fn by_tokens(model: &Model, status: Option<ValidatorStatus>) -> Vec<ValidatorEntry> {
    let mut expected: Vec<_> =
        model.values().filter(|one| status.is_none_or(|status| one.status == status)).copied().collect();
    expected.sort_by_key(|one| (Reverse(one.tokens), one.operator));
    expected
}

/// Every answer is that of the naive model.
fn check(views: &Views, model: &Model) -> Result<(), TestCaseError> {
    let validators = views.validators().unwrap();
    prop_assert_eq!(validators.len(), model.len());
    for operator in (0..41).map(|byte| Address([byte; 20])) {
        prop_assert_eq!(validators.lookup(&operator), model.get(&operator).copied());
        let from: Vec<_> = validators.by_operator(&operator).collect();
        prop_assert_eq!(from, model.range(operator..).map(|(_, one)| *one).collect::<Vec<_>>());
    }
    for status in STATUSES {
        prop_assert!(validators.by_tokens(status).eq(by_tokens(model, status)));
    }
    prop_assert_eq!(self::model(&validators.iter().collect::<Vec<_>>()), model.clone());
    let number = |test: &dyn Fn(&ValidatorEntry) -> bool| model.values().filter(|one| test(one)).count();
    let expected = ValidatorTotals {
        power: Amount(by_tokens(model, STATUSES[1]).iter().map(|one| one.tokens.0).sum()),
        bonded: number(&|one| one.status == ValidatorStatus::Bonded),
        unbonded: number(&|one| one.status == ValidatorStatus::Unbonded),
        jailed: number(&|one| one.standing == Standing::Jailed),
        tombstoned: number(&|one| one.standing == Standing::Tombstoned),
    };
    prop_assert_eq!(validators.totals(), expected);
    prop_assert_eq!(validators.recount(), expected);
    Ok(())
}

proptest! {
    #[test]
    fn the_mirror_answers_as_a_naive_model(scanned in entries(60), blocks in prop::collection::vec(entries(12), 0..12)) {
        let views = Views::default();
        for (_, key_bytes, row) in scanned.iter().map(write) {
            let key = Key { partition: VALIDATORS.partition(), bytes: key_bytes };
            views.insert(&key, &row.unwrap()).unwrap();
        }
        views.filled();
        let mut model = model(&scanned);
        check(&views, &model)?;
        for block in &blocks {
            let writes: Vec<_> = block.iter().map(write).collect();
            views.apply(&writes).unwrap();
            model.extend(self::model(block));
            check(&views, &model)?;
            views.apply(&writes).unwrap();
            check(&views, &model)?;
        }
    }

    #[test]
    fn pages_cover_every_validator_once(
        writes in entries(90),
        limit in 1usize..9,
        offset in 0u64..5,
        reverse: bool,
    ) {
        let views = Views::default();
        let (scanned, later) = writes.split_at(writes.len() / 2);
        views.apply(&scanned.iter().map(write).collect::<Vec<_>>()).unwrap();
        views.filled();
        views.apply(&later.iter().map(write).collect::<Vec<_>>()).unwrap();
        let model = model(&writes);
        for status in STATUSES {
            let mut expected: Vec<_> =
                by_tokens(&model, status).iter().map(|one| key(&one.operator)).collect();
            if reverse {
                expected.reverse();
            }
            let mut wanted = ListPage { limit, offset, reverse, ..ListPage::default() };
            let mut found = Vec::new();
            loop {
                let listed = views.list(&List::Validators { status }, &wanted).unwrap();
                prop_assert_eq!(listed.total, Some(expected.len() as u64));
                prop_assert!(listed.keys.len() <= limit);
                found.extend(listed.keys);
                let Some(next) = listed.next else { break };
                wanted = ListPage { cursor: Some(next), offset: 0, ..wanted };
            }
            prop_assert_eq!(&found, expected.get(offset as usize..).unwrap_or_default());
        }
    }

    #[test]
    fn a_scan_beside_blocks_ends_at_the_state_after_them(
        scanned in entries(60),
        blocks in prop::collection::vec((entries(12), 0usize..60), 0..6),
    ) {
        let views = Views::default();
        let state: Vec<_> = self::model(&scanned).into_values().collect();
        let mut left = state.iter();
        let mut scan = |most: usize| {
            for entry in left.by_ref().take(most) {
                let row = VALIDATORS.encode(&entry.operator, &row(entry)).unwrap();
                views.insert(&key(&entry.operator), &row).unwrap();
            }
        };
        let mut model = model(&state);
        for (block, most) in &blocks {
            scan(*most);
            views.apply(&block.iter().map(write).collect::<Vec<_>>()).unwrap();
            model.extend(self::model(block));
        }
        scan(usize::MAX);
        views.filled();
        check(&views, &model)?;
    }
}

/// Clients may hold the cursor of a page for longer than a node runs.
#[test]
fn a_cursor_is_tokens_and_operator() {
    let views = Views::default();
    views.filled();
    let entry = |operator: u8, tokens| ValidatorEntry {
        operator: Address([operator; 20]),
        tokens: Amount(tokens),
        status: ValidatorStatus::Bonded,
        standing: Standing::Free,
        bls_key: None,
        consensus_key: [operator; 32],
    };
    views.apply(&[write(&entry(1, 300)), write(&entry(2, 200)), write(&entry(3, 100))]).unwrap();
    let list = List::Validators { status: None };
    let first = views.list(&list, &ListPage { limit: 1, ..ListPage::default() }).unwrap();
    let cursor = first.next.unwrap();
    assert_eq!(cursor[..], [200u128.to_le_bytes().as_slice(), &[2; 20]].concat());
    // The validator moved meanwhile: the page begins where it was.
    views.apply(&[write(&entry(2, 900))]).unwrap();
    let page = ListPage { cursor: Some(cursor), limit: 9, ..ListPage::default() };
    assert_eq!(views.list(&list, &page).unwrap().keys, [key(&Address([3; 20]))]);
}
