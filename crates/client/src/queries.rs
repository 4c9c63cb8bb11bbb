//! Typed queries.

use crate::{Client, ClientError, Event, EventPage, Subscription};
use prost::{Message, Name};
use virtengine_types::{
    Address, Coin, Coins,
    proto::{
        cosmos::{
            auth::v1beta1 as auth,
            bank::v1beta1 as bank,
            base::query::v1beta1::{PageRequest, PageResponse},
            staking::v1beta1 as staking,
        },
        virtengine::{
            chain::v1 as chain, escrow::v1 as escrow, events::v1 as events, market::v1 as market,
            params::v1 as params, provider::v1 as provider,
        },
    },
};

/// An account as signing needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseAccount {
    /// Whose.
    pub address: Address,
    /// Part of what is signed.
    pub account_number: u64,
    /// The sequence of the next transaction.
    pub sequence: u64,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins, to be given to [`page`]; empty at the end.
    pub next_key: Vec<u8>,
}

impl<T> Page<T> {
    fn new(items: Vec<T>, pagination: Option<PageResponse>) -> Self {
        Self { items, next_key: pagination.map(|page| page.next_key.to_vec()).unwrap_or_default() }
    }
}

/// Asks for at most `limit` entries, 0 for the node's default, from `key`, empty for the first page.
#[must_use]
pub fn page(key: &[u8], limit: u64) -> PageRequest {
    PageRequest { key: bytes::Bytes::copy_from_slice(key), limit, ..Default::default() }
}

impl Client {
    /// An account's number and sequence.
    ///
    /// # Errors
    /// - `NoAccount` - it does not exist yet
    pub async fn account(&self, address: Address) -> Result<BaseAccount, ClientError> {
        let path = "/cosmos.auth.v1beta1.Query/Account";
        let request = auth::QueryAccountRequest { address: address.to_string() };
        let answer: Result<auth::QueryAccountResponse, _> = self.query(path, &request).await;
        let any = match answer {
            Ok(answer) => answer.account.unwrap_or_default(),
            Err(error) if error.is_not_found() => {
                return Err(ClientError::NoAccount { address, chain_id: self.chain_id().await?.to_owned() });
            }
            Err(error) => return Err(error),
        };
        let malformed = |cause: String| self.transport.malformed(path, cause);
        let account = if any.type_url == auth::ModuleAccount::type_url() {
            let account = auth::ModuleAccount::decode(any.value.as_slice());
            account.map(|account| account.base_account.unwrap_or_default())
        } else if any.type_url == auth::BaseAccount::type_url() {
            auth::BaseAccount::decode(any.value.as_slice())
        } else {
            return Err(malformed(format!("an account of unknown kind {:?}", any.type_url)));
        };
        let account = account.map_err(|error| malformed(error.to_string()))?;
        Ok(BaseAccount { address, account_number: account.account_number, sequence: account.sequence })
    }

    /// An account with the sequence of a new transaction: behind those that are pending on the node, as a
    /// transaction with the sequence of one of them, and a higher fee, replaces it.
    ///
    /// # Errors
    /// - `NoAccount` - it does not exist yet
    pub async fn account_to_sign(&self, address: Address) -> Result<BaseAccount, ClientError> {
        let account = self.account(address).await?;
        let request = chain::QueryNextSequenceRequest { address: address.to_string() };
        let path = "/virtengine.chain.v1.Query/NextSequence";
        let answer: chain::QueryNextSequenceResponse = self.query(path, &request).await?;
        Ok(BaseAccount { sequence: answer.sequence, ..account })
    }

    /// What an account holds, in every denomination; nothing for an account that does not exist.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn balances(&self, address: Address) -> Result<Coins, ClientError> {
        let path = "/cosmos.bank.v1beta1.Query/AllBalances";
        let mut coins = Coins::default();
        let mut key = Vec::new();
        loop {
            let request = bank::QueryAllBalancesRequest {
                address: address.to_string(),
                pagination: Some(page(&key, 0)),
                ..Default::default()
            };
            let answer: bank::QueryAllBalancesResponse = self.query(path, &request).await?;
            for coin in &answer.balances {
                let coin = Coin::from_wire(coin).map_err(|error| self.transport.malformed(path, error))?;
                coins.add(&coin).map_err(|error| self.transport.malformed(path, error))?;
            }
            key = answer.pagination.map(|page| page.next_key.to_vec()).unwrap_or_default();
            if key.is_empty() {
                return Ok(coins);
            }
        }
    }

    /// The chain's parameters.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn params(&self) -> Result<params::Params, ClientError> {
        let path = "/virtengine.params.v1.Query/Params";
        let answer: params::QueryParamsResponse = self.query(path, &params::QueryParamsRequest {}).await?;
        self.present(path, answer.params)
    }

    /// An order and, while it has one, its escrow account.
    ///
    /// # Errors
    /// - `Query` - there is no such order
    pub async fn order(
        &self,
        id: u64,
    ) -> Result<(market::Order, Option<escrow::EscrowAccount>), ClientError> {
        let path = "/virtengine.market.v1.Query/Order";
        let answer: market::QueryOrderResponse = self.query(path, &market::QueryOrderRequest { id }).await?;
        Ok((self.present(path, answer.order)?, answer.escrow))
    }

    /// Orders that match the request's filters; an empty filter matches everything.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn orders(
        &self,
        request: &market::QueryOrdersRequest,
    ) -> Result<Page<market::Order>, ClientError> {
        let answer: market::QueryOrdersResponse =
            self.query("/virtengine.market.v1.Query/Orders", request).await?;
        Ok(Page::new(answer.orders, answer.pagination))
    }

    /// A bid.
    ///
    /// # Errors
    /// - `Query` - there is no such bid
    pub async fn bid(&self, id: u64) -> Result<market::Bid, ClientError> {
        let path = "/virtengine.market.v1.Query/Bid";
        let answer: market::QueryBidResponse = self.query(path, &market::QueryBidRequest { id }).await?;
        self.present(path, answer.bid)
    }

    /// Bids that match the request's filters; 0 and an empty filter match everything.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn bids(&self, request: &market::QueryBidsRequest) -> Result<Page<market::Bid>, ClientError> {
        let answer: market::QueryBidsResponse =
            self.query("/virtengine.market.v1.Query/Bids", request).await?;
        Ok(Page::new(answer.bids, answer.pagination))
    }

    /// A lease and, while it has one, its order's escrow account.
    ///
    /// # Errors
    /// - `Query` - there is no such lease
    pub async fn lease(
        &self,
        id: u64,
    ) -> Result<(market::Lease, Option<escrow::EscrowAccount>), ClientError> {
        let path = "/virtengine.market.v1.Query/Lease";
        let answer: market::QueryLeaseResponse = self.query(path, &market::QueryLeaseRequest { id }).await?;
        Ok((self.present(path, answer.lease)?, answer.escrow))
    }

    /// Leases that match the request's filters; an empty filter matches everything.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn leases(
        &self,
        request: &market::QueryLeasesRequest,
    ) -> Result<Page<market::Lease>, ClientError> {
        let answer: market::QueryLeasesResponse =
            self.query("/virtengine.market.v1.Query/Leases", request).await?;
        Ok(Page::new(answer.leases, answer.pagination))
    }

    /// A provider by its account.
    ///
    /// # Errors
    /// - `Query` - the account is not a registered provider
    pub async fn provider(&self, owner: Address) -> Result<provider::Provider, ClientError> {
        let path = "/virtengine.provider.v1.Query/Provider";
        let request = provider::QueryProviderRequest { owner: owner.to_string() };
        let answer: provider::QueryProviderResponse = self.query(path, &request).await?;
        self.present(path, answer.provider)
    }

    /// Providers that match the request's filter; an empty filter matches everything.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn providers(
        &self,
        request: &provider::QueryProvidersRequest,
    ) -> Result<Page<provider::Provider>, ClientError> {
        let path = "/virtengine.provider.v1.Query/Providers";
        let answer: provider::QueryProvidersResponse = self.query(path, request).await?;
        Ok(Page::new(answer.providers, answer.pagination))
    }

    /// Attestations of the request's provider, by the auditors that it names or by all.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn attestations(
        &self,
        request: &provider::QueryAttestationsRequest,
    ) -> Result<Page<provider::Attestation>, ClientError> {
        let path = "/virtengine.provider.v1.Query/Attestations";
        let answer: provider::QueryAttestationsResponse = self.query(path, request).await?;
        Ok(Page::new(answer.attestations, answer.pagination))
    }

    /// Validators, one page.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn validators(
        &self,
        request: &staking::QueryValidatorsRequest,
    ) -> Result<Page<staking::Validator>, ClientError> {
        let path = "/cosmos.staking.v1beta1.Query/Validators";
        let answer: staking::QueryValidatorsResponse = self.query(path, request).await?;
        Ok(Page::new(answer.validators, answer.pagination))
    }

    /// An order's escrow account, settled to the newest height.
    ///
    /// # Errors
    /// - `Query` - the order does not exist or has ended
    pub async fn escrow(&self, order_id: u64) -> Result<escrow::EscrowAccount, ClientError> {
        let path = "/virtengine.escrow.v1.Query/Account";
        let request = escrow::QueryAccountRequest { order_id };
        let answer: escrow::QueryAccountResponse = self.query(path, &request).await?;
        self.present(path, answer.account)
    }

    /// A stored row with the proof that it is part of the state, for `virtengine_store::proof::verify`.
    ///
    /// # Errors
    /// - `Query` - no such row or partition
    pub async fn proof(
        &self,
        partition: &str,
        key: [u8; 32],
    ) -> Result<chain::QueryProofResponse, ClientError> {
        let key = bytes::Bytes::copy_from_slice(&key);
        let request = chain::QueryProofRequest { partition: partition.to_owned(), key };
        self.query("/virtengine.chain.v1.Query/Proof", &request).await
    }

    /// A native header and its finalization certificate; height 0 for the newest.
    ///
    /// # Errors
    /// - `Query` - the node does not have it
    pub async fn header(&self, height: u64) -> Result<chain::QueryHeaderResponse, ClientError> {
        self.query("/virtengine.chain.v1.Query/Header", &chain::QueryHeaderRequest { height }).await
    }

    /// Entries of the event log from `subscription.from_sequence` on, at most `limit`; 0 for the node's
    /// default.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn list_events(
        &self,
        subscription: &Subscription,
        limit: u32,
    ) -> Result<EventPage, ClientError> {
        let attribute =
            |(key, value): (&String, &String)| events::Attribute { key: key.clone(), value: value.clone() };
        let request = events::ListRequest {
            topics: subscription.topics.clone(),
            filter: subscription.filter.iter().map(attribute).collect(),
            from_sequence: subscription.from_sequence,
            limit,
        };
        let answer: events::ListResponse = self.query("/virtengine.events.v1.Service/List", &request).await?;
        let events = answer.events.into_iter().map(Event::from).collect();
        Ok(EventPage { events, next_sequence: answer.next_sequence })
    }

    fn present<T>(&self, path: &str, value: Option<T>) -> Result<T, ClientError> {
        value.ok_or_else(|| self.transport.malformed(path, "it is empty"))
    }
}
