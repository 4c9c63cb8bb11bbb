//! From a message to its operation.

use crate::{TxContext, bank, outcome::Outcome, staking};
use prost::Message;
use virtengine_state::{Key, State};
use virtengine_types::{
    Address,
    block::Event,
    Amount, Coin, Timestamp,
    due::Due,
    msg::Msg,
    proto::cosmos::bank::v1beta1::{MsgMultiSendResponse, MsgSendResponse},
    proto::cosmos::staking::v1beta1::{
        MsgBeginRedelegateResponse, MsgCancelUnbondingDelegationResponse, MsgCreateValidatorResponse,
        MsgDelegateResponse, MsgEditValidatorResponse, MsgUndelegateResponse,
    },
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
    ctx.emit(
        Event::new("message")
            .with("action", msg.type_url())
            .with("sender", msg.signer())
            .with("module", msg.module()),
    );
    let response = dispatch(state, ctx, msg)?;
    for event in ctx.events.iter_mut().skip(first) {
        event.attributes.push(("msg_index".to_owned(), index.to_string()));
    }
    Ok(prost_types::Any { type_url: format!("{}Response", msg.type_url()), value: response })
}

fn dispatch(state: &mut State, ctx: &mut TxContext<'_>, msg: &Msg) -> Outcome<Vec<u8>> {
    match msg {
        Msg::Send(msg) => bank::send(state, ctx, msg).map(|()| MsgSendResponse {}.encode_to_vec()),
        Msg::MultiSend(msg) => {
            bank::multi_send(state, ctx, msg).map(|()| MsgMultiSendResponse {}.encode_to_vec())
        }
        Msg::CreateValidator(msg) => staking::create_validator(state, ctx, msg)
            .map(|()| MsgCreateValidatorResponse {}.encode_to_vec()),
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
        other => Err(virtengine_types::code::Rejection::sdk(
            virtengine_types::code::SdkCode::UnknownRequest,
            other.type_url(),
        )
        .into()),
    }
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
        Due::OrderWindow(_) | Due::EscrowExhausted(_) | Due::FreeBids(_) => Ok(()),
        Due::Unbonding { delegator, validator } => {
            staking::mature_unbonding(state, ctx, delegator, validator)
        }
        Due::Redelegation { delegator, source, destination } => {
            staking::mature_redelegation(state, ctx, delegator, source, destination)
        }
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
}
