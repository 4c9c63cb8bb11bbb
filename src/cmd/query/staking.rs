//! `virtengine query staking`.

use super::{Asker, Paging};
use clap::{Subcommand, ValueEnum};
use eyre::Result;
use virtengine_types::proto::{
    cosmos::staking::v1beta1::{
        QueryDelegationRequest, QueryDelegationResponse, QueryDelegatorDelegationsRequest,
        QueryDelegatorDelegationsResponse, QueryDelegatorUnbondingDelegationsRequest,
        QueryDelegatorUnbondingDelegationsResponse, QueryParamsRequest, QueryParamsResponse,
        QueryPoolRequest, QueryPoolResponse, QueryRedelegationsRequest, QueryRedelegationsResponse,
        QueryValidatorDelegationsRequest, QueryValidatorDelegationsResponse, QueryValidatorRequest,
        QueryValidatorResponse, QueryValidatorsRequest, QueryValidatorsResponse,
    },
    virtengine::staking::v1::{QueryConsensusKeyRequest, QueryConsensusKeyResponse},
};

const DELEGATIONS: &[(&str, &str)] = &[
    ("delegator", "delegation.delegator_address"),
    ("validator", "delegation.validator_address"),
    ("balance", "balance"),
];

#[derive(Subcommand)]
pub(super) enum Staking {
    /// Validators.
    Validators {
        /// Only those of this state.
        #[arg(long, value_enum)]
        status: Option<Bond>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One validator.
    Validator {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// A validator's BLS key.
    ConsensusKey {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// Delegations of an account.
    Delegations {
        /// Its address, or the name of a key.
        delegator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Delegation of an account to one validator.
    Delegation {
        /// Its address, or the name of a key.
        delegator: String,
        /// The validator: its operator address, account, key or moniker.
        validator: String,
    },
    /// Delegations to a validator.
    DelegationsTo {
        /// The validator: its operator address, account, key or moniker.
        validator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Undelegations of an account that are not finished.
    Unbondings {
        /// Its address, or the name of a key.
        delegator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Redelegations of an account that are not finished.
    Redelegations {
        /// Its address, or the name of a key.
        delegator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Sums over all validators.
    Pool,
    /// The parameters as Cosmos clients see them.
    Params,
}

/// Whether a validator is bonded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Bond {
    /// May be seated.
    Bonded,
    /// On its way out.
    Unbonding,
    /// Without a say.
    Unbonded,
}

impl Staking {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let client = &asker.client;
        let path = |name: &str| format!("/cosmos.staking.v1beta1.Query/{name}");
        match self {
            Self::Validators { status, paging } => {
                let status = match status {
                    None => "",
                    Some(Bond::Bonded) => "BOND_STATUS_BONDED",
                    Some(Bond::Unbonding) => "BOND_STATUS_UNBONDING",
                    Some(Bond::Unbonded) => "BOND_STATUS_UNBONDED",
                };
                let request =
                    QueryValidatorsRequest { status: status.to_owned(), pagination: paging.request() };
                let answer: QueryValidatorsResponse = client.query(&path("Validators"), &request).await?;
                let columns = [
                    ("moniker", "description.moniker"),
                    ("operator", "operator_address"),
                    ("status", "status"),
                    ("tokens (uve)", "tokens"),
                ];
                asker.list(&answer, "validators", &columns)
            }
            Self::Validator { validator } => {
                let validator = asker.validator(&validator).await?;
                let request = QueryValidatorRequest { validator_addr: validator.operator() };
                asker.show(&client.query::<_, QueryValidatorResponse>(&path("Validator"), &request).await?)
            }
            Self::ConsensusKey { validator } => {
                let validator = asker.validator(&validator).await?;
                let request = QueryConsensusKeyRequest { validator_address: validator.operator() };
                let path = "/virtengine.staking.v1.Query/ConsensusKey";
                asker.show(&client.query::<_, QueryConsensusKeyResponse>(path, &request).await?)
            }
            Self::Delegations { delegator, paging } => {
                let delegator_addr = asker.address(&delegator)?.to_string();
                let request =
                    QueryDelegatorDelegationsRequest { delegator_addr, pagination: paging.request() };
                let answer: QueryDelegatorDelegationsResponse =
                    client.query(&path("DelegatorDelegations"), &request).await?;
                asker.list(&answer, "delegation_responses", DELEGATIONS)
            }
            Self::Delegation { delegator, validator } => {
                let request = QueryDelegationRequest {
                    delegator_addr: asker.address(&delegator)?.to_string(),
                    validator_addr: asker.validator(&validator).await?.operator(),
                };
                asker.show(&client.query::<_, QueryDelegationResponse>(&path("Delegation"), &request).await?)
            }
            Self::DelegationsTo { validator, paging } => {
                let validator_addr = asker.validator(&validator).await?.operator();
                let request =
                    QueryValidatorDelegationsRequest { validator_addr, pagination: paging.request() };
                let answer: QueryValidatorDelegationsResponse =
                    client.query(&path("ValidatorDelegations"), &request).await?;
                asker.list(&answer, "delegation_responses", DELEGATIONS)
            }
            Self::Unbondings { delegator, paging } => {
                let delegator_addr = asker.address(&delegator)?.to_string();
                let request = QueryDelegatorUnbondingDelegationsRequest {
                    delegator_addr,
                    pagination: paging.request(),
                };
                let answer: QueryDelegatorUnbondingDelegationsResponse =
                    client.query(&path("DelegatorUnbondingDelegations"), &request).await?;
                asker.list(
                    &answer,
                    "unbonding_responses",
                    &[("validator", "validator_address"), ("entries", "entries")],
                )
            }
            Self::Redelegations { delegator, paging } => {
                let request = QueryRedelegationsRequest {
                    delegator_addr: asker.address(&delegator)?.to_string(),
                    pagination: paging.request(),
                    ..Default::default()
                };
                let answer: QueryRedelegationsResponse =
                    client.query(&path("Redelegations"), &request).await?;
                let columns = [
                    ("from", "redelegation.validator_src_address"),
                    ("to", "redelegation.validator_dst_address"),
                    ("entries", "entries"),
                ];
                asker.list(&answer, "redelegation_responses", &columns)
            }
            Self::Pool => {
                asker.show(&client.query::<_, QueryPoolResponse>(&path("Pool"), &QueryPoolRequest {}).await?)
            }
            Self::Params => asker.show(
                &client.query::<_, QueryParamsResponse>(&path("Params"), &QueryParamsRequest {}).await?,
            ),
        }
    }
}
