use super::*;
use crate::{
    Config, Status,
    testing::{Ledger, User, mempool},
};
use commonware_cryptography::{Signer as _, ed25519};
use commonware_p2p::{
    Sender as _,
    simulated::{self, Link, Network, Oracle},
};
use commonware_runtime::{Quota, Runner as _, Spawner as _, Supervisor as _, deterministic as runtime};
use commonware_utils::{NZU32, NZUsize, probability};

type Peer = ed25519::PublicKey;

/// A simulated network in which `count` peers reach each other.
async fn network(context: &runtime::Context, count: u64) -> (Vec<Peer>, Oracle<Peer, runtime::Context>) {
    let peers: Vec<Peer> = (0..count).map(|seed| ed25519::PrivateKey::from_seed(seed).public_key()).collect();
    let config = simulated::Config {
        max_size: 1024 * 1024,
        max_peers_per_set: NZUsize!(8),
        disconnect_on_block: true,
        tracked_peer_sets: NZUsize!(1),
    };
    let (network, oracle) = Network::new_with_peers(context.child("network"), config, peers.clone()).await;
    network.start();
    // Signatures are checked on threads that the runtime does not see: without a timer it would take a wait
    // for them for a standstill.
    context.child("ticks").spawn(|context| async move {
        loop {
            context.sleep(Duration::from_millis(1)).await;
        }
    });
    for from in &peers {
        for to in peers.iter().filter(|to| *to != from) {
            let link = Link {
                latency: Duration::from_millis(1),
                jitter: Duration::ZERO,
                success_rate: probability!(1.0),
            };
            oracle.add_link(from.clone(), to.clone(), link).await.unwrap();
        }
    }
    (peers, oracle)
}

fn quota() -> Quota {
    Quota::per_second(NZU32!(1_000))
}

/// Starts a node's mempool and gossip.
async fn node(
    context: &runtime::Context,
    oracle: &Oracle<Peer, runtime::Context>,
    peer: &Peer,
    ledger: &Ledger,
    config: Config,
) -> Mempool {
    let (mempool, admission) = mempool(config, ledger);
    let (sender, receiver) = oracle.control(peer.clone()).register(0, quota()).await.unwrap();
    context.child("admission").spawn(|clock| admission.run(async move |time| clock.sleep(time).await));
    let gossiping = mempool.clone();
    context.child("gossip").spawn(|context| run(context, gossiping, sender, receiver));
    mempool
}

async fn wait_for(mempool: &Mempool, reached: impl FnMut(&Status) -> bool) {
    mempool.subscribe().wait_for(reached).await.unwrap();
}

#[test]
fn what_one_node_takes_reaches_all_and_is_not_passed_on_twice() {
    runtime::Runner::default().start(|context| async move {
        let ledger = Ledger::default();
        let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
        let (peers, oracle) = network(&context, 3).await;
        let mut nodes = Vec::new();
        for peer in &peers {
            nodes.push(node(&context, &oracle, peer, &ledger, Config::default()).await);
        }
        for sequence in 0..20 {
            nodes[0].check_tx(user.transfer(sequence, 2_500)).await.unwrap();
        }
        for node in &nodes {
            wait_for(node, |status| status.count == 20).await;
        }
        assert_eq!(nodes[0].metrics().gossip_sent.get(), 20);
        for node in &nodes[1..] {
            assert_eq!(node.metrics().gossip_received.get(), 20);
            assert_eq!(node.metrics().gossip_sent.get(), 0);
        }
    });
}

#[test]
fn a_peer_that_sends_garbage_is_not_listened_to() {
    runtime::Runner::default().start(|context| async move {
        let ledger = Ledger::default();
        let user = User::in_ledger(&ledger, 1, 0, 1_000_000);
        let (peers, oracle) = network(&context, 3).await;
        let target = node(&context, &oracle, &peers[0], &ledger, Config::default()).await;
        let (mut hostile, _inbox) = oracle.control(peers[1].clone()).register(0, quota()).await.unwrap();
        let honest = node(&context, &oracle, &peers[2], &ledger, Config::default()).await;

        let to = || Recipients::One(peers[0].clone());
        hostile.send(to(), Bytes::from_static(b"\x01garbage"), false);
        hostile.send(to(), encode(&[user.transfer(0, 9_000)]), false);
        // Both of its messages have to be looked at before the honest one comes.
        while target.metrics().gossip_refused.get() < 2 {
            tokio::task::yield_now().await;
        }
        honest.check_tx(user.transfer(0, 2_500)).await.unwrap();
        wait_for(&target, |status| status.count == 1).await;
        assert_eq!(target.unconfirmed(1), [user.transfer(0, 2_500)]);
        assert_eq!(target.metrics().gossip_received.get(), 1);
    });
}

async fn check(mempool: &Mempool, message: Bytes) -> Result<(), String> {
    verdict(take(mempool, message).await.map_err(|error| error.to_string())?).await
}

#[tokio::test]
async fn a_batch_with_a_wrong_signature_is_garbage_and_one_with_a_used_sequence_is_not() {
    let ledger = Ledger::default();
    let user = User::in_ledger(&ledger, 1, 3, 1_000_000);
    let (mempool, admission) = mempool(Config::default(), &ledger);
    tokio::spawn(admission.run(tokio::time::sleep));
    assert_eq!(check(&mempool, encode(&[user.transfer(2, 2_500)])).await, Ok(()));
    let foreign = user.transfer_on("other-1", 3, 2_500);
    let batch = encode(&[foreign, user.transfer(3, 2_500)]);
    let reason = check(&mempool, batch).await.unwrap_err();
    assert!(reason.contains("signature verification failed"), "{reason}");
    assert_eq!(mempool.status().count, 1);
    assert!(check(&mempool, encode(&[Bytes::from_static(b"no transaction")])).await.is_err());
}
