//! How far a subscription is decided when events are decided out of order.

use std::collections::VecDeque;

/// Events of one subscription that were taken and are not all decided, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Window {
    taken: VecDeque<(u64, bool)>,
}

impl Window {
    /// Takes an event; sequences rise.
    pub(super) fn take(&mut self, sequence: u64) {
        self.taken.push_back((sequence, false));
    }

    /// Notes that an event is decided. The sequence up to which all are, if it has moved.
    pub(super) fn decide(&mut self, sequence: u64) -> Option<u64> {
        let at = self.taken.binary_search_by_key(&sequence, |(taken, _)| *taken).ok()?;
        if let Some((_, decided)) = self.taken.get_mut(at) {
            *decided = true;
        }
        let mut moved = None;
        while let Some((sequence, true)) = self.taken.front() {
            moved = Some(*sequence);
            self.taken.pop_front();
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_waits_for_the_earliest_undecided_event() {
        let mut window = Window::default();
        for sequence in [3, 5, 9, 12] {
            window.take(sequence);
        }
        assert_eq!(window.decide(5), None);
        assert_eq!(window.decide(9), None);
        assert_eq!(window.decide(3), Some(9));
        assert_eq!(window.decide(3), None);
        assert_eq!(window.decide(12), Some(12));
    }
}
