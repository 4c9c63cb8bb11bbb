//! The loop.

use super::{
    RunError,
    feed::{self, FOLLOW, Feed, Heard, OWN, PAID, What},
    window::Window,
};
use crate::{
    Config,
    chain::{Chain, Report, open_order},
    desk::{Chore, Decision, Desk, Done, OpenOrder, OwnEvent},
    fit::Profile,
    journal::Journal,
    metrics::{Metrics, Reason},
    position::{Change, Freed},
    status::{Question, Status},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::{JoinError, JoinSet, block_in_place},
    time::sleep,
};
use virtengine_client::{ClientError, Delivery, Event};
use virtengine_types::{Coin, Height, market::OrderId, proto::virtengine::provider::v1::Provider};

/// Reports that wait for the loop; whoever brings more waits.
const REPORTS: usize = 256;
/// Time before an order that could not be looked up is looked up again.
const RETRY: Duration = Duration::from_secs(1);
/// Heights heard between looks at this provider's own row, which its key may have changed elsewhere.
const PROFILE_EVERY: u64 = 60;

/// What tasks bring to the loop.
enum Word {
    /// An order that a subscription named.
    Order {
        subscription: String,
        sequence: u64,
        id: OrderId,
        order: Option<Box<OpenOrder>>,
    },
    Chore(Report),
    Profile(Box<Provider>),
}

/// The daemon's loop and all that it owns.
pub(super) struct Work {
    pub(super) config: Config,
    pub(super) chain: Arc<Chain>,
    pub(super) desk: Desk,
    journal: Journal,
    metrics: Arc<Metrics>,
    tasks: JoinSet<()>,
    words: (mpsc::Sender<Word>, mpsc::Receiver<Word>),
    /// Order subscriptions by name, to list their orders if the log has a hole.
    feeds: BTreeMap<String, Feed>,
    windows: BTreeMap<String, Window>,
    /// Subscriptions whose open orders are being listed, and how far they are decided meanwhile.
    listing: BTreeMap<String, u64>,
    /// Orders that are looked up.
    looking: usize,
    /// Orders whose bids are sent.
    submitting: BTreeSet<OrderId>,
    /// Chores that talk to the chain at the same time.
    slots: Arc<Semaphore>,
    heights: u64,
}

impl Work {
    pub(super) fn new(
        config: Config,
        chain: Arc<Chain>,
        desk: Desk,
        journal: Journal,
        metrics: Arc<Metrics>,
        tasks: JoinSet<()>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(config.bidding.max_concurrent as usize));
        Self {
            config,
            chain,
            desk,
            journal,
            metrics,
            tasks,
            words: mpsc::channel(REPORTS),
            feeds: BTreeMap::new(),
            windows: BTreeMap::new(),
            listing: BTreeMap::new(),
            looking: 0,
            submitting: BTreeSet::new(),
            slots,
            heights: 0,
        }
    }

    /// Subscribes, agrees with the chain, then works until something fails.
    pub(super) async fn run(mut self, mut questions: mpsc::Receiver<Question>) -> Result<(), RunError> {
        let (own_sender, mut own) = feed::queue();
        let (order_sender, mut orders) = feed::queue();
        self.subscribe(own_sender, &order_sender).await?;
        let mut heights = feed::heights(self.chain.account.client().clone(), &mut self.tasks);
        loop {
            let room = self.looking + self.submitting.len() < self.config.bidding.max_concurrent as usize;
            tokio::select! {
                Some(heard) = own.recv() => self.own(heard).await?,
                Some(heard) = orders.recv(), if room => self.order(heard, &order_sender)?,
                Some(word) = self.words.1.recv() => self.word(word),
                Some(height) = heights.recv() => self.height(height),
                Some(question) = questions.recv() => {
                    // Whoever asked may have gone.
                    question.send(Status::of(&self.desk)).ok();
                }
                Some(ended) = self.tasks.join_next() => end(ended)?,
            }
            // What else has come shares the same write to the disk.
            while let Ok(word) = self.words.1.try_recv() {
                self.word(word);
            }
            while let Some(ended) = self.tasks.try_join_next() {
                end(ended)?;
            }
            if self.desk.wants_listing() {
                self.list_again(&order_sender);
            }
            self.commit()?;
        }
    }

    /// Decides on orders that waited for what was released, makes what has changed durable, then starts what
    /// is to be done.
    pub(super) fn commit(&mut self) -> Result<(), RunError> {
        for (order, price) in self.desk.reconsider() {
            self.metrics.orders_considered.inc();
            tracing::info!(order = order.0, %price, "bidding, as capacity is free again");
        }
        let output = self.desk.take();
        output.changes.iter().for_each(|change| self.tell(change));
        block_in_place(|| self.journal.append(&output.changes, self.desk.position()))?;
        output.chores.into_iter().for_each(|chore| self.begin(chore));
        self.metrics.observe(&self.desk);
        Ok(())
    }

    async fn subscribe(
        &mut self,
        own: mpsc::Sender<Heard>,
        orders: &mpsc::Sender<Heard>,
    ) -> Result<(), RunError> {
        let client = self.chain.account.client().clone();
        let cursors = self.desk.position().cursors.clone();
        let feed = Feed::own(self.chain.account.address());
        let known = cursors.get(OWN).copied();
        let own_from = feed.start(&client, known, own, &mut self.tasks).await?;
        let mut from = Vec::new();
        for feed in Feed::orders(&self.config) {
            let cursor = cursors.get(&feed.name).copied();
            let first = feed.clone().start(&client, cursor, orders.clone(), &mut self.tasks).await?;
            if cursor.is_none() {
                from.push((feed.name.clone(), first));
            }
            self.feeds.insert(feed.name.clone(), feed);
        }
        self.reconcile().await?;
        if known.is_none() {
            self.desk.read(OWN, own_from.saturating_sub(1));
        }
        for (name, first) in from {
            self.list(&name, first.saturating_sub(1), orders);
        }
        self.commit()
    }

    /// Lists the open orders of every subscription that is not being listed.
    fn list_again(&mut self, orders: &mpsc::Sender<Heard>) {
        let names: Vec<String> =
            self.feeds.keys().filter(|name| !self.listing.contains_key(*name)).cloned().collect();
        for name in names {
            tracing::info!(
                subscription = name,
                "capacity is free again; listing orders that may wait for it"
            );
            self.list(&name, 0, orders);
        }
    }

    /// Lists the open orders of a subscription; then it is read up to `sequence`.
    fn list(&mut self, subscription: &str, sequence: u64, orders: &mpsc::Sender<Heard>) {
        let Some(feed) = self.feeds.get(subscription) else { return };
        self.listing.entry(subscription.to_owned()).or_default();
        let (client, provider) = (self.chain.account.client().clone(), self.chain.account.address());
        self.tasks.spawn(feed.clone().list(client, provider, sequence, orders.clone()));
    }

    async fn own(&mut self, heard: Heard) -> Result<(), RunError> {
        let What::Delivery(delivery) = heard.what else { return Ok(()) };
        match delivery.map_err(|cause| RunError::Chain { verb: FOLLOW, cause })? {
            Delivery::Event(event) => {
                self.own_event(&event);
                self.desk.read(OWN, event.sequence);
            }
            Delivery::Lagged { from, to } => tracing::warn!(from, to, "behind the event log; catching up"),
            Delivery::Lost { .. } | Delivery::Back => {} // the stream has logged it
            Delivery::Pruned { from, to } => {
                tracing::warn!(from, to, "the node no longer has these events; asking for the state instead");
                self.reconcile().await?;
                self.desk.read(OWN, to);
            }
            Delivery::Rewound { from, to } => {
                tracing::warn!(
                    "cursor {from} is beyond the chain's latest {to}: asking for bids and leases again"
                );
                self.reconcile().await?;
                self.desk.forget(OWN);
                self.desk.read(OWN, to.saturating_sub(1));
            }
        }
        Ok(())
    }

    fn own_event(&mut self, event: &Event) {
        if event.topic == PAID {
            let paid = event.get("amount").and_then(|amount| amount.parse::<Coin>().ok());
            let paid = paid.map_or(0, |paid| u64::try_from(paid.amount.0).unwrap_or(u64::MAX));
            self.metrics.earned_uve.inc_by(paid);
            return;
        }
        match OwnEvent::read(event) {
            Some(own) => self.desk.event(&own),
            None => {
                tracing::warn!(sequence = event.sequence, topic = event.topic, "an event lacks its numbers");
            }
        }
    }

    fn order(&mut self, heard: Heard, queue: &mpsc::Sender<Heard>) -> Result<(), RunError> {
        let subscription = heard.subscription;
        match heard.what {
            What::Delivery(delivery) => {
                match delivery.map_err(|cause| RunError::Chain { verb: FOLLOW, cause })? {
                    Delivery::Event(event) => self.look_up(subscription, &event),
                    Delivery::Lagged { from, to } => {
                        tracing::warn!(subscription, from, to, "behind the event log; catching up");
                    }
                    Delivery::Lost { .. } | Delivery::Back => {}
                    Delivery::Pruned { from, to } => {
                        tracing::warn!(
                            subscription,
                            from,
                            to,
                            "the node no longer has these events; listing orders"
                        );
                        self.list(&subscription, to, queue);
                    }
                    Delivery::Rewound { from, to } => {
                        tracing::warn!(
                            subscription,
                            "cursor {from} is beyond the chain's latest {to}: listing orders again"
                        );
                        self.windows.remove(&subscription);
                        self.listing.remove(&subscription);
                        self.desk.forget(&subscription);
                        self.list(&subscription, to.saturating_sub(1), queue);
                    }
                }
            }
            What::Listed(order) => self.consider(&order),
            What::ListedAll(sequence) => {
                let meanwhile = self.listing.remove(&subscription).unwrap_or_default();
                self.desk.read(&subscription, sequence.max(meanwhile));
            }
        }
        Ok(())
    }

    /// Asks for the order that an event names; the answer comes as a word.
    fn look_up(&mut self, subscription: String, event: &Event) {
        let sequence = event.sequence;
        self.windows.entry(subscription.clone()).or_default().take(sequence);
        let Some(id) = event.number("order_id").map(OrderId) else {
            tracing::warn!(sequence, topic = event.topic, "an event lacks its order");
            return self.decided(&subscription, sequence);
        };
        self.looking += 1;
        let (chain, words) = (Arc::clone(&self.chain), self.words.0.clone());
        self.tasks.spawn(async move {
            let order = loop {
                match open_order(chain.account.client(), chain.account.address(), id).await {
                    Ok(order) => break order.map(Box::new),
                    Err(error @ ClientError::Malformed { .. }) => {
                        tracing::error!(order = id.0, %error, "skipping an order that cannot be read");
                        break None;
                    }
                    Err(error) => {
                        tracing::warn!(order = id.0, %error, "failed to look up an order; trying again");
                    }
                }
                sleep(RETRY).await;
            };
            words.send(Word::Order { subscription, sequence, id, order }).await.ok();
        });
    }

    fn word(&mut self, word: Word) {
        match word {
            Word::Order { subscription, sequence, id, order } => {
                self.looking = self.looking.saturating_sub(1);
                match order {
                    Some(order) => self.consider(&order),
                    None => self.skipped(id, "gone", &"the order is no longer open"),
                }
                self.decided(&subscription, sequence);
            }
            Word::Chore(report) => {
                if let Chore::Submit(order) = report.chore {
                    self.submitting.remove(&order);
                }
                if matches!(report.done, Done::Refused | Done::Unknown) {
                    self.metrics.failures.inc();
                }
                self.desk.done(report.chore, report.done);
            }
            Word::Profile(row) => match Profile::from_wire(&row) {
                Ok(profile) => self.desk.set_profile(profile),
                Err(error) => tracing::warn!(%error, "failed to read this provider's row"),
            },
        }
    }

    fn consider(&mut self, order: &OpenOrder) {
        self.metrics.orders_considered.inc();
        match self.desk.consider(order) {
            Decision::Bid(price) => {
                tracing::info!(order = order.id.0, %price, max = %order.spec.max_price, "bidding");
            }
            Decision::Skip(skip) => self.skipped(order.id, skip.reason(), &skip),
        }
    }

    fn skipped(&self, order: OrderId, reason: &'static str, why: &dyn std::fmt::Display) {
        self.metrics.orders_skipped.get_or_create(&Reason { reason }).inc();
        tracing::info!(order = order.0, reason, %why, "not bidding");
    }

    /// Moves a subscription's cursor if all before it is decided too.
    fn decided(&mut self, subscription: &str, sequence: u64) {
        let moved = self.windows.get_mut(subscription).and_then(|window| window.decide(sequence));
        match (moved, self.listing.get_mut(subscription)) {
            (Some(sequence), Some(meanwhile)) => *meanwhile = sequence,
            (Some(sequence), None) => self.desk.read(subscription, sequence),
            (None, _) => {}
        }
    }

    fn height(&mut self, height: Height) {
        self.desk.tick(height);
        self.heights += 1;
        if self.heights.is_multiple_of(PROFILE_EVERY) {
            let (chain, words) = (Arc::clone(&self.chain), self.words.0.clone());
            self.tasks.spawn(async move {
                match chain.account.client().provider(chain.account.address()).await {
                    Ok(row) => drop(words.send(Word::Profile(Box::new(row))).await),
                    Err(error) => tracing::warn!(%error, "failed to ask for this provider's row"),
                }
            });
        }
    }

    /// Starts a chore as a task of its own, of which as many run at the same time as there are slots.
    fn begin(&mut self, chore: Chore) {
        let price = match chore {
            Chore::Submit(order) => {
                self.submitting.insert(order);
                self.desk.position().reservations.get(&order).map(|reservation| reservation.price)
            }
            _ => None,
        };
        let (chain, slots, words) = (Arc::clone(&self.chain), Arc::clone(&self.slots), self.words.0.clone());
        self.tasks.spawn(async move {
            // Never closed while the daemon runs.
            let Ok(_slot) = slots.acquire().await else { return };
            let report = chain.perform(chore, price).await;
            words.send(Word::Chore(report)).await.ok();
        });
    }

    /// Counts and logs a change.
    fn tell(&self, change: &Change) {
        match change {
            Change::BidPlaced { order, bid } => {
                self.metrics.bids_placed.inc();
                tracing::info!(order = order.0, bid = bid.0, "the chain has the bid");
            }
            Change::Freed { order, why } => {
                let reason = match why {
                    Freed::Refused => "refused",
                    Freed::Lost => "lost",
                    Freed::Withdrawn => "withdrawn",
                    Freed::Expired => "expired",
                };
                self.metrics.bids_ended.get_or_create(&Reason { reason }).inc();
                tracing::info!(order = order.0, reason, "capacity is free again");
            }
            Change::LeaseStarted { lease, held } => {
                self.metrics.leases_started.inc();
                tracing::info!(lease = lease.0, order = held.order.0, price = %held.price, "won a lease");
            }
            Change::LeaseConfirmed { lease } => tracing::info!(lease = lease.0, "confirmed the lease"),
            Change::Withdrawn { lease, height } => {
                tracing::info!(lease = lease.0, height = height.0, "withdrew earnings");
            }
            Change::LeaseClosed { lease } => {
                self.metrics.leases_closed.inc();
                tracing::info!(lease = lease.0, "the lease ended; its capacity is free");
            }
            Change::Read { .. }
            | Change::Reserved { .. }
            | Change::Extended { .. }
            | Change::Forgotten { .. } => {}
        }
    }
}

/// A task that panicked ends the daemon: without it, events, heights or reports would be missed for ever.
fn end(ended: Result<(), JoinError>) -> Result<(), RunError> {
    ended.map_err(RunError::Task)
}
