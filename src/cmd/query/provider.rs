//! `virtengine query provider`.

use super::{Asker, Paging};
use clap::Subcommand;
use eyre::Result;
use virtengine_types::proto::virtengine::provider::v1::{
    QueryAttestationsRequest, QueryAttestationsResponse, QueryProvidersRequest, QueryProvidersResponse,
};

#[derive(Subcommand)]
pub(super) enum Provider {
    /// One provider.
    Show {
        /// Its account, or the name of a key.
        provider: String,
    },
    /// Registered providers.
    List {
        /// Only those with this attribute, such as region=eu-west.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "KEY=VALUE")]
        attribute: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// What auditors attest of a provider, and what of it counts now.
    Attestations {
        /// Its account, or the name of a key.
        provider: String,
        /// Only by this auditor, an account or the name of a key; repeatable, without pages.
        #[arg(long = "auditor", value_name = "ACCOUNT")]
        auditors: Vec<String>,
        #[command(flatten)]
        paging: Paging,
    },
}

impl Provider {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        match self {
            Self::Show { provider } => asker.show(&asker.client.provider(asker.address(&provider)?).await?),
            Self::List { attribute, paging } => {
                let request = QueryProvidersRequest { attribute, pagination: paging.request() };
                let path = "/virtengine.provider.v1.Query/Providers";
                let answer: QueryProvidersResponse = asker.client.query(path, &request).await?;
                let columns = [
                    ("provider", "owner"),
                    ("host", "host_uri"),
                    ("attributes", "attributes"),
                    ("active", "active_leases"),
                    ("completed", "completed_leases"),
                    ("failed", "failed_leases"),
                ];
                asker.list(&answer, "providers", &columns)
            }
            Self::Attestations { provider, auditors, paging } => {
                let address = |name: &String| asker.address(name).map(|address| address.to_string());
                let request = QueryAttestationsRequest {
                    owner: address(&provider)?,
                    auditors: auditors.iter().map(address).collect::<Result<_>>()?,
                    pagination: paging.request(),
                };
                let path = "/virtengine.provider.v1.Query/Attestations";
                let answer: QueryAttestationsResponse = asker.client.query(path, &request).await?;
                let columns =
                    [("auditor", "auditor"), ("attested", "attributes"), ("valid", "valid_attributes")];
                asker.list(&answer, "attestations", &columns)
            }
        }
    }
}
