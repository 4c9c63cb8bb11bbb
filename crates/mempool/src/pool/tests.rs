use super::*;
use crate::{
    Refused,
    testing::{Draft, account, rich},
};
use proptest::{collection::vec, prelude::*};
use std::collections::HashSet;
use virtengine_chain::ante::AnteInvalid;
use virtengine_types::Amount;

const SPACE: BlockSpace = BlockSpace { bytes: usize::MAX, gas: u64::MAX, count: usize::MAX };

fn pool(config: Config) -> Pool {
    Pool::new(config, Height(10))
}

/// Inserts with signers that are at sequence 0 and have money.
fn put(pool: &mut Pool, draft: &Draft) -> Result<Inserted, Refused> {
    let states = vec![rich(0); draft.signers.len()];
    pool.insert(draft.tx(), &states, Origin::Client)
}

fn sequence_error(expected: u64, got: u64) -> Refused {
    AnteInvalid::Sequence { expected, got }.into()
}

fn proposed(pool: &Pool) -> Vec<Vec<(Address, u64)>> {
    let txs = pool.propose(SPACE, &HashSet::new());
    txs.iter().map(|tx| slots(&tx.tx).collect()).collect()
}

#[test]
fn orders_accounts_by_fee_and_one_account_by_sequence() {
    let mut pool = pool(Config::default());
    for (signer, sequence, fee) in [(1, 0, 10), (1, 1, 90), (2, 0, 20), (2, 1, 5), (3, 0, 15)] {
        put(&mut pool, &Draft::of(&[(signer, sequence)], fee)).unwrap();
    }
    let order: Vec<(Address, u64)> = proposed(&pool).concat();
    let expected = [(2, 0), (3, 0), (1, 0), (1, 1), (2, 1)];
    assert_eq!(order, expected.map(|(n, sequence)| (account(n), sequence)));
    assert_eq!(pool.len(), 5);
}

#[test]
fn a_transaction_of_two_signers_waits_for_both() {
    let mut pool = pool(Config::default());
    put(&mut pool, &Draft::of(&[(1, 0)], 10)).unwrap();
    put(&mut pool, &Draft::of(&[(2, 0)], 20)).unwrap();
    put(&mut pool, &Draft::of(&[(1, 1), (2, 1)], 100)).unwrap();
    put(&mut pool, &Draft::of(&[(2, 2), (1, 2)], 100)).unwrap();
    let sizes: Vec<usize> = proposed(&pool).iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, 2, 2]);
}

#[test]
fn rejects_gaps_and_used_sequences() {
    let mut pool = pool(Config::default());
    let refused = pool.insert(Draft::of(&[(1, 6)], 10).tx(), &[rich(5)], Origin::Client);
    assert_eq!(refused, Err(sequence_error(5, 6)));
    let refused = pool.insert(Draft::of(&[(1, 4)], 10).tx(), &[rich(5)], Origin::Client);
    assert_eq!(refused, Err(sequence_error(5, 4)));
    assert_eq!(
        refused.unwrap_err().rejection().log,
        "account sequence mismatch, expected 5, got 4: incorrect account sequence"
    );
    assert!(pool.queues.is_empty());
}

#[test]
fn rejects_the_same_bytes_while_pending_and_after() {
    let mut pool = pool(Config::default());
    let draft = Draft::of(&[(1, 0)], 10);
    put(&mut pool, &draft).unwrap();
    assert_eq!(put(&mut pool, &draft), Err(Refused::Duplicate));
    pool.committed(Height(11), [draft.tx().tx.as_ref()], []);
    assert!(pool.is_empty());
    assert_eq!(put(&mut pool, &draft), Err(Refused::Duplicate));
    assert_eq!(Refused::Duplicate.rejection().code, 19);
}

#[test]
fn replaces_a_transaction_by_one_that_pays_a_tenth_more() {
    let mut pool = pool(Config::default());
    put(&mut pool, &Draft::of(&[(1, 0)], 100)).unwrap();
    put(&mut pool, &Draft::of(&[(1, 1)], 100)).unwrap();
    assert_eq!(put(&mut pool, &Draft::of(&[(1, 0)], 109)), Err(sequence_error(2, 0)));
    let better = Draft::of(&[(1, 0)], 110);
    assert_eq!(put(&mut pool, &better), Ok(Inserted { evicted: 0, replaced: true }));
    let txs = pool.propose(SPACE, &HashSet::new());
    assert_eq!(txs[0].tx.hash, better.tx().tx.hash);
    assert_eq!((txs.len(), pool.bytes()), (2, 200));
    // More fee for even more gas is no better for the block.
    let more_gas = Draft { gas: 2_000_000, ..Draft::of(&[(1, 0)], 150) };
    assert_eq!(put(&mut pool, &more_gas), Err(sequence_error(2, 0)));
}

#[test]
fn rejects_a_replacement_with_other_signers() {
    let mut pool = pool(Config::default());
    put(&mut pool, &Draft::of(&[(1, 0)], 100)).unwrap();
    assert_eq!(put(&mut pool, &Draft::of(&[(1, 0), (2, 0)], 900)), Err(sequence_error(1, 0)));
    put(&mut pool, &Draft::of(&[(3, 0), (4, 0)], 100)).unwrap();
    assert_eq!(put(&mut pool, &Draft::of(&[(3, 0)], 900)), Err(sequence_error(1, 0)));
}

#[test]
fn rejects_signers_and_payers_without_an_account() {
    let mut pool = pool(Config::default());
    let two = Draft::of(&[(1, 0), (2, 0)], 10).tx();
    let refused = pool.insert(two.clone(), &[None, rich(0)], Origin::Client);
    assert_eq!(refused, Err(Refused::NoPayer { address: account(1) }));
    let refused = pool.insert(two, &[rich(0), None], Origin::Client);
    assert_eq!(refused, Err(AnteInvalid::NoAccount { address: account(2) }.into()));
}

#[test]
fn rejects_fees_that_pending_fees_have_used_up() {
    let mut pool = pool(Config::default());
    let state = [Some(SignerState { sequence: 0, funds: Amount(100) })];
    pool.insert(Draft::of(&[(1, 0)], 60).tx(), &state, Origin::Client).unwrap();
    let refused = pool.insert(Draft::of(&[(1, 1)], 41).tx(), &state, Origin::Client);
    assert_eq!(refused, Err(Refused::Funds { available: Amount(40), needed: Amount(41) }));
    assert_eq!(
        refused.unwrap_err().rejection().log,
        "spendable balance 40uve is smaller than 41uve: insufficient funds"
    );
    // What is replaced is not paid.
    pool.insert(Draft::of(&[(1, 0)], 100).tx(), &state, Origin::Client).unwrap();
}

#[test]
fn rejects_more_of_one_account_than_its_share() {
    let mut pool = pool(Config { max_per_account: 2, ..Config::default() });
    put(&mut pool, &Draft::of(&[(1, 0)], 10)).unwrap();
    put(&mut pool, &Draft::of(&[(1, 1)], 10)).unwrap();
    let refused = put(&mut pool, &Draft::of(&[(1, 2)], 10)).unwrap_err();
    assert_eq!(refused, Refused::AccountFull { address: account(1), count: 2, max: 2 });
    assert_eq!(refused.rejection().code, 20);
}

#[test]
fn a_better_transaction_drops_the_worst_tail_when_full() {
    let mut pool = pool(Config { max_count: 3, client_percent: 100, ..Config::default() });
    for (signer, sequence, fee) in [(1, 0, 5), (1, 1, 50), (2, 0, 20)] {
        put(&mut pool, &Draft::of(&[(signer, sequence)], fee)).unwrap();
    }
    let refused = put(&mut pool, &Draft::of(&[(3, 0)], 20)).unwrap_err();
    assert_eq!(refused.rejection().code, 20);
    assert_eq!(pool.len(), 3);
    let inserted = put(&mut pool, &Draft::of(&[(3, 0)], 30));
    assert_eq!(inserted, Ok(Inserted { evicted: 1, replaced: false }));
    let left: Vec<_> = proposed(&pool).concat();
    assert_eq!(left, [(3, 0), (1, 0), (1, 1)].map(|(n, sequence)| (account(n), sequence)));
}

/// How many a peer's transaction drove out, or the code it is refused with; and how many are pending then.
fn from_peer(pool: &mut Pool, signer: u8, fee: u128) -> (Result<usize, u32>, usize) {
    let outcome = pool.insert(Draft::of(&[(signer, 0)], fee).tx(), &[rich(0)], Origin::Peer);
    (outcome.map(|inserted| inserted.evicted).map_err(|refused| refused.rejection().code), pool.len())
}

#[test]
fn clients_fill_their_part_and_peers_the_rest() {
    let mut pool = pool(Config { max_count: 5, client_percent: 40, ..Config::default() });
    for (signer, fee) in [(1, 10), (2, 11)] {
        put(&mut pool, &Draft::of(&[(signer, 0)], fee)).unwrap();
    }
    let refused = put(&mut pool, &Draft::of(&[(3, 0)], 10)).unwrap_err();
    assert!(matches!(refused, Refused::Full { count: 2, max_count: 2, .. }), "{refused}");
    assert_eq!(from_peer(&mut pool, 4, 12), (Ok(0), 3));
    assert_eq!(from_peer(&mut pool, 5, 13), (Ok(0), 4));
    let refused = put(&mut pool, &Draft::of(&[(3, 0)], 10)).unwrap_err();
    assert!(matches!(refused, Refused::Full { count: 4, max_count: 2, .. }), "{refused}");
    // Beyond its part a client takes one place, not all that are beyond.
    let inserted = put(&mut pool, &Draft::of(&[(3, 0)], 14));
    assert_eq!(inserted, Ok(Inserted { evicted: 1, replaced: false }));
    assert_eq!(pool.len(), 4);
    assert_eq!(from_peer(&mut pool, 6, 11), (Ok(0), 5));
    assert_eq!(from_peer(&mut pool, 7, 11), (Err(20), 5));
    assert_eq!(from_peer(&mut pool, 7, 12), (Ok(1), 5));
}

#[test]
fn eviction_takes_tails_until_the_bytes_suffice_and_never_what_comes_before() {
    let mut pool = pool(Config { max_bytes: 300, client_percent: 100, ..Config::default() });
    for (sequence, fee) in [(0, 5), (1, 6), (2, 7)] {
        put(&mut pool, &Draft::of(&[(1, sequence)], fee)).unwrap();
    }
    // Its own predecessors cannot make room for it.
    assert!(matches!(put(&mut pool, &Draft::of(&[(1, 3)], 90)), Err(Refused::Full { .. })));
    let big = Draft { size: 200, ..Draft::of(&[(2, 0)], 90) };
    assert_eq!(put(&mut pool, &big), Ok(Inserted { evicted: 2, replaced: false }));
    let left: Vec<_> = proposed(&pool).concat();
    assert_eq!(left, [(2, 0), (1, 0)].map(|(n, sequence)| (account(n), sequence)));
    assert_eq!(pool.bytes(), 300);
}

#[test]
fn a_commit_drops_what_it_included_and_what_it_made_impossible() {
    let mut pool = pool(Config::default());
    let first = Draft::of(&[(1, 0)], 10);
    put(&mut pool, &first).unwrap();
    put(&mut pool, &Draft::of(&[(1, 1)], 10)).unwrap();
    put(&mut pool, &Draft::of(&[(2, 0), (3, 0)], 10)).unwrap();
    put(&mut pool, &Draft::of(&[(3, 1)], 10)).unwrap();
    // Another transaction of account 2, which this node never saw, used its sequence.
    let foreign = Draft { nonce: 7, ..Draft::of(&[(2, 0)], 10) };
    let txs = [first.tx(), foreign.tx()];
    let outcome = pool.committed(Height(11), txs.iter().map(|tx| tx.tx.as_ref()), []);
    assert_eq!(outcome, Committed { included: 1, stale: 2, expired: 0 });
    assert_eq!(proposed(&pool).concat(), [(account(1), 1)]);
}

#[test]
fn a_commit_drops_what_cannot_be_paid_any_more() {
    let mut pool = pool(Config::default());
    for sequence in 0..3 {
        put(&mut pool, &Draft::of(&[(1, sequence)], 40)).unwrap();
    }
    let poorer = SignerState { sequence: 0, funds: Amount(90) };
    let outcome = pool.committed(Height(11), [], [(account(1), poorer)]);
    assert_eq!(outcome.stale, 1);
    assert_eq!(pool.next_sequence(&account(1)), Some(2));
}

#[test]
fn transactions_leave_at_their_timeout_and_at_their_age() {
    let mut pool = pool(Config { max_age_blocks: 5, ..Config::default() });
    put(&mut pool, &Draft { timeout: 12, ..Draft::of(&[(1, 0)], 10) }).unwrap();
    put(&mut pool, &Draft::of(&[(1, 1)], 10)).unwrap();
    put(&mut pool, &Draft { timeout: 900, ..Draft::of(&[(2, 0)], 10) }).unwrap();
    assert_eq!(pool.committed(Height(11), [], []).expired, 0);
    // At 12 the next block is 13; what followed the first goes with it.
    assert_eq!(pool.committed(Height(12), [], []).expired, 2);
    assert_eq!(pool.committed(Height(14), [], []).expired, 0);
    assert_eq!(pool.committed(Height(15), [], []).expired, 1);
    assert!(pool.is_empty() && pool.queues.is_empty());
}

#[test]
fn a_proposal_respects_the_space_and_what_unfinished_blocks_hold() {
    let mut pool = pool(Config::default());
    for sequence in 0..4 {
        put(&mut pool, &Draft::of(&[(1, sequence)], 10)).unwrap();
    }
    put(&mut pool, &Draft { size: 50, ..Draft::of(&[(2, 0)], 1) }).unwrap();
    let done = HashSet::from([Draft::of(&[(1, 0)], 10).tx().tx.hash]);
    let space = BlockSpace { bytes: 250, ..SPACE };
    let txs = pool.propose(space, &done);
    let order: Vec<_> = txs.iter().flat_map(|tx| slots(&tx.tx)).collect();
    assert_eq!(order, [(1, 1), (1, 2), (2, 0)].map(|(n, sequence)| (account(n), sequence)));
    assert_eq!(pool.propose(BlockSpace { gas: 2_500_000, ..SPACE }, &done).len(), 2);
    assert_eq!(pool.propose(BlockSpace { count: 1, ..SPACE }, &done).len(), 1);
}

#[test]
fn the_oldest_come_in_order_of_arrival() {
    let mut pool = pool(Config::default());
    let drafts: Vec<Draft> = (1..40).rev().map(|n| Draft::of(&[(n, 0)], u64::from(n).into())).collect();
    for draft in &drafts {
        put(&mut pool, draft).unwrap();
    }
    let bytes = |drafts: &[Draft]| drafts.iter().map(|draft| draft.tx().tx.raw.clone()).collect::<Vec<_>>();
    assert_eq!(pool.oldest(3), bytes(&drafts[..3]));
    pool.remove(&[drafts[0].tx().tx.hash, drafts[2].tx().tx.hash]);
    assert_eq!(pool.oldest(usize::MAX), [bytes(&drafts[1..2]), bytes(&drafts[3..])].concat());
    assert!(pool.oldest(0).is_empty());
}

#[test]
fn a_refused_transaction_leaves_with_what_follows_it() {
    let mut pool = pool(Config::default());
    for sequence in 0..3 {
        put(&mut pool, &Draft::of(&[(1, sequence)], 10)).unwrap();
    }
    assert_eq!(pool.remove(&[Draft::of(&[(1, 1)], 10).tx().tx.hash]), 2);
    assert_eq!(pool.next_sequence(&account(1)), Some(1));
}

#[test]
fn what_clients_brought_is_handed_out_once_and_again_later() {
    let mut pool = pool(Config { gossip_again_blocks: 3, ..Config::default() });
    put(&mut pool, &Draft::of(&[(1, 0)], 10)).unwrap();
    put(&mut pool, &Draft::of(&[(2, 0)], 10)).unwrap();
    pool.insert(Draft::of(&[(3, 0)], 10).tx(), &[rich(0)], Origin::Peer).unwrap();
    assert_eq!(pool.take_unsent(150, 10, 4).len(), 1);
    assert_eq!(pool.take_unsent(150, 10, 4).len(), 1);
    assert!(!pool.has_unsent());
    pool.committed(Height(12), [], []);
    assert!(!pool.has_unsent());
    pool.committed(Height(13), [], []);
    assert_eq!(pool.take_unsent(1_000, 10, 4).len(), 2);
}

#[test]
fn precheck_refuses_before_signatures_are_looked_at() {
    let mut pool = pool(Config { max_count: 1, ..Config::default() });
    let check = |pool: &Pool, draft: &Draft, ahead| {
        pool.precheck(&draft.tx().tx, &vec![rich(0); draft.signers.len()], ahead, Origin::Client)
    };
    assert_eq!(check(&pool, &Draft::of(&[(1, 1)], 10), 0), Err(sequence_error(0, 1)));
    assert_eq!(check(&pool, &Draft::of(&[(1, 1)], 10), 1), Ok(()));
    put(&mut pool, &Draft::of(&[(1, 0)], 10)).unwrap();
    assert_eq!(check(&pool, &Draft::of(&[(1, 0)], 10), 0), Err(Refused::Duplicate));
    assert!(matches!(check(&pool, &Draft::of(&[(2, 0)], 10), 0), Err(Refused::Full { .. })));
    assert_eq!(check(&pool, &Draft::of(&[(2, 0)], 11), 0), Ok(()));
}

/// Every invariant of the module's description.
fn assert_sound(pool: &Pool) {
    assert!(pool.len() <= pool.config.max_count && pool.bytes <= pool.config.max_bytes);
    assert_eq!(pool.bytes, pool.entries.values().map(Entry::bytes).sum::<usize>());
    assert_eq!(pool.by_hash.len(), pool.len());
    assert_eq!(pool.drops.len(), pool.len());
    for (address, queue) in &pool.queues {
        assert!(!queue.txs.is_empty() && queue.txs.len() <= pool.config.max_per_account);
        let mut fees = 0;
        for (sequence, id) in (queue.next..).zip(&queue.txs) {
            let entry = &pool.entries[id];
            assert!(slots(&entry.tx.tx).any(|slot| slot == (*address, sequence)));
            if entry.tx.tx.fee.payer == *address {
                fees += entry.fee;
            }
        }
        assert_eq!(fees, queue.fees);
        assert!(queue.fees <= queue.funds);
    }
    let (mut heads, mut tails) = (BTreeSet::new(), BTreeSet::new());
    for (id, entry) in &pool.entries {
        let places: Vec<_> = slots(&entry.tx.tx).map(|(address, at)| (&pool.queues[&address], at)).collect();
        assert!(places.iter().all(|(queue, at)| queue.at(*at) == Some(*id)));
        if places.iter().all(|(queue, at)| queue.next == *at) {
            heads.insert(entry.priority);
        }
        if places.iter().all(|(queue, at)| queue.end() == at + 1) {
            tails.insert(entry.priority);
        }
    }
    assert_eq!((&pool.heads, &pool.tails), (&heads, &tails));
}

/// The proposal can be executed in its order and holds nothing twice.
fn assert_executable(pool: &Pool, txs: &[VerifiedTx]) {
    let mut next: FxHashMap<Address, u64> =
        pool.queues.iter().map(|(address, queue)| (*address, queue.next)).collect();
    let mut seen = HashSet::new();
    for tx in txs {
        assert!(seen.insert(tx.tx.hash));
        for (address, sequence) in slots(&tx.tx) {
            let expected = next.get_mut(&address).unwrap();
            assert_eq!(*expected, sequence);
            *expected += 1;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Signers, how far beyond the next sequence, fee, size.
    Insert(Vec<u8>, i64, u128, usize),
    /// A block of at most so many transactions of the pool.
    Commit(usize),
    /// An account spends money and a sequence elsewhere.
    Spend(u8, u128),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (vec(0u8..6, 1..4), -2i64..2, 1u128..100, 50usize..200)
            .prop_map(|(signers, beyond, fee, size)| Step::Insert(signers, beyond, fee, size)),
        1 => (0usize..6).prop_map(Step::Commit),
        1 => (0u8..6, 0u128..400).prop_map(|(signer, funds)| Step::Spend(signer, funds)),
        1 => (0usize..20).prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_the_invariants(steps in vec(step(), 1..150)) {
        let config = Config {
            max_count: 12, max_bytes: 1_500, client_percent: 60, max_per_account: 5, max_age_blocks: 8,
            max_remembered: 30, ..Config::default()
        };
        let mut pool = pool(config);
        let mut chain = [SignerState { sequence: 3, funds: Amount(1_000) }; 6];
        let mut height = Height(10);
        for (nonce, step) in (0u64..).zip(steps) {
            match step {
                Step::Insert(mut signers, beyond, fee, size) => {
                    signers.sort_unstable();
                    signers.dedup();
                    let sequence = |n: &u8| {
                        let known = pool.next_sequence(&account(*n));
                        let next = known.unwrap_or(chain[usize::from(*n)].sequence);
                        (*n, next.saturating_add_signed(beyond))
                    };
                    let slots: Vec<_> = signers.iter().map(sequence).collect();
                    let states: Vec<_> = signers.iter().map(|n| Some(chain[usize::from(*n)])).collect();
                    let draft = Draft { size, nonce, ..Draft::of(&slots, fee) };
                    let (before, bytes) = (pool.len(), pool.bytes());
                    let origin = if nonce % 2 == 0 { Origin::Client } else { Origin::Peer };
                    match pool.insert(draft.tx(), &states, origin) {
                        Ok(inserted) => {
                            let added = usize::from(!inserted.replaced);
                            prop_assert_eq!(pool.len(), before + added - inserted.evicted);
                            prop_assert!(pool.contains(&draft.tx().tx.hash));
                            if origin == Origin::Client {
                                prop_assert!(pool.len() <= before.max(8) && pool.bytes() <= bytes.max(900));
                            }
                        }
                        Err(_) => prop_assert_eq!(pool.len(), before),
                    }
                }
                Step::Commit(count) => {
                    let txs = pool.propose(BlockSpace { count, ..SPACE }, &HashSet::new());
                    assert_executable(&pool, &txs);
                    let mut changed = BTreeSet::new();
                    for tx in &txs {
                        for (address, sequence) in slots(&tx.tx) {
                            let n = address.0[0];
                            chain[usize::from(n)].sequence = sequence + 1;
                            changed.insert(n);
                        }
                        let payer = &mut chain[usize::from(tx.tx.fee.payer.0[0])];
                        payer.funds = payer.funds.minus(Amount(fee(&tx.tx))).expect("fees are covered");
                    }
                    height = height.plus(1);
                    let states = changed.into_iter().map(|n| (account(n), chain[usize::from(n)]));
                    let outcome = pool.committed(height, txs.iter().map(|tx| tx.tx.as_ref()), states);
                    prop_assert_eq!((outcome.included, outcome.stale), (txs.len(), 0));
                }
                Step::Spend(n, funds) => {
                    let state = &mut chain[usize::from(n)];
                    *state = SignerState { sequence: state.sequence + 1, funds: Amount(funds) };
                    height = height.plus(1);
                    pool.committed(height, [], [(account(n), *state)]);
                }
                Step::Remove(index) => {
                    let mut hashes: Vec<_> = pool.by_hash.keys().copied().collect();
                    hashes.sort_unstable();
                    if let Some(hash) = hashes.get(index) {
                        prop_assert!(pool.remove(&[*hash]) >= 1);
                    }
                }
            }
            assert_sound(&pool);
            let all = pool.propose(SPACE, &HashSet::new());
            assert_executable(&pool, &all);
            prop_assert_eq!(all.len(), pool.len());
        }
    }
}
