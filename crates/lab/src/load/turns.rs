//! Transfers of senders that take turns, for loads that nodes refuse.

use super::{Hash, Receivers, Signed, Signer, Terms, TxResult, Work, transfers::transfer};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rayon::prelude::*;
use std::collections::VecDeque;
use virtengine_client::Refusal;
use virtengine_types::code::SdkCode;

/// Pre-signed transfers, of each sender at most one without an answer: so that a refusal is of one transaction, not of
/// those behind it too, and a sender that was refused tries the same again when its turn comes.
pub(crate) struct Turns {
    /// Who may send, the one that has waited longest first.
    idle: VecDeque<u32>,
    senders: Vec<Sender>,
    /// Senders that have sent all that was signed.
    spent: usize,
}

struct Sender {
    /// By sequence, from `first`.
    signed: Vec<Signed>,
    first: u64,
    /// Place of the next one.
    next: usize,
    waits: bool,
}

impl Turns {
    /// Signs `each` transfers of every sender, on all cores; `signed` is told of each sender's. Same seed, same
    /// transfers.
    pub(crate) fn sign(
        signers: &[Signer],
        each: usize,
        receivers: &Receivers,
        terms: &Terms,
        seed: u64,
        signed: &(dyn Fn(u64) + Sync),
    ) -> Self {
        let sender = |(index, signer): (usize, &Signer)| {
            let mut random = StdRng::seed_from_u64(seed ^ 0x7475_726e ^ ((index as u64) << 32));
            let first = signer.sequence();
            let one = |sequence| {
                let hot = random.random::<f64>() < receivers.hot_share;
                let drawn = receivers.all[random.random_range(0..receivers.all.len())];
                let to = if hot { receivers.hot } else { drawn };
                transfer(signer, index as u32, sequence, &to.to_string(), terms)
            };
            let all: Vec<Signed> = (first..).take(each).map(one).collect();
            signed(all.len() as u64);
            Sender { signed: all, first, next: 0, waits: false }
        };
        let senders: Vec<Sender> = signers.par_iter().enumerate().map(sender).collect();
        Self { idle: (0..).take(senders.len()).collect(), senders, spent: 0 }
    }

    /// Gives a sender its next turn, from the sequence `next` on, if it waits for the answer to `sequence`.
    fn answered(&mut self, account: u32, sequence: u64, next: u64) {
        let Some(sender) = self.senders.get_mut(account as usize) else { return };
        if sender.waits && sender.first + sender.next as u64 == sequence {
            sender.next = usize::try_from(next.saturating_sub(sender.first)).unwrap_or(usize::MAX);
            sender.waits = false;
            self.idle.push_back(account);
        }
    }
}

impl Work for Turns {
    fn arrive(&mut self) -> Result<Signed, &'static str> {
        while let Some(account) = self.idle.pop_front() {
            let sender = self.senders.get_mut(account as usize).ok_or("no such sender")?;
            if let Some(signed) = sender.signed.get(sender.next) {
                sender.waits = true;
                return Ok(signed.clone());
            }
            self.spent += 1;
        }
        Err(if self.spent == 0 { "every sender waits for an answer" } else { "what was signed is sent" })
    }

    fn accepted(&mut self, account: u32, sequence: u64) {
        self.answered(account, sequence, sequence + 1);
    }

    fn refused(&mut self, account: u32, sequence: u64, refusal: Option<&Refusal>) {
        let with_node = refusal.is_some_and(|refusal| refusal.is(SdkCode::TxInMempoolCache));
        let again = if with_node { sequence + 1 } else { sequence };
        self.answered(account, sequence, refusal.and_then(Refusal::expected_sequence).unwrap_or(again));
    }

    fn included(&mut self, account: u32, sequence: u64, _: Option<&TxResult>) -> Vec<Signed> {
        self.answered(account, sequence, sequence + 1);
        Vec::new()
    }

    fn fingerprint(&self) -> Option<Hash> {
        // Which of them are sent is up to the answers.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::keys;
    use virtengine_client::BaseAccount;
    use virtengine_crypto::KeyKind;

    /// Two senders with two transfers each, from sequence 5 on.
    fn turns() -> Turns {
        let signers: Vec<Signer> = keys(KeyKind::Ed25519, "crowd", 1, 2)
            .into_iter()
            .map(|key| {
                let address = key.address();
                Signer::new(key, BaseAccount { address, account_number: 0, sequence: 5 })
            })
            .collect();
        let all: Vec<_> = signers.iter().map(Signer::address).collect();
        let receivers = Receivers { hot: all[0], all, hot_share: 0.0 };
        Turns::sign(&signers, 2, &receivers, &Terms { chain_id: "lab-1".into(), gas_price: 0 }, 1, &|_| {})
    }

    fn place(signed: &Signed) -> (u32, u64) {
        (signed.account, signed.sequence)
    }

    fn full() -> Refusal {
        let log = "no room: mempool is full".to_owned();
        Refusal { codespace: "sdk".into(), code: SdkCode::MempoolFull.number(), log }
    }

    #[test]
    fn a_sender_has_one_transfer_without_an_answer() {
        let mut turns = turns();
        assert_eq!([0, 1].map(|_| place(&turns.arrive().unwrap())), [(0, 5), (1, 5)]);
        assert_eq!(turns.arrive().unwrap_err(), "every sender waits for an answer");
        turns.accepted(1, 5);
        assert_eq!(place(&turns.arrive().unwrap()), (1, 6));
        // Final before its answer came, which then changes nothing.
        turns.included(0, 5, None);
        turns.accepted(0, 5);
        assert_eq!(place(&turns.arrive().unwrap()), (0, 6));
        turns.accepted(0, 6);
        assert_eq!(turns.arrive().unwrap_err(), "what was signed is sent");
    }

    #[test]
    fn a_refused_transfer_is_sent_again_behind_the_others() {
        let mut turns = turns();
        let first = turns.arrive().unwrap();
        turns.refused(0, 5, Some(&full()));
        assert_eq!(place(&turns.arrive().unwrap()), (1, 5));
        assert_eq!(turns.arrive().unwrap(), first);
        let log = "account sequence mismatch, expected 6, got 5: incorrect account sequence".to_owned();
        let refusal = Refusal { codespace: "sdk".into(), code: SdkCode::WrongSequence.number(), log };
        turns.refused(0, 5, Some(&refusal));
        assert_eq!(place(&turns.arrive().unwrap()), (0, 6));
    }
}
