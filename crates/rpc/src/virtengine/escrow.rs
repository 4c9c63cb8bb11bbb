//! `virtengine.escrow.v1.Query`: the funds of orders.

use crate::{Context, Status, router::Routes};
use virtengine_chain::escrow::{ESCROW_ACCOUNTS, settle};
use virtengine_types::{
    Height,
    market::OrderId,
    proto::virtengine::escrow::v1::{EscrowAccount, QueryAccountRequest, QueryAccountResponse},
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/virtengine.escrow.v1.Query/Account",
        &["GET /virtengine/escrow/v1/accounts/{order_id}"],
        account,
    );
}

async fn account(context: Context, request: QueryAccountRequest) -> Result<QueryAccountResponse, Status> {
    let order = OrderId(request.order_id);
    let missing = || Status::not_found(format!("escrow account of order {order} not found"));
    let account = settled(&context, order).await?.ok_or_else(missing)?;
    Ok(QueryAccountResponse { account: Some(account) })
}

/// The account of an order, settled to the latest height as the next touch would settle it.
pub(super) async fn settled(context: &Context, order: OrderId) -> Result<Option<EscrowAccount>, Status> {
    let Some(mut account) = context.get(&ESCROW_ACCOUNTS, &order).await? else { return Ok(None) };
    let height = Height(context.height()).max(account.settled_height);
    settle(&mut account, height).map_err(Status::internal)?;
    Ok(Some(account.to_wire(order)))
}
