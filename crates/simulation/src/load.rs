//! Transfers from all regions, and when each node knows of them.

use crate::geography::{REGIONS, one_way, region};
use commonware_runtime::{Clock, deterministic};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rustc_hash::FxHashMap;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use virtengine_client::BaseAccount;
use virtengine_consensus::{BatchLimits, TxSource};
use virtengine_crypto::{
    KeyKind, SigningKey,
    cosmos::{SignerAccount, Unverified, verify_txs},
};
use virtengine_lab::load::{Arrivals, Signer, Terms, keys, schedule, transfer};
use virtengine_types::{
    Address,
    block::{FinalizedBlock, Hash},
    code::Rejection,
    ledger::Pool,
    tx::{DecodedTx, VerifiedTx},
};

/// Name of the simulated chain.
pub(crate) const CHAIN: &str = "virtengine-world-1";
/// uve for each million of gas, the chain's minimum or more.
const GAS_PRICE: u128 = 25_000;
/// Accounts for each transfer a second: so long as a transfer is final within as many seconds, none of its account is
/// under way when the next one arrives.
const ACCOUNTS_PER_RATE: f64 = 5.0;
/// From a node's taking a transaction to its sending it on: the mempool's default.
const LINGER: Duration = Duration::from_millis(5);

/// Transfers in the order of their arrivals.
pub(crate) struct Load {
    pub(crate) addresses: Vec<Address>,
    pub(crate) transfers: Vec<Transfer>,
    /// Places by hash.
    places: FxHashMap<Hash, usize>,
    /// Places by the region in which they are submitted.
    by_region: Vec<Vec<usize>>,
}

/// A transfer.
pub(crate) struct Transfer {
    /// Since the load's start.
    pub(crate) due: Duration,
    /// The validator that it is submitted to.
    pub(crate) home: usize,
    verified: VerifiedTx,
}

/// The numbers of accounts in the genesis: places in the order of addresses, those of the pools among them.
fn numbers(accounts: impl Iterator<Item = Address> + Clone) -> Vec<u64> {
    let pools = [Pool::Fees, Pool::Community].map(Pool::address);
    let all: BTreeSet<Address> = accounts.clone().chain(pools).collect();
    let places: BTreeMap<Address, u64> = all.into_iter().zip(0..).collect();
    accounts.map(|address| places[&address]).collect()
}

impl Load {
    /// Signs transfers that arrive at `rate` a second for `duration`, at each validator as many.
    pub(crate) fn new(validators: usize, rate: f64, duration: Duration, seed: u64) -> Arc<Self> {
        let dues = schedule(Arrivals::Poisson, rate, duration, seed);
        let count = (rate * ACCOUNTS_PER_RATE).ceil().max(1.0) as usize;
        let keys = keys(KeyKind::Ed25519, "world", seed, count);
        let numbers = numbers(keys.iter().map(SigningKey::address));
        let signers: Vec<Signer> = keys
            .into_iter()
            .zip(&numbers)
            .map(|(key, number)| {
                let address = key.address();
                Signer::new(key, BaseAccount { address, account_number: *number, sequence: 0 })
            })
            .collect();
        let addresses: Vec<Address> = signers.iter().map(Signer::address).collect();
        let terms = Terms { chain_id: CHAIN.to_owned(), gas_price: GAS_PRICE };
        let mut random = StdRng::seed_from_u64(seed ^ 0x776f_726c); // not the numbers of the schedule
        let signed = |place: usize| {
            // Accounts take turns, each always at one validator.
            let account = place % count;
            let to = addresses[random.random_range(0..count)].to_string();
            let sequence = (place / count) as u64;
            let signed = transfer(&signers[account], account as u32, sequence, &to, &terms);
            let tx = Arc::new(DecodedTx::decode(signed.bytes).expect("a transfer that was made here"));
            Unverified {
                tx,
                accounts: vec![SignerAccount { account_number: numbers[account], public_key: None }],
            }
        };
        let signed: Vec<Unverified> = (0..dues.len()).map(signed).collect();
        let verified = verify_txs(&signed, CHAIN).into_iter();
        let verified = verified.map(|checked| checked.expect("a signature that was made here"));
        let transfers: Vec<Transfer> = dues
            .into_iter()
            .zip(verified)
            .enumerate()
            .map(|(place, (due, verified))| Transfer { due, home: place % count % validators, verified })
            .collect();
        let mut by_region = vec![Vec::new(); REGIONS.len()];
        for (place, transfer) in transfers.iter().enumerate() {
            by_region[region(transfer.home)].push(place);
        }
        let places = transfers
            .iter()
            .enumerate()
            .map(|(place, transfer)| (transfer.verified.tx.hash, place))
            .collect();
        Arc::new(Self { addresses, transfers, places, by_region })
    }

    /// The transfer of a hash, with its place.
    pub(crate) fn find(&self, hash: &Hash) -> Option<(usize, &Transfer)> {
        let place = *self.places.get(hash)?;
        Some((place, self.transfers.get(place)?))
    }
}

/// What one node knows of the load: a transfer from its arrival on, sooner the nearer it was submitted.
pub(crate) struct Inbox {
    load: Arc<Load>,
    clock: deterministic::Context,
    start: SystemTime,
    /// From submission in each region to here.
    delays: Vec<Duration>,
    state: Mutex<State>,
    refused: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    /// How many of each region have arrived.
    arrived: Vec<usize>,
    /// Arrived and not final, by place.
    open: BTreeMap<usize, VerifiedTx>,
    /// Final before they arrived here.
    done: HashSet<usize>,
}

impl Inbox {
    /// Of a validator, for a load that begins at `start`. `refused` counts what the chain does not admit.
    pub(crate) fn new(
        load: Arc<Load>,
        clock: deterministic::Context,
        start: SystemTime,
        validator: usize,
        refused: Arc<AtomicU64>,
    ) -> Arc<Self> {
        let here = region(validator);
        // A client is in the region of its validator, from which gossip goes on.
        let delay = |from: usize| one_way(from, from) + LINGER + one_way(from, here);
        let delays = (0..REGIONS.len()).map(delay).collect();
        let state = State { arrived: vec![0; REGIONS.len()], ..State::default() };
        Arc::new(Self { load, clock, start, delays, state: Mutex::new(state), refused })
    }

    /// When the next transfer of a region arrives.
    fn next_of(&self, state: &State, region: usize) -> Option<(usize, SystemTime)> {
        let place = *self.load.by_region[region].get(state.arrived[region])?;
        Some((place, self.start + self.load.transfers[place].due + self.delays[region]))
    }

    /// Takes in what has arrived.
    fn take(&self, state: &mut State) {
        let now = self.clock.current();
        for region in 0..REGIONS.len() {
            while let Some((place, _)) = self.next_of(state, region).filter(|(_, at)| *at <= now) {
                state.arrived[region] += 1;
                if !state.done.remove(&place) {
                    state.open.insert(place, self.load.transfers[place].verified.clone());
                }
            }
        }
    }
}

impl TxSource for Inbox {
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>> {
        let mut state = self.state.lock();
        self.take(&mut state);
        let open = state.open.values().filter(|verified| !exclude.contains(&verified.tx.hash));
        let batch: Vec<VerifiedTx> = open.take(limits.count).cloned().collect();
        drop(state);
        Box::pin(async move { batch })
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        let mut state = self.state.lock();
        self.take(&mut state);
        let next =
            (0..REGIONS.len()).filter_map(|region| self.next_of(&state, region)).map(|(_, at)| at).min();
        drop(state);
        Box::pin(async move {
            match next {
                Some(at) => self.clock.sleep_until(at).await,
                None => futures::future::pending().await,
            }
        })
    }

    fn decoded(&self, hash: &Hash) -> Option<Arc<DecodedTx>> {
        self.load.find(hash).map(|(_, transfer)| transfer.verified.tx.clone())
    }

    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>> {
        // Signatures take no virtual time, so each was checked once for all nodes.
        let verdicts = txs.into_iter().map(|unverified| match self.load.find(&unverified.tx.hash) {
            Some((_, transfer)) => Ok(transfer.verified.clone()),
            None => {
                virtengine_crypto::cosmos::verify_tx(&unverified, CHAIN).map_err(|error| error.rejection())
            }
        });
        let verdicts = verdicts.collect();
        Box::pin(async move { verdicts })
    }

    fn refused(&self, txs: Vec<(Hash, Rejection)>) {
        self.refused.fetch_add(txs.len() as u64, Ordering::Relaxed);
    }

    fn committed(&self, block: &FinalizedBlock) {
        let mut state = self.state.lock();
        self.take(&mut state);
        for tx in &block.txs {
            if let Some((place, _)) = self.load.find(&tx.hash)
                && state.open.remove(&place).is_none()
            {
                state.done.insert(place);
            }
        }
    }
}
