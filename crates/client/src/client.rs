//! A connection to one node.

use crate::{ClientError, transport::Transport};
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Bounds of a client.
#[derive(Clone, Debug)]
pub struct Config {
    /// Longest time for one request. Default 20 s, above the node's own limit.
    pub request_timeout: Duration,
    /// Longest time to connect. Default 5 s.
    pub connect_timeout: Duration,
    /// Largest answer in bytes. Default 32 MiB.
    pub max_answer_bytes: usize,
    /// Longest silence of an event stream before it connects anew. Default 60 s; the node pings every 20 s.
    pub idle_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            max_answer_bytes: 32 << 20,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// A client of one node's RPC. Clones share connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
    chain_id: Arc<OnceCell<String>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.url())
    }
}

impl Client {
    /// A client of the node at `url`, such as `http://127.0.0.1:26657`; `tcp://` means `http://`.
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// - `Url` - not an HTTP address
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_config(url, Config::default())
    }

    /// A client with other bounds.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_config(url: &str, config: Config) -> Result<Self, ClientError> {
        let transport = Arc::new(Transport::new(url, config)?);
        Ok(Self { transport, chain_id: Arc::new(OnceCell::new()) })
    }

    /// The node's address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.transport.url()
    }

    /// The chain's name, asked once.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn chain_id(&self) -> Result<&str, ClientError> {
        let ask = || async { Ok(self.status().await?.chain_id) };
        self.chain_id.get_or_try_init(ask).await.map(String::as_str)
    }

    /// Asks a query service, such as `/virtengine.market.v1.Query/Order`, for the newest state.
    ///
    /// # Errors
    /// - `Query` - the node refuses: no such thing, or a malformed request
    /// - otherwise the node cannot be reached or cannot be understood
    pub async fn query<Request, Response>(
        &self,
        path: &str,
        request: &Request,
    ) -> Result<Response, ClientError>
    where
        Request: Message,
        Response: Message + Default,
    {
        let bytes = self.query_bytes(path, &request.encode_to_vec()).await?;
        Response::decode(bytes.as_slice()).map_err(|error| self.transport.malformed(path, error))
    }

    /// Asks a query service with an encoded request for its encoded answer.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn query_bytes(&self, path: &str, request: &[u8]) -> Result<Vec<u8>, ClientError> {
        self.transport.abci_query(path, request).await
    }
}
