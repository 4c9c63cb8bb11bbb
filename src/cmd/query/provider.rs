//! `virtengine query provider`.

use super::{Asker, Paging};
use clap::Subcommand;
use eyre::Result;
use virtengine_types::proto::virtengine::provider::v1::{QueryProvidersRequest, QueryProvidersResponse};

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
        }
    }
}
