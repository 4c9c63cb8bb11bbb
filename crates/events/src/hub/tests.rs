use super::*;
use crate::{Config, tx_hash};
use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use virtengine_types::block::{BlockHeader, BlockOutcome, Event, FinalizedBlock, TxResult};
use virtengine_types::tx::{DecodedTx, Fee};
use virtengine_types::{Address, Coins, Gas, Height};

/// A block with one transaction for each list of events.
fn block(height: u64, txs: &[Vec<Event>]) -> FinalizedBlock {
    let decoded = |index: usize| {
        let raw = Bytes::from(format!("{height}/{index}"));
        Arc::new(DecodedTx {
            hash: tx_hash(&raw),
            raw,
            body_bytes: Bytes::new(),
            auth_info_bytes: Bytes::new(),
            messages: Vec::new(),
            signers: Vec::new(),
            fee: Fee { amount: Coins::default(), gas_limit: Gas(1), payer: Address([0; 20]) },
            memo: String::new(),
            timeout_height: 0,
        })
    };
    let results =
        txs.iter().map(|events| TxResult { events: events.clone(), ..TxResult::default() }).collect();
    FinalizedBlock {
        header: BlockHeader {
            chain_id: "test-1".to_owned(),
            height: Height(height),
            ..BlockHeader::default()
        },
        hash: tx_hash(&height.to_be_bytes()),
        txs: (0..txs.len()).map(decoded).collect(),
        outcome: Arc::new(BlockOutcome { results, events: Vec::new(), gas_used: Gas(0) }),
        writes: Arc::new(Vec::new()),
        certificate: None,
    }
}

fn hub(config: HubConfig) -> (TempDir, Hub) {
    let directory = TempDir::new().unwrap();
    let history = History::open(directory.path(), "test-1", Config::default()).unwrap();
    (directory, Hub::new(history, config))
}

fn publish(hub: &Hub, height: u64, topics: &[&'static str]) {
    let txs: Vec<_> = topics.iter().map(|topic| vec![Event::new(topic).with("height", height)]).collect();
    hub.publish(hub.history().append(&block(height, &txs)).unwrap());
}

/// The sequence of a block's entry.
fn at(height: u64, position: u64) -> u64 {
    height * 1_000_000 + position
}

fn sequences(deliveries: &[Delivery]) -> Vec<u64> {
    let event = |delivery: &Delivery| match delivery {
        Delivery::Event(entry) => Some(entry.sequence),
        _ => None,
    };
    deliveries.iter().filter_map(event).collect()
}

#[tokio::test]
async fn a_live_subscriber_gets_what_matches_from_now_on() {
    let (_directory, hub) = hub(HubConfig::default());
    publish(&hub, 1, &["market.order.created"]);
    let orders = Filter::new(vec!["market.order.*".to_owned()], vec![]).unwrap();
    let mut subscription = hub.subscribe(orders, None);
    publish(&hub, 2, &["market.bid.created", "market.order.closed"]);
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(2, 1)]);
    publish(&hub, 3, &[]);
    publish(&hub, 4, &["market.order.created"]);
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(4, 0)]);
    assert_eq!(subscription.cursor(), at(5, 0));
}

#[test]
fn held_blocks_and_subscribers_are_counted() {
    let (_directory, hub) = hub(HubConfig { ring_blocks: 2, ..HubConfig::default() });
    (1..=5).for_each(|height| publish(&hub, height, &[]));
    // Two are shared; the history has all five in its cache.
    assert_eq!((hub.held_blocks(), hub.subscribers()), (7, 0));
    let held = (hub.subscribe(Filter::default(), None), hub.blocks(), hub.multiplex());
    assert_eq!(hub.subscribers(), 3);
    drop(held);
    assert_eq!(hub.subscribers(), 0);
}

#[tokio::test]
async fn nothing_is_delivered_before_it_is_published() {
    let (_directory, hub) = hub(HubConfig::default());
    let mut subscription = hub.subscribe(Filter::default(), Some(1));
    let record = hub.history().append(&block(1, &[vec![Event::new("a.b")]])).unwrap();
    {
        let next = std::pin::pin!(subscription.next());
        assert!(futures_now(next).is_none());
    }
    hub.publish(record.clone());
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(1, 0)]);
    hub.publish(record);
    assert!(futures_now(std::pin::pin!(subscription.next())).is_none());
}

/// The output of a future that is ready at once.
fn futures_now<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_slow_subscriber_is_told_and_refilled() {
    let config = HubConfig { ring_blocks: 2, batch: 2, ..HubConfig::default() };
    let (_directory, hub) = hub(config);
    let mut subscription = hub.subscribe(Filter::default(), None);
    for height in 1..=6 {
        publish(&hub, height, &["a.b"]);
    }
    let lagged = Delivery::Lagged { from: at(1, 0), to: at(7, 0) - 1 };
    assert_eq!(subscription.next().await.unwrap(), [lagged]);
    let mut all = Vec::new();
    while all.len() < 6 {
        all.extend(sequences(&subscription.next().await.unwrap()));
    }
    assert_eq!(all, [1, 2, 3, 4, 5, 6].map(|height| at(height, 0)));
    publish(&hub, 7, &["a.b"]);
    publish(&hub, 8, &["a.b"]);
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(7, 0)]);
}

#[tokio::test]
async fn a_subscriber_of_pruned_entries_is_told() {
    let directory = TempDir::new().unwrap();
    let config = Config { retain_blocks: Some(2), ..Config::default() };
    let history = History::open(directory.path(), "test-1", config).unwrap();
    let hub = Hub::new(history, HubConfig { ring_blocks: 1, ..HubConfig::default() });
    for height in 1..=5 {
        publish(&hub, height, &["a.b"]);
    }
    let mut subscription = hub.subscribe(Filter::default(), Some(2));
    assert_eq!(subscription.next().await.unwrap(), [Delivery::Pruned { from: 2, to: at(4, 0) - 1 }]);
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(4, 0), at(5, 0)]);
}

#[tokio::test]
async fn a_subscriber_is_told_of_the_blocks_that_state_sync_covered() {
    let (_directory, hub) = hub(HubConfig::default());
    publish(&hub, 1, &["a.b", "a.b"]);
    let mut subscription = hub.subscribe(Filter::default(), Some(at(1, 1)));
    let mut live = hub.subscribe(Filter::default(), None);
    let mut blocks = hub.blocks();
    publish(&hub, 9, &["a.b"]);
    let gap = |from| [Delivery::Pruned { from, to: at(9, 0) - 1 }];
    assert_eq!(subscription.next().await.unwrap(), gap(at(1, 1)));
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(9, 0)]);
    assert_eq!(live.next().await.unwrap(), gap(at(2, 0)));
    assert_eq!(sequences(&live.next().await.unwrap()), [at(9, 0)]);
    assert_eq!(blocks.next().await.unwrap().record.height(), Height(9));
}

#[tokio::test]
async fn a_subscription_goes_on_at_another_node() {
    let (_first, full) = hub(HubConfig::default());
    let (_second, synced) = hub(HubConfig::default());
    for height in 1..=6 {
        publish(&full, height, &["a.b", "a.c", "a.d"]);
        if height >= 4 {
            publish(&synced, height, &["a.b", "a.c", "a.d"]);
        }
    }
    let mut left = full.subscribe(Filter::default(), Some(at(5, 1)));
    let mut right = synced.subscribe(Filter::default(), Some(at(5, 1)));
    for _ in 0..2 {
        assert_eq!(left.next().await.unwrap(), right.next().await.unwrap());
        let (here, there) = (left.cursor(), right.cursor());
        left = full.subscribe(Filter::default(), Some(there));
        right = synced.subscribe(Filter::default(), Some(here));
    }
    assert_eq!((left.cursor(), right.cursor()), (at(7, 0), at(7, 0)));
}

#[tokio::test]
async fn a_block_cursor_sees_every_block_once() {
    let (_directory, hub) = hub(HubConfig { ring_blocks: 2, ..HubConfig::default() });
    publish(&hub, 1, &[]);
    let mut cursor = hub.blocks();
    for height in 2..=7 {
        publish(&hub, height, &["a.b"]);
    }
    for height in 2..=7 {
        let block = cursor.next().await.unwrap();
        assert_eq!(block.record.height(), Height(height));
        assert_eq!(block.tx_attributes()[0]["a.b.height"], [height.to_string()]);
    }
    assert!(futures_now(std::pin::pin!(cursor.next())).is_none());
}

#[tokio::test]
async fn what_the_history_held_at_start_is_served() {
    let (directory, first) = hub(HubConfig::default());
    publish(&first, 1, &["a.b", "a.c"]);
    drop(first);
    let history = History::open(directory.path(), "test-1", Config::default()).unwrap();
    let hub = Hub::new(history, HubConfig::default());
    let mut subscription = hub.subscribe(Filter::default(), Some(1));
    assert_eq!(sequences(&subscription.next().await.unwrap()), [at(1, 0), at(1, 1)]);
}

#[tokio::test]
async fn subscriptions_of_one_connection_take_turns() {
    let (_directory, hub) = hub(HubConfig { batch: 1, ..HubConfig::default() });
    for height in 1..=3 {
        publish(&hub, height, &["a.b"]);
    }
    let mut connection = hub.multiplex();
    connection.insert("old".to_owned(), hub.subscribe(Filter::default(), Some(1)));
    connection.insert("other".to_owned(), hub.subscribe(Filter::default(), Some(at(2, 0))));
    let mut order = Vec::new();
    for _ in 0..5 {
        let (name, batch) = connection.next().await;
        order.push((name, sequences(&batch.unwrap())[0]));
    }
    let turns: Vec<_> = order.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(turns, ["other", "old", "other", "old", "old"]);
    assert!(futures_now(std::pin::pin!(connection.next())).is_none());
    publish(&hub, 4, &["a.b"]);
    assert_eq!(connection.remove("old"), Some(at(4, 0)));
    let (name, batch) = connection.next().await;
    assert_eq!((name.as_str(), sequences(&batch.unwrap())), ("other", vec![at(4, 0)]));
    assert_eq!(connection.remove("old"), None);
}

#[derive(Clone, Debug)]
enum Act {
    /// Publish a block with so many events of each of two topics.
    Publish(usize, usize),
    /// Let a subscriber take a step if there is one to take.
    Read(usize),
    /// Drop a subscriber and resume from its cursor.
    Resume(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0_usize..5, 0_usize..5).prop_map(|(left, right)| Act::Publish(left, right)),
        (0_usize..3).prop_map(Act::Read),
        (0_usize..3).prop_map(Act::Resume),
    ];
    proptest::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_event_is_lost_or_repeated_whatever_the_bounds(
        acts in acts(), ring_blocks in 0_usize..4, ring_bytes in 0_u64..2_000, batch in 1_usize..5,
    ) {
        let (_directory, hub) = hub(HubConfig { ring_blocks, ring_bytes, batch });
        let left = || Filter::new(vec!["left.*".to_owned()], vec![]).unwrap();
        let filters: [&dyn Fn() -> Filter; 3] = [&Filter::default, &left, &left];
        let mut subscriptions: Vec<_> = filters.iter().map(|filter| hub.subscribe(filter(), Some(1))).collect();
        let mut read: [Vec<Delivery>; 3] = Default::default();
        let mut expected: [Vec<u64>; 3] = Default::default();
        let mut height = 0;
        Runtime::new().unwrap().block_on(async {
            for act in acts {
                match act {
                    Act::Publish(lefts, rights) => {
                        height += 1;
                        for index in 0..lefts + rights {
                            let sequence = at(height, index as u64);
                            expected[0].push(sequence);
                            if index < lefts {
                                expected[1].push(sequence);
                                expected[2].push(sequence);
                            }
                        }
                        let topics = [vec!["left.event"; lefts], vec!["right.event"; rights]].concat();
                        publish(&hub, height, &topics);
                    }
                    Act::Read(who) => {
                        let step = subscriptions[who].ready().await.unwrap();
                        prop_assert!(step.len() <= batch);
                        read[who].extend(step);
                    }
                    Act::Resume(who) => {
                        let cursor = subscriptions[who].cursor();
                        subscriptions[who] = hub.subscribe(filters[who](), Some(cursor));
                    }
                }
            }
            for (subscription, read) in subscriptions.iter_mut().zip(&mut read) {
                while !subscription.caught_up() {
                    read.extend(subscription.ready().await.unwrap());
                }
            }
            Ok(())
        })?;
        for (read, expected) in read.iter().zip(&expected) {
            prop_assert_eq!(&sequences(read), expected);
            let mut last = 0;
            for delivery in read {
                match delivery {
                    Delivery::Event(entry) => last = entry.sequence,
                    Delivery::Lagged { from, to } => prop_assert!(last < *from && from <= to),
                    Delivery::Pruned { .. } => prop_assert!(false, "nothing is pruned"),
                }
            }
        }
    }
}
