//! `virtengine tx staking`.

use super::{super::parse, Signer};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::{ArgGroup, Args, Subcommand};
use eyre::{Context as _, Result, eyre};
use prost_types::Any;
use std::path::PathBuf;
use virtengine_client::sign::any;
use virtengine_crypto::node_key;
use virtengine_types::{
    Address, Amount,
    proto::{
        cosmos::staking::v1beta1::{
            CommissionRates, Description, MsgBeginRedelegate, MsgCancelUnbondingDelegation,
            MsgCreateValidator, MsgDelegate, MsgEditValidator, MsgUndelegate,
        },
        virtengine::staking::v1::MsgSetConsensusKey,
    },
    tx::PublicKey,
};

/// Text that leaves a field of a validator as it is.
const UNCHANGED: &str = "[do-not-modify]";

/// Flags of `edit-validator`: one at least, as an edit that changes nothing costs its fee too.
const CHANGES: [&str; 7] = [
    "moniker",
    "commission_rate",
    "min_self_delegation",
    "identity",
    "website",
    "security_contact",
    "details",
];

#[derive(Subcommand)]
pub(super) enum Staking {
    /// Make the signer a validator.
    CreateValidator(CreateValidator),
    /// Change what the signer's validator says of itself.
    EditValidator(EditValidator),
    /// Delegate stake to a validator.
    Delegate(Stake),
    /// Take stake back; the coins return when the unbonding time has passed.
    Undelegate(Stake),
    /// Move stake from one validator to another at once.
    Redelegate {
        /// From whom: operator address, account, key or moniker of a validator.
        source: String,
        /// To whom: the same of another.
        destination: String,
        /// How much uve.
        #[arg(value_parser = parse::payment, allow_hyphen_values = true)]
        amount: Amount,
    },
    /// Delegate coins that are unbonding again to the same validator.
    CancelUnbonding {
        /// The validator: its operator address, account, key or moniker.
        validator: String,
        /// How much uve.
        #[arg(value_parser = parse::payment, allow_hyphen_values = true)]
        amount: Amount,
        /// Height of the undelegation.
        #[arg(value_parser = parse::number)]
        height: u64,
    },
    /// Set the BLS key of the signer's validator, with the proof that the node has it.
    SetConsensusKey {
        /// Folder that holds the node's bls_key.json.
        #[arg(long, value_name = "DIR")]
        key_folder: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct Stake {
    /// The validator: its operator address, account, key or moniker.
    validator: String,
    /// How much uve.
    #[arg(value_parser = parse::payment, allow_hyphen_values = true)]
    amount: Amount,
}

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("node_key").args(["consensus_key", "key_folder"]).required(true))]
pub(super) struct CreateValidator {
    /// Its name.
    #[arg(long)]
    moniker: String,
    /// First self-delegation in uve.
    #[arg(long, value_parser = parse::payment, allow_hyphen_values = true)]
    amount: Amount,
    /// Ed25519 key of the node, 32 bytes in base64.
    #[arg(long, value_name = "BASE64")]
    consensus_key: Option<String>,
    /// Folder that holds the node's node_key.json, instead of the key itself.
    #[arg(long, value_name = "DIR")]
    key_folder: Option<PathBuf>,
    /// Share of rewards that it keeps.
    #[arg(long, default_value = "0.05", value_parser = parse::rate)]
    commission_rate: String,
    /// Highest share that it may ever keep.
    #[arg(long, default_value = "0.2", value_parser = parse::rate)]
    commission_max_rate: String,
    /// Largest change of the share in a day.
    #[arg(long, default_value = "0.01", value_parser = parse::rate)]
    commission_max_change: String,
    /// Self-delegation in uve that it promises to keep.
    #[arg(long, default_value = "1", value_parser = parse::payment, allow_hyphen_values = true)]
    min_self_delegation: Amount,
    #[command(flatten)]
    texts: Texts,
}

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("change").args(CHANGES).required(true).multiple(true))]
pub(super) struct EditValidator {
    /// New name.
    #[arg(long)]
    moniker: Option<String>,
    /// New share of rewards that it keeps.
    #[arg(long, value_parser = parse::rate)]
    commission_rate: Option<String>,
    /// New, higher self-delegation in uve that it promises to keep.
    #[arg(long, value_parser = parse::payment, allow_hyphen_values = true)]
    min_self_delegation: Option<Amount>,
    #[command(flatten)]
    texts: Texts,
}

#[derive(Args)]
struct Texts {
    /// Identity signature, such as a Keybase fingerprint.
    #[arg(long)]
    identity: Option<String>,
    /// Web page.
    #[arg(long)]
    website: Option<String>,
    /// Security contact.
    #[arg(long)]
    security_contact: Option<String>,
    /// Anything else.
    #[arg(long)]
    details: Option<String>,
}

impl Texts {
    fn description(self, moniker: Option<String>, absent: &str) -> Description {
        let or = |text: Option<String>| text.unwrap_or_else(|| absent.to_owned());
        Description {
            moniker: or(moniker),
            identity: or(self.identity),
            website: or(self.website),
            security_contact: or(self.security_contact),
            details: or(self.details),
        }
    }
}

impl Staking {
    /// The message; `find` finds the validator that a text names.
    pub(super) async fn message(
        self,
        signer: &Signer<'_>,
        find: impl AsyncFn(&str) -> Result<Address>,
    ) -> Result<Any> {
        let delegator_address = signer.address.to_string();
        Ok(match self {
            Self::CreateValidator(create) => any(&create.message(signer)?),
            Self::EditValidator(edit) => any(&MsgEditValidator {
                description: Some(edit.texts.description(edit.moniker, UNCHANGED)),
                validator_address: signer.address.operator(),
                commission_rate: edit.commission_rate.unwrap_or_default(),
                min_self_delegation: edit
                    .min_self_delegation
                    .map(|amount| amount.to_string())
                    .unwrap_or_default(),
            }),
            Self::Delegate(Stake { validator, amount }) => any(&MsgDelegate {
                delegator_address,
                validator_address: find(&validator).await?.operator(),
                amount: parse::uve(amount),
            }),
            Self::Undelegate(Stake { validator, amount }) => any(&MsgUndelegate {
                delegator_address,
                validator_address: find(&validator).await?.operator(),
                amount: parse::uve(amount),
            }),
            Self::Redelegate { source, destination, amount } => any(&MsgBeginRedelegate {
                delegator_address,
                validator_src_address: find(&source).await?.operator(),
                validator_dst_address: find(&destination).await?.operator(),
                amount: parse::uve(amount),
            }),
            Self::CancelUnbonding { validator, amount, height } => any(&MsgCancelUnbondingDelegation {
                delegator_address,
                validator_address: find(&validator).await?.operator(),
                amount: parse::uve(amount),
                creation_height: i64::try_from(height).wrap_err("height")?,
            }),
            Self::SetConsensusKey { key_folder } => {
                let key = node_key::load_bls_key(&key_folder)?;
                let proof = key.prove_possession(&signer.address, signer.chain_id);
                any(&MsgSetConsensusKey {
                    validator_address: signer.address.operator(),
                    bls_public_key: key.public_key().to_bytes().to_vec().into(),
                    proof_of_possession: proof.to_bytes().to_vec().into(),
                })
            }
        })
    }
}

impl CreateValidator {
    #[allow(deprecated)] // clients of the Cosmos SDK before 0.50 fill the delegator in
    fn message(self, signer: &Signer<'_>) -> Result<MsgCreateValidator> {
        let key: [u8; 32] = match (&self.consensus_key, &self.key_folder) {
            (Some(text), _) => {
                let bytes = BASE64_STANDARD.decode(text).wrap_err("--consensus-key is not base64")?;
                let found = bytes.len();
                bytes
                    .try_into()
                    .map_err(|_| eyre!("--consensus-key has {found} bytes, an ed25519 key has 32"))?
            }
            (None, Some(folder)) => node_key::Identity::load(folder)?.public_key(),
            (None, None) => return Err(eyre!("--consensus-key or --key-folder is needed")),
        };
        Ok(MsgCreateValidator {
            description: Some(self.texts.description(Some(self.moniker), "")),
            commission: Some(CommissionRates {
                rate: self.commission_rate,
                max_rate: self.commission_max_rate,
                max_change_rate: self.commission_max_change,
            }),
            min_self_delegation: self.min_self_delegation.to_string(),
            delegator_address: signer.address.to_string(),
            validator_address: signer.address.operator(),
            pubkey: Some(PublicKey::Ed25519(key).to_any()),
            value: parse::uve(self.amount),
        })
    }
}
