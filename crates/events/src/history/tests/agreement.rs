//! The index and the matcher answer every query alike.

use super::*;
use proptest::prelude::*;

fn event() -> impl Strategy<Value = Event> {
    let value = proptest::sample::select(vec!["a", "b", "5", "12uve"]);
    prop_oneof![
        (value.clone(), value.clone())
            .prop_map(|(x, y)| Event::new("transfer").with("sender", x).with("amount", y)),
        value.clone().prop_map(|x| Event::new("message").with("module", x).with("sender", x)),
        (value.clone(), value).prop_map(|(x, y)| Event::new("market.bid.won").with("id", x).with("id", y)),
    ]
}

/// Per block the events of each transaction and of the block itself.
fn blocks() -> impl Strategy<Value = Vec<(Vec<Vec<Event>>, Vec<Event>)>> {
    let events = || proptest::collection::vec(event(), 0..3);
    proptest::collection::vec((proptest::collection::vec(events(), 0..4), events()), 1..6)
}

fn query() -> impl Strategy<Value = String> {
    let condition = proptest::sample::select(vec![
        "transfer.sender='a'",
        "transfer.sender='b'",
        "transfer.amount=5",
        "transfer.amount>4",
        "transfer.amount<=12.5",
        "message.module='a'",
        "message.sender EXISTS",
        "market.bid.won.id='5'",
        "market.bid.won.id=5",
        "market.bid.won.id='12uve'",
        "market.bid.won.id CONTAINS 'u'",
        "tx.height>1",
        "tx.height<=3",
        "tx.height=2",
        "tx.height='2'",
        "tx.height>=1.5",
        "tx.height<2.5",
        "tx.height<-1",
        "tx.height EXISTS",
        "tx.height CONTAINS '2'",
        "tm.event='Tx'",
        "tm.event='NewBlock'",
        "tm.event EXISTS",
    ]);
    proptest::collection::vec(condition, 1..4).prop_map(|conditions| conditions.join(" AND "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_search_finds_exactly_what_matches(
        blocks in blocks(), queries in proptest::collection::vec(query(), 1..24), skip in 0_u64..4, limit in 0_usize..6,
        index_batch_rows in proptest::sample::select(vec![1, 8, 1_000]),
    ) {
        let directory = TempDir::new().unwrap();
        let config = Config { index_batch_rows, ..Config::default() };
        let history = History::open(directory.path(), CHAIN, config).unwrap();
        let mut records = Vec::new();
        for (height, (txs, own)) in (1_u64..).zip(blocks) {
            let names: Vec<String> = (0..txs.len()).map(|index| format!("{height}/{index}")).collect();
            let txs: Vec<(&str, Vec<Event>)> = names.iter().map(String::as_str).zip(txs).collect();
            records.push(history.append(&block(height, &txs, own)).unwrap());
        }
        for text in queries {
            let query = Query::parse(&text, 512).unwrap();
            let of_record = |record: &Arc<BlockRecord>| {
                let place = |index| (record.height().0, index);
                (0..record.meta.txs).filter(|index| query.matches(&record.tx_attributes(*index))).map(place).collect::<Vec<_>>()
            };
            let mut expected: Vec<(u64, u32)> = records.iter().flat_map(of_record).collect();
            for order in [Order::Ascending, Order::Descending] {
                let found = history.search_txs(&query, order, Page { offset: skip, limit, max_bytes: u64::MAX }).unwrap();
                let places: Vec<(u64, u32)> = found.items.iter().map(|tx| (tx.height.0, tx.index)).collect();
                let page: Vec<(u64, u32)> = expected.iter().copied().skip(skip as usize).take(limit).collect();
                prop_assert_eq!(found.total, expected.len() as u64, "{}", text);
                prop_assert_eq!(places, page, "{}", text);
                expected.reverse();
            }
        }
    }
}
