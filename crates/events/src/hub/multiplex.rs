//! Many subscriptions over one connection.

use super::{Delivery, Hub, Subscription, Tip};
use crate::HistoryError;
use tokio::sync::watch;

/// Named subscriptions that are served in turn, so that one which reads old entries does not hold up the
/// others.
pub struct Multiplex {
    tip: watch::Receiver<Tip>,
    list: Vec<(String, Subscription)>,
    turn: usize,
}

impl Multiplex {
    pub(super) fn new(hub: &Hub) -> Self {
        Self { tip: hub.inner.tip.subscribe(), list: Vec::new(), turn: 0 }
    }

    /// Number of subscriptions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no subscription.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there is a subscription of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| known == name)
    }

    /// Adds a subscription; one of the same name is replaced.
    pub fn insert(&mut self, name: String, subscription: Subscription) {
        self.remove(&name);
        self.list.push((name, subscription));
    }

    /// Ends a subscription; its position, or `None` if there is none of this name.
    pub fn remove(&mut self, name: &str) -> Option<u64> {
        let index = self.list.iter().position(|(known, _)| known == name)?;
        Some(self.list.remove(index).1.cursor())
    }

    /// Waits until a subscription has something, and steps over it. Dropping the future loses nothing.
    /// Waits forever while there is no subscription.
    ///
    /// # Errors
    /// - [`HistoryError`] - entries of the named subscription cannot be read; its position is unchanged
    pub async fn next(&mut self) -> (String, Result<Vec<Delivery>, HistoryError>) {
        loop {
            self.tip.mark_unchanged();
            let mut waiting = true;
            for _ in 0..self.list.len() {
                self.turn = (self.turn + 1) % self.list.len();
                let (name, subscription) = &mut self.list[self.turn];
                match subscription.ready().await {
                    Ok(batch) if batch.is_empty() => waiting &= subscription.caught_up(),
                    result => return (name.clone(), result),
                }
            }
            if waiting && self.tip.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
