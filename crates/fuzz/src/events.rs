//! Queries and filters of events.

use crate::{Target, Verdict};
use virtengine_events::{Attributes, Entry, Filter, Query};
use virtengine_types::Height;

/// Longest query, as the surface configures it by default.
const MAX_QUERY: usize = 512;

/// The query language: what is read prints as a query that means the same.
#[must_use]
pub fn queries() -> Target {
    let seeds = [
        "tm.event='Tx'",
        "tm.event = 'NewBlock' AND block.height > 5",
        "transfer.recipient='virtengine1x' AND transfer.amount CONTAINS 'uve'",
        "tx.height >= 5 AND tx.height <= 900719925474099299 AND market.order.created.region EXISTS",
        "tx.hash='ABCDEF0123456789' AND a.b < 1.5",
    ];
    let attributes = Attributes::from([
        ("tm.event".to_owned(), vec!["Tx".to_owned()]),
        ("tx.hash".to_owned(), vec!["abcdef0123456789".to_owned()]),
        ("tx.height".to_owned(), vec!["7".to_owned(), "5uve".to_owned(), "-".to_owned(), String::new()]),
        ("transfer.amount".to_owned(), vec!["18446744073709551616uve".to_owned(), "1.25".to_owned()]),
    ]);
    Target::of_text(&seeds, move |text| {
        let query = Query::parse(text, MAX_QUERY);
        if let Ok(query) = &query {
            let printed = query.to_string();
            // The canonical spelling may be longer than what was written.
            let again = Query::parse(&printed, usize::MAX).expect("what prints can be read");
            assert_eq!(&again, query, "{printed}");
            assert_eq!(query.matches(&attributes), again.matches(&attributes));
            let all = query.conditions.iter().all(|condition| condition.matches(&attributes));
            assert_eq!(query.matches(&attributes), all);
        }
        Verdict::of(&query)
    })
}

/// Filters of the event log, written here as a line each: `topic` or `key=value`.
#[must_use]
pub fn filters() -> Target {
    let seeds = [
        "market.order.created\nregion=eu",
        "market.order.*\nmarket.lease.closed",
        "*\nowner=a\nclass=gpu",
        "",
    ];
    Target::of_text(&seeds, |text| {
        let (pairs, topics): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains('='));
        let pair = |line: &str| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let attributes: Vec<_> = pairs.into_iter().filter_map(pair).collect();
        let filter =
            Filter::new(topics.iter().map(|topic| (*topic).to_owned()).collect(), attributes.clone());
        if let Ok(filter) = &filter {
            for topic in topics.iter().copied().chain(["market.order.created"]) {
                let name = topic.strip_suffix('*').map_or(topic.to_owned(), |prefix| format!("{prefix}a"));
                let entry = |attributes| Entry {
                    sequence: 1,
                    height: Height(1),
                    tx_index: None,
                    topic: name.clone(),
                    attributes,
                };
                let listed = topics.is_empty() || topics.contains(&topic);
                assert!(
                    !listed || filter.matches(&entry(attributes.clone())),
                    "{topic} does not cover {name}"
                );
                let bare = filter.matches(&entry(Vec::new()));
                assert!(attributes.is_empty() || !bare, "an attribute is missing and the entry matches");
            }
        }
        Verdict::of(&filter)
    })
}
