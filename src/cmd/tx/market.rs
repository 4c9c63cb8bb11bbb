//! `virtengine tx market`.

use super::{super::parse, Signer, order::CreateOrder};
use clap::{Subcommand, ValueEnum};
use eyre::Result;
use prost_types::Any;
use virtengine_client::sign::any;
use virtengine_types::{
    Address, Amount,
    proto::virtengine::{
        market::v1::{
            CloseReason, MsgAcceptBid, MsgCancelOrder, MsgCloseLease, MsgConfirmLease, MsgDepositEscrow,
            MsgReleaseBid, MsgSubmitBid, MsgWithdrawBid, MsgWithdrawEarnings,
        },
        params::v1::Params,
    },
};

#[derive(Subcommand)]
pub(super) enum Market {
    /// Post an order and fund its escrow account. `virtengine deploy` does this for an SDL file.
    CreateOrder(Box<CreateOrder>),
    /// Withdraw an open order; its escrow returns to the depositors.
    CancelOrder {
        /// The order.
        #[arg(value_parser = parse::number)]
        order: u64,
    },
    /// Offer to serve an order.
    SubmitBid {
        /// The order.
        #[arg(value_parser = parse::number)]
        order: u64,
        /// Price in uve per block.
        #[arg(value_parser = parse::payment, allow_hyphen_values = true)]
        price: Amount,
        /// uve locked until the bid is decided; default the chain's minimum.
        #[arg(long, value_parser = parse::payment, allow_hyphen_values = true)]
        deposit: Option<Amount>,
    },
    /// Take an open bid back; its deposit is freed.
    WithdrawBid {
        /// The bid.
        #[arg(value_parser = parse::number)]
        bid: u64,
    },
    /// Choose a bid: the lease begins and its payment stream opens.
    AcceptBid {
        /// The bid.
        #[arg(value_parser = parse::number)]
        bid: u64,
    },
    /// Say as the provider that the leased workload runs.
    ConfirmLease {
        /// The lease.
        #[arg(value_parser = parse::number)]
        lease: u64,
    },
    /// End a lease as its tenant or its provider.
    CloseLease {
        /// The lease.
        #[arg(value_parser = parse::number)]
        lease: u64,
        /// Why; default the side's own.
        #[arg(long, value_enum)]
        reason: Option<Reason>,
        /// Open the order again for new bids; the tenant's right.
        #[arg(long)]
        reopen: bool,
    },
    /// Pay out what a lease has earned.
    WithdrawEarnings {
        /// The lease.
        #[arg(value_parser = parse::number)]
        lease: u64,
    },
    /// Free the deposit of a bid that can no longer win.
    ReleaseBid {
        /// The bid.
        #[arg(value_parser = parse::number)]
        bid: u64,
    },
    /// Add funds to an order's escrow account.
    DepositEscrow {
        /// The order.
        #[arg(value_parser = parse::number)]
        order: u64,
        /// How much uve.
        #[arg(value_parser = parse::payment, allow_hyphen_values = true)]
        amount: Amount,
    },
}

/// Why a lease is closed by hand.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Reason {
    /// The tenant no longer wants it.
    Tenant,
    /// The provider gives it up.
    Provider,
    /// The tenant finds that it does not run as leased.
    Unhealthy,
}

impl Reason {
    const fn to_wire(self) -> CloseReason {
        match self {
            Self::Tenant => CloseReason::Tenant,
            Self::Provider => CloseReason::Provider,
            Self::Unhealthy => CloseReason::Unhealthy,
        }
    }
}

impl Market {
    /// The message; `account` finds the address that a text names, `params` asks for the chain's parameters.
    pub(super) async fn message(
        self,
        signer: &Signer<'_>,
        account: impl Fn(&str) -> Result<Address>,
        params: impl AsyncFnOnce() -> Result<Params>,
    ) -> Result<Any> {
        let who = signer.address.to_string();
        Ok(match self {
            Self::CreateOrder(create) => any(&create.message(signer, account)?),
            Self::CancelOrder { order } => any(&MsgCancelOrder { tenant: who, order_id: order }),
            Self::SubmitBid { order, price, deposit } => {
                let deposit = match deposit {
                    Some(deposit) => parse::uve(deposit),
                    None => params().await?.min_bid_deposit,
                };
                any(&MsgSubmitBid { provider: who, order_id: order, price: parse::uve(price), deposit })
            }
            Self::WithdrawBid { bid } => any(&MsgWithdrawBid { provider: who, bid_id: bid }),
            Self::AcceptBid { bid } => any(&MsgAcceptBid { tenant: who, bid_id: bid }),
            Self::ConfirmLease { lease } => any(&MsgConfirmLease { provider: who, lease_id: lease }),
            Self::CloseLease { lease, reason, reopen } => any(&MsgCloseLease {
                sender: who,
                lease_id: lease,
                reason: reason.map_or(0, |reason| reason.to_wire().into()),
                reopen,
            }),
            Self::WithdrawEarnings { lease } => any(&MsgWithdrawEarnings { provider: who, lease_id: lease }),
            Self::ReleaseBid { bid } => any(&MsgReleaseBid { sender: who, bid_id: bid }),
            Self::DepositEscrow { order, amount } => {
                any(&MsgDepositEscrow { depositor: who, order_id: order, amount: parse::uve(amount) })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;
    use virtengine_types::Coin;

    #[tokio::test]
    async fn a_bid_locks_the_chains_minimum_unless_told_otherwise() {
        let minimum = Some(Coin::base(Amount(100_000)).to_wire());
        for (deposit, locked) in [(None, "100000"), (Some(Amount(7)), "7")] {
            let signer = Signer { address: Address([1; 20]), chain_id: "test" };
            let bid = Market::SubmitBid { order: 7, price: Amount(5), deposit };
            let params = async || Ok(Params { min_bid_deposit: minimum.clone(), ..Default::default() });
            let message = bid.message(&signer, |text| Ok(text.parse()?), params).await.unwrap();
            let message = MsgSubmitBid::decode(message.value.as_slice()).unwrap();
            assert_eq!(message.deposit.unwrap().amount, locked);
        }
    }
}
