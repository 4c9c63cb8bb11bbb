//! Errors of a run, counted by kind.

use crate::result::{Failure, MAX_ERRORS};
use std::collections::BTreeMap;

/// Most kinds told apart; what exceeds it is counted together.
const MAX_KINDS: usize = MAX_ERRORS / 2;

/// How often each kind of error occurred, with its first text as a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(BTreeMap<String, (String, u64)>);

impl Errors {
    /// Counts one. `kind` is the same for the same cause, such as `sdk 20`; `sample` says more.
    pub fn count(&mut self, kind: &str, sample: &str) {
        let kind = if self.0.len() < MAX_KINDS || self.0.contains_key(kind) { kind } else { "other" };
        match self.0.get_mut(kind) {
            Some((_, count)) => *count += 1,
            None => drop(self.0.insert(kind.to_owned(), (sample.to_owned(), 1))),
        }
    }

    /// How many of a kind.
    pub fn of(&self, kind: &str) -> u64 {
        self.0.get(kind).map_or(0, |(_, count)| *count)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().map(|(_, count)| count).sum()
    }

    /// As the document has them, most frequent first.
    pub fn failures(&self) -> Vec<Failure> {
        let reason = |kind: &str, sample: &str| match sample {
            "" => kind.to_owned(),
            sample => format!("{kind}, such as: {sample}"),
        };
        let mut failures: Vec<Failure> = self
            .0
            .iter()
            .map(|(kind, (sample, count))| Failure::new(&reason(kind, sample), *count))
            .collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_kind_with_the_first_sample() {
        let mut errors = Errors::default();
        errors.count("sdk 20", "mempool is full: 5");
        errors.count("sdk 20", "mempool is full: 6");
        errors.count("timeout", "");
        let failures = errors.failures();
        assert_eq!((errors.total(), failures.len()), (3, 2));
        assert_eq!((errors.of("sdk 20"), errors.of("sdk 32")), (2, 0));
        assert_eq!(
            (failures[0].reason.as_str(), failures[0].count),
            ("sdk 20, such as: mempool is full: 5", 2)
        );
        assert_eq!(failures[1].reason, "timeout");
    }

    #[test]
    fn kinds_are_bounded() {
        let mut errors = Errors::default();
        (0..2 * MAX_KINDS).for_each(|index| errors.count(&index.to_string(), ""));
        assert_eq!((errors.failures().len(), errors.total()), (MAX_KINDS + 1, 2 * MAX_KINDS as u64));
    }
}
