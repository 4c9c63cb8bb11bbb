//! Cycles under way.

use super::messages::{self, GAS};
use crate::load::{Sequences, Signed, Signer, Terms, TxResult, Work};
use prost::Name;
use prost_types::Any;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use virtengine_client::Refusal;
use virtengine_types::proto::virtengine::market::v1::{
    MsgAcceptBidResponse, MsgCreateOrderResponse, MsgSubmitBidResponse,
};

/// Many cycles side by side: an arrival begins one for a tenant that has none, and each step that is final signs the
/// next. Providers take turns.
pub(super) struct Cycles {
    /// Tenants, then providers.
    signers: Vec<Signer>,
    /// Of each one.
    sequences: Vec<Sequences>,
    tenants: usize,
    /// Tenants without a cycle.
    free: VecDeque<u32>,
    /// Turns of the providers so far.
    turns: usize,
    terms: Terms,
    /// By account and sequence, what is under way and for which tenant.
    steps: FxHashMap<(u32, u64), (Step, u32)>,
}

/// A transaction of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Order,
    Bid,
    Accept,
    Close,
}

impl Cycles {
    pub(super) fn new(tenants: Vec<Signer>, providers: Vec<Signer>, terms: Terms) -> Self {
        let count = tenants.len();
        let signers: Vec<Signer> = tenants.into_iter().chain(providers).collect();
        Self {
            sequences: signers.iter().map(|signer| Sequences::from(signer.sequence())).collect(),
            signers,
            tenants: count,
            free: (0..count as u32).collect(),
            turns: 0,
            terms,
            steps: FxHashMap::default(),
        }
    }

    /// Signs a step with its account's next sequence.
    fn sign(
        &mut self,
        account: u32,
        tenant: u32,
        step: Step,
        message: impl FnOnce(&Signer) -> Any,
    ) -> Option<Signed> {
        let signer = self.signers.get(account as usize)?;
        let sequence = self.sequences.get_mut(account as usize)?.take();
        let signed = signer.sign(account, sequence, &[message(signer)], GAS, &self.terms);
        self.steps.insert((account, sequence), (step, tenant));
        Some(signed)
    }

    /// The provider whose turn it is.
    fn provider(&mut self) -> u32 {
        let providers = self.signers.len().saturating_sub(self.tenants).max(1);
        self.turns = (self.turns + 1) % providers;
        (self.tenants + self.turns) as u32
    }

    fn follow(&mut self, tenant: u32, step: Step, result: &TxResult) -> Option<Signed> {
        match step {
            Step::Order => {
                let MsgCreateOrderResponse { order_id } = response(result)?;
                let provider = self.provider();
                self.sign(provider, tenant, Step::Bid, |signer| messages::bid(signer, order_id))
            }
            Step::Bid => {
                let MsgSubmitBidResponse { bid_id } = response(result)?;
                self.sign(tenant, tenant, Step::Accept, |signer| messages::acceptance(signer, bid_id))
            }
            Step::Accept => {
                let MsgAcceptBidResponse { lease_id } = response(result)?;
                self.sign(tenant, tenant, Step::Close, |signer| messages::close(signer, lease_id))
            }
            Step::Close => None,
        }
    }
}

impl Work for Cycles {
    fn arrive(&mut self) -> Result<Signed, &'static str> {
        let why = "every tenant has a cycle under way: use more --accounts";
        let tenant = self.free.pop_front().ok_or(why)?;
        let signer = self.signers.get(tenant as usize).ok_or(why)?;
        let sequence = self.sequences.get_mut(tenant as usize).ok_or(why)?.take();
        let signed = messages::order(signer, tenant, sequence, &self.terms);
        self.steps.insert((tenant, sequence), (Step::Order, tenant));
        Ok(signed)
    }

    fn refused(&mut self, account: u32, sequence: u64, refusal: Option<&Refusal>) {
        if let Some(sequences) = self.sequences.get_mut(account as usize) {
            sequences.refused(sequence, refusal);
        }
        if let Some((_, tenant)) = self.steps.remove(&(account, sequence)) {
            self.free.push_back(tenant);
        }
    }

    fn included(&mut self, account: u32, sequence: u64, result: Option<&TxResult>) -> Option<Signed> {
        self.sequences.get_mut(account as usize)?.included(sequence);
        let (step, tenant) = self.steps.remove(&(account, sequence))?;
        let following = result.and_then(|result| self.follow(tenant, step, result));
        if following.is_none() {
            // The cycle has come to its end, or failed.
            self.free.push_back(tenant);
        }
        following
    }
}

/// The response to the first message of a transaction that succeeded.
fn response<M: prost::Message + Name + Default>(result: &TxResult) -> Option<M> {
    let (kind, bytes) = result.responses.first().filter(|_| result.code == 0)?;
    (*kind == M::type_url()).then(|| M::decode(bytes.as_slice()).ok()).flatten()
}
