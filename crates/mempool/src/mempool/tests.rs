use super::*;
use crate::testing::{CHAIN, Ledger, User, mempool};
use futures::FutureExt as _;
use std::sync::Arc;
use virtengine_types::{
    block::{BlockHeader, StateWrite},
    ledger::Account,
};

/// Starts a mempool over a ledger.
fn start(config: Config, ledger: &Ledger) -> Mempool {
    let (mempool, admission) = mempool(config, ledger);
    tokio::spawn(admission.run(tokio::time::sleep));
    mempool
}

/// A committed block of these transactions after which the accounts are as in `ledger`.
fn block(height: u64, txs: &[Bytes], ledger: &Ledger) -> FinalizedBlock {
    let decode = |raw: &Bytes| Arc::new(DecodedTx::decode(raw.clone()).unwrap());
    let write = |(address, account): (&virtengine_types::Address, &Account)| -> StateWrite {
        let key = ACCOUNTS.key(address).unwrap();
        (key.partition as u8, key.bytes, Some(ACCOUNTS.encode(address, account).unwrap()))
    };
    FinalizedBlock {
        header: BlockHeader { height: Height(height), ..BlockHeader::default() },
        hash: [0; 32],
        txs: txs.iter().map(decode).collect(),
        outcome: Arc::default(),
        writes: Arc::new(ledger.0.lock().iter().map(write).collect()),
        certificate: None,
    }
}

fn code(outcome: Result<Hash, Rejection>) -> (u32, String) {
    let rejection = outcome.unwrap_err();
    assert_eq!(rejection.codespace, "sdk");
    (rejection.code, rejection.log)
}

#[tokio::test]
async fn accepts_sequences_in_the_order_of_submission_without_waiting() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 5, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let mut tickets = Vec::new();
    for sequence in 5..25 {
        tickets.push(mempool.submit(user.transfer(sequence, 2_500)).await.unwrap());
    }
    for ticket in tickets {
        ticket.wait().await.unwrap();
    }
    assert_eq!((mempool.status().count, mempool.status().arrivals), (20, 20));
    let space = BlockSpace { bytes: 1_000_000, gas: u64::MAX, count: 100 };
    let sequences: Vec<u64> =
        mempool.propose(space, &HashSet::new()).iter().map(|tx| tx.tx.signers[0].sequence).collect();
    assert_eq!(sequences, (5..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_question_gets_the_same_answer_and_leaves_nothing() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 5, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let good = user.transfer(5, 2_500);
    let hash = mempool.examine(good.clone()).await.unwrap();
    assert_eq!((mempool.status().count, mempool.status().arrivals, mempool.contains(&hash)), (0, 0, false));
    for bad in [user.transfer(6, 2_500), user.transfer(5, 2_499), user.transfer_on("other-1", 5, 2_500)] {
        assert_eq!(code(mempool.examine(bad.clone()).await), code(mempool.check_tx(bad).await));
    }
    assert_eq!(mempool.check_tx(good.clone()).await.unwrap(), hash);
    assert_eq!(code(mempool.examine(good).await).0, 19);
}

#[tokio::test]
async fn rejects_each_broken_rule_with_its_code() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 5, 4_000);
    let stranger = User::in_ledger(&Ledger::default(), 2, 0, 0);
    let mempool = start(Config::default(), &ledger);

    let oversized = Bytes::from(vec![0; 65 * 1024]);
    assert_eq!(code(mempool.check_tx(oversized).await).0, 21);
    assert_eq!(code(mempool.check_tx(Bytes::from_static(b"garbage")).await).0, 2);
    assert_eq!(code(mempool.check_tx(user.transfer(5, 2_499)).await).0, 13);
    assert_eq!(code(mempool.check_tx(stranger.transfer(0, 2_500)).await).0, 9);
    assert_eq!(code(mempool.check_tx(user.transfer(5, 4_001)).await).0, 5);
    let (number, log) = code(mempool.check_tx(user.transfer(6, 2_500)).await);
    let text = "account sequence mismatch, expected 5, got 6: incorrect account sequence";
    assert_eq!((number, log.as_str()), (32, text));
    let foreign = user.transfer_on("other-1", 5, 2_500);
    let (number, log) = code(mempool.check_tx(foreign).await);
    let text = format!("please verify account number (1) and chain-id ({CHAIN})");
    assert!(number == 4 && log.contains(&text), "{number} {log}");

    let good = user.transfer(5, 2_500);
    let hash = mempool.check_tx(good.clone()).await.unwrap();
    let (number, log) = code(mempool.check_tx(good.clone()).await);
    assert_eq!((number, log.as_str()), (19, "tx already exists in cache: tx already in mempool"));
    // The fee of what is pending counts.
    assert_eq!(code(mempool.check_tx(user.transfer(6, 2_500)).await).0, 5);
    assert!(mempool.contains(&hash));
    assert_eq!(mempool.unconfirmed(10), [good]);
    assert_eq!(mempool.metrics().accepted.get(), 1);
    // All of them but the one that was known already.
    assert_eq!(mempool.metrics().failed.get(), 8);
}

#[tokio::test]
async fn a_pending_transaction_does_not_keep_the_message_it_came_in() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 5, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let mut bytes = user.transfer(5, 2_500).to_vec();
    let length = bytes.len();
    bytes.resize(512 * 1024, 0);
    let message = Bytes::from(bytes);
    let hash = mempool.check_tx(message.slice(..length)).await.unwrap();
    assert!(mempool.contains(&hash));
    assert!(message.is_unique());
}

#[tokio::test]
async fn the_same_bytes_at_once_are_taken_once() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let raw = user.transfer(0, 2_500);
    let (first, second) = tokio::join!(mempool.check_tx(raw.clone()), mempool.check_tx(raw));
    assert_eq!(usize::from(first.is_ok()) + usize::from(second.is_ok()), 1);
    assert_eq!(mempool.status().count, 1);
}

#[tokio::test]
async fn rejects_what_the_queue_has_no_place_for() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    // Without the admission task everything waits.
    let (mempool, admission) = mempool(Config { max_waiting: 1, max_batch: 1, ..Config::default() }, &ledger);
    let ticket = mempool.submit(user.transfer(0, 2_500)).await.unwrap();
    let refused = mempool.inner.waiting.try_turn(Origin::Client).unwrap_err();
    assert_eq!(refused.rejection().code, 20);
    // Peers have places of their own.
    let of_peer = mempool.enqueue_in_turn(user.transfer(1, 2_500), Origin::Peer);
    assert!(of_peer.now_or_never().unwrap().is_ok());
    drop(admission);
    let stopped = ticket.wait().await.unwrap_err();
    assert_eq!((stopped.codespace, stopped.code), ("undefined", 1));
}

#[tokio::test]
async fn places_are_given_in_turn_and_calls_wait_a_bounded_time() {
    let ledger = Ledger::default();
    let (greedy, modest) =
        (User::in_ledger(&ledger, 1, 0, 1_000_000), User::in_ledger(&ledger, 2, 0, 1_000_000));
    let config = Config { max_waiting: 1, max_batch: 1, max_wait_ms: 20, ..Config::default() };
    let (mempool, admission) = mempool(config, &ledger);
    let mut first = Box::pin(mempool.submit(greedy.transfer(0, 2_500)));
    let mut second = Box::pin(mempool.submit(greedy.transfer(1, 2_500)));
    let mut between = Box::pin(mempool.check_tx(modest.transfer(0, 2_500)));
    let mut third = Box::pin(mempool.submit(greedy.transfer(2, 2_500)));
    assert!(futures::poll!(first.as_mut()).is_ready());
    assert!(futures::poll!(second.as_mut()).is_pending());
    assert!(futures::poll!(between.as_mut()).is_pending());
    assert!(futures::poll!(third.as_mut()).is_pending());
    // Nobody checks what waits, so the call's time runs out.
    let (number, log) = code(between.await);
    assert!(number == 20 && log.contains("1 transactions wait for their check"), "{number} {log}");

    let again = Box::pin(mempool.check_tx(modest.transfer(0, 2_500)));
    tokio::spawn(admission.run(tokio::time::sleep));
    let (second, third, again) = tokio::join!(second, third, again);
    second.unwrap().wait().await.unwrap();
    third.unwrap().wait().await.unwrap();
    again.unwrap();
    assert_eq!(mempool.status().count, 4);
}

#[tokio::test]
async fn a_committed_block_frees_room_and_replays_are_recognized() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let raw = user.transfer(0, 2_500);
    mempool.check_tx(raw.clone()).await.unwrap();
    mempool.check_tx(user.transfer(1, 2_500)).await.unwrap();

    ledger.0.lock().get_mut(&user.address()).unwrap().sequence = 1;
    let block = block(2, std::slice::from_ref(&raw), &ledger);
    let outcome = mempool.committed(&block).unwrap();
    assert_eq!(outcome, Committed { included: 1, stale: 0, expired: 0 });
    assert_eq!(mempool.committed(&block).unwrap(), Committed::default());
    assert_eq!(mempool.status().count, 1);
    assert_eq!(code(mempool.check_tx(raw).await).0, 19);
    mempool.check_tx(user.transfer(2, 2_500)).await.unwrap();
}

#[tokio::test]
async fn remembered_accounts_follow_the_chain() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 10_000);
    let mempool = start(Config::default(), &ledger);
    let first = user.transfer(0, 2_500);
    mempool.check_tx(first.clone()).await.unwrap();
    let change = |sequence, funds| {
        let mut ledger = ledger.0.lock();
        let account = ledger.get_mut(&user.address()).unwrap();
        (account.sequence, account.balances) = (sequence, crate::testing::uve(funds));
    };

    change(1, 2_500);
    mempool.committed(&block(2, &[first], &ledger)).unwrap();
    // What the source says is not asked for again, only what blocks say.
    change(9, 0);
    assert_eq!(code(mempool.check_tx(user.transfer(1, 2_501)).await).0, 5);
    mempool.check_tx(user.transfer(1, 2_500)).await.unwrap();

    // Blocks were missed: it is read anew.
    mempool.committed(&block(5, &[], &Ledger::default())).unwrap();
    change(9, 10_000);
    let (number, log) = code(mempool.check_tx(user.transfer(2, 2_500)).await);
    assert!(number == 32 && log.contains("expected 9, got 2"), "{number} {log}");
    mempool.check_tx(user.transfer(9, 2_500)).await.unwrap();
}

#[tokio::test]
async fn parameters_follow_the_chain() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let dearer = Params { min_fee_per_million_gas: virtengine_types::Amount(50_000), ..Params::default() };
    let key = PARAMS.key(&0).unwrap();
    let write = (key.partition as u8, key.bytes, Some(PARAMS.encode(&0, &dearer).unwrap()));
    let block = FinalizedBlock { writes: Arc::new(vec![write]), ..block(2, &[], &Ledger::default()) };
    mempool.committed(&block).unwrap();
    assert_eq!(code(mempool.check_tx(user.transfer(0, 4_999)).await).0, 13);
    mempool.check_tx(user.transfer(0, 5_000)).await.unwrap();
}

#[tokio::test]
async fn a_block_with_a_foreign_row_is_an_error_and_changes_nothing() {
    let ledger = Ledger::default();
    let mempool = start(Config::default(), &ledger);
    let key = ACCOUNTS.key(&virtengine_types::Address([1; 20])).unwrap();
    let write = (key.partition as u8, key.bytes, Some(Bytes::from_static(b"\x01short")));
    let block = FinalizedBlock { writes: Arc::new(vec![write]), ..block(2, &[], &ledger) };
    assert!(matches!(mempool.committed(&block), Err(StateError::Corrupt { .. })));
    assert_eq!(mempool.inner.pool.lock().height(), Height(1));
}

#[tokio::test]
async fn signatures_of_a_proposed_block_are_checked_once_and_for_its_accounts() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let raw = user.transfer(0, 2_500);
    mempool.check_tx(raw.clone()).await.unwrap();
    let tx = Arc::new(DecodedTx::decode(raw).unwrap());
    let job = |account_number| Unverified {
        tx: Arc::clone(&tx),
        accounts: vec![virtengine_crypto::cosmos::SignerAccount { account_number, public_key: None }],
    };
    let verdicts = mempool.verify(vec![job(1)]).await;
    assert_eq!(verdicts[0].as_ref().unwrap().signers[0].account_number, 1);
    assert_eq!(mempool.metrics().verified_before.get(), 1);
    // Another state gave the account another number: what is remembered does not count.
    let verdicts = mempool.verify(vec![job(2), job(1)]).await;
    assert_eq!(verdicts[0].as_ref().unwrap_err().code, 4);
    assert!(verdicts[1].is_ok());
}

#[tokio::test]
async fn waiting_ends_when_something_arrives() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let (nonempty, arrived) = (mempool.wait_nonempty(), mempool.arrived());
    let hash = mempool.check_tx(user.transfer(0, 2_500)).await.unwrap();
    nonempty.await;
    arrived.await;
    let mut again = std::pin::pin!(mempool.arrived());
    assert!(futures::poll!(again.as_mut()).is_pending());
    mempool.refused(&[(hash, Refused::Duplicate.rejection())]);
    assert_eq!(mempool.status().count, 0);
    mempool.check_tx(user.transfer(0, 2_600)).await.unwrap();
    again.await;
}

#[tokio::test]
async fn what_a_fork_has_already_keeps_its_place_and_its_followers() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let mempool = start(Config::default(), &ledger);
    let first = mempool.check_tx(user.transfer(0, 2_500)).await.unwrap();
    mempool.check_tx(user.transfer(1, 2_500)).await.unwrap();
    let mismatch = virtengine_chain::ante::AnteInvalid::Sequence { expected: 1, got: 0 };
    mempool.refused(&[(first, mismatch.rejection())]);
    assert_eq!(mempool.status().count, 2);
    let memo = virtengine_chain::ante::AnteInvalid::MemoTooLarge { found: 300, max: 256 };
    mempool.refused(&[(first, memo.rejection())]);
    assert_eq!(mempool.status().count, 0, "what can never be in a block goes, with what follows it");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_not_the_transactions_fault() {
    #[derive(Debug)]
    struct Broken;
    impl AccountSource for Broken {
        async fn accounts(
            &self,
            _: &[virtengine_types::Address],
        ) -> Result<Vec<Option<Account>>, crate::LookupError> {
            Err(crate::LookupError("disk is gone".to_owned()))
        }
    }
    let user = User::in_ledger(&Ledger::default(), 1, 0, 0);
    let (mempool, admission) =
        Mempool::new(Config::default(), CHAIN.to_owned(), Height(1), Params::default(), Broken);
    tokio::spawn(admission.run(tokio::time::sleep));
    let rejection = mempool.check_tx(user.transfer(0, 2_500)).await.unwrap_err();
    assert_eq!((rejection.codespace, rejection.code), ("undefined", 1));
    assert!(rejection.log.contains("disk is gone"));
    assert_eq!(mempool.status().count, 0);
}

#[tokio::test]
async fn a_batch_collects_for_its_time_and_what_is_alone_or_awaited_does_not_wait() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
    let (mempool, admission) = mempool(Config { batch_interval_ms: 1_000, ..Config::default() }, &ledger);
    let (pauses, mut paused) = mpsc::unbounded_channel();
    let resume = Arc::new(tokio::sync::Notify::new());
    let resumed = resume.clone();
    tokio::spawn(admission.run(async move |time: Duration| {
        pauses.send(time).unwrap();
        resumed.notified().await;
    }));
    mempool.check_tx(user.transfer(0, 2_500)).await.unwrap();
    // Who awaits the answer is not held up, however soon after the last batch.
    mempool.check_tx(user.transfer(1, 2_500)).await.unwrap();
    assert!(paused.is_empty());
    let first = mempool.submit(user.transfer(2, 2_500)).await.unwrap();
    let pause = paused.recv().await.unwrap();
    assert!(pause <= Duration::from_secs(1), "{pause:?}");
    let second = mempool.submit(user.transfer(3, 2_500)).await.unwrap();
    resume.notify_one();
    first.wait().await.unwrap();
    second.wait().await.unwrap();
    assert!(paused.is_empty());
    // The last two were checked as one batch.
    let mut registry = prometheus_client::registry::Registry::default();
    mempool.metrics().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("\nverify_batch_size_count 3\n"), "{text}");
}
