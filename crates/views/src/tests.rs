use crate::{List, ListPage, Views};
use proptest::prelude::*;
use std::collections::BTreeSet;
use virtengine_chain::staking;
use virtengine_types::{Address, Amount, staking::Delegation};

fn page(limit: usize) -> ListPage {
    ListPage { limit, ..ListPage::default() }
}

fn pairs() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    prop::collection::vec((0u8..6, 0u8..6, any::<bool>()), 0..60)
}

proptest! {
    #[test]
    fn pages_of_any_size_list_exactly_what_is_there(writes in pairs(), limit in 1usize..7, reverse: bool) {
        let views = Views::default();
        let mut model = BTreeSet::new();
        for (delegator, validator, keep) in writes {
            let pair = (Address([delegator; 20]), Address([validator; 20]));
            let key = staking::DELEGATIONS.key(&pair).unwrap();
            let row = staking::DELEGATIONS.encode(&pair, &Delegation { amount: Amount(1) }).unwrap();
            views.apply(&[(1, key.bytes, keep.then_some(row))]).unwrap();
            if keep { model.insert(pair) } else { model.remove(&pair) };
        }
        for delegator in [None, Some(Address([3; 20]))] {
            let list = List::Delegations { delegator, validator: None };
            let mut expected: Vec<_> = model
                .iter()
                .filter(|pair| delegator.is_none_or(|wanted| pair.0 == wanted))
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

#[test]
fn rejects_a_cursor_of_another_list() {
    let cursor = Some(bytes::Bytes::from_static(b"nonsense"));
    let result = Views::default().list(&List::Accounts, &ListPage { cursor, ..page(1) });
    assert_eq!(result.unwrap_err(), crate::ViewError::Cursor);
}
