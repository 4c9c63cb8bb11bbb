//! Messages of validators and their delegators. Amounts are uve.

use super::decode::{Checked, MsgError, account, fixed, operator, payment, text};
use crate::{
    Address, Amount, Height,
    decimal::ONE,
    proto::{cosmos::crypto::ed25519, cosmos::staking::v1beta1 as wire, virtengine::staking::v1 as own},
    staking::{Commission, Description},
};
use prost::Message;

/// Text with which an edit leaves a field as it is.
const DO_NOT_MODIFY: &str = "[do-not-modify]";

/// Makes the signer a validator with a self-delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateValidator {
    /// The operator's account.
    pub operator: Address,
    /// Ed25519 key of its node.
    pub consensus_key: [u8; 32],
    /// Who it says it is.
    pub description: Description,
    /// Its rates; `updated` is set at execution.
    pub commission: Commission,
    /// Self-delegation that it promises to keep; positive.
    pub min_self_delegation: Amount,
    /// First self-delegation; positive.
    pub amount: Amount,
}

/// Changes what a validator says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditValidator {
    /// The operator's account.
    pub operator: Address,
    /// New texts; `None` leaves one as it is.
    pub description: EditDescription,
    /// New commission rate in units of 10^-18.
    pub rate: Option<u128>,
    /// New, higher promise.
    pub min_self_delegation: Option<Amount>,
}

/// The texts of an edit, `None` where unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditDescription {
    /// Name.
    pub moniker: Option<String>,
    /// Identity signature.
    pub identity: Option<String>,
    /// Web page.
    pub website: Option<String>,
    /// Security contact.
    pub security_contact: Option<String>,
    /// Anything else.
    pub details: Option<String>,
}

/// Delegates stake to a validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegate {
    /// Who delegates.
    pub delegator: Address,
    /// To whom (operator's account).
    pub validator: Address,
    /// How much; positive.
    pub amount: Amount,
}

/// Takes stake back; the coins return when the unbonding time has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelegate {
    /// Who delegated.
    pub delegator: Address,
    /// To whom.
    pub validator: Address,
    /// How much; positive.
    pub amount: Amount,
}

/// Moves stake from one validator to another at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginRedelegate {
    /// Who delegated.
    pub delegator: Address,
    /// From whom.
    pub source: Address,
    /// To whom; another validator.
    pub destination: Address,
    /// How much; positive.
    pub amount: Amount,
}

/// Delegates coins that are unbonding again to the same validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelUnbonding {
    /// Who undelegated.
    pub delegator: Address,
    /// From whom.
    pub validator: Address,
    /// How much; positive.
    pub amount: Amount,
    /// Height of the undelegation.
    pub created_height: Height,
}

/// Sets a validator's BLS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetConsensusKey {
    /// The operator's account.
    pub operator: Address,
    /// Compressed G1 point.
    pub bls_key: [u8; 48],
    /// Signature under it of the operator's address and the chain id.
    pub proof_of_possession: [u8; 96],
}

/// Implements `signer` for messages by the field that names the signer.
macro_rules! signed_by {
    ($($name:ident: $field:ident),* $(,)?) => {
        $(impl $name {
            pub(super) const fn signer(&self) -> Address {
                self.$field
            }
        })*
    };
}

signed_by! {
    CreateValidator: operator,
    EditValidator: operator,
    Delegate: delegator,
    Undelegate: delegator,
    BeginRedelegate: delegator,
    CancelUnbonding: delegator,
    SetConsensusKey: operator,
}

impl Checked<wire::MsgCreateValidator> for CreateValidator {
    #[allow(deprecated)] // old clients still fill delegator_address; it must not name another account
    fn check(wire: wire::MsgCreateValidator) -> Result<Self, MsgError> {
        let operator = operator("validator_address", &wire.validator_address)?;
        if !wire.delegator_address.is_empty()
            && account("delegator_address", &wire.delegator_address)? != operator
        {
            return Err(MsgError::NotAllowed { field: "delegator_address", found: wire.delegator_address });
        }
        let rates = wire.commission.unwrap_or_default();
        let max_rate = decimal("max_rate", &rates.max_rate, ONE)?;
        let min = wire.min_self_delegation;
        Ok(Self {
            operator,
            consensus_key: consensus_key(wire.pubkey)?,
            description: description(wire.description.unwrap_or_default())?,
            commission: Commission {
                rate: decimal("rate", &rates.rate, max_rate)?,
                max_rate,
                max_change_rate: decimal("max_change_rate", &rates.max_change_rate, max_rate)?,
                ..Commission::default()
            },
            min_self_delegation: positive("min_self_delegation", &min)?,
            amount: payment("value", wire.value.as_ref())?,
        })
    }
}

impl Checked<wire::MsgEditValidator> for EditValidator {
    fn check(wire: wire::MsgEditValidator) -> Result<Self, MsgError> {
        let change = wire.description.unwrap_or_default();
        let edit = |field, value: String, max| {
            (value != DO_NOT_MODIFY).then(|| text(field, value, 0, max)).transpose()
        };
        let given = |value: &str| !value.is_empty();
        Ok(Self {
            operator: operator("validator_address", &wire.validator_address)?,
            description: EditDescription {
                moniker: edit("moniker", change.moniker, 70)?,
                identity: edit("identity", change.identity, 3_000)?,
                website: edit("website", change.website, 140)?,
                security_contact: edit("security_contact", change.security_contact, 140)?,
                details: edit("details", change.details, 280)?,
            },
            rate: given(&wire.commission_rate)
                .then(|| decimal("rate", &wire.commission_rate, ONE))
                .transpose()?,
            min_self_delegation: given(&wire.min_self_delegation)
                .then(|| positive("min_self_delegation", &wire.min_self_delegation))
                .transpose()?,
        })
    }
}

impl Checked<wire::MsgDelegate> for Delegate {
    fn check(wire: wire::MsgDelegate) -> Result<Self, MsgError> {
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            validator: operator("validator_address", &wire.validator_address)?,
            amount: payment("amount", wire.amount.as_ref())?,
        })
    }
}

impl Checked<wire::MsgUndelegate> for Undelegate {
    fn check(wire: wire::MsgUndelegate) -> Result<Self, MsgError> {
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            validator: operator("validator_address", &wire.validator_address)?,
            amount: payment("amount", wire.amount.as_ref())?,
        })
    }
}

impl Checked<wire::MsgBeginRedelegate> for BeginRedelegate {
    fn check(wire: wire::MsgBeginRedelegate) -> Result<Self, MsgError> {
        let source = operator("validator_src_address", &wire.validator_src_address)?;
        let destination = operator("validator_dst_address", &wire.validator_dst_address)?;
        if source == destination {
            let found = wire.validator_dst_address;
            return Err(MsgError::NotAllowed { field: "validator_dst_address", found });
        }
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            source,
            destination,
            amount: payment("amount", wire.amount.as_ref())?,
        })
    }
}

impl Checked<wire::MsgCancelUnbondingDelegation> for CancelUnbonding {
    fn check(wire: wire::MsgCancelUnbondingDelegation) -> Result<Self, MsgError> {
        let height = u64::try_from(wire.creation_height).map_err(|_| MsgError::NotAllowed {
            field: "creation_height",
            found: wire.creation_height.to_string(),
        })?;
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            validator: operator("validator_address", &wire.validator_address)?,
            amount: payment("amount", wire.amount.as_ref())?,
            created_height: Height(height),
        })
    }
}

impl Checked<own::MsgSetConsensusKey> for SetConsensusKey {
    fn check(wire: own::MsgSetConsensusKey) -> Result<Self, MsgError> {
        Ok(Self {
            operator: operator("validator_address", &wire.validator_address)?,
            bls_key: fixed("bls_public_key", &wire.bls_public_key)?,
            proof_of_possession: fixed("proof_of_possession", &wire.proof_of_possession)?,
        })
    }
}

fn consensus_key(any: Option<prost_types::Any>) -> Result<[u8; 32], MsgError> {
    let any = any.unwrap_or_default();
    if any.type_url != "/cosmos.crypto.ed25519.PubKey" {
        return Err(MsgError::NotAllowed { field: "pubkey", found: any.type_url });
    }
    let malformed = |cause: String| MsgError::Malformed { type_url: any.type_url.clone(), cause };
    let key = ed25519::PubKey::decode(any.value.as_slice()).map_err(|error| malformed(error.to_string()))?;
    let canonical = key.encode_to_vec();
    if canonical != any.value {
        let found = any.value.len();
        let expected = canonical.len();
        return Err(malformed(format!("its encoding has {found} bytes, the canonical one {expected}")));
    }
    fixed("pubkey.key", &key.key)
}

fn description(wire: wire::Description) -> Result<Description, MsgError> {
    Ok(Description {
        moniker: text("moniker", wire.moniker, 1, 70)?,
        identity: text("identity", wire.identity, 0, 3_000)?,
        website: text("website", wire.website, 0, 140)?,
        security_contact: text("security_contact", wire.security_contact, 0, 140)?,
        details: text("details", wire.details, 0, 280)?,
    })
}

/// Reads a wire decimal: an integer of 10^-18 units, 0 to `max`.
fn decimal(field: &'static str, text: &str, max: u128) -> Result<u128, MsgError> {
    let rate = text.parse::<Amount>().ok().map(|amount| amount.0).filter(|rate| *rate <= max);
    rate.ok_or_else(|| MsgError::Rate { field, found: text.chars().take(64).collect(), max: max.to_string() })
}

fn positive(field: &'static str, text: &str) -> Result<Amount, MsgError> {
    let amount: Amount = text.parse().map_err(|cause| MsgError::Coins { field, cause })?;
    if amount.is_zero() {
        return Err(MsgError::NotAllowed { field, found: amount.to_string() });
    }
    Ok(amount)
}
