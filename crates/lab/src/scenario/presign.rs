//! Signed transactions as a file, for other load generators.

#[cfg(test)]
mod tests;

use super::{Options, Progress, block_on, market, session::Session};
use crate::load::{Signer, Terms};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use prost::Name;
use prost_types::Any;
use serde_json::{Value, json};
use std::time::Duration;
use virtengine_types::proto::virtengine::market::v1::{MsgCreateOrderResponse, MsgSubmitBidResponse};

/// Signed bids that one order gets.
const BIDS_PER_ORDER: usize = 10;
/// Most providers whose bids are there to be accepted.
const SELLERS: usize = 100;
/// Transactions under way while the market is prepared.
const AT_ONCE: usize = 64;
/// Longest wait for one of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many transactions of each kind are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presign {
    /// Orders.
    pub orders: usize,
    /// Bids on orders that are open.
    pub bids: usize,
    /// Acceptances of bids that are open.
    pub allocations: usize,
}

/// Signs transactions for a network that runs already. Each has an account of its own, so they may be sent in any
/// order, at once, and to any node.
///
/// The chain numbers what it creates, so a bid needs its order to exist, and an acceptance its bid: those are placed
/// here first, and are final when this returns. They stay open for the longest window that the chain allows.
///
/// # Errors
/// The network cannot be reached, the funds do not suffice, or what is placed is refused.
pub fn presign(options: &Options, counts: Presign, progress: &Progress) -> Result<Value> {
    ensure!(counts.tenants() > 0, "nothing is to be signed: give --orders, --bids or --allocations");
    block_on(async {
        let purposes = [("tenant", counts.tenants()), ("provider", counts.providers())];
        let session = Session::open(options, &purposes, progress).await?;
        market::register(&session, progress).await?;
        progress.stage("asking for sequences", 0);
        let traders = Traders {
            counts,
            tenants: session.signers(market::TENANTS).await?,
            providers: session.signers(market::PROVIDERS).await?,
            terms: session.terms.clone(),
            window: session.client.params().await?.max_bid_window,
        };
        let placed = place(&session, &traders, progress).await?;
        progress.stage("signing", 0);
        let signed = traders.signed(&placed);
        progress.done();
        let [orders, bids, allocations] = signed;
        Ok(json!({
            "chain_id": session.terms.chain_id,
            "seed": options.seed,
            "orders": orders,
            "bids": bids,
            "allocations": allocations,
        }))
    })
}

impl Presign {
    /// Orders that are open for the signed bids.
    fn on_sale(self) -> usize {
        self.bids.div_ceil(BIDS_PER_ORDER)
    }

    /// Providers whose bids are accepted; those of the signed bids are others.
    fn sellers(self) -> usize {
        self.allocations.min(SELLERS)
    }

    fn tenants(self) -> usize {
        self.orders + self.allocations + self.on_sale()
    }

    fn providers(self) -> usize {
        self.bids + self.sellers()
    }
}

/// The accounts, and what they sign.
struct Traders {
    counts: Presign,
    /// Those of the signed orders, then of the signed acceptances, then of the orders on sale.
    tenants: Vec<Signer>,
    /// Those of the signed bids, then the sellers.
    providers: Vec<Signer>,
    terms: Terms,
    /// Blocks during which orders take bids.
    window: u64,
}

/// What the signed transactions answer to.
#[derive(Debug, Default)]
struct Placed {
    /// Orders of the tenants of the acceptances.
    owned: Vec<u64>,
    /// The bid on each.
    offers: Vec<u64>,
    /// Orders on sale.
    on_sale: Vec<u64>,
}

/// A transaction that is sent while the market is prepared.
struct Step<'a> {
    signer: &'a Signer,
    sequence: u64,
    message: Any,
}

impl Traders {
    fn buyers(&self) -> &[Signer] {
        &self.tenants[..self.counts.orders]
    }

    fn owners(&self) -> &[Signer] {
        &self.tenants[self.counts.orders..][..self.counts.allocations]
    }

    fn hosts(&self) -> &[Signer] {
        &self.tenants[self.counts.orders + self.counts.allocations..]
    }

    fn bidders(&self) -> &[Signer] {
        &self.providers[..self.counts.bids]
    }

    fn sellers(&self) -> &[Signer] {
        &self.providers[self.counts.bids..]
    }

    /// The orders of tenants that have sent nothing yet.
    fn orders<'a>(&self, tenants: &'a [Signer]) -> Vec<Step<'a>> {
        let order = |signer: &'a Signer| Step {
            signer,
            sequence: signer.sequence(),
            message: market::creation(signer, self.window),
        };
        tenants.iter().map(order).collect()
    }

    /// A bid on each order, by sellers in turn; in rounds, in each of which a seller bids once.
    fn offers<'a>(&'a self, orders: &'a [u64]) -> impl Iterator<Item = Vec<Step<'a>>> {
        let sellers = self.sellers();
        (0..).zip(orders.chunks(sellers.len().max(1))).map(move |(round, orders)| {
            let offer = |(signer, order): (&'a Signer, &u64)| Step {
                signer,
                sequence: signer.sequence() + round,
                message: market::bid(signer, *order),
            };
            sellers.iter().zip(orders).map(offer).collect()
        })
    }

    /// Orders, bids and acceptances as the file holds them.
    fn signed(&self, placed: &Placed) -> [Vec<Value>; 3] {
        let orders = self.orders(self.buyers()).iter().map(|step| self.entry(step)).collect();
        let bid = |(place, signer): (usize, &Signer)| {
            let order = *placed.on_sale.get(place / BIDS_PER_ORDER)?;
            let step = Step { signer, sequence: signer.sequence(), message: market::bid(signer, order) };
            let mut entry = self.entry(&step);
            entry["order_id"] = json!(order.to_string());
            Some(entry)
        };
        let bids = self.bidders().iter().enumerate().filter_map(bid).collect();
        let answers = self.owners().iter().zip(placed.owned.iter().zip(&placed.offers));
        let acceptance = |(signer, (order, offer)): (&Signer, (&u64, &u64))| {
            // The owner's order came before.
            let (sequence, message) = (signer.sequence() + 1, market::acceptance(signer, *offer));
            let mut entry = self.entry(&Step { signer, sequence, message });
            entry["order_id"] = json!(order.to_string());
            entry["bid_id"] = json!(offer.to_string());
            entry
        };
        [orders, bids, answers.map(acceptance).collect()]
    }

    fn entry(&self, step: &Step<'_>) -> Value {
        let signed = step.sign(&self.terms);
        json!({
            "account": step.signer.address().to_string(),
            "sequence": signed.sequence,
            "hash": hex::encode_upper(signed.hash),
            "tx_bytes": BASE64_STANDARD.encode(&signed.bytes),
        })
    }
}

impl Step<'_> {
    fn sign(&self, terms: &Terms) -> crate::load::Signed {
        self.signer.sign(0, self.sequence, std::slice::from_ref(&self.message), market::GAS, terms)
    }
}

/// Places the orders on sale, and the orders and bids that are to be accepted.
async fn place(session: &Session, traders: &Traders, progress: &Progress) -> Result<Placed> {
    let (owners, hosts) = (traders.owners(), traders.hosts());
    progress.stage("placing orders", (owners.len() + hosts.len()) as u64);
    let numbers = |created: Vec<MsgCreateOrderResponse>| created.into_iter().map(|created| created.order_id);
    let owned = numbers(send(session, traders.orders(owners), progress).await?).collect();
    let on_sale = numbers(send(session, traders.orders(hosts), progress).await?).collect();
    let mut placed = Placed { owned, offers: Vec::new(), on_sale };
    progress.stage("placing bids", owners.len() as u64);
    for round in traders.offers(&placed.owned) {
        let created: Vec<MsgSubmitBidResponse> = send(session, round, progress).await?;
        placed.offers.extend(created.into_iter().map(|created| created.bid_id));
    }
    Ok(placed)
}

/// Sends a transaction of each of several accounts and waits until all are final; answers in their order.
async fn send<M: prost::Message + Name + Default>(
    session: &Session,
    steps: Vec<Step<'_>>,
    progress: &Progress,
) -> Result<Vec<M>> {
    let client = &session.client;
    let one = |step: Step<'_>| {
        let (signed, address) = (step.sign(&session.terms), step.signer.address());
        async move {
            let outcome = async {
                let hash = client.broadcast(&signed.bytes).await?;
                client.wait_tx(&hash, PATIENCE).await?.ok()
            };
            let outcome = outcome.await.wrap_err_with(|| format!("failed to place what {address} offers"))?;
            progress.advance(1);
            outcome.response::<M>(0).ok_or_eyre("an answer lacks the number that was created")
        }
    };
    futures::stream::iter(steps).map(one).buffered(AT_ONCE).try_collect().await
}
