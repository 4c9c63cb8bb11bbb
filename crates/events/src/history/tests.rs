mod agreement;

use super::*;
use crate::{Entry, Filter, Query};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;
use virtengine_types::block::{BlockHeader, BlockOutcome, Event, FinalizedBlock, TxResult};
use virtengine_types::tx::{DecodedTx, Fee};
use virtengine_types::{Address, Coins, Gas, Height, Timestamp};

const CHAIN: &str = "test-1";

fn decoded(raw: &str) -> Arc<DecodedTx> {
    let raw = Bytes::copy_from_slice(raw.as_bytes());
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
}

fn transfer(sender: &str, recipient: &str, amount: u64) -> Event {
    Event::new("transfer")
        .with("recipient", recipient)
        .with("sender", sender)
        .with("amount", format!("{amount}uve"))
}

fn created(order: u64, region: &str) -> Event {
    Event::new("market.order.created").with("order_id", order).with("region", region)
}

fn expired(order: u64) -> Event {
    Event::new("market.order.expired").with("order_id", order)
}

fn block(height: u64, txs: &[(&str, Vec<Event>)], own: Vec<Event>) -> FinalizedBlock {
    let results =
        txs.iter().map(|(_, events)| TxResult { events: events.clone(), ..TxResult::default() }).collect();
    let header = BlockHeader {
        chain_id: CHAIN.to_owned(),
        height: Height(height),
        time: Timestamp(height * 1_000),
        ..BlockHeader::default()
    };
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&height.to_be_bytes());
    FinalizedBlock {
        header,
        hash,
        txs: txs.iter().map(|(raw, _)| decoded(raw)).collect(),
        outcome: Arc::new(BlockOutcome { results, events: own, gas_used: Gas(0) }),
        writes: Arc::new(Vec::new()),
        certificate: Some(Bytes::from_static(b"certificate")),
    }
}

/// Four blocks: two orders and a transfer, nothing, an expiry, two transfers.
fn chain() -> [FinalizedBlock; 4] {
    [
        block(
            1,
            &[
                ("a", vec![transfer("x", "y", 5), created(1, "eu")]),
                ("b", vec![created(2, "us")]),
                ("c", vec![transfer("x", "z", 100)]),
            ],
            vec![],
        ),
        block(2, &[], vec![]),
        block(3, &[], vec![expired(1)]),
        block(4, &[("d", vec![transfer("z", "x", 7)]), ("e", vec![transfer("x", "y", 50)])], vec![]),
    ]
}

fn open(directory: &Path) -> History {
    History::open(directory, CHAIN, Config::default()).unwrap()
}

fn filled(config: Config) -> (TempDir, History) {
    let directory = TempDir::new().unwrap();
    let history = History::open(directory.path(), CHAIN, config).unwrap();
    for block in chain() {
        history.append(&block).unwrap();
    }
    (directory, history)
}

fn found(history: &History, query: &str, order: Order) -> Vec<String> {
    let query = Query::parse(query, 512).unwrap();
    let found =
        history.search_txs(&query, order, Page { offset: 0, limit: 100, max_bytes: u64::MAX }).unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.iter().map(|tx| String::from_utf8(tx.tx.to_vec()).unwrap()).collect()
}

fn heights(history: &History, query: &str) -> Vec<u64> {
    let query = Query::parse(query, 512).unwrap();
    let found = history
        .search_blocks(&query, Order::Ascending, Page { offset: 0, limit: 100, max_bytes: u64::MAX })
        .unwrap();
    found.items.iter().map(|record| record.height().0).collect()
}

#[test]
fn a_block_reads_back_as_it_was_finalized() {
    let (_directory, history) = filled(Config { block_cache_bytes: 0, ..Config::default() });
    for given in chain() {
        let kept = history.block(given.header.height.0).unwrap().unwrap();
        assert_eq!(kept.meta.header, given.header);
        assert_eq!(kept.meta.hash, given.hash);
        assert_eq!(kept.outcome, given.outcome);
        assert_eq!(kept.certificate, given.certificate);
        assert_eq!(kept.txs, given.txs.iter().map(|tx| tx.raw.clone()).collect::<Vec<_>>());
        assert_eq!(history.block_by_hash(&given.hash).unwrap(), Some(kept));
    }
    assert_eq!(history.block(5).unwrap(), None);
    assert_eq!(history.latest().unwrap().height(), Height(4));
    assert_eq!(history.earliest().unwrap().height(), Height(1));
}

#[test]
fn a_transaction_is_found_by_its_hash() {
    let (_directory, history) = filled(Config::default());
    let tx = history.tx(&tx_hash(b"e")).unwrap().unwrap();
    assert_eq!((tx.height, tx.index, tx.time), (Height(4), 1, Timestamp(4_000)));
    assert_eq!(tx.result.events, [transfer("x", "y", 50)]);
    assert_eq!(history.tx(&tx_hash(b"absent")).unwrap(), None);
}

#[test]
fn events_of_topics_are_numbered_by_height_and_position() {
    let (_directory, history) = filled(Config::default());
    let page = history.events(1, &Filter::default(), 100).unwrap();
    let entry = |sequence, height, tx_index, event: Event| Entry {
        sequence,
        height: Height(height),
        tx_index,
        topic: event.kind.to_string(),
        attributes: event.pairs(),
    };
    let all = [
        entry(1_000_000, 1, Some(0), created(1, "eu")),
        entry(1_000_001, 1, Some(1), created(2, "us")),
        entry(3_000_000, 3, None, expired(1)),
    ];
    assert_eq!(page, EventPage { events: all.to_vec(), next: 5_000_000 });
    assert_eq!(history.events(1_000_001, &Filter::default(), 1).unwrap().events, all[1..2]);
    assert_eq!(history.events(1_000_002, &Filter::default(), 1).unwrap().events, all[2..]);
    let us = Filter::new(vec!["market.*".to_owned()], vec![("region".to_owned(), "us".to_owned())]).unwrap();
    assert_eq!(
        history.events(1, &us, 100).unwrap(),
        EventPage { events: all[1..2].to_vec(), next: 5_000_000 }
    );
    assert_eq!(history.events(9_000_000, &us, 100).unwrap(), EventPage { events: vec![], next: 9_000_000 });
    assert_eq!((history.earliest_sequence(), history.next_sequence()), (1, 5_000_000));
}

#[test]
fn a_page_of_the_log_looks_at_a_bounded_number_of_entries() {
    let (_directory, history) = filled(Config { max_scanned_events: 1, ..Config::default() });
    let us = Filter::new(vec![], vec![("region".to_owned(), "us".to_owned())]).unwrap();
    let first = history.events(1, &us, 100).unwrap();
    assert_eq!(first, EventPage { events: vec![], next: 1_000_001 });
    assert_eq!(history.events(first.next, &us, 100).unwrap().events.len(), 1);
}

#[test]
fn searches_answer_from_the_index() {
    // All in memory, some on disk, all but the last block on disk.
    for index_batch_rows in [1_000, 10, 1] {
        let (directory, history) =
            filled(Config { max_search_work: 4, index_batch_rows, ..Config::default() });
        answers_from_the_index(&history);
        drop(history);
        let config = Config { max_search_work: 4, ..Config::default() };
        answers_from_the_index(&History::open(directory.path(), CHAIN, config).unwrap());
    }
}

fn answers_from_the_index(history: &History) {
    assert_eq!(found(history, "transfer.sender='x'", Order::Ascending), ["a", "c", "e"]);
    assert_eq!(found(history, "transfer.sender='x'", Order::Descending), ["e", "c", "a"]);
    assert_eq!(
        found(history, "transfer.sender='x' AND transfer.recipient='y'", Order::Ascending),
        ["a", "e"]
    );
    assert_eq!(found(history, "transfer.sender='x' AND tx.height>1", Order::Ascending), ["e"]);
    assert_eq!(found(history, "transfer.sender='x' AND tx.height<1.5", Order::Ascending), ["a", "c"]);
    assert_eq!(found(history, "market.order.created.order_id=2", Order::Ascending), ["b"]);
    assert_eq!(found(history, "tx.height=4", Order::Ascending), ["d", "e"]);
    assert_eq!(found(history, "tm.event='Tx' AND tx.height='4'", Order::Descending), ["e", "d"]);
    assert!(found(history, "tm.event='NewBlock'", Order::Ascending).is_empty());
    assert!(found(history, "transfer.sender='nobody'", Order::Ascending).is_empty());
    assert!(found(history, "tx.height=99", Order::Ascending).is_empty());
}

#[test]
fn a_restart_reads_a_bounded_number_of_blocks_again() {
    let (_directory, history) = filled(Config::default());
    for height in 5..=513 {
        history.append(&block(height, &[], vec![])).unwrap();
    }
    // The next 256 wait until these are written, and are being written at most.
    assert!(history.inner.rows.on_disk().unwrap() >= 256);
    assert_eq!(found(&history, "transfer.sender='x'", Order::Ascending), ["a", "c", "e"]);
}

#[test]
fn searches_read_blocks_for_the_rest() {
    let (_directory, history) = filled(Config::default());
    assert_eq!(found(&history, "transfer.amount>=50", Order::Ascending), ["c", "e"]);
    assert_eq!(found(&history, "transfer.sender='x' AND transfer.amount<50", Order::Ascending), ["a"]);
    assert_eq!(found(&history, "market.order.created.region CONTAINS 'u'", Order::Ascending), ["a", "b"]);
    assert_eq!(found(&history, "transfer.recipient EXISTS", Order::Descending), ["e", "d", "c", "a"]);
}

#[test]
fn a_hash_is_searched_in_any_case_and_with_other_conditions() {
    let (_directory, history) = filled(Config::default());
    let hash = hex::encode(tx_hash(b"a"));
    assert_eq!(found(&history, &format!("tx.hash='{hash}'"), Order::Ascending), ["a"]);
    let upper = hash.to_uppercase();
    assert_eq!(found(&history, &format!("tx.hash='{upper}' AND tx.height=1"), Order::Ascending), ["a"]);
    assert!(found(&history, &format!("tx.hash='{upper}' AND tx.height=2"), Order::Ascending).is_empty());
    assert!(found(&history, "tx.hash='zz'", Order::Ascending).is_empty());
}

#[test]
fn blocks_are_searched_by_height_and_their_own_events() {
    let (_directory, history) = filled(Config::default());
    assert_eq!(heights(&history, "block.height>=2 AND block.height<4"), [2, 3]);
    assert_eq!(heights(&history, "market.order.expired.order_id=1"), [3]);
    assert_eq!(heights(&history, "market.order.expired.order_id EXISTS AND tm.event='NewBlock'"), [3]);
    assert!(heights(&history, "transfer.sender='x'").is_empty());
}

#[test]
fn a_page_skips_and_limits_and_the_total_counts_all() {
    let (_directory, history) = filled(Config { max_page: 2, ..Config::default() });
    let query = Query::parse("tx.height>=1", 512).unwrap();
    let page = |offset, limit| {
        let found = history
            .search_txs(&query, Order::Ascending, Page { offset, limit, max_bytes: u64::MAX })
            .unwrap();
        (found.total, found.items.iter().map(|tx| tx.tx[0]).collect::<Vec<_>>())
    };
    assert_eq!(page(1, 1), (5, b"b".to_vec()));
    assert_eq!(page(3, 100), (5, b"de".to_vec()));
    assert_eq!(page(0, 100), (5, b"ab".to_vec()));
    assert_eq!(page(5, 100), (5, vec![]));
}

#[test]
fn rejects_searches_that_read_too_much() {
    let (_directory, history) = filled(Config { max_search_work: 60, ..Config::default() });
    let query = Query::parse("transfer.amount>5", 512).unwrap();
    let error = history
        .search_txs(&query, Order::Ascending, Page { offset: 0, limit: 1, max_bytes: u64::MAX })
        .unwrap_err();
    assert!(matches!(error, HistoryError::TooBroad { limit: 60 }), "{error}");
}

#[test]
fn rejects_pages_that_take_too_many_bytes_but_gives_one_item() {
    let (_directory, history) = filled(Config::default());
    let page = |limit, max_bytes| Page { offset: 0, limit, max_bytes };
    let txs = Query::parse("tx.height>=1", 512).unwrap();
    let found = |page| history.search_txs(&txs, Order::Ascending, page);
    assert_eq!(found(page(1, 1)).unwrap().items.len(), 1);
    let bytes: u64 = found(page(2, u64::MAX)).unwrap().items.iter().map(TxRecord::memory_bytes).sum();
    assert_eq!(found(page(2, bytes)).unwrap().items.len(), 2);
    let error = found(page(5, bytes - 1)).unwrap_err();
    assert!(
        matches!(error, HistoryError::TooLarge { max, found, items: 2 } if (max, found) == (bytes - 1, bytes)),
        "{error}"
    );
    let blocks = Query::parse("block.height>=1", 512).unwrap();
    let error = history.search_blocks(&blocks, Order::Ascending, page(2, 1)).unwrap_err();
    assert!(matches!(error, HistoryError::TooLarge { max: 1, items: 2, .. }), "{error}");
}

#[test]
fn a_page_of_events_ends_when_its_bytes_are_full() {
    let (_directory, all) = filled(Config::default());
    let all = all.events(1, &Filter::default(), 100).unwrap().events;
    let (_directory, history) = filled(Config { max_event_page_bytes: 1, ..Config::default() });
    let (mut from, mut found) = (1, Vec::new());
    while from < history.next_sequence() {
        let page = history.events(from, &Filter::default(), 100).unwrap();
        assert!(page.events.len() <= 1, "{page:?}");
        found.extend(page.events);
        from = page.next;
    }
    assert_eq!(found, all);
}

#[test]
fn redelivery_of_a_block_changes_nothing() {
    let (_directory, history) = filled(Config::default());
    let before = history.block(3).unwrap();
    let again = history.append(&chain()[2]).unwrap();
    assert_eq!(before, Some(again));
    assert_eq!(history.next_sequence(), 5_000_000);
    assert_eq!(history.latest().unwrap().height(), Height(4));
}

#[test]
fn rejects_another_block_at_a_known_height() {
    let (_directory, history) = filled(Config::default());
    let mut other = chain()[3].clone();
    other.hash = [9; 32];
    let error = history.append(&other).unwrap_err();
    assert!(matches!(error, HistoryError::Conflict { height: 4, .. }), "{error}");
}

#[test]
fn rejects_other_chains_and_missing_results() {
    let (_directory, history) = filled(Config::default());
    let mut foreign = block(5, &[], vec![]);
    foreign.header.chain_id = "other-1".to_owned();
    let error = history.append(&foreign).unwrap_err();
    assert!(matches!(error, HistoryError::OtherChain { .. }), "{error}");
    let mut torn = block(5, &[("a", vec![])], vec![]);
    torn.outcome = Arc::new(BlockOutcome::default());
    let error = history.append(&torn).unwrap_err();
    assert!(matches!(error, HistoryError::Results { height: 5, txs: 1, results: 0 }), "{error}");
}

#[test]
fn rejects_the_directory_of_another_chain() {
    let (directory, history) = filled(Config::default());
    drop(history);
    let error = History::open(directory.path(), "other-1", Config::default()).err().unwrap();
    assert!(matches!(error, HistoryError::OtherChain { .. }), "{error}");
}

#[test]
fn rejects_the_directory_of_another_version() {
    let (directory, history) = filled(Config::default());
    history.inner.rows.about.insert("format", 1_u32.to_be_bytes()).unwrap();
    drop(history);
    let error = History::open(directory.path(), CHAIN, Config::default()).err().unwrap();
    assert!(matches!(error, HistoryError::Format { found: 1, supported: 3 }), "{error}");
}

#[test]
fn a_directory_whose_making_was_cut_short_is_made_again() {
    let folder = TempDir::new().unwrap();
    let (directory, draft) = (folder.path().join("history"), folder.path().join("history.draft"));
    for half in ["0.jnl", "lock", "keyspaces/0/current", "version"] {
        let file = draft.join(half);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "cut").unwrap();
    }
    std::fs::create_dir(&directory).unwrap();
    let history = open(&directory);
    history.append(&chain()[0]).unwrap();
    drop(history);
    assert_eq!(open(&directory).latest().unwrap().height(), Height(1));
    assert!(!draft.exists());
}

#[test]
fn rejects_a_directory_that_lost_a_keyspace_at_every_open() {
    let (whole, history) = filled(Config::default());
    drop(history);
    let mut named = Vec::new();
    for keyspace in 1..=8 {
        let directory = copy(whole.path());
        std::fs::remove_file(directory.path().join(format!("keyspaces/{keyspace}/current"))).unwrap();
        for _ in 0..2 {
            let error = History::open(directory.path(), CHAIN, Config::default()).err().unwrap();
            let HistoryError::Corrupt { row, .. } = &error else { panic!("{keyspace}: {error}") };
            named.push(row.clone());
        }
    }
    named.dedup();
    assert_eq!(named, ["about", "headers", "bodies", "results", "blocks", "txs", "index", "log"]);
}

#[test]
fn rejects_a_directory_that_lost_its_first_or_last_block() {
    for height in [1_u64, 4] {
        let (directory, history) = filled(Config { index_batch_rows: 1, ..Config::default() });
        history.inner.rows.bodies.remove(height.to_be_bytes()).unwrap();
        drop(history);
        let error = History::open(directory.path(), CHAIN, Config::default()).err().unwrap();
        assert!(
            matches!(&error, HistoryError::Corrupt { row, .. } if *row == format!("headers/{height}")),
            "{error}"
        );
    }
}

/// Every file below `directory`, with its length and the time of its last change.
fn files(directory: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => waiting.push(entry.path()),
                Ok(metadata) => found.push((entry.path(), metadata.len(), metadata.modified().unwrap())),
                // The store removed it meanwhile: the next listing differs.
                Err(_) => {}
            }
        }
    }
    found.sort();
    found
}

/// Copies the files as they are, without the open store knowing: what a killed process leaves behind.
///
/// A crash stops everything at one moment, a copy takes many: it is taken again until no thread of the store changed
/// a file meanwhile.
fn copy(from: &Path) -> TempDir {
    for _ in 0..1_000 {
        let (before, copy) = (files(from), TempDir::new().unwrap());
        let copied = before.iter().try_for_each(|(file, _, _)| {
            let target = copy.path().join(file.strip_prefix(from).unwrap());
            std::fs::create_dir_all(target.parent().unwrap())?;
            std::fs::copy(file, target).map(|_| ())
        });
        match copied {
            Ok(()) if files(from) == before => return copy,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
    panic!("the store changes its files all the time")
}

#[test]
fn a_crash_after_any_block_keeps_what_was_acknowledged() {
    for index_batch_rows in [1, 10, 1_000] {
        crash_after_any_block(&Config { index_batch_rows, ..Config::default() });
    }
}

fn crash_after_any_block(config: &Config) {
    let open = |directory: &Path| History::open(directory, CHAIN, config.clone()).unwrap();
    let directory = TempDir::new().unwrap();
    let history = open(directory.path());
    for (count, given) in chain().iter().enumerate() {
        history.append(given).unwrap();
        let crashed = copy(directory.path());
        let recovered = open(crashed.path());
        assert_eq!(recovered.latest().unwrap().hash, given.hash);
        assert_eq!(recovered.next_sequence(), history.next_sequence());
        assert_eq!(
            found(&recovered, "transfer.sender='x'", Order::Ascending),
            found(&history, "transfer.sender='x'", Order::Ascending)
        );
        assert_eq!(recovered.tx(&tx_hash(b"a")).unwrap(), history.tx(&tx_hash(b"a")).unwrap());
        for again in &chain()[count..] {
            recovered.append(again).unwrap();
        }
        assert_eq!(recovered.events(1, &Filter::default(), 100).unwrap().next, 5_000_000);
        assert_eq!(found(&recovered, "transfer.sender='x'", Order::Ascending), ["a", "c", "e"]);
    }
}

#[test]
fn a_torn_last_write_loses_only_the_block_it_belongs_to() {
    let directory = TempDir::new().unwrap();
    let history = open(directory.path());
    history.append(&chain()[0]).unwrap();
    let journal = |path: &Path| {
        let files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|e| e == "jnl")).max().unwrap()
    };
    history.append(&chain()[1]).unwrap();
    let crashed = copy(directory.path());
    // The file is longer than what was written to it: cut within the last batch.
    let bytes = std::fs::read(journal(crashed.path())).unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    std::fs::write(journal(crashed.path()), &bytes[..written - 8]).unwrap();
    let recovered = open(crashed.path());
    assert!(recovered.latest().is_some_and(|latest| latest.hash == chain()[0].hash));
    recovered.append(&chain()[1]).unwrap();
    assert_eq!(recovered.latest().unwrap().height(), Height(2));
}

#[test]
fn old_blocks_are_pruned_with_everything_that_names_them() {
    for index_batch_rows in [1, 1_000] {
        let (retain_blocks, prune_per_block) = (Some(2), 1);
        prunes(Config { retain_blocks, prune_per_block, index_batch_rows, ..Config::default() });
    }
}

fn prunes(config: Config) {
    let (directory, history) = filled(config);
    assert_eq!(history.earliest().unwrap().height(), Height(3));
    assert_eq!(history.block(2).unwrap(), None);
    assert_eq!(history.block_by_hash(&chain()[0].hash).unwrap(), None);
    assert_eq!(history.tx(&tx_hash(b"a")).unwrap(), None);
    assert_eq!(found(&history, "transfer.sender='x'", Order::Ascending), ["e"]);
    assert_eq!(history.earliest_sequence(), 3_000_000);
    assert_eq!(history.events(1, &Filter::default(), 100).unwrap().events.len(), 1);
    assert_eq!(history.append(&chain()[0]).unwrap().height(), Height(1));
    for height in 5..12 {
        history.append(&block(height, &[], vec![])).unwrap();
    }
    assert_eq!(history.earliest().unwrap().height(), Height(10));
    let rows = &history.inner.rows;
    assert_eq!((rows.txs.len().unwrap(), rows.index.len().unwrap()), (0, 0));
    drop(history);
    let reopened = open(directory.path());
    assert!(found(&reopened, "transfer.sender='x'", Order::Ascending).is_empty());
    assert_eq!(reopened.next_sequence(), 12_000_000);
    assert_eq!(reopened.earliest_sequence(), 10_000_000);
}

#[test]
fn an_event_has_one_sequence_whatever_a_node_holds() {
    let blocks: Vec<FinalizedBlock> = (1..=12)
        .map(|height| {
            block(height, &[("a", vec![created(height, "eu"); height as usize])], vec![expired(height)])
        })
        .collect();
    let held = |config: Config, blocks: &[FinalizedBlock]| {
        let directory = TempDir::new().unwrap();
        let open = || History::open(directory.path(), CHAIN, config.clone()).unwrap();
        let (last, before) = blocks.split_last().unwrap();
        let history = open();
        for block in before {
            history.append(block).unwrap();
        }
        drop(history);
        let history = open();
        history.append(last).unwrap();
        history.append(last).unwrap();
        assert_eq!(history.next_sequence(), 13_000_000);
        history.events(10_000_000, &Filter::default(), 100).unwrap()
    };
    let all = held(Config::default(), &blocks);
    let (first, last) = (all.events.first().unwrap(), all.events.last().unwrap());
    assert_eq!((first.sequence, first.height, first.tx_index), (10_000_000, Height(10), None));
    assert_eq!((last.sequence, last.height, last.tx_index), (12_000_012, Height(12), Some(0)));
    assert_eq!(all.events.len(), 11 + 12 + 13);
    assert_eq!(held(Config::default(), &blocks[8..]), all);
    assert_eq!(held(Config::default(), &[&blocks[..3], &blocks[9..]].concat()), all);
    assert_eq!(held(Config { retain_blocks: Some(3), ..Config::default() }, &blocks), all);
}

#[test]
fn a_node_that_joins_later_starts_at_its_first_block() {
    let directory = TempDir::new().unwrap();
    let history = open(directory.path());
    history.append(&block(900, &[("a", vec![created(1, "eu")])], vec![])).unwrap();
    assert_eq!(history.earliest().unwrap().height(), Height(900));
    assert_eq!(history.earliest_sequence(), 900_000_000);
    assert_eq!(history.events(1, &Filter::default(), 10).unwrap().events[0].sequence, 900_000_000);
    let error = history.check_held(1).unwrap_err();
    assert_eq!(error.to_string(), "height 1 is not available, lowest height is 900");
}

#[test]
fn after_a_gap_the_history_begins_anew() {
    let (directory, history) = filled(Config { prune_per_block: 3, ..Config::default() });
    let on_disk = |history: &History| history.inner.rows.headers.len().unwrap();
    history.append(&block(900, &[("f", vec![transfer("x", "y", 1), created(9, "eu")])], vec![])).unwrap();
    drop(history);
    let history =
        History::open(directory.path(), CHAIN, Config { prune_per_block: 1, ..Config::default() }).unwrap();
    assert_eq!(
        (history.earliest().unwrap().height(), history.latest().unwrap().height()),
        (Height(900), Height(900))
    );
    assert_eq!((history.earliest_sequence(), history.next_sequence()), (900_000_000, 901_000_000));
    // Of four old blocks one is on disk still; nothing names it.
    assert_eq!(on_disk(&history), 2);
    assert_eq!(history.block(4).unwrap(), None);
    assert_eq!(history.header(4).unwrap(), None);
    assert_eq!(history.block_by_hash(&chain()[3].hash).unwrap(), None);
    assert_eq!(history.tx(&tx_hash(b"d")).unwrap(), None);
    assert_eq!(found(&history, "transfer.sender='x'", Order::Ascending), ["f"]);
    assert_eq!(history.events(1, &Filter::default(), 100).unwrap().events.len(), 1);
    assert_eq!(history.append(&chain()[3]).unwrap().height(), Height(4));
    history.append(&block(901, &[], vec![])).unwrap();
    assert_eq!(on_disk(&history), 2);
    assert_eq!(heights(&history, "block.height>=1"), [900, 901]);
    // A second gap before the first is forgotten.
    history.append(&block(950, &[], vec![])).unwrap();
    history.append(&block(990, &[], vec![])).unwrap();
    assert_eq!(history.earliest().unwrap().height(), Height(990));
    for height in 991..1_085 {
        history.append(&block(height, &[], vec![])).unwrap();
    }
    assert_eq!(on_disk(&history), 95);
    drop(history);
    assert_eq!(open(directory.path()).earliest().unwrap().height(), Height(990));
}

#[test]
fn rejects_searches_below_the_oldest_block() {
    let directory = TempDir::new().unwrap();
    let history = open(directory.path());
    history.append(&block(900, &[("a", vec![])], vec![])).unwrap();
    let page = Page { offset: 0, limit: 1, max_bytes: u64::MAX };
    for text in ["tx.height=5", "tx.height<900", "transfer.sender='x' AND tx.height>=2 AND tx.height<=899"] {
        let error =
            history.search_txs(&Query::parse(text, 512).unwrap(), Order::Ascending, page).unwrap_err();
        assert!(matches!(error, HistoryError::NotHeld { lowest: 900, .. }), "{error}");
    }
    assert_eq!(found(&history, "tx.height>=5", Order::Ascending), ["a"]);
    assert!(found(&history, "tx.height<5 AND tx.height>7", Order::Ascending).is_empty());
}

#[test]
fn rejects_a_block_with_more_events_than_sequences() {
    let directory = TempDir::new().unwrap();
    let events = vec![Event::new("a.b"); 1_000_001];
    let error = open(directory.path()).append(&block(1, &[], events)).unwrap_err();
    assert!(matches!(error, HistoryError::Events { height: 1, found: 1_000_001, max: 1_000_000 }), "{error}");
}
