//! How few reads reach what bids and windows look at.

use super::fixture::*;
use crate::{
    BlockContext, BlockExecutor, Mode, Step,
    testing::{CHAIN_ID, Harness, address},
};
use virtengine_types::{
    Address, Height, Timestamp,
    market::{OrderStatus, Selection},
    msg::{AttestProvider, Msg, RevokeAttestation},
    tx::VerifiedTx,
};

/// Auditors that an order names in each of its two lists.
const AUDITORS: usize = 16;

/// A market whose providers all of 32 auditors have attested, and these auditors.
fn audited_market(providers: usize) -> (Harness, Vec<Address>) {
    let mut names: Vec<String> = (0..providers).map(|number| format!("p{number}")).collect();
    names.extend((0..2 * AUDITORS).map(|number| format!("a{number}")));
    let mut actors = vec!["tenant", "friend"];
    actors.extend(names.iter().map(String::as_str));
    let mut chain = Harness::new(&actors);
    let (providers, auditors) = names.split_at(providers);
    let mut entries: Vec<_> = providers.iter().map(|name| (address(name), vec![register(name)])).collect();
    entries.extend(auditors.iter().map(|auditor| {
        let attest = |provider: &String| {
            Msg::AttestProvider(AttestProvider {
                auditor: address(auditor),
                provider: address(provider),
                attributes: vec![attribute("region", "eu"), attribute("tier", "gold")],
            })
        };
        (address(auditor), providers.iter().map(attest).collect())
    }));
    assert!(chain.block(&entries).results.iter().all(|result| result.code == 0));
    (chain, auditors.iter().map(|name| address(name)).collect())
}

/// Reads of the database, after those that are hinted, that the next block takes.
fn reads(chain: &Harness, txs: Vec<VerifiedTx>) -> usize {
    let (height, time) = (chain.height.plus(1), Timestamp(chain.time.0 + 1_000));
    let context = BlockContext { chain_id: CHAIN_ID.to_owned(), epoch: 0, height, time };
    let mut executor = BlockExecutor::new(context, txs, Mode::Verify);
    let load = |executor: &mut BlockExecutor, keys: Vec<virtengine_state::Key>| {
        executor.load(keys.into_iter().map(|key| (key, chain.store.get(&key))));
    };
    let hints = executor.hints();
    load(&mut executor, hints);
    let mut reads = 0;
    loop {
        match executor.run().unwrap() {
            Step::Load(keys) => {
                reads += 1;
                load(&mut executor, keys);
            }
            Step::Done(executed) => {
                assert!(executed.outcome.results.iter().all(|result| result.code == 0));
                return reads;
            }
            Step::Invalid(rejection) => panic!("{rejection}"),
        }
    }
}

#[test]
fn one_read_tells_what_all_auditors_of_a_bid_say() {
    let (mut chain, auditors) = audited_market(1);
    let order = posted(&mut chain, Selection::Manual, |spec| {
        let (any, all) = auditors.split_at(AUDITORS);
        (spec.signed_by_any, spec.signed_by_all) = (any.to_vec(), all.to_vec());
    });
    let message = |chain: &Harness, name: &str, message| {
        vec![chain.verified(chain.tx(address(name), 0, vec![message]))]
    };
    assert_eq!(reads(&chain, message(&chain, "p0", submit(order, "p0", 5))), 1);
    let bid = offered(&mut chain, order, "p0", 5);
    let plain = manual(&mut chain);
    let plain = offered(&mut chain, plain, "p0", 5);
    let without = reads(&chain, message(&chain, "tenant", accept(plain)));
    let with = reads(&chain, message(&chain, "tenant", accept(bid)));
    assert!(with <= without + 1, "{with} reads with auditors, {without} without");
}

#[test]
fn a_few_reads_reach_the_last_bid_of_a_window_whose_auditor_still_vouches() {
    const BIDDERS: usize = 40;
    let (mut chain, auditors) = audited_market(BIDDERS);
    let order =
        posted(&mut chain, Selection::Auto, |spec| spec.signed_by_all = auditors[..AUDITORS].to_vec());
    let names: Vec<String> = (0..BIDDERS).map(|number| format!("p{number}")).collect();
    let bids: Vec<_> = names
        .iter()
        .zip(1..)
        .map(|(name, price)| (address(name), vec![submit(order, name, price)]))
        .collect();
    assert!(chain.block(&bids).results.iter().all(|result| result.code == 0));
    // The auditor that is looked at last takes back all but what it said of the dearest bidder.
    let auditor = auditors[AUDITORS - 1];
    let revoked = names[..BIDDERS - 1]
        .iter()
        .map(|name| Msg::RevokeAttestation(RevokeAttestation { auditor, provider: address(name) }));
    assert!(chain.block(&[(auditor, revoked.collect())]).results.iter().all(|result| result.code == 0));
    let expires_at = chain.row(&crate::market::ORDERS, &order).unwrap().expires_at;
    while chain.height < Height(expires_at.0 - 1) {
        chain.empty_blocks(1);
    }
    let found = reads(&chain, Vec::new());
    assert!(found < BIDDERS / 2, "{found} reads");
    chain.empty_blocks(1);
    let row = chain.row(&crate::market::ORDERS, &order).unwrap();
    assert_eq!(row.status, OrderStatus::Matched);
    let lease = chain.row(&crate::market::LEASES, &row.lease.unwrap()).unwrap();
    assert_eq!(lease.provider, address(&names[BIDDERS - 1]));
    sound(&chain);
}
