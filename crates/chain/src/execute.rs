//! From a message to its operation.

use crate::{
    BlockContext, TxContext, bank, distribution, due, market, outcome::Outcome, provider, slashing, staking,
};
use prost::Message;
use smol_str::{SmolStr, ToSmolStr as _};
use virtengine_state::{Key, State};
use virtengine_types::{
    Address, Amount, Coin, Timestamp,
    block::Event,
    due::Due,
    msg::Msg,
    proto::cosmos::bank::v1beta1::{MsgMultiSendResponse, MsgSendResponse},
    proto::cosmos::distribution::v1beta1::{
        MsgSetWithdrawAddressResponse, MsgWithdrawDelegatorRewardResponse,
        MsgWithdrawValidatorCommissionResponse,
    },
    proto::cosmos::slashing::v1beta1::MsgUnjailResponse,
    proto::cosmos::staking::v1beta1::{
        MsgBeginRedelegateResponse, MsgCancelUnbondingDelegationResponse, MsgCreateValidatorResponse,
        MsgDelegateResponse, MsgEditValidatorResponse, MsgUndelegateResponse,
    },
    proto::virtengine::market::v1::{
        MsgAcceptBidResponse, MsgCancelOrderResponse, MsgCloseLeaseResponse, MsgConfirmLeaseResponse,
        MsgCreateOrderResponse, MsgDepositEscrowResponse, MsgReleaseBidResponse, MsgSubmitBidResponse,
        MsgWithdrawBidResponse, MsgWithdrawEarningsResponse,
    },
    proto::virtengine::provider::v1::{
        MsgAttestProviderResponse, MsgDeregisterProviderResponse, MsgRegisterProviderResponse,
        MsgRevokeAttestationResponse, MsgUpdateProviderResponse,
    },
    proto::virtengine::slashing::v1::MsgSubmitEvidenceResponse,
    proto::virtengine::staking::v1::MsgSetConsensusKeyResponse,
};

/// Executes one message; answers with its response, packed.
///
/// Emits the `message` event of its action first; every event gets the message's index.
pub(crate) fn message(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    index: usize,
    msg: &Msg,
) -> Outcome<prost_types::Any> {
    let first = ctx.events.len();
    let sender = ctx.name(msg.signer());
    ctx.emit(
        Event::new("message")
            .text("action", SmolStr::new_static(msg.type_url()))
            .text("sender", sender)
            .text("module", SmolStr::new_static(msg.module())),
    );
    let response = dispatch(state, ctx, msg)?;
    let index = index.to_smolstr();
    for event in ctx.events.iter_mut().skip(first) {
        event.attributes.push((SmolStr::new_static("msg_index"), index.clone()));
    }
    Ok(prost_types::Any { type_url: format!("{}Response", msg.type_url()), value: response })
}

fn dispatch(state: &mut State, ctx: &mut TxContext<'_>, msg: &Msg) -> Outcome<Vec<u8>> {
    match msg {
        Msg::Send(msg) => bank::send(state, ctx, msg).map(|()| MsgSendResponse {}.encode_to_vec()),
        Msg::MultiSend(msg) => {
            bank::multi_send(state, ctx, msg).map(|()| MsgMultiSendResponse {}.encode_to_vec())
        }
        Msg::CreateValidator(msg) => {
            staking::create_validator(state, ctx, msg).map(|()| MsgCreateValidatorResponse {}.encode_to_vec())
        }
        Msg::EditValidator(msg) => {
            staking::edit_validator(state, ctx, msg).map(|()| MsgEditValidatorResponse {}.encode_to_vec())
        }
        Msg::Delegate(msg) => {
            staking::delegate(state, ctx, msg).map(|()| MsgDelegateResponse {}.encode_to_vec())
        }
        Msg::Undelegate(msg) => {
            let completes = staking::undelegate(state, ctx, msg)?;
            Ok(undelegate_response(completes, msg.amount).encode_to_vec())
        }
        Msg::BeginRedelegate(msg) => {
            let completion_time = Some(moment(staking::begin_redelegate(state, ctx, msg)?));
            Ok(MsgBeginRedelegateResponse { completion_time }.encode_to_vec())
        }
        Msg::CancelUnbonding(msg) => staking::cancel_unbonding(state, ctx, msg)
            .map(|()| MsgCancelUnbondingDelegationResponse {}.encode_to_vec()),
        Msg::SetConsensusKey(msg) => staking::set_consensus_key(state, ctx, msg)
            .map(|()| MsgSetConsensusKeyResponse {}.encode_to_vec()),
        Msg::WithdrawReward(msg) => {
            let amount = paid(distribution::withdraw_reward(state, ctx, msg)?);
            Ok(MsgWithdrawDelegatorRewardResponse { amount }.encode_to_vec())
        }
        Msg::WithdrawCommission(msg) => {
            let amount = paid(distribution::withdraw_commission(state, ctx, msg)?);
            Ok(MsgWithdrawValidatorCommissionResponse { amount }.encode_to_vec())
        }
        Msg::SetWithdrawAddress(msg) => distribution::set_withdraw_address(state, ctx, msg)
            .map(|()| MsgSetWithdrawAddressResponse {}.encode_to_vec()),
        Msg::Unjail(msg) => slashing::unjail(state, ctx, msg).map(|()| MsgUnjailResponse {}.encode_to_vec()),
        Msg::SubmitEvidence(msg) => {
            let validator_address = slashing::submit_evidence(state, ctx, msg)?.operator();
            Ok(MsgSubmitEvidenceResponse { validator_address }.encode_to_vec())
        }
        Msg::RegisterProvider(msg) => {
            provider::register(state, ctx, msg).map(|()| MsgRegisterProviderResponse {}.encode_to_vec())
        }
        Msg::UpdateProvider(msg) => {
            provider::update(state, ctx, msg).map(|()| MsgUpdateProviderResponse {}.encode_to_vec())
        }
        Msg::DeregisterProvider(msg) => {
            provider::deregister(state, ctx, msg).map(|()| MsgDeregisterProviderResponse {}.encode_to_vec())
        }
        Msg::AttestProvider(msg) => {
            provider::attest(state, ctx, msg).map(|()| MsgAttestProviderResponse {}.encode_to_vec())
        }
        Msg::RevokeAttestation(msg) => {
            provider::revoke(state, ctx, msg).map(|()| MsgRevokeAttestationResponse {}.encode_to_vec())
        }
        Msg::CreateOrder(msg) => {
            let order_id = market::create_order(state, ctx, msg)?.0;
            Ok(MsgCreateOrderResponse { order_id }.encode_to_vec())
        }
        Msg::CancelOrder(msg) => {
            market::cancel_order(state, ctx, msg).map(|()| MsgCancelOrderResponse {}.encode_to_vec())
        }
        Msg::SubmitBid(msg) => {
            let bid_id = market::submit_bid(state, ctx, msg)?.0;
            Ok(MsgSubmitBidResponse { bid_id }.encode_to_vec())
        }
        Msg::WithdrawBid(msg) => {
            market::withdraw_bid(state, ctx, msg).map(|()| MsgWithdrawBidResponse {}.encode_to_vec())
        }
        Msg::AcceptBid(msg) => {
            let lease_id = market::accept_bid(state, ctx, msg)?.0;
            Ok(MsgAcceptBidResponse { lease_id }.encode_to_vec())
        }
        Msg::ConfirmLease(msg) => {
            market::confirm_lease(state, ctx, msg).map(|()| MsgConfirmLeaseResponse {}.encode_to_vec())
        }
        Msg::CloseLease(msg) => {
            market::close_lease(state, ctx, msg).map(|()| MsgCloseLeaseResponse {}.encode_to_vec())
        }
        Msg::WithdrawEarnings(msg) => {
            let amount = Some(Coin::base(market::withdraw_earnings(state, ctx, msg)?).to_wire());
            Ok(MsgWithdrawEarningsResponse { amount }.encode_to_vec())
        }
        Msg::ReleaseBid(msg) => {
            market::release_bid(state, ctx, msg).map(|()| MsgReleaseBidResponse {}.encode_to_vec())
        }
        Msg::DepositEscrow(msg) => {
            market::deposit_escrow(state, ctx, msg).map(|()| MsgDepositEscrowResponse {}.encode_to_vec())
        }
    }
}

/// An amount as a list of coins, which is empty for 0.
fn paid(amount: Amount) -> Vec<virtengine_types::proto::cosmos::base::v1beta1::Coin> {
    if amount.is_zero() { Vec::new() } else { vec![Coin::base(amount).to_wire()] }
}

fn undelegate_response(completes: u64, amount: Amount) -> MsgUndelegateResponse {
    let amount = Some(Coin::base(amount).to_wire());
    MsgUndelegateResponse { completion_time: Some(moment(completes)), amount }
}

fn moment(second: u64) -> prost_types::Timestamp {
    Timestamp(second.saturating_mul(1000)).to_proto()
}

/// Does what has come due.
pub(crate) fn due(state: &mut State, ctx: &mut TxContext<'_>, due: Due) -> Outcome<()> {
    match due {
        Due::OrderWindow(order) => market::close_window(state, ctx, order),
        Due::EscrowExhausted(order) => market::close_unfunded(state, ctx, order),
        Due::FreeBids(order) => market::free_bids(state, ctx, order),
        Due::Unbonding { delegator, validator } => {
            staking::mature_unbonding(state, ctx, delegator, validator)
        }
        Due::Redelegation { delegator, source, destination } => {
            staking::mature_redelegation(state, ctx, delegator, source, destination)
        }
    }
}

/// Keys that the deadlines which the block handles next will likely touch, so that those of a page are
/// loaded together when the first of them misses one.
pub(crate) fn due_hints(state: &mut State, block: &BlockContext, keys: &mut Vec<Key>) {
    let upcoming = due::upcoming(state, block);
    if let Some(at_hand) = upcoming.first() {
        market::window_hints(state, *at_hand, keys);
    }
    for entry in upcoming {
        market::due_hints(state, block, entry, keys);
    }
}

/// Keys that a message will likely touch; hints make a block fast, never correct.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    let mut account = |address: Address| keys.extend(bank::ACCOUNTS.key(&address));
    account(msg.signer());
    match msg {
        Msg::Send(msg) => account(msg.to),
        Msg::MultiSend(msg) => msg.outputs.iter().for_each(|(address, _)| account(*address)),
        _ => {}
    }
    staking::hints(msg, keys);
    distribution::hints(msg, keys);
    slashing::hints(msg, keys);
    provider::hints(msg, keys);
    market::hints(msg, keys);
}
