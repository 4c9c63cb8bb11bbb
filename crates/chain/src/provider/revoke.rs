//! Taking a statement back.

use super::{ATTESTATIONS, ProviderInvalid, events};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::RevokeAttestation;

/// Takes an auditor's statement back, whole, also if its provider has left. Running leases are not touched.
///
/// # Errors
/// - `NotAttested` - the signer has not attested the provider
///
/// Spec: docs/spec/provider.md#revoke
pub fn revoke(state: &mut State, ctx: &mut TxContext<'_>, msg: &RevokeAttestation) -> Outcome<()> {
    let (owner, auditor) = (msg.provider, msg.auditor);
    // Only what was said can be taken back.
    if state.get(&ATTESTATIONS, &(owner, auditor))?.is_none() {
        return Err(ProviderInvalid::NotAttested { auditor, owner }.into());
    }
    state.delete(&ATTESTATIONS, &(owner, auditor))?;
    ctx.emit(events::revoked(owner, auditor));
    Ok(())
}
