//! Transfers, signed before the load begins.

#[cfg(test)]
mod tests;

use super::{Hash, Sequences, Signed, Signer, Terms, TxResult, Work};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use virtengine_client::{Refusal, sign::any};
use virtengine_types::{Address, Amount, Coin, proto::cosmos::bank::v1beta1::MsgSend};

/// Gas of a transfer: about twice what it uses.
const GAS: u64 = 60_000;

/// Pre-signed transfers of many senders.
///
/// An arrival names a sender; it sends the sender's next transaction. One that a node refuses is sent again at the
/// sender's next arrival, as those behind it could not come into a block without it.
pub struct Transfers {
    /// The sender of each arrival.
    order: std::vec::IntoIter<u32>,
    senders: Vec<Queue>,
}

struct Queue {
    /// By sequence, from `first`.
    signed: Vec<Signed>,
    first: u64,
    sequences: Sequences,
}

/// What a transfer's receiver is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Receivers {
    /// One is drawn for each transfer.
    pub(crate) all: Vec<Address>,
    /// Receives the share `hot_share` of all transfers.
    pub(crate) hot: Address,
    /// 0 to 1.
    pub(crate) hot_share: f64,
}

impl Transfers {
    /// Signs a transfer for each of `count` arrivals, on all cores; `signed` is told of each thousand. Same seed, same
    /// transfers.
    ///
    /// Memory: some 400 bytes a transfer.
    pub(crate) fn sign(
        signers: &[Signer],
        count: usize,
        receivers: &Receivers,
        terms: &Terms,
        seed: u64,
        signed: &(dyn Fn(u64) + Sync),
    ) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ 0x7261_6e73); // not the numbers of the schedule
        let mut to: Vec<Vec<Address>> = vec![Vec::new(); signers.len()];
        let mut order = Vec::with_capacity(count);
        for _ in 0..count {
            let sender = random.random_range(0..signers.len());
            let receiver = if random.random::<f64>() < receivers.hot_share {
                receivers.hot
            } else {
                receivers.all[random.random_range(0..receivers.all.len())]
            };
            to[sender].push(receiver);
            order.push(sender as u32);
        }
        let queue = |(index, to): (usize, Vec<Address>)| {
            let signer = &signers[index];
            let first = signer.sequence();
            let one = |(sequence, to): (u64, Address)| {
                transfer(signer, index as u32, sequence, &to.to_string(), terms)
            };
            let all: Vec<Signed> = (first..).zip(to).map(one).collect();
            signed(all.len() as u64);
            Queue { signed: all, first, sequences: Sequences::from(first) }
        };
        let senders = to.into_par_iter().enumerate().map(queue).collect();
        Self { order: order.into_iter(), senders }
    }
}

impl Work for Transfers {
    fn arrive(&mut self) -> Result<Signed, &'static str> {
        let sender = self.order.next().ok_or("more arrivals than signed transfers")?;
        let queue = self.senders.get_mut(sender as usize).ok_or("no such sender")?;
        let place =
            queue.sequences.take().checked_sub(queue.first).and_then(|place| usize::try_from(place).ok());
        let signed =
            place.and_then(|place| queue.signed.get(place)).ok_or("no signed transfer of this sequence")?;
        Ok(signed.clone())
    }

    fn refused(&mut self, account: u32, sequence: u64, refusal: Option<&Refusal>) {
        if let Some(queue) = self.senders.get_mut(account as usize) {
            queue.sequences.refused(sequence, refusal);
        }
    }

    fn included(&mut self, account: u32, sequence: u64, _: Option<&TxResult>) -> Vec<Signed> {
        if let Some(queue) = self.senders.get_mut(account as usize) {
            queue.sequences.included(sequence);
        }
        Vec::new()
    }

    fn fingerprint(&self) -> Option<Hash> {
        let mut queues: Vec<_> = self.senders.iter().map(|queue| queue.signed.iter()).collect();
        let mut all = Sha256::new();
        for sender in self.order.as_slice() {
            all.update(queues.get_mut(*sender as usize)?.next()?.hash);
        }
        Some(all.finalize().into())
    }
}

/// A transfer of 1 uve, signed by the account at `index` of a load with its next sequence.
pub fn transfer(signer: &Signer, index: u32, sequence: u64, to: &str, terms: &Terms) -> Signed {
    let message = MsgSend {
        from_address: signer.address().to_string(),
        to_address: to.to_owned(),
        amount: vec![Coin::base(Amount(1)).to_wire()],
    };
    signer.sign(index, sequence, &[any(&message)], GAS, terms)
}
