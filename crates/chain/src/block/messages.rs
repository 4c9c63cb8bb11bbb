//! The messages of a transaction, all or nothing.

use super::Mode;
use crate::{
    TxContext, ante, execute,
    outcome::{Outcome, Stop},
};
use prost::Message as _;
use virtengine_state::State;
use virtengine_types::{
    Gas,
    block::TxResult,
    code::{Rejection, SdkCode},
    proto::cosmos::base::abci::v1beta1::TxMsgData,
    tx::VerifiedTx,
};

/// Runs the messages of an admitted transaction; if one fails, what all of them did is undone.
pub(super) fn run(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    verified: &VerifiedTx,
    touched: u64,
    mode: Mode,
) -> Outcome<TxResult> {
    let tx = &verified.tx;
    let admitted = state.savepoint();
    let (ante_events, ante_credits) = (ctx.events.len(), ctx.credits);
    let mut responses = Vec::with_capacity(tx.messages.len());
    let mut failure = None;
    for (index, msg) in tx.messages.iter().enumerate() {
        let result = execute::message(state, ctx, index, msg).and_then(|response| {
            within_gas(state, ctx, verified, touched, mode)?;
            Ok(response)
        });
        match result {
            Ok(response) => responses.push(response),
            Err(Stop::Invalid(rejection)) => {
                failure = Some((index, rejection));
                break;
            }
            Err(stop) => return Err(stop),
        }
    }
    let gas_used = gas_used(state, ctx, verified, touched);
    let gas_wanted = tx.fee.gas_limit;
    if failure.is_some() {
        ctx.events.truncate(ante_events);
    }
    let events = std::mem::take(&mut ctx.events);
    Ok(match failure {
        None => {
            let data = TxMsgData { msg_responses: responses, ..Default::default() };
            TxResult { data: data.encode_to_vec().into(), gas_wanted, gas_used, events, ..Default::default() }
        }
        Some((index, Rejection { codespace, code, log })) => {
            state.undo_to(admitted);
            ctx.credits = ante_credits;
            let out_of_gas = code == SdkCode::OutOfGas.number() && codespace == virtengine_types::code::SDK;
            TxResult {
                code,
                codespace: codespace.to_owned(),
                log: if out_of_gas {
                    log
                } else {
                    format!("failed to execute message; message index: {index}: {log}")
                },
                gas_wanted,
                gas_used: if mode == Mode::Simulate { gas_used } else { gas_used.min(gas_wanted) },
                events,
                ..Default::default()
            }
        }
    })
}

fn gas_used(state: &State, ctx: &TxContext<'_>, verified: &VerifiedTx, touched: u64) -> Gas {
    let keys = state.touches().saturating_sub(touched);
    let work = ctx.params.gas_per_key.saturating_mul(keys).saturating_add(ctx.charged().0);
    Gas(ante::base_gas(ctx.params, &verified.tx).0.saturating_add(work))
}

fn within_gas(
    state: &State,
    ctx: &TxContext<'_>,
    verified: &VerifiedTx,
    touched: u64,
    mode: Mode,
) -> Outcome<()> {
    let (used, wanted) = (gas_used(state, ctx, verified, touched), verified.tx.fee.gas_limit);
    if mode == Mode::Simulate || used <= wanted {
        return Ok(());
    }
    let cause = format!("out of gas in location: message; gasWanted: {wanted}, gasUsed: {used}");
    Err(Rejection::sdk(SdkCode::OutOfGas, cause).into())
}
