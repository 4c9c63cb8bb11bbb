//! Proving that a validator signed two conflicting votes.

use super::{SlashingInvalid, epochs::EPOCHS};
use crate::{
    TxContext,
    outcome::Outcome,
    staking::{self, CONSENSUS_KEYS},
};
use virtengine_crypto::votes::{self, VoteError};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Coin, Height,
    block::Event,
    msg::{SubmitEvidence, Vote, VoteKind},
    staking::Standing,
};

/// Gas for checking two signatures, about a tenth of a millisecond, and for what a slash writes.
pub const EVIDENCE_GAS: u64 = 400_000;

/// Slashes the validator whose key signed two conflicting votes, and tombstones it. Anybody may prove it;
/// answers with its operator.
///
/// # Errors
/// - `UnknownKey` - no validator has the key
/// - `AlreadyTombstoned` - its operator's validator has been slashed for such votes
/// - `UnknownEpoch` - the epoch of the votes has not begun
/// - `TooOld` - it ended more than `unbonding_seconds` ago
/// - `Signature` - the votes are not both signed by the key for this chain
/// - `sdk` 11 - the gas limit is below [`EVIDENCE_GAS`]
///
/// Spec: docs/spec/slashing.md#submit-evidence
pub fn submit_evidence(state: &mut State, ctx: &mut TxContext<'_>, msg: &SubmitEvidence) -> Outcome<Address> {
    let consensus = Address::of_hash(&msg.consensus_key);
    let unknown = SlashingInvalid::UnknownKey { key: hex::encode(msg.consensus_key) };
    let operator = state.get(&CONSENSUS_KEYS, &consensus)?.ok_or(unknown)?;
    // Once is enough, whatever else it signed.
    let validator = staking::validator(state, operator)?;
    if validator.standing == Standing::Tombstoned {
        return Err(SlashingInvalid::AlreadyTombstoned { validator: operator }.into());
    }
    let infraction = infraction_height(state, ctx, msg.first.vote.epoch)?;
    ctx.charge(EVIDENCE_GAS)?;
    check_signatures(ctx, msg).map_err(|cause| SlashingInvalid::Signature { cause })?;
    let fraction = ctx.params.slash_double_sign_bps;
    let burned = staking::tombstone(state, ctx, operator, infraction, fraction)?;
    tell(ctx, operator, consensus, &msg.first.vote, &msg.second.vote, burned);
    Ok(operator)
}

/// The height from which stake that left answers for votes of an epoch: that of its first block.
fn infraction_height(state: &mut State, ctx: &TxContext<'_>, epoch: u64) -> Outcome<Height> {
    let unknown = SlashingInvalid::UnknownEpoch { epoch, now: ctx.block.epoch };
    let start = state.get(&EPOCHS, &epoch)?.ok_or(unknown)?;
    // What left before the epoch's end is paid out after that time.
    if let Some(next) = state.get(&EPOCHS, &epoch.saturating_add(1))? {
        let last = next.second.saturating_add(ctx.params.unbonding_seconds);
        let now = ctx.block.time.seconds();
        if now > last {
            return Err(SlashingInvalid::TooOld { epoch, last, now }.into());
        }
    }
    Ok(start.height)
}

fn check_signatures(ctx: &TxContext<'_>, msg: &SubmitEvidence) -> Result<(), VoteError> {
    for signed in [&msg.first, &msg.second] {
        votes::verify(&msg.consensus_key, &ctx.block.chain_id, signed)?;
    }
    Ok(())
}

fn tell(
    ctx: &mut TxContext<'_>,
    operator: Address,
    consensus: Address,
    first: &Vote,
    second: &Vote,
    burned: Amount,
) {
    let (name, coin) = (operator.operator(), Coin::base(burned).to_string());
    let address = consensus.to_bech32(virtengine_types::address::CONSENSUS_PREFIX);
    ctx.emit(
        Event::new("slash")
            .with("address", &address)
            .with("reason", "double_sign")
            .with("jailed", &address)
            .with("burned_coins", &coin),
    );
    ctx.emit(
        Event::new("slashing.validator.tombstoned")
            .with("validator", name)
            .with("epoch", first.epoch)
            .with("view", first.view)
            .with("votes", format!("{},{}", text(first.kind), text(second.kind)))
            .with("burned", coin),
    );
}

const fn text(kind: VoteKind) -> &'static str {
    match kind {
        VoteKind::Notarize => "notarize",
        VoteKind::Nullify => "nullify",
        VoteKind::Finalize => "finalize",
    }
}
