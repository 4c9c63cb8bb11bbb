//! The provider's side of the conversation with the chain: registering, bidding, looking things up.

mod lookup;
mod register;

pub(crate) use lookup::{active_leases, attested, open_bids, open_order, open_orders};
pub(crate) use register::register;

use crate::desk::{Chore, Done};
use lookup::{lease_seen, order_seen};
use prost::{Message, Name};
use prost_types::Any;
use std::time::Duration;
use virtengine_client::{Account, ClientError, Refusal, TxOptions, TxOutcome};
use virtengine_types::{
    Amount, Coin,
    code::SdkCode,
    market::{BidId, OrderId},
    proto::virtengine::market::v1::{
        MsgConfirmLease, MsgReleaseBid, MsgSubmitBid, MsgSubmitBidResponse, MsgWithdrawBid,
        MsgWithdrawEarnings,
    },
};

/// How long a transaction may take to come into a block before the chain is asked what became of it.
const INCLUSION: Duration = Duration::from_secs(30);

/// What a provider says to the chain, and with what.
pub(crate) struct Chain {
    pub(crate) account: Account,
    /// uve locked for each bid.
    pub(crate) deposit: Amount,
}

/// How a chore went.
pub(crate) struct Report {
    pub(crate) chore: Chore,
    pub(crate) done: Done,
}

impl Chain {
    /// Does a chore; failures are logged here and told in short.
    pub(crate) async fn perform(&self, chore: Chore, price: Option<Amount>) -> Report {
        let result = match chore {
            Chore::Submit(order) => self.submit_bid(order, price).await,
            Chore::Check(order) => order_seen(self, order).await.map(|seen| Done::Order(seen.map(Box::new))),
            Chore::CheckLease(lease) => lease_seen(self, lease).await.map(Done::Lease),
            Chore::WithdrawBid(_, bid) => self
                .send(&MsgWithdrawBid { provider: self.name(), bid_id: bid.0 })
                .await
                .map(|_| Done::Sent(None)),
            Chore::Release(bid) => self
                .send(&MsgReleaseBid { sender: self.name(), bid_id: bid.0 })
                .await
                .map(|_| Done::Sent(None)),
            Chore::Confirm(lease) => {
                let message = MsgConfirmLease { provider: self.name(), lease_id: lease.0 };
                self.send(&message).await.map(|_| Done::Sent(None))
            }
            Chore::Withdraw(lease) => {
                let message = MsgWithdrawEarnings { provider: self.name(), lease_id: lease.0 };
                self.send(&message).await.map(|_| Done::Sent(None))
            }
        };
        let done = result.unwrap_or_else(|error| {
            tracing::warn!(?chore, %error, "a step on the chain failed");
            if !error.is_transient() && error.refusal().is_some_and(|refusal| !passes(refusal)) {
                Done::Refused
            } else {
                Done::Unknown
            }
        });
        Report { chore, done }
    }

    async fn submit_bid(&self, order: OrderId, price: Option<Amount>) -> Result<Done, ClientError> {
        // The reservation ended before its bid went out: a look at the chain settles the rest.
        let Some(price) = price else { return Ok(Done::Unknown) };
        let message = MsgSubmitBid {
            provider: self.name(),
            order_id: order.0,
            price: Some(Coin::base(price).to_wire()),
            deposit: Some(Coin::base(self.deposit).to_wire()),
        };
        let outcome = self.send(&message).await?;
        let bid = outcome.response::<MsgSubmitBidResponse>(0).map(|response| BidId(response.bid_id));
        Ok(Done::Sent(bid))
    }

    /// Sends one message and waits until it is in a block.
    async fn send<M: Message + Name>(&self, message: &M) -> Result<TxOutcome, ClientError> {
        let any = Any { type_url: M::type_url(), value: message.encode_to_vec() };
        let submitted = self.account.submit(&[any], &TxOptions::default()).await?;
        match self.account.client().wait_tx(&submitted.hash, INCLUSION).await {
            Ok(outcome) => outcome.ok(),
            Err(error) => {
                // It may be gone, and the sequences after it with it.
                self.account.resynchronize().await;
                Err(error)
            }
        }
    }

    fn name(&self) -> String {
        self.account.address().to_string()
    }
}

/// Whether a refusal is of the moment and not of the message.
fn passes(refusal: &Refusal) -> bool {
    [SdkCode::MempoolFull, SdkCode::WrongSequence, SdkCode::InvalidSequence, SdkCode::TxInMempoolCache]
        .into_iter()
        .any(|code| refusal.is(code))
}
