//! `virtengine query distribution`.

use super::{Asker, Paging};
use clap::Subcommand;
use eyre::Result;
use virtengine_types::proto::cosmos::distribution::v1beta1::{
    QueryDelegationRewardsRequest, QueryDelegationRewardsResponse, QueryDelegationTotalRewardsRequest,
    QueryDelegationTotalRewardsResponse, QueryDelegatorWithdrawAddressRequest,
    QueryDelegatorWithdrawAddressResponse, QueryParamsRequest, QueryParamsResponse,
    QueryValidatorCommissionRequest, QueryValidatorCommissionResponse,
    QueryValidatorOutstandingRewardsRequest, QueryValidatorOutstandingRewardsResponse,
    QueryValidatorSlashesRequest, QueryValidatorSlashesResponse,
};

#[derive(Subcommand)]
pub(super) enum Distribution {
    /// What an account's delegations have earned and were not paid.
    Rewards {
        /// Its address, or the name of a key.
        delegator: String,
        /// Only of this validator: its operator address, account, key or moniker.
        validator: Option<String>,
    },
    /// The commission that a validator has earned and was not paid.
    Commission {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// What a validator and its delegators have earned and were not paid.
    OutstandingRewards {
        /// Its operator address, account, key or moniker.
        validator: String,
    },
    /// Slashes of a validator.
    Slashes {
        /// Its operator address, account, key or moniker.
        validator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// The account to which an account's rewards go.
    WithdrawAddress {
        /// Its address, or the name of a key.
        delegator: String,
    },
    /// The parameters as Cosmos clients see them.
    Params,
}

impl Distribution {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let client = &asker.client;
        let path = |name: &str| format!("/cosmos.distribution.v1beta1.Query/{name}");
        match self {
            Self::Rewards { delegator, validator: None } => {
                let delegator_address = asker.address(&delegator)?.to_string();
                let request = QueryDelegationTotalRewardsRequest { delegator_address };
                let answer: QueryDelegationTotalRewardsResponse =
                    client.query(&path("DelegationTotalRewards"), &request).await?;
                asker.show(&answer)
            }
            Self::Rewards { delegator, validator: Some(validator) } => {
                let request = QueryDelegationRewardsRequest {
                    delegator_address: asker.address(&delegator)?.to_string(),
                    validator_address: asker.validator(&validator).await?.operator(),
                };
                let answer: QueryDelegationRewardsResponse =
                    client.query(&path("DelegationRewards"), &request).await?;
                asker.show(&answer)
            }
            Self::Commission { validator } => {
                let validator_address = asker.validator(&validator).await?.operator();
                let request = QueryValidatorCommissionRequest { validator_address };
                let answer: QueryValidatorCommissionResponse =
                    client.query(&path("ValidatorCommission"), &request).await?;
                asker.show(&answer)
            }
            Self::OutstandingRewards { validator } => {
                let validator_address = asker.validator(&validator).await?.operator();
                let request = QueryValidatorOutstandingRewardsRequest { validator_address };
                let answer: QueryValidatorOutstandingRewardsResponse =
                    client.query(&path("ValidatorOutstandingRewards"), &request).await?;
                asker.show(&answer)
            }
            Self::Slashes { validator, paging } => {
                let request = QueryValidatorSlashesRequest {
                    validator_address: asker.validator(&validator).await?.operator(),
                    pagination: paging.request(),
                    ..Default::default()
                };
                let answer: QueryValidatorSlashesResponse =
                    client.query(&path("ValidatorSlashes"), &request).await?;
                asker.list(&answer, "slashes", &[("number", "validator_period"), ("fraction", "fraction")])
            }
            Self::WithdrawAddress { delegator } => {
                let delegator_address = asker.address(&delegator)?.to_string();
                let request = QueryDelegatorWithdrawAddressRequest { delegator_address };
                let answer: QueryDelegatorWithdrawAddressResponse =
                    client.query(&path("DelegatorWithdrawAddress"), &request).await?;
                asker.show(&answer)
            }
            Self::Params => asker.show(
                &client.query::<_, QueryParamsResponse>(&path("Params"), &QueryParamsRequest {}).await?,
            ),
        }
    }
}
