//! Which sequence an account signs next, while answers are still under way.

use std::collections::BTreeSet;
use virtengine_client::Refusal;
use virtengine_types::code::SdkCode;

/// Sequences of one account: each is taken once, and again only if a node refused it.
///
/// A refusal of one transaction makes a node refuse those behind it that are on their way already. Their sequences come
/// back one by one, and are taken from the lowest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequences {
    next: u64,
    free: BTreeSet<u64>,
}

impl Sequences {
    /// From the account's next sequence on.
    pub(crate) fn from(next: u64) -> Self {
        Self { next, free: BTreeSet::new() }
    }

    /// Takes the lowest that is free.
    pub(crate) fn take(&mut self) -> u64 {
        self.free.pop_first().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Gives one back that a node refused, or of which nobody knows what became of it; unless the node says that it has
    /// it, or that the chain is beyond it.
    pub(crate) fn refused(&mut self, sequence: u64, refusal: Option<&Refusal>) {
        let expected = refusal.and_then(Refusal::expected_sequence).unwrap_or(0);
        let with_node = refusal.is_some_and(|refusal| refusal.is(SdkCode::TxInMempoolCache));
        if expected > sequence {
            self.next = self.next.max(expected);
        } else if !with_node && sequence < self.next {
            self.free.insert(sequence);
        }
    }

    /// Notes that one is in a block.
    pub(crate) fn included(&mut self, sequence: u64) {
        self.free.remove(&sequence);
        self.next = self.next.max(sequence + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mismatch(expected: u64) -> Refusal {
        let log =
            format!("account sequence mismatch, expected {expected}, got 0: incorrect account sequence");
        Refusal { codespace: "sdk".into(), code: SdkCode::WrongSequence.number(), log }
    }

    #[test]
    fn a_late_refusal_does_not_free_what_was_taken_again() {
        let mut sequences = Sequences::from(5);
        assert_eq!([sequences.take(), sequences.take(), sequences.take()], [5, 6, 7]);
        sequences.refused(5, None);
        assert_eq!(sequences.take(), 5);
        // Sent before 5 was taken again.
        sequences.refused(6, Some(&mismatch(5)));
        sequences.refused(7, Some(&mismatch(5)));
        assert_eq!([sequences.take(), sequences.take(), sequences.take()], [6, 7, 8]);
    }

    #[test]
    fn a_sequence_that_is_used_is_not_taken_again() {
        let mut sequences = Sequences::from(0);
        assert_eq!([sequences.take(), sequences.take()], [0, 1]);
        sequences.refused(0, Some(&mismatch(2)));
        let cached =
            Refusal { codespace: "sdk".into(), code: SdkCode::TxInMempoolCache.number(), log: String::new() };
        sequences.refused(1, Some(&cached));
        assert_eq!(sequences.take(), 2);
        sequences.refused(2, None);
        sequences.included(2);
        assert_eq!(sequences.take(), 3);
    }
}
