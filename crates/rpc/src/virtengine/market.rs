//! `virtengine.market.v1.Query`: orders, bids and leases.

use super::escrow::settled;
use crate::{Context, Status, backend::List, router::Routes};
use std::collections::BTreeMap;
use virtengine_chain::market::{BIDS, LEASES, ORDER_BIDS, ORDERS};
use virtengine_types::{
    Address,
    market::{Bid, BidId, BidStatus, LeaseId, Order, OrderId, OrderStatus},
    proto::virtengine::market::v1::{
        self as wire, QueryBidRequest, QueryBidResponse, QueryBidsRequest, QueryBidsResponse,
        QueryLeaseRequest, QueryLeaseResponse, QueryLeasesRequest, QueryLeasesResponse, QueryOrderRequest,
        QueryOrderResponse, QueryOrdersRequest, QueryOrdersResponse,
    },
};

const ORDER_STATUSES: [OrderStatus; 6] = [
    OrderStatus::Open,
    OrderStatus::Matched,
    OrderStatus::Active,
    OrderStatus::Closed,
    OrderStatus::Expired,
    OrderStatus::Cancelled,
];
const BID_STATUSES: [BidStatus; 5] =
    [BidStatus::Open, BidStatus::Won, BidStatus::Lost, BidStatus::Withdrawn, BidStatus::Expired];

pub(super) fn add(routes: &mut Routes) {
    routes.unary("/virtengine.market.v1.Query/Order", &["GET /virtengine/market/v1/orders/{id}"], order);
    routes.unary("/virtengine.market.v1.Query/Orders", &["GET /virtengine/market/v1/orders"], orders);
    routes.unary("/virtengine.market.v1.Query/Bid", &["GET /virtengine/market/v1/bids/{id}"], bid);
    routes.unary(
        "/virtengine.market.v1.Query/Bids",
        &["GET /virtengine/market/v1/bids", "GET /virtengine/market/v1/orders/{order_id}/bids"],
        bids,
    );
    routes.unary("/virtengine.market.v1.Query/Lease", &["GET /virtengine/market/v1/leases/{id}"], lease);
    routes.unary("/virtengine.market.v1.Query/Leases", &["GET /virtengine/market/v1/leases"], leases);
}

async fn order(context: Context, request: QueryOrderRequest) -> Result<QueryOrderResponse, Status> {
    let id = OrderId(request.id);
    let missing = || Status::not_found(format!("order {id} not found"));
    let order = context.get(&ORDERS, &id).await?.ok_or_else(missing)?;
    let mut orders = with_bids(&context, vec![(id, order)]).await?;
    Ok(QueryOrderResponse { order: orders.pop(), escrow: settled(&context, id).await? })
}

async fn orders(context: Context, request: QueryOrdersRequest) -> Result<QueryOrdersResponse, Status> {
    let list = List::Orders {
        tenant: account(&request.tenant)?,
        status: status(request.status, &ORDER_STATUSES, |status| status.to_wire().into())?,
        region: (!request.region.is_empty()).then_some(request.region),
    };
    let (rows, pagination) = context.page(&ORDERS, list, request.pagination).await?;
    let orders = with_bids(&context, rows).await?;
    Ok(QueryOrdersResponse { orders, pagination: Some(pagination) })
}

async fn bid(context: Context, request: QueryBidRequest) -> Result<QueryBidResponse, Status> {
    let id = BidId(request.id);
    let missing = || Status::not_found(format!("bid {id} not found"));
    let bid = context.get(&BIDS, &id).await?.ok_or_else(missing)?;
    let mut bids = with_orders(&context, vec![(id, bid)]).await?;
    Ok(QueryBidResponse { bid: bids.pop() })
}

async fn bids(context: Context, request: QueryBidsRequest) -> Result<QueryBidsResponse, Status> {
    let list = List::Bids {
        order: (request.order_id != 0).then_some(OrderId(request.order_id)),
        provider: account(&request.provider)?,
        status: status(request.status, &BID_STATUSES, |status| status.to_wire().into())?,
    };
    let (rows, pagination) = context.page(&BIDS, list, request.pagination).await?;
    let bids = with_orders(&context, rows).await?;
    Ok(QueryBidsResponse { bids, pagination: Some(pagination) })
}

async fn lease(context: Context, request: QueryLeaseRequest) -> Result<QueryLeaseResponse, Status> {
    let id = LeaseId(request.id);
    let missing = || Status::not_found(format!("lease {id} not found"));
    let lease = context.get(&LEASES, &id).await?.ok_or_else(missing)?;
    let escrow = settled(&context, lease.order).await?;
    Ok(QueryLeaseResponse { lease: Some(lease.to_wire(id)), escrow })
}

async fn leases(context: Context, request: QueryLeasesRequest) -> Result<QueryLeasesResponse, Status> {
    let active = match wire::LeaseStatus::try_from(request.status) {
        Ok(wire::LeaseStatus::Unspecified) => None,
        Ok(wire::LeaseStatus::Active) => Some(true),
        Ok(wire::LeaseStatus::Closed) => Some(false),
        Err(_) => return Err(Status::invalid(format!("status {} is not known", request.status))),
    };
    let list =
        List::Leases { tenant: account(&request.tenant)?, provider: account(&request.provider)?, active };
    let (rows, pagination) = context.page(&LEASES, list, request.pagination).await?;
    let leases = rows.iter().map(|(id, lease)| lease.to_wire(*id)).collect();
    Ok(QueryLeasesResponse { leases, pagination: Some(pagination) })
}

fn account(text: &str) -> Result<Option<Address>, Status> {
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse()?)) }
}

/// The status of a filter; 0 matches everything.
fn status<T: Copy>(number: i32, all: &[T], wire: impl Fn(T) -> i32) -> Result<Option<T>, Status> {
    if number == 0 {
        return Ok(None);
    }
    let found = all.iter().copied().find(|status| wire(*status) == number);
    found.map(Some).ok_or_else(|| Status::invalid(format!("status {number} is not known")))
}

/// Orders with the number of their open bids.
async fn with_bids(context: &Context, rows: Vec<(OrderId, Order)>) -> Result<Vec<wire::Order>, Status> {
    let places = rows.iter().map(|(id, _)| ORDER_BIDS.key(id)).collect::<Result<_, _>>()?;
    let lists = context.rows(&ORDER_BIDS, places).await?;
    let count = |list: usize| u32::try_from(list).unwrap_or(u32::MAX);
    let counts: BTreeMap<OrderId, u32> =
        lists.into_iter().map(|(id, list)| (id, count(list.ranked.len()))).collect();
    let wire =
        |(id, order): &(OrderId, Order)| order.to_wire(*id, counts.get(id).copied().unwrap_or_default());
    Ok(rows.iter().map(wire).collect())
}

/// Bids with the status that their order gives them.
async fn with_orders(context: &Context, rows: Vec<(BidId, Bid)>) -> Result<Vec<wire::Bid>, Status> {
    let mut places = rows.iter().map(|(_, bid)| ORDERS.key(&bid.order)).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.dedup();
    let orders = context.rows(&ORDERS, places).await?;
    let statuses: BTreeMap<OrderId, OrderStatus> =
        orders.into_iter().map(|(id, order)| (id, order.status)).collect();
    let wire = |(id, bid): &(BidId, Bid)| {
        let order = statuses.get(&bid.order).copied().unwrap_or(OrderStatus::Closed);
        bid.to_wire(*id, order)
    };
    Ok(rows.iter().map(wire).collect())
}
