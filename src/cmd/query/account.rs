//! `virtengine query auth` and `virtengine query bank`.

use super::{Asker, Paging};
use clap::Subcommand;
use eyre::Result;
use virtengine_client::json;
use virtengine_types::{
    Address,
    ledger::Pool,
    proto::cosmos::{
        auth::v1beta1 as auth,
        bank::v1beta1::{
            QueryAllBalancesRequest, QueryAllBalancesResponse, QueryBalanceRequest, QueryBalanceResponse,
            QuerySupplyOfRequest, QuerySupplyOfResponse, QueryTotalSupplyRequest, QueryTotalSupplyResponse,
        },
    },
};

const COINS: &[(&str, &str)] = &[("denom", "denom"), ("amount", "amount")];

#[derive(Subcommand)]
pub(super) enum Auth {
    /// An account's number, sequence and key.
    Account {
        /// Its address, or the name of a key.
        account: String,
    },
}

impl Auth {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        match self {
            Self::Account { account } => {
                let request = auth::QueryAccountRequest { address: asker.address(&account)?.to_string() };
                let path = "/cosmos.auth.v1beta1.Query/Account";
                let answer: auth::QueryAccountResponse = asker.client.query(path, &request).await?;
                asker.output.record(&json::of_any(&answer.account.unwrap_or_default())?)
            }
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Bank {
    /// What an account holds.
    Balances {
        /// Its address, or the name of a key.
        account: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// What an account holds of one denomination.
    Balance {
        /// Its address, or the name of a key.
        account: String,
        /// The denomination.
        #[arg(default_value = "uve")]
        denom: String,
    },
    /// What the community pool holds: the chain's share of the providers' earnings.
    CommunityPool {
        #[command(flatten)]
        paging: Paging,
    },
    /// All coins there are.
    Supply {
        /// Only this denomination.
        denom: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
}

impl Bank {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        let client = &asker.client;
        match self {
            Self::Balances { account, paging } => balances(asker, asker.address(&account)?, &paging).await,
            // The pool is an account; asked as such its amounts are whole.
            Self::CommunityPool { paging } => balances(asker, Pool::Community.address(), &paging).await,
            Self::Balance { account, denom } => {
                let request = QueryBalanceRequest { address: asker.address(&account)?.to_string(), denom };
                let path = "/cosmos.bank.v1beta1.Query/Balance";
                asker.show(&client.query::<_, QueryBalanceResponse>(path, &request).await?)
            }
            Self::Supply { denom: Some(denom), .. } => {
                let path = "/cosmos.bank.v1beta1.Query/SupplyOf";
                let request = QuerySupplyOfRequest { denom };
                asker.show(&client.query::<_, QuerySupplyOfResponse>(path, &request).await?)
            }
            Self::Supply { denom: None, paging } => {
                let path = "/cosmos.bank.v1beta1.Query/TotalSupply";
                let request = QueryTotalSupplyRequest { pagination: paging.request() };
                let answer: QueryTotalSupplyResponse = client.query(path, &request).await?;
                asker.list(&answer, "supply", COINS)
            }
        }
    }
}

async fn balances(asker: &Asker, account: Address, paging: &Paging) -> Result<()> {
    let request = QueryAllBalancesRequest {
        address: account.to_string(),
        pagination: paging.request(),
        ..Default::default()
    };
    let path = "/cosmos.bank.v1beta1.Query/AllBalances";
    let answer: QueryAllBalancesResponse = asker.client.query(path, &request).await?;
    asker.list(&answer, "balances", COINS)
}
