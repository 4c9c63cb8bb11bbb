//! Subscriptions of one connection to blocks and transactions.

use super::envelope::{self, RpcError};
use super::limits::Permit;
use super::{Comet, shapes};
use serde_json::{Value, json};
use std::sync::Arc;
use virtengine_events::{Attributes, BlockCursor, HistoryError, Published, Query};

/// Kinds of block events, in the order in which a block's are sent; its transactions follow.
const BLOCK_KINDS: [&str; 2] = ["NewBlock", "NewBlockHeader"];

pub(super) struct Subscriptions {
    comet: Comet,
    list: Vec<Subscribed>,
    /// Set while the list is not empty.
    following: Option<Following>,
}

struct Following {
    blocks: BlockCursor,
    _place: Permit,
}

struct Subscribed {
    /// Id of the call, which the events repeat.
    id: Value,
    text: String,
    query: Query,
    /// First height to tell of.
    from: u64,
}

impl Subscriptions {
    pub(super) fn new(comet: Comet) -> Self {
        Self { comet, list: Vec::new(), following: None }
    }

    pub(super) fn subscribe(&mut self, id: Value, text: &str) -> Result<Value, RpcError> {
        let config = &self.comet.inner.config;
        let query = Query::parse(text, config.max_query_bytes).map_err(RpcError::internal)?;
        if self.list.iter().any(|known| known.text == text) {
            return Err(RpcError::internal("already subscribed"));
        }
        let max = config.max_subscriptions_per_client;
        if self.list.len() >= max {
            return Err(RpcError::internal(format!("max_subscriptions_per_client {max} reached")));
        }
        let hub = &self.comet.inner.hub;
        if self.following.is_none() {
            let place = self.comet.inner.limits.subscriber()?;
            self.following = Some(Following { blocks: hub.blocks(), _place: place });
        }
        let from = hub.tip().height + 1;
        self.list.push(Subscribed { id, text: text.to_owned(), query, from });
        Ok(json!({}))
    }

    pub(super) fn unsubscribe(&mut self, text: &str) -> Result<Value, RpcError> {
        let index = self.list.iter().position(|known| known.text == text);
        let index = index.ok_or_else(|| RpcError::internal("subscription not found"))?;
        self.list.remove(index);
        if self.list.is_empty() {
            self.following = None;
        }
        Ok(json!({}))
    }

    pub(super) fn unsubscribe_all(&mut self) -> Value {
        self.list.clear();
        self.following = None;
        json!({})
    }

    /// Waits for the next block; forever while there is no subscription.
    pub(super) async fn next(&mut self) -> Result<Arc<Published>, HistoryError> {
        match &mut self.following {
            Some(following) => following.blocks.next().await,
            None => std::future::pending().await,
        }
    }

    /// What the subscribers are told of a block, made one by one as they are sent.
    pub(super) fn messages<'a>(&'a self, block: &'a Published) -> impl Iterator<Item = Value> + Send + 'a {
        let of_block = BLOCK_KINDS.iter().flat_map(move |kind| {
            let mut attributes = block.record.block_attributes();
            attributes.insert("tm.event".to_owned(), vec![(*kind).to_owned()]);
            self.tell(block, kind, attributes, None)
        });
        // A block's transactions are only looked at if a query could match one.
        let wanted = self.list.iter().any(|known| can_match_txs(&known.query));
        let txs = if wanted { block.tx_attributes() } else { &[] };
        let of_txs = (0_u32..)
            .zip(txs)
            .flat_map(move |(index, attributes)| self.tell(block, "Tx", attributes.clone(), Some(index)));
        of_block.chain(of_txs)
    }

    fn tell(&self, block: &Published, kind: &str, attributes: Attributes, index: Option<u32>) -> Vec<Value> {
        let height = block.record.height().0;
        let validators = self.comet.inner.genesis.validators.len();
        let matching =
            self.list.iter().filter(|known| known.from <= height && known.query.matches(&attributes));
        let message = |known: &Subscribed| {
            let value = match (kind, index) {
                (_, Some(index)) => shapes::new_tx(&block.record, index),
                ("NewBlock", None) => shapes::new_block(&block.record, validators),
                (_, None) => json!({"header": shapes::header(&block.record.meta.header)}),
            };
            let event = shapes::subscription_event(&known.text, kind, value, &attributes);
            envelope::answer(&known.id, Ok(event))
        };
        matching.map(message).collect()
    }
}

/// Whether a transaction can match: no condition wants another kind of event.
fn can_match_txs(query: &Query) -> bool {
    let tx = Attributes::from([("tm.event".to_owned(), vec!["Tx".to_owned()])]);
    query.conditions.iter().all(|condition| condition.key != "tm.event" || condition.matches(&tx))
}
