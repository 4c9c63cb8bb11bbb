//! Readers of the event log: one task a subscription, each into a bounded queue.

use super::{RunError, available};
use crate::{
    Config,
    chain::{attested, open_orders},
    desk::OpenOrder,
};
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use virtengine_client::{Client, ClientError, Delivery, Subscription};
use virtengine_types::{Address, Height};

/// Deliveries that a queue holds before its reader stops reading.
const QUEUE: usize = 64;
/// Time between looks for a new height, and before a failed list is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// What a daemon without a subscription fails to do.
pub(super) const FOLLOW: &str = "follow the event log";
/// Name of the subscription to this provider's own bids and leases.
pub(super) const OWN: &str = "own";
/// Topic of what a lease paid out, asked for or at its end.
pub(super) const PAID: &str = "escrow.withdrawn";

/// Something read or listed for a subscription.
pub(super) struct Heard {
    /// Name of the subscription.
    pub(super) subscription: String,
    pub(super) what: What,
}

/// What a queue brings.
pub(super) enum What {
    /// From the event log; an error is the last of its reader.
    Delivery(Result<Delivery, ClientError>),
    /// An order that was open before the subscription began.
    Listed(Box<OpenOrder>),
    /// Every such order was listed: the subscription is read up to this sequence.
    ListedAll(u64),
}

/// A subscription by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feed {
    /// Names its cursor in the position; another choice of orders has another name.
    pub(super) name: String,
    topics: Vec<String>,
    filter: BTreeMap<String, String>,
    region: String,
    class: String,
}

impl Feed {
    /// This provider's own bids and leases, and what they pay.
    pub(super) fn own(provider: Address) -> Self {
        Self {
            name: OWN.to_owned(),
            topics: ["market.bid.*", "market.lease.*", PAID].map(str::to_owned).to_vec(),
            filter: [("provider".to_owned(), provider.to_string())].into(),
            region: String::new(),
            class: String::new(),
        }
    }

    /// Orders that open, of each region and class that is sold.
    pub(super) fn orders(config: &Config) -> Vec<Self> {
        let mut regions = vec![config.region.as_str()];
        if config.bidding.orders_of_any_region {
            regions.push("");
        }
        let mut feeds = Vec::new();
        for region in regions {
            for class in &config.bidding.classes {
                feeds.push(Self {
                    name: format!("orders region={region} class={class}"),
                    topics: vec!["market.order.created".to_owned(), "market.order.reopened".to_owned()],
                    filter: [("region".to_owned(), region.to_owned()), ("class".to_owned(), class.clone())]
                        .into(),
                    region: region.to_owned(),
                    class: class.clone(),
                });
            }
        }
        feeds
    }

    /// Subscribes from behind `cursor`, or from now on if there is none, and reads into `queue` as one of
    /// `tasks`. Returns the first sequence that the queue can bring.
    pub(super) async fn start(
        self,
        client: &Client,
        cursor: Option<u64>,
        queue: mpsc::Sender<Heard>,
        tasks: &mut JoinSet<()>,
    ) -> Result<u64, RunError> {
        let Self { name, topics, filter, .. } = self;
        let from_sequence = cursor.map_or(0, |cursor| cursor.saturating_add(1));
        let subscription = Subscription { topics, filter, from_sequence };
        let mut stream = available(FOLLOW, || client.events(subscription.clone())).await?;
        let from = stream.cursor();
        tasks.spawn(async move {
            loop {
                let delivery = stream.next().await;
                let ended = delivery.is_err();
                let what = What::Delivery(delivery);
                let sent = queue.send(Heard { subscription: name.clone(), what }).await;
                if ended || sent.is_err() {
                    return;
                }
            }
        });
        Ok(from)
    }

    /// Lists the open orders of this subscription into `queue`, for as long as it takes; then the
    /// subscription is read up to `sequence`.
    pub(super) async fn list(
        self,
        client: Client,
        provider: Address,
        sequence: u64,
        queue: mpsc::Sender<Heard>,
    ) {
        let mut key = Vec::new();
        loop {
            let orders = match self.page(&client, provider, &key).await {
                Ok((orders, next)) => {
                    key = next;
                    orders
                }
                Err(error) => {
                    tracing::warn!(%error, subscription = self.name, "failed to list open orders; trying again");
                    sleep(RETRY).await;
                    continue;
                }
            };
            for order in orders {
                let what = What::Listed(Box::new(order));
                if queue.send(Heard { subscription: self.name.clone(), what }).await.is_err() {
                    return;
                }
            }
            if key.is_empty() {
                break;
            }
        }
        // A closed queue means that the daemon stops; the next start lists anew.
        queue.send(Heard { subscription: self.name, what: What::ListedAll(sequence) }).await.ok();
    }

    /// The orders of this subscription on a page of open orders, and the key of the next page.
    async fn page(
        &self,
        client: &Client,
        provider: Address,
        key: &[u8],
    ) -> Result<(Vec<OpenOrder>, Vec<u8>), ClientError> {
        let (mut orders, next) = open_orders(client, &self.region, key).await?;
        orders.retain(|order| order.spec.region == self.region && order.spec.class() == self.class);
        for order in &mut orders {
            order.attested = attested(client, provider, &order.spec).await?;
        }
        Ok((orders, next))
    }
}

/// Queue of one or several readers.
pub(super) fn queue() -> (mpsc::Sender<Heard>, mpsc::Receiver<Heard>) {
    mpsc::channel(QUEUE)
}

/// Looks for the newest height every second; a node that does not answer is asked again.
pub(super) fn heights(client: Client, tasks: &mut JoinSet<()>) -> mpsc::Receiver<Height> {
    let (sender, receiver) = mpsc::channel(1);
    tasks.spawn(async move {
        let mut pace = interval(RETRY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = false;
        loop {
            pace.tick().await;
            match client.status().await {
                Ok(status) => {
                    told = false;
                    if sender.send(Height(status.latest_height)).await.is_err() {
                        return;
                    }
                }
                Err(error) if told => tracing::debug!(%error, "failed to ask for the newest height again"),
                Err(error) => {
                    told = true;
                    tracing::warn!(%error, "failed to ask for the newest height; trying again every second");
                }
            }
        }
    });
    receiver
}
