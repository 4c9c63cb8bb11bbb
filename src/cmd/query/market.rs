//! `virtengine query market` and `virtengine query escrow`.

use super::{super::parse, Asker, Paging};
use clap::{Subcommand, ValueEnum};
use eyre::Result;
use virtengine_types::proto::virtengine::{
    escrow::v1::{QueryAccountRequest, QueryAccountResponse},
    market::v1::{
        BidStatus, LeaseStatus, OrderStatus, QueryBidRequest, QueryBidResponse, QueryBidsRequest,
        QueryBidsResponse, QueryLeaseRequest, QueryLeaseResponse, QueryLeasesRequest, QueryLeasesResponse,
        QueryOrderRequest, QueryOrderResponse, QueryOrdersRequest, QueryOrdersResponse,
    },
};

#[derive(Subcommand)]
pub(super) enum Market {
    /// One order with its escrow account.
    Order {
        /// The order.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// Orders, newest last. Their open bids are those that can still be accepted.
    Orders {
        /// Only of this tenant: an address, or the name of a key.
        #[arg(long)]
        tenant: Option<String>,
        /// Only of this state.
        #[arg(long, value_enum)]
        status: Option<OrderState>,
        /// Only for this region.
        #[arg(long, default_value = "", hide_default_value = true)]
        region: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// One bid.
    Bid {
        /// The bid.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// Bids.
    Bids {
        /// Only on this order.
        #[arg(long, default_value_t = 0, hide_default_value = true, value_parser = parse::number)]
        order: u64,
        /// Only of this provider: an address, or the name of a key.
        #[arg(long)]
        provider: Option<String>,
        /// Only of this state.
        #[arg(long, value_enum)]
        status: Option<BidState>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One lease with its order's escrow account.
    Lease {
        /// The lease.
        #[arg(value_parser = parse::number)]
        id: u64,
    },
    /// Leases.
    Leases {
        /// Only of this tenant: an address, or the name of a key.
        #[arg(long)]
        tenant: Option<String>,
        /// Only of this provider: an address, or the name of a key.
        #[arg(long)]
        provider: Option<String>,
        /// Only of this state.
        #[arg(long, value_enum)]
        status: Option<LeaseState>,
        #[command(flatten)]
        paging: Paging,
    },
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)] // the market's spec says what each is
pub(super) enum OrderState {
    Open,
    Matched,
    Active,
    Closed,
    Expired,
    Cancelled,
}

/// Where a bid stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)] // the market's spec says what each is
pub(super) enum BidState {
    Open,
    Won,
    Lost,
    Withdrawn,
    Expired,
}

/// Whether a lease runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)] // the market's spec says what each is
pub(super) enum LeaseState {
    Active,
    Closed,
}

impl OrderState {
    fn number(state: Option<Self>) -> i32 {
        let status = match state {
            None => OrderStatus::Unspecified,
            Some(Self::Open) => OrderStatus::Open,
            Some(Self::Matched) => OrderStatus::Matched,
            Some(Self::Active) => OrderStatus::Active,
            Some(Self::Closed) => OrderStatus::Closed,
            Some(Self::Expired) => OrderStatus::Expired,
            Some(Self::Cancelled) => OrderStatus::Cancelled,
        };
        status.into()
    }
}

impl BidState {
    fn number(state: Option<Self>) -> i32 {
        let status = match state {
            None => BidStatus::Unspecified,
            Some(Self::Open) => BidStatus::Open,
            Some(Self::Won) => BidStatus::Won,
            Some(Self::Lost) => BidStatus::Lost,
            Some(Self::Withdrawn) => BidStatus::Withdrawn,
            Some(Self::Expired) => BidStatus::Expired,
        };
        status.into()
    }
}

impl LeaseState {
    fn number(state: Option<Self>) -> i32 {
        let status = match state {
            None => LeaseStatus::Unspecified,
            Some(Self::Active) => LeaseStatus::Active,
            Some(Self::Closed) => LeaseStatus::Closed,
        };
        status.into()
    }
}

impl Market {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let client = &asker.client;
        let path = |name: &str| format!("/virtengine.market.v1.Query/{name}");
        match self {
            Self::Order { id } => asker.show(
                &client.query::<_, QueryOrderResponse>(&path("Order"), &QueryOrderRequest { id }).await?,
            ),
            Self::Orders { tenant, status, region, paging } => {
                let request = QueryOrdersRequest {
                    tenant: asker.filter(tenant.as_deref())?,
                    status: OrderState::number(status),
                    region,
                    pagination: paging.request(),
                };
                let answer: QueryOrdersResponse = client.query(&path("Orders"), &request).await?;
                let columns = [
                    ("order", "id"),
                    ("name", "spec.name"),
                    ("tenant", "tenant"),
                    ("status", "status"),
                    ("ceiling / block", "spec.max_price"),
                    ("region", "spec.region"),
                    ("open bids", "open_bids"),
                    ("lease", "lease_id"),
                ];
                asker.list(&answer, "orders", &columns)
            }
            Self::Bid { id } => {
                asker.show(&client.query::<_, QueryBidResponse>(&path("Bid"), &QueryBidRequest { id }).await?)
            }
            Self::Bids { order, provider, status, paging } => {
                let request = QueryBidsRequest {
                    order_id: order,
                    provider: asker.filter(provider.as_deref())?,
                    status: BidState::number(status),
                    pagination: paging.request(),
                };
                let answer: QueryBidsResponse = client.query(&path("Bids"), &request).await?;
                let columns = [
                    ("bid", "id"),
                    ("order", "order_id"),
                    ("provider", "provider"),
                    ("price / block", "price"),
                    ("status", "status"),
                    ("deposit", "deposit"),
                    ("locked", "deposit_locked"),
                ];
                asker.list(&answer, "bids", &columns)
            }
            Self::Lease { id } => asker.show(
                &client.query::<_, QueryLeaseResponse>(&path("Lease"), &QueryLeaseRequest { id }).await?,
            ),
            Self::Leases { tenant, provider, status, paging } => {
                let request = QueryLeasesRequest {
                    tenant: asker.filter(tenant.as_deref())?,
                    provider: asker.filter(provider.as_deref())?,
                    status: LeaseState::number(status),
                    pagination: paging.request(),
                };
                let answer: QueryLeasesResponse = client.query(&path("Leases"), &request).await?;
                let columns = [
                    ("lease", "id"),
                    ("order", "order_id"),
                    ("tenant", "tenant"),
                    ("provider", "provider"),
                    ("price / block", "price"),
                    ("status", "status"),
                    ("reason", "close_reason"),
                ];
                asker.list(&answer, "leases", &columns)
            }
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Escrow {
    /// The funds of an order, settled to the newest height.
    Account {
        /// The order.
        #[arg(value_parser = parse::number)]
        order: u64,
    },
}

impl Escrow {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        match self {
            Self::Account { order } => {
                let request = QueryAccountRequest { order_id: order };
                let path = "/virtengine.escrow.v1.Query/Account";
                asker.show(&asker.client.query::<_, QueryAccountResponse>(path, &request).await?)
            }
        }
    }
}
