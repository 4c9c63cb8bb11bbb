//! Messages: what a transaction asks for, checked as far as that needs no state.

mod bank;
mod decode;
mod distribution;
mod market;
mod provider;
mod slashing;
mod staking;

pub use bank::{MAX_OUTPUTS, MultiSend, Send};
pub use decode::MsgError;
pub use distribution::{SetWithdrawAddress, WithdrawCommission, WithdrawReward};
pub use market::{
    AcceptBid, AfterClose, CancelOrder, CloseLease, ConfirmLease, CreateOrder, DepositEscrow, ReleaseBid,
    SubmitBid, WithdrawBid, WithdrawEarnings,
};
pub use provider::{AttestProvider, DeregisterProvider, RegisterProvider, RevokeAttestation, UpdateProvider};
pub use slashing::{SignedVote, SubmitEvidence, Unjail, Vote, VoteKind};
pub use staking::{
    BeginRedelegate, CancelUnbonding, CreateValidator, Delegate, EditDescription, EditValidator,
    SetConsensusKey, Undelegate,
};

use crate::Address;

/// Declares the enum of all messages with their type URLs, so that a message cannot be forgotten in one
/// of the places that list them.
macro_rules! messages {
    ($($name:ident: $url:literal in $module:literal),* $(,)?) => {
        /// One message of a transaction.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // each variant's struct says what it is
        pub enum Msg { $($name($name)),* }

        impl Msg {
            /// Every type URL that can be executed.
            pub const TYPE_URLS: &'static [&'static str] = &[$($url),*];

            /// The protobuf type URL.
            #[must_use]
            pub const fn type_url(&self) -> &'static str {
                match self { $(Self::$name(_) => $url),* }
            }

            /// The module that executes it, as events name it.
            #[must_use]
            pub const fn module(&self) -> &'static str {
                match self { $(Self::$name(_) => $module),* }
            }

            /// The account that must sign.
            #[must_use]
            pub const fn signer(&self) -> Address {
                match self { $(Self::$name(msg) => msg.signer()),* }
            }

            /// Decodes and checks the protobuf message of `type_url`.
            ///
            /// # Errors
            /// - `UnknownType` - no such message
            /// - `Malformed` - the bytes are not that message
            /// - otherwise the message's own rule that is broken
            pub fn decode(type_url: &str, value: &[u8]) -> Result<Self, MsgError> {
                match type_url {
                    $($url => decode::message::<_, $name>(type_url, value).map(Self::$name),)*
                    _ => Err(MsgError::UnknownType { type_url: type_url.chars().take(128).collect() }),
                }
            }
        }
    };
}

messages! {
    Send: "/cosmos.bank.v1beta1.MsgSend" in "bank",
    MultiSend: "/cosmos.bank.v1beta1.MsgMultiSend" in "bank",
    CreateValidator: "/cosmos.staking.v1beta1.MsgCreateValidator" in "staking",
    EditValidator: "/cosmos.staking.v1beta1.MsgEditValidator" in "staking",
    Delegate: "/cosmos.staking.v1beta1.MsgDelegate" in "staking",
    Undelegate: "/cosmos.staking.v1beta1.MsgUndelegate" in "staking",
    BeginRedelegate: "/cosmos.staking.v1beta1.MsgBeginRedelegate" in "staking",
    CancelUnbonding: "/cosmos.staking.v1beta1.MsgCancelUnbondingDelegation" in "staking",
    SetConsensusKey: "/virtengine.staking.v1.MsgSetConsensusKey" in "staking",
    WithdrawReward: "/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward" in "distribution",
    WithdrawCommission: "/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission" in "distribution",
    SetWithdrawAddress: "/cosmos.distribution.v1beta1.MsgSetWithdrawAddress" in "distribution",
    Unjail: "/cosmos.slashing.v1beta1.MsgUnjail" in "slashing",
    SubmitEvidence: "/virtengine.slashing.v1.MsgSubmitEvidence" in "slashing",
    RegisterProvider: "/virtengine.provider.v1.MsgRegisterProvider" in "provider",
    UpdateProvider: "/virtengine.provider.v1.MsgUpdateProvider" in "provider",
    DeregisterProvider: "/virtengine.provider.v1.MsgDeregisterProvider" in "provider",
    AttestProvider: "/virtengine.provider.v1.MsgAttestProvider" in "provider",
    RevokeAttestation: "/virtengine.provider.v1.MsgRevokeAttestation" in "provider",
    CreateOrder: "/virtengine.market.v1.MsgCreateOrder" in "market",
    CancelOrder: "/virtengine.market.v1.MsgCancelOrder" in "market",
    SubmitBid: "/virtengine.market.v1.MsgSubmitBid" in "market",
    WithdrawBid: "/virtengine.market.v1.MsgWithdrawBid" in "market",
    AcceptBid: "/virtengine.market.v1.MsgAcceptBid" in "market",
    ConfirmLease: "/virtengine.market.v1.MsgConfirmLease" in "market",
    CloseLease: "/virtengine.market.v1.MsgCloseLease" in "market",
    WithdrawEarnings: "/virtengine.market.v1.MsgWithdrawEarnings" in "market",
    ReleaseBid: "/virtengine.market.v1.MsgReleaseBid" in "market",
    DepositEscrow: "/virtengine.market.v1.MsgDepositEscrow" in "market",
}
