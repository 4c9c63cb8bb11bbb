//! What is told of the leases of a deployment.

use super::{super::output::Column, bids::Won, cost::cost};
use eyre::Result;
use serde_json::{Value, json};
use virtengine_client::Client;
use virtengine_types::Coin;

/// Blocks over which the block time is measured.
const MEASURED_BLOCKS: u64 = 100;

/// Columns of the table.
pub(super) const COLUMNS: &[Column] = &[
    ("placement", "placement"),
    ("order", "order_id"),
    ("lease", "lease_id"),
    ("provider", "provider"),
    ("host", "host_uri"),
    ("per block", "price_per_block"),
    ("per hour at this pace", "cost_per_hour"),
    ("per 30 days at this pace", "cost_per_month"),
    ("funds end at block", "exhausted_height"),
];

/// Each lease with its provider and its cost.
pub(super) async fn leases(client: &Client, won: &[Won]) -> Result<Vec<Value>> {
    let block_time_ms = client.block_time_ms(MEASURED_BLOCKS).await?;
    let mut records = Vec::with_capacity(won.len());
    for Won { order_id, placement, lease_id } in won {
        let (lease, escrow) = client.lease(*lease_id).await?;
        let price = Coin::from_wire(&lease.price.unwrap_or_default())?.amount;
        let provider = client.provider(lease.provider.parse()?).await?;
        let cost = block_time_ms.and_then(|block_time| cost(price.0, block_time));
        let coin = |amount: u128| json!({"denom": "uve", "amount": amount.to_string()});
        records.push(json!({
            "placement": placement,
            "order_id": order_id.to_string(),
            "lease_id": lease_id.to_string(),
            "bid_id": lease.bid_id.to_string(),
            "provider": lease.provider,
            "host_uri": provider.host_uri,
            "price_per_block": coin(price.0),
            "block_time_ms": block_time_ms,
            "cost_per_hour": cost.map(|cost| coin(cost.hour)),
            "cost_per_month": cost.map(|cost| coin(cost.month)),
            "exhausted_height": escrow.map(|escrow| escrow.exhausted_height.to_string()),
        }));
    }
    Ok(records)
}
