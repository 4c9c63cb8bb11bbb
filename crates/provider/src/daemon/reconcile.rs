//! Bringing the position in line with the chain, at the start and when the event log has a hole.

use super::{RunError, available, work::Work};
use crate::{
    chain::{active_leases, open_bids},
    desk::Chore,
};
use futures::{StreamExt, stream};
use std::{collections::BTreeSet, sync::Arc};
use virtengine_types::Height;

impl Work {
    /// Looks up every order that is bid on or reserved for, and every lease, here and on the chain. Waits for
    /// a node that is not available.
    ///
    /// # Errors
    /// - `Chain` - the node refuses to list bids and leases
    /// - `Journal` - the position cannot be kept
    pub(super) async fn reconcile(&mut self) -> Result<(), RunError> {
        let chain = Arc::clone(&self.chain);
        let client = chain.account.client();
        let status = available("ask for the newest height", || client.status()).await?;
        let bids = available("list this provider's open bids", || open_bids(&chain)).await?;
        let leases = available("list this provider's leases", || active_leases(&chain)).await?;
        self.desk.tick(Height(status.latest_height));
        let position = self.desk.position();
        let mut chores: BTreeSet<Chore> = bids.into_iter().map(Chore::Check).collect();
        chores.extend(position.reservations.keys().map(|order| Chore::Check(*order)));
        for (lease, order) in &leases {
            let known = position.leases.contains_key(lease);
            chores.insert(if known { Chore::CheckLease(*lease) } else { Chore::Check(*order) });
        }
        chores.extend(position.leases.keys().map(|lease| Chore::CheckLease(*lease)));
        let (known_bids, known_leases) = (position.reservations.len(), position.leases.len());
        let concurrent = self.config.bidding.max_concurrent as usize;
        let mut reports = stream::iter(chores)
            .map(move |chore| {
                let chain = Arc::clone(&chain);
                async move { chain.perform(chore, None).await }
            })
            .buffer_unordered(concurrent);
        while let Some(report) = reports.next().await {
            self.desk.done(report.chore, report.done);
        }
        drop(reports);
        self.commit()?;
        let position = self.desk.position();
        tracing::info!(
            height = status.latest_height,
            known_bids,
            known_leases,
            reservations = position.reservations.len(),
            leases = position.leases.len(),
            "the position agrees with the chain"
        );
        Ok(())
    }
}
