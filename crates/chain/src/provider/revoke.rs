//! Taking a statement back.

use super::{ProviderInvalid, events, provider, state::put_provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::RevokeAttestation;

/// Takes an auditor's statement back, whole. Running leases are not touched.
///
/// # Errors
/// - `NotFound` - there is no such provider
/// - `NotAttested` - the signer has not attested it
///
/// Spec: docs/spec/provider.md#revoke
pub fn revoke(state: &mut State, ctx: &mut TxContext<'_>, msg: &RevokeAttestation) -> Outcome<()> {
    let (owner, auditor) = (msg.provider, msg.auditor);
    let mut provider = provider(state, owner)?;
    let before = provider.attestations.len();
    provider.attestations.retain(|attestation| attestation.auditor != auditor);
    // Only what was said can be taken back.
    if provider.attestations.len() == before {
        return Err(ProviderInvalid::NotAttested { auditor, owner }.into());
    }
    put_provider(state, owner, &provider)?;
    ctx.emit(events::revoked(owner, auditor));
    Ok(())
}
