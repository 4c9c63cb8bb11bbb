//! What the chain has of orders, and of this provider's bids and leases.

use super::Chain;
use crate::{
    desk::{LeaseSeen, OpenOrder, OrderSeen, OwnBid},
    fit::Attested,
};
use virtengine_client::{Client, ClientError, page};
use virtengine_types::{
    Address, Amount, Coin, Height,
    market::{BidId, BidStatus, LeaseId, OrderId, OrderSpec, OrderStatus},
    proto::virtengine::{market::v1 as wire, provider::v1::QueryAttestationsRequest},
};

/// Entries of one page.
const PAGE: u64 = 100;

/// An open order, with what the auditors that it names say of `provider`; `None` if there is none of this
/// number or it is no longer open.
///
/// # Errors
/// The node cannot be reached or understood.
pub(crate) async fn open_order(
    client: &Client,
    provider: Address,
    id: OrderId,
) -> Result<Option<OpenOrder>, ClientError> {
    let Some((order, _)) = found(client.order(id.0).await)? else { return Ok(None) };
    if order.status() != wire::OrderStatus::Open {
        return Ok(None);
    }
    let mut order = read_order(client, &order)?;
    order.attested = attested(client, provider, &order.spec).await?;
    Ok(Some(order))
}

/// What the auditors that an order names say of `provider`. Anybody may attest a provider, so only those
/// are asked for.
///
/// # Errors
/// The node cannot be reached or understood.
pub(crate) async fn attested(
    client: &Client,
    provider: Address,
    spec: &OrderSpec,
) -> Result<Vec<Attested>, ClientError> {
    let named = spec.signed_by_all.iter().chain(&spec.signed_by_any);
    let auditors: Vec<String> = named.map(ToString::to_string).collect();
    if auditors.is_empty() {
        return Ok(Vec::new());
    }
    let request = QueryAttestationsRequest { owner: provider.to_string(), auditors, pagination: None };
    Ok(client.attestations(&request).await?.items.iter().filter_map(Attested::from_wire).collect())
}

/// A page of open orders of a region, without what auditors say, and the key of the next; an empty region
/// lists every order.
///
/// # Errors
/// The node cannot be reached or understood.
pub(crate) async fn open_orders(
    client: &Client,
    region: &str,
    key: &[u8],
) -> Result<(Vec<OpenOrder>, Vec<u8>), ClientError> {
    let request = wire::QueryOrdersRequest {
        status: wire::OrderStatus::Open.into(),
        region: region.to_owned(),
        pagination: Some(page(key, PAGE)),
        ..Default::default()
    };
    let page = client.orders(&request).await?;
    let orders = page.items.iter().map(|order| read_order(client, order)).collect::<Result<_, _>>()?;
    Ok((orders, page.next_key))
}

/// Orders on which this provider has open bids.
///
/// # Errors
/// The node cannot be reached or understood.
pub(crate) async fn open_bids(chain: &Chain) -> Result<Vec<OrderId>, ClientError> {
    let mut orders = Vec::new();
    let mut key = Vec::new();
    loop {
        let request = wire::QueryBidsRequest {
            provider: chain.name(),
            status: wire::BidStatus::Open.into(),
            pagination: Some(page(&key, PAGE)),
            ..Default::default()
        };
        let page = chain.account.client().bids(&request).await?;
        orders.extend(page.items.iter().map(|bid| OrderId(bid.order_id)));
        key = page.next_key;
        if key.is_empty() {
            return Ok(orders);
        }
    }
}

/// This provider's active leases, each with its order.
///
/// # Errors
/// The node cannot be reached or understood.
pub(crate) async fn active_leases(chain: &Chain) -> Result<Vec<(LeaseId, OrderId)>, ClientError> {
    let mut leases = Vec::new();
    let mut key = Vec::new();
    loop {
        let request = wire::QueryLeasesRequest {
            provider: chain.name(),
            status: wire::LeaseStatus::Active.into(),
            pagination: Some(page(&key, PAGE)),
            ..Default::default()
        };
        let page = chain.account.client().leases(&request).await?;
        leases.extend(page.items.iter().map(|lease| (LeaseId(lease.id), OrderId(lease.order_id))));
        key = page.next_key;
        if key.is_empty() {
            return Ok(leases);
        }
    }
}

/// An order with this provider's newest bid on it and that bid's lease.
pub(super) async fn order_seen(chain: &Chain, id: OrderId) -> Result<Option<OrderSeen>, ClientError> {
    let client = chain.account.client();
    let Some((order, _)) = found(client.order(id.0).await)? else { return Ok(None) };
    let request = wire::QueryBidsRequest {
        order_id: id.0,
        provider: chain.name(),
        pagination: Some(page(&[], PAGE)),
        ..Default::default()
    };
    let bids = client.bids(&request).await?.items;
    let bid = bids.iter().max_by_key(|bid| bid.id).map(|bid| own_bid(client, bid)).transpose()?;
    let lease = match &bid {
        Some(bid) if bid.status == BidStatus::Won => lease_seen(chain, LeaseId(bid.id.0)).await?,
        _ => None,
    };
    let status = match order.status() {
        wire::OrderStatus::Open => OrderStatus::Open,
        wire::OrderStatus::Matched => OrderStatus::Matched,
        wire::OrderStatus::Active => OrderStatus::Active,
        wire::OrderStatus::Closed => OrderStatus::Closed,
        wire::OrderStatus::Expired => OrderStatus::Expired,
        wire::OrderStatus::Cancelled => OrderStatus::Cancelled,
        wire::OrderStatus::Unspecified => return Err(malformed(client, "an order without status")),
    };
    Ok(Some(OrderSeen { order: read_order(client, &order)?, status, bid, lease }))
}

/// A lease; its number is that of the bid that won.
pub(super) async fn lease_seen(chain: &Chain, id: LeaseId) -> Result<Option<LeaseSeen>, ClientError> {
    let client = chain.account.client();
    let Some((lease, _)) = found(client.lease(id.0).await)? else { return Ok(None) };
    Ok(Some(LeaseSeen {
        id,
        price: uve(client, lease.price.as_ref())?,
        since: height(lease.created_height),
        active: lease.status() == wire::LeaseStatus::Active,
        confirmed: lease.confirmed,
    }))
}

fn own_bid(client: &Client, bid: &wire::Bid) -> Result<OwnBid, ClientError> {
    let status = match bid.status() {
        wire::BidStatus::Open => BidStatus::Open,
        wire::BidStatus::Won => BidStatus::Won,
        wire::BidStatus::Lost => BidStatus::Lost,
        wire::BidStatus::Withdrawn => BidStatus::Withdrawn,
        wire::BidStatus::Expired => BidStatus::Expired,
        wire::BidStatus::Unspecified => return Err(malformed(client, "a bid without status")),
    };
    let price = uve(client, bid.price.as_ref())?;
    Ok(OwnBid { id: BidId(bid.id), status, price, deposit_locked: bid.deposit_locked })
}

fn read_order(client: &Client, order: &wire::Order) -> Result<OpenOrder, ClientError> {
    Ok(OpenOrder {
        id: OrderId(order.id),
        tenant: order.tenant.parse::<Address>().map_err(|error| malformed(client, error))?,
        spec: OrderSpec::from_wire(order.spec.as_ref()).map_err(|error| malformed(client, error))?,
        attested: Vec::new(),
        bids_until: height(order.bids_until),
        expires_at: height(order.expires_at),
    })
}

fn uve(
    client: &Client,
    coin: Option<&virtengine_types::proto::cosmos::base::v1beta1::Coin>,
) -> Result<Amount, ClientError> {
    Coin::positive_base(coin).map_err(|error| malformed(client, error))
}

fn height(signed: i64) -> Height {
    Height(u64::try_from(signed).unwrap_or(0))
}

fn malformed(client: &Client, cause: impl ToString) -> ClientError {
    let method = "a query of the market".to_owned();
    ClientError::Malformed { url: client.url().to_owned(), method, cause: cause.to_string() }
}

fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
