//! Cycles under way.

use super::messages::{self, GAS};
use crate::load::{Hash, Sequences, Signed, Signer, Terms, TxResult, Work, transfer};
use prost::Name;
use prost_types::Any;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rustc_hash::FxHashMap;
use virtengine_client::Refusal;
use virtengine_types::proto::virtengine::market::v1::{
    MsgAcceptBidResponse, MsgCreateOrderResponse, MsgSubmitBidResponse,
};

/// What arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mix {
    /// Part of the transactions that are transfers.
    pub(super) transfer_share: f64,
    /// Part of the cycles and transfers that the first tenant has, and of the cycles on which the first providers bid.
    pub(super) hot_share: f64,
    /// Bids on an order.
    pub(super) bids: usize,
}

/// Many cycles side by side: an arrival begins one, or is a transfer, and each step that is final signs the next.
/// Tenants and providers take turns, each as often as its turn comes, so that no arrival waits for an earlier one.
pub(super) struct Cycles {
    /// Tenants, then providers.
    signers: Vec<Signer>,
    /// Of each one.
    sequences: Vec<Sequences>,
    tenants: usize,
    /// Turns of the tenants and of the providers so far.
    turns: [usize; 2],
    mix: Mix,
    random: StdRng,
    terms: Terms,
    /// By account and sequence, what is under way.
    steps: FxHashMap<(u32, u64), Step>,
    /// By their numbers, orders of which not all bids are final.
    orders: FxHashMap<u64, Open>,
}

/// A transaction of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Order { hot: bool },
    Bid { order: u64 },
    Accept,
    Close,
}

/// An order that waits for bids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    tenant: u32,
    waiting: usize,
    /// The first that became final.
    bid: Option<u64>,
}

impl Mix {
    /// Transactions of a cycle: order, bids, acceptance, close.
    fn steps(&self) -> f64 {
        3.0 + self.bids as f64
    }

    /// Transactions that follow from one arrival, itself included, on average.
    pub(super) fn per_arrival(&self) -> f64 {
        1.0 / (self.transfer_share + (1.0 - self.transfer_share) / self.steps())
    }

    /// Part of the arrivals that are transfers.
    fn transfers(&self) -> f64 {
        self.transfer_share * self.per_arrival()
    }
}

impl Cycles {
    /// `seed` draws which arrivals are transfers and which are of the hot accounts.
    pub(super) fn new(
        tenants: Vec<Signer>,
        providers: Vec<Signer>,
        terms: Terms,
        mix: Mix,
        seed: u64,
    ) -> Self {
        let count = tenants.len();
        let signers: Vec<Signer> = tenants.into_iter().chain(providers).collect();
        Self {
            sequences: signers.iter().map(|signer| Sequences::from(signer.sequence())).collect(),
            signers,
            tenants: count,
            turns: [0; 2],
            mix,
            random: StdRng::seed_from_u64(seed ^ 0x6d69_7865), // not the numbers of the schedule
            terms,
            steps: FxHashMap::default(),
            orders: FxHashMap::default(),
        }
    }

    /// Signs with an account's next sequence.
    fn sign(&mut self, account: u32, sign: impl FnOnce(&Signer, u64, &Terms) -> Signed) -> Option<Signed> {
        let signer = self.signers.get(account as usize)?;
        let sequence = self.sequences.get_mut(account as usize)?.take();
        Some(sign(signer, sequence, &self.terms))
    }

    /// Signs a step of a cycle.
    fn step(&mut self, account: u32, step: Step, message: impl FnOnce(&Signer) -> Any) -> Option<Signed> {
        let signed = self.sign(account, |signer, sequence, terms| {
            signer.sign(account, sequence, &[message(signer)], GAS, terms)
        })?;
        self.steps.insert((account, signed.sequence), step);
        Some(signed)
    }

    /// The tenant whose turn it is.
    fn tenant(&mut self) -> u32 {
        let turn = self.turns[0];
        self.turns[0] = (turn + 1) % self.tenants.max(1);
        turn as u32
    }

    /// The provider whose turn it is.
    fn provider(&mut self) -> u32 {
        let turn = self.turns[1];
        self.turns[1] = (turn + 1) % self.signers.len().saturating_sub(self.tenants).max(1);
        (self.tenants + turn) as u32
    }

    /// The bids on an order that is final.
    fn bids(&mut self, tenant: u32, hot: bool, order: u64) -> Vec<Signed> {
        let count = self.mix.bids;
        let bid = |index| {
            let provider = if hot { (self.tenants + index) as u32 } else { self.provider() };
            self.step(provider, Step::Bid { order }, |signer| messages::bid(signer, order))
        };
        let signed: Vec<Signed> = (0..count).filter_map(bid).collect();
        self.orders.insert(order, Open { tenant, waiting: signed.len(), bid: None });
        signed
    }

    /// Counts a bid that is final, or lost; after the last one the first of them is accepted.
    fn told(&mut self, order: u64, bid: Option<u64>) -> Option<Signed> {
        let open = self.orders.get_mut(&order)?;
        open.waiting = open.waiting.saturating_sub(1);
        open.bid = open.bid.or(bid);
        let Open { tenant, waiting: 0, bid } = *open else { return None };
        self.orders.remove(&order);
        let bid = bid?;
        self.step(tenant, Step::Accept, |signer| messages::acceptance(signer, bid))
    }
}

impl Work for Cycles {
    fn arrive(&mut self) -> Result<Signed, &'static str> {
        let transfers = self.random.random::<f64>() < self.mix.transfers();
        let hot = self.random.random::<f64>() < self.mix.hot_share;
        let tenant = if hot { 0 } else { self.tenant() };
        let signed = if transfers {
            let to = self.signers.first().map(|hot| hot.address().to_string()).unwrap_or_default();
            self.sign(tenant, |signer, sequence, terms| transfer(signer, tenant, sequence, &to, terms))
        } else {
            self.step(tenant, Step::Order { hot }, messages::order)
        };
        signed.ok_or("there is no tenant")
    }

    fn refused(&mut self, account: u32, sequence: u64, refusal: Option<&Refusal>) {
        if let Some(sequences) = self.sequences.get_mut(account as usize) {
            sequences.refused(sequence, refusal);
        }
        if let Some(Step::Bid { order }) = self.steps.remove(&(account, sequence)) {
            // Its cycle ends, as a refused step does not come again.
            self.orders.remove(&order);
        }
    }

    fn included(&mut self, account: u32, sequence: u64, result: Option<&TxResult>) -> Vec<Signed> {
        if let Some(sequences) = self.sequences.get_mut(account as usize) {
            sequences.included(sequence);
        }
        match self.steps.remove(&(account, sequence)) {
            Some(Step::Order { hot }) => match response(result) {
                Some(MsgCreateOrderResponse { order_id }) => self.bids(account, hot, order_id),
                None => Vec::new(),
            },
            Some(Step::Bid { order }) => {
                let bid = response(result).map(|MsgSubmitBidResponse { bid_id }| bid_id);
                self.told(order, bid).into_iter().collect()
            }
            Some(Step::Accept) => {
                let close = response(result).and_then(|MsgAcceptBidResponse { lease_id }| {
                    self.step(account, Step::Close, |signer| messages::close(signer, lease_id))
                });
                close.into_iter().collect()
            }
            Some(Step::Close) | None => Vec::new(),
        }
    }

    fn fingerprint(&self) -> Option<Hash> {
        None
    }
}

/// The response to the first message of a transaction that succeeded.
fn response<M: prost::Message + Name + Default>(result: Option<&TxResult>) -> Option<M> {
    let (kind, bytes) = result.filter(|result| result.code == 0)?.responses.first()?;
    (*kind == M::type_url()).then(|| M::decode(bytes.as_slice()).ok()).flatten()
}
