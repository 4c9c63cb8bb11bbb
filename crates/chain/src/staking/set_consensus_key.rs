//! Setting a validator's BLS key.

use super::{
    StakingInvalid,
    state::{BLS_KEYS, VALIDATORS, validator},
};
use crate::{TxContext, outcome::Outcome};
use virtengine_crypto::bls;
use virtengine_state::State;
use virtengine_types::{block::Event, msg::SetConsensusKey};

/// Gas for decoding a BLS key and checking its proof of possession: two pairings, about a millisecond.
pub const POSSESSION_GAS: u64 = 2_000_000;

/// Sets or replaces the BLS key of the signer's validator. A key stays its operator's when it is
/// replaced, so that evidence against it always finds who to blame.
///
/// # Errors
/// - `NoValidator` - the signer runs none
/// - `BlsKeyTaken` - another operator has set the key
/// - `BlsKey` - the key or its proof of possession is not valid
/// - `sdk` 11 - the gas limit is below [`POSSESSION_GAS`]
///
/// Spec: docs/spec/staking.md#set-consensus-key
pub fn set_consensus_key(state: &mut State, ctx: &mut TxContext<'_>, msg: &SetConsensusKey) -> Outcome<()> {
    let mut validator = validator(state, msg.operator)?;
    // Sums of keys are only safe if nobody can register a key made from another's.
    if let Some(owner) = state.get(&BLS_KEYS, &msg.bls_key)?
        && owner != msg.operator
    {
        return Err(StakingInvalid::BlsKeyTaken { key: hex::encode(msg.bls_key), owner }.into());
    }
    ctx.charge(POSSESSION_GAS)?;
    check_possession(ctx, msg)
        .map_err(|cause| StakingInvalid::BlsKey { key: hex::encode(msg.bls_key), cause })?;
    validator.bls_key = Some(msg.bls_key);
    state.put(&VALIDATORS, &msg.operator, &validator)?;
    state.put(&BLS_KEYS, &msg.bls_key, &msg.operator)?;
    ctx.emit(
        Event::new("staking.consensus_key.set")
            .with("validator", msg.operator.operator())
            .with("bls_key", hex::encode(msg.bls_key)),
    );
    Ok(())
}

fn check_possession(ctx: &TxContext<'_>, msg: &SetConsensusKey) -> Result<(), bls::BlsError> {
    let key = bls::PublicKey::decode(&msg.bls_key)?;
    let proof = bls::Signature::decode(&msg.proof_of_possession)?;
    key.verify_possession(&msg.operator, &ctx.block.chain_id, &proof)
}
