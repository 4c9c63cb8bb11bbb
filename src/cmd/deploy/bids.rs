//! Watching the bids on the orders of a deployment and accepting one for each.

use super::{
    super::output::{causes, note},
    unserved,
};
use clap::ValueEnum;
use eyre::{OptionExt as _, Result, bail, ensure, eyre};
use std::io::stdin;
use std::time::Duration;
use tokio::{
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval},
};
use virtengine_client::{Account, Delivery, Event, EventStream, TxOptions, sign::any};
use virtengine_types::{
    market::OrderSpec,
    proto::virtengine::market::v1::{Bid, BidStatus, MsgAcceptBid, MsgAcceptBidResponse, QueryBidsRequest},
};

/// Time between two looks at the height.
const LOOK: Duration = Duration::from_millis(500);

/// Which bid is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Choice {
    /// The cheapest when the bid window closes; of equal ones the earliest.
    Cheapest,
    /// The first that comes.
    First,
    /// Asked for when the bid window closes.
    Ask,
}

/// An order whose lease runs.
#[derive(Clone, Debug)]
pub(super) struct Won {
    pub(super) order_id: u64,
    pub(super) placement: String,
    pub(super) lease_id: u64,
}

/// An order that waits.
struct Pending {
    order_id: u64,
    placement: String,
    spec: OrderSpec,
    /// Last height at which bids are taken.
    bids_until: u64,
    /// Bids seen and not taken back.
    bids: usize,
}

/// The orders of a deployment and what happens to them.
pub(super) struct Market<'a> {
    account: &'a Account,
    options: &'a TxOptions,
    stream: EventStream,
    /// Longest time to wait for a block.
    patience: Duration,
    /// The signer, as `--from` names it.
    from: &'a str,
    pending: Vec<Pending>,
    won: Vec<Won>,
}

impl<'a> Market<'a> {
    pub(super) fn new(
        account: &'a Account,
        options: &'a TxOptions,
        stream: EventStream,
        patience: Duration,
        from: &'a str,
    ) -> Self {
        Self { account, options, stream, patience, from, pending: Vec::new(), won: Vec::new() }
    }

    /// Takes an order on.
    pub(super) async fn add(&mut self, order_id: u64, placement: &str) -> Result<()> {
        let (order, _) = self.account.client().order(order_id).await?;
        let bids_until = u64::try_from(order.bids_until)?;
        let (placement, spec) = (placement.to_owned(), OrderSpec::from_wire(order.spec.as_ref())?);
        self.pending.push(Pending { order_id, placement, spec, bids_until, bids: 0 });
        Ok(())
    }

    /// Watches until every order has its lease.
    ///
    /// # Errors
    /// - an order ends without a lease, no bid comes within `wait`, or the user interrupts; the message says
    ///   what remains open
    pub(super) async fn run(mut self, choice: Choice, wait: Duration) -> Result<Vec<Won>> {
        let ended = tokio::select! {
            ended = self.follow(choice, wait) => ended,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.map_err(Into::into).and_then(|()| Err(eyre!("interrupted")))
            }
        };
        match ended {
            Ok(()) => Ok(self.won),
            Err(error) => bail!("{}; {}", causes(&error), self.remains()),
        }
    }

    async fn follow(&mut self, choice: Choice, wait: Duration) -> Result<()> {
        let deadline = Instant::now() + wait;
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.pending.is_empty() {
            tokio::select! {
                delivery = self.stream.next() => {
                    if let Delivery::Event(event) = delivery? {
                        self.take(&event)?;
                    }
                    if choice == Choice::First {
                        self.accept_all(choice, |order| order.bids > 0).await?;
                    }
                }
                _ = ticks.tick() => {
                    let height = self.account.client().status().await?.latest_height;
                    let late = Instant::now() >= deadline;
                    self.accept_all(choice, |order| order.bids > 0 && (late || height > order.bids_until)).await?;
                    let unwanted = |order: &&Pending| order.bids == 0 && (late || height > order.bids_until);
                    if let Some(order) = self.pending.iter().find(unwanted) {
                        let when = if late { "in time" } else { "while its bid window was open" };
                        let why = unserved::why(self.account.client(), &order.spec).await?;
                        bail!("no provider has bid on order {} ({:?}) {when}: {why}", order.order_id, order.placement);
                    }
                }
            }
        }
        Ok(())
    }

    /// Shows an event and notes what it changes.
    fn take(&mut self, event: &Event) -> Result<()> {
        let Some(order_id) = event.number("order_id") else { return Ok(()) };
        let Some(at) = self.pending.iter().position(|order| order.order_id == order_id) else {
            return Ok(());
        };
        let text = |key: &str| event.get(key).unwrap_or_default();
        let order = &mut self.pending[at];
        match event.topic.as_str() {
            "market.bid.created" => {
                order.bids += 1;
                note(&format!(
                    "order {order_id}: bid {} of {} at {} per block",
                    text("bid_id"),
                    text("provider"),
                    text("price")
                ));
            }
            "market.bid.withdrawn" => {
                order.bids = order.bids.saturating_sub(1);
                note(&format!("order {order_id}: bid {} was taken back", text("bid_id")));
            }
            "market.lease.created" => {
                let lease_id = event.number("lease_id").ok_or_eyre("a lease without a number")?;
                let order = self.pending.swap_remove(at);
                self.won.push(Won { order_id, placement: order.placement, lease_id });
            }
            "market.order.expired" | "market.order.cancelled" => {
                let ended = event.topic.rsplit('.').next().unwrap_or_default().to_owned();
                let order = self.pending.swap_remove(at);
                bail!("order {order_id} ({:?}) is {ended}", order.placement);
            }
            _ => {}
        }
        Ok(())
    }

    /// Accepts a bid for each order that is ready.
    async fn accept_all(&mut self, choice: Choice, ready: impl Fn(&Pending) -> bool) -> Result<()> {
        while let Some(at) = self.pending.iter().position(&ready) {
            let order_id = self.pending[at].order_id;
            let bids = self.open_bids(order_id).await?;
            let chosen = match choice {
                Choice::Cheapest => cheapest(&bids),
                Choice::First => first(&bids),
                Choice::Ask => ask(order_id, &bids).await?,
            };
            let Some(bid_id) = chosen else {
                self.pending[at].bids = 0; // all were taken back
                continue;
            };
            eprintln!("order {order_id}: accepting bid {bid_id}");
            let tenant = self.account.address().to_string();
            let sent = self.account.submit(&[any(&MsgAcceptBid { tenant, bid_id })], self.options).await?;
            let outcome = self.account.client().wait_tx(&sent.hash, self.patience).await?.ok()?;
            let response: MsgAcceptBidResponse =
                outcome.response(0).ok_or_eyre("the chain did not say which lease it made")?;
            let order = self.pending.swap_remove(at);
            self.won.push(Won { order_id, placement: order.placement, lease_id: response.lease_id });
        }
        Ok(())
    }

    /// The open bids of an order as the chain has them, cheapest first and of equal ones the earliest.
    async fn open_bids(&self, order_id: u64) -> Result<Vec<Bid>> {
        let mut request = QueryBidsRequest {
            order_id,
            status: BidStatus::Open.into(),
            pagination: Some(virtengine_client::page(&[], 100)),
            ..Default::default()
        };
        let mut bids = Vec::new();
        loop {
            let page = self.account.client().bids(&request).await?;
            bids.extend(page.items);
            if page.next_key.is_empty() {
                break;
            }
            request.pagination = Some(virtengine_client::page(&page.next_key, 100));
        }
        bids.sort_by_key(|bid| (price(bid), bid.id));
        Ok(bids)
    }

    /// What the user must know of the orders when the deployment stops half-way.
    fn remains(&self) -> String {
        let from = self.from;
        let open = self.pending.iter().map(|order| {
            format!(
                "order {id} is open: `virtengine tx market cancel-order {id} --from {from}` returns its escrow",
                id = order.order_id
            )
        });
        let running = self.won.iter().map(|won| {
            format!(
                "lease {id} runs: `virtengine tx market close-lease {id} --from {from}` ends it",
                id = won.lease_id
            )
        });
        let all: Vec<String> = open.chain(running).collect();
        if all.is_empty() { "nothing of it is left open".to_owned() } else { all.join("; ") }
    }
}

fn price(bid: &Bid) -> u128 {
    bid.price.as_ref().and_then(|coin| coin.amount.parse().ok()).unwrap_or(u128::MAX)
}

/// The cheapest bid of those given, cheapest first.
fn cheapest(bids: &[Bid]) -> Option<u64> {
    bids.first().map(|bid| bid.id)
}

/// The bid that came first: identifiers ascend.
fn first(bids: &[Bid]) -> Option<u64> {
    bids.iter().map(|bid| bid.id).min()
}

/// The bid that the user chooses of those given; `None` if there is none.
async fn ask(order_id: u64, bids: &[Bid]) -> Result<Option<u64>> {
    if bids.is_empty() {
        return Ok(None);
    }
    for (index, bid) in bids.iter().enumerate() {
        note(&format!("  {}. bid {} of {} at {}uve per block", index + 1, bid.id, bid.provider, price(bid)));
    }
    loop {
        eprint!("order {order_id}: which bid? [1-{}] ", bids.len());
        let line = read_line().await?;
        ensure!(!line.is_empty(), "nobody answers which bid to accept");
        let index: usize = line.trim().parse().unwrap_or(0);
        if let Some(bid) = index.checked_sub(1).and_then(|index| bids.get(index)) {
            return Ok(Some(bid.id));
        }
    }
}

/// A line of stdin; empty at its end. Read by a thread of its own, so that an interrupt is not kept waiting.
async fn read_line() -> Result<String> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = stdin().read_line(&mut line).map(|_| line);
        // If nobody waits any more, the program is ending.
        drop(sender.send(read));
    });
    Ok(receiver.await??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::{Amount, Coin};

    fn bid(id: u64, price: u128) -> Bid {
        Bid { id, price: Some(Coin::base(Amount(price)).to_wire()), ..Default::default() }
    }

    #[test]
    fn the_choice_is_by_price_or_by_age() {
        let bids = [bid(9, 5), bid(7, 6), bid(8, 6)];
        assert_eq!(cheapest(&bids), Some(9));
        assert_eq!(first(&bids), Some(7));
        assert_eq!(cheapest(&[]), None);
    }

    #[test]
    fn a_bid_without_a_price_comes_last() {
        assert_eq!(price(&bid(1, 12)), 12);
        assert_eq!(price(&Bid::default()), u128::MAX);
    }
}
