//! Becoming a validator.

use super::{
    StakingInvalid,
    delegate::stake_coins,
    events,
    state::{CONSENSUS_KEYS, STAKE_POOL, VALIDATORS, stake_pool},
};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Coin,
    block::Event,
    msg::CreateValidator,
    staking::{Commission, Standing, Validator, ValidatorRewards, ValidatorStatus},
};

/// Makes the signer the operator of a validator with a first self-delegation.
///
/// Its BLS key is set apart, by `set_consensus_key`.
///
/// # Errors
/// - `ValidatorExists` - the signer runs one
/// - `ConsensusKeyTaken` - the ed25519 key is another validator's
/// - `MinSelfDelegationTooLow` - it promises less than the parameter `min_self_delegation`
/// - `SelfDelegationBelowMinimum` - the first self-delegation is less than it promises
/// - `NoAccount`, `InsufficientFunds` (codespace `sdk`) - the signer cannot pay
///
/// Spec: docs/spec/staking.md#create-validator
pub fn create_validator(state: &mut State, ctx: &mut TxContext<'_>, msg: &CreateValidator) -> Outcome<()> {
    let operator = msg.operator;
    // One validator an operator.
    if state.get(&VALIDATORS, &operator)?.is_some() {
        return Err(StakingInvalid::ValidatorExists { validator: operator }.into());
    }
    // One validator a key.
    let consensus = Address::of_hash(&msg.consensus_key);
    if let Some(owner) = state.get(&CONSENSUS_KEYS, &consensus)? {
        let key = hex::encode(msg.consensus_key);
        return Err(StakingInvalid::ConsensusKeyTaken { key, owner }.into());
    }
    // Its promise is at least the chain's, and it keeps it.
    let (found, min) = (msg.min_self_delegation, ctx.params.min_self_delegation);
    if found < min {
        return Err(StakingInvalid::MinSelfDelegationTooLow { found, min }.into());
    }
    let (found, min) = (msg.amount, msg.min_self_delegation);
    if found < min {
        return Err(StakingInvalid::SelfDelegationBelowMinimum { found, min }.into());
    }
    // It is bonded from the start: the stake that follows keeps its promise.
    let validator = Validator {
        consensus_key: msg.consensus_key,
        bls_key: None,
        tokens: Amount::ZERO,
        shares: Amount::ZERO,
        self_shares: Amount::ZERO,
        min_self_delegation: msg.min_self_delegation,
        description: msg.description.clone(),
        commission: Commission { updated: ctx.block.time, ..msg.commission },
        status: ValidatorStatus::Bonded,
        standing: Standing::Free,
        created_height: ctx.height(),
        rewards: ValidatorRewards::default(),
        slashes: Vec::new(),
    };
    state.put(&VALIDATORS, &operator, &validator)?;
    state.put(&CONSENSUS_KEYS, &consensus, &operator)?;
    let mut pool = stake_pool(state)?;
    pool.validators = pool.validators.saturating_add(1);
    state.put(&STAKE_POOL, &0, &pool)?;
    let shares = stake_coins(state, ctx, operator, operator, msg.amount)?;
    let (name, coin) = (operator.operator(), Coin::base(msg.amount));
    ctx.emit(Event::new("create_validator").with("validator", &name).with("amount", &coin));
    events::delegated(ctx, operator, operator, msg.amount, shares);
    ctx.emit(
        Event::new("staking.validator.created")
            .with("validator", name)
            .with("moniker", &msg.description.moniker)
            .with("consensus_key", hex::encode(msg.consensus_key))
            .with("amount", coin),
    );
    Ok(())
}
