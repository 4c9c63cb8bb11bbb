//! Entries of the event log and the filters that subscribers choose them by.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;
use virtengine_types::Height;

/// Most topics that one filter may name.
pub const MAX_TOPICS: usize = 32;
/// Most attributes that one filter may name.
pub const MAX_ATTRIBUTES: usize = 16;
/// Longest topic, attribute key or attribute value of a filter, in bytes.
pub const MAX_PART_BYTES: usize = 256;

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Place in the log: height times [`MAX_BLOCK_EVENTS`](virtengine_types::block::MAX_BLOCK_EVENTS), plus
    /// the position in the block.
    pub sequence: u64,
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in its block; `None` for events of the block itself.
    pub tx_index: Option<u32>,
    /// Dotted name, such as `market.order.created`.
    pub topic: String,
    /// Keys and values in order.
    pub attributes: Vec<(String, String)>,
}

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// Too many topics.
    #[error("a filter names at most {max} topics, got {found}")]
    TooManyTopics {
        /// Topics given.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Too many attributes.
    #[error("a filter names at most {max} attributes, got {found}")]
    TooManyAttributes {
        /// Attributes given.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A topic, key or value is too long.
    #[error("a part of a filter has at most {max} bytes, got {found}")]
    TooLong {
        /// Bytes given.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Neither a dotted name, nor one that ends in `.*`, nor `*`.
    #[error("invalid topic {topic:?}: expected a name such as market.order.created, market.order.* or *")]
    Topic {
        /// The topic as given.
        topic: String,
    },
}

/// Which entries of the log a subscriber wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    topics: Vec<String>,
    attributes: Vec<(String, String)>,
}

impl Filter {
    /// Entries whose topic matches one of `topics` and that have all of `attributes`.
    ///
    /// A topic is a whole name, a prefix with `.*` (`market.order.*` matches `market.order.created` and
    /// not `market.order`), or `*`. No topics means all of them.
    ///
    /// # Errors
    /// - `TooManyTopics`, `TooManyAttributes`, `TooLong` - a bound of this module is exceeded
    /// - `Topic` - a topic is malformed
    pub fn new(topics: Vec<String>, attributes: Vec<(String, String)>) -> Result<Self, FilterError> {
        if topics.len() > MAX_TOPICS {
            return Err(FilterError::TooManyTopics { found: topics.len(), max: MAX_TOPICS });
        }
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(FilterError::TooManyAttributes { found: attributes.len(), max: MAX_ATTRIBUTES });
        }
        let pairs = attributes.iter().flat_map(|(key, value)| [key, value]);
        if let Some(long) = topics.iter().chain(pairs).find(|part| part.len() > MAX_PART_BYTES) {
            return Err(FilterError::TooLong { found: long.len(), max: MAX_PART_BYTES });
        }
        if let Some(topic) = topics.iter().find(|topic| !is_topic(topic)) {
            return Err(FilterError::Topic { topic: topic.clone() });
        }
        Ok(Self { topics, attributes })
    }

    /// Whether the entry is wanted.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let topic = self.topics.is_empty() || self.topics.iter().any(|topic| covers(topic, &entry.topic));
        topic && self.attributes.iter().all(|wanted| entry.attributes.contains(wanted))
    }
}

fn is_topic(pattern: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    pattern == "*" || pattern.strip_suffix(".*").unwrap_or(pattern).split('.').all(part)
}

fn covers(pattern: &str, topic: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => topic.starts_with(prefix),
        None => pattern == topic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(topic: &str, attributes: &[(&str, &str)]) -> Entry {
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Entry { sequence: 1, height: Height(1), tx_index: None, topic: topic.to_owned(), attributes }
    }

    fn filter(topics: &[&str], attributes: &[(&str, &str)]) -> Filter {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Filter::new(topics, attributes).unwrap()
    }

    #[test]
    fn a_prefix_covers_whole_parts_only() {
        let created = entry("market.order.created", &[]);
        assert!(filter(&["market.order.*"], &[]).matches(&created));
        assert!(filter(&["market.*"], &[]).matches(&created));
        assert!(filter(&["*"], &[]).matches(&created));
        assert!(filter(&[], &[]).matches(&created));
        assert!(filter(&["market.order.created"], &[]).matches(&created));
        assert!(!filter(&["market.order"], &[]).matches(&created));
        assert!(!filter(&["market.ord.*"], &[]).matches(&created));
        assert!(!filter(&["market.order.*"], &[]).matches(&entry("market.order", &[])));
    }

    #[test]
    fn all_attributes_must_be_there() {
        let created = entry("market.order.created", &[("region", "eu"), ("class", "gpu"), ("class", "cpu")]);
        assert!(filter(&[], &[("region", "eu"), ("class", "cpu")]).matches(&created));
        assert!(!filter(&[], &[("region", "eu"), ("class", "tpu")]).matches(&created));
        assert!(!filter(&[], &[("owner", "x")]).matches(&created));
    }

    #[test]
    fn rejects_malformed_topics() {
        for topic in ["", "market.", ".order", "market.*.created", "market*", "a b", "**"] {
            let error = Filter::new(vec![topic.to_owned()], vec![]).unwrap_err();
            assert_eq!(error, FilterError::Topic { topic: topic.to_owned() });
        }
    }

    #[test]
    fn rejects_filters_beyond_the_bounds() {
        let many = vec!["a".to_owned(); MAX_TOPICS + 1];
        assert!(matches!(Filter::new(many, vec![]), Err(FilterError::TooManyTopics { found: 33, max: 32 })));
        let many = vec![(String::new(), String::new()); MAX_ATTRIBUTES + 1];
        assert!(matches!(
            Filter::new(vec![], many),
            Err(FilterError::TooManyAttributes { found: 17, max: 16 })
        ));
        let long = vec![("k".to_owned(), "v".repeat(MAX_PART_BYTES + 1))];
        assert!(matches!(Filter::new(vec![], long), Err(FilterError::TooLong { found: 257, max: 256 })));
    }
}
