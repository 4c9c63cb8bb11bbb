//! `virtengine query slashing`.

use super::{Asker, Paging};
use clap::Subcommand;
use eyre::Result;
use virtengine_types::{
    Address,
    address::CONSENSUS_PREFIX,
    proto::cosmos::{
        slashing::v1beta1::{
            QuerySigningInfoRequest, QuerySigningInfoResponse, QuerySigningInfosRequest,
            QuerySigningInfosResponse,
        },
        staking::v1beta1::{QueryValidatorRequest, QueryValidatorResponse},
    },
    tx::PublicKey,
};

#[derive(Subcommand)]
pub(super) enum Slashing {
    /// Whether a validator is tombstoned.
    SigningInfo {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// The same of every validator.
    SigningInfos {
        #[command(flatten)]
        paging: Paging,
    },
}

impl Slashing {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let client = &asker.client;
        let path = |name: &str| format!("/cosmos.slashing.v1beta1.Query/{name}");
        match self {
            Self::SigningInfo { validator } => {
                let cons_address = consensus_address(asker, &validator).await?.to_bech32(CONSENSUS_PREFIX);
                let request = QuerySigningInfoRequest { cons_address };
                let answer: QuerySigningInfoResponse = client.query(&path("SigningInfo"), &request).await?;
                asker.show(&answer)
            }
            Self::SigningInfos { paging } => {
                let request = QuerySigningInfosRequest { pagination: paging.request() };
                let answer: QuerySigningInfosResponse = client.query(&path("SigningInfos"), &request).await?;
                let columns =
                    [("address", "address"), ("tombstoned", "tombstoned"), ("jailed until", "jailed_until")];
                asker.list(&answer, "info", &columns)
            }
        }
    }
}

/// The address of a validator's consensus key.
async fn consensus_address(asker: &Asker, validator: &str) -> Result<Address> {
    let request = QueryValidatorRequest { validator_addr: asker.validator(validator).await?.operator() };
    let path = "/cosmos.staking.v1beta1.Query/Validator";
    let answer: QueryValidatorResponse = asker.client.query(path, &request).await?;
    let key = answer.validator.and_then(|validator| validator.consensus_pubkey).unwrap_or_default();
    Ok(PublicKey::from_any(&key)?.address())
}
