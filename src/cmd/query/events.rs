//! `virtengine query events`.

use super::{
    super::{output, parse},
    Asker,
};
use clap::{Args, Subcommand};
use eyre::Result;
use serde_json::{Map, Value, json};
use virtengine_client::{ClientError, Delivery, Event, Subscription, until_available};
use virtengine_types::proto::virtengine::provider::v1::Attribute;

#[derive(Subcommand)]
pub(super) enum Events {
    /// Past events.
    List {
        #[command(flatten)]
        wanted: Wanted,
        /// Most events; 0 for the node's default.
        #[arg(long, default_value_t = 0)]
        limit: u32,
    },
    /// Events as they come, one line each, until interrupted. Waits for a node that is not there or goes away.
    Follow {
        #[command(flatten)]
        wanted: Wanted,
    },
}

#[derive(Args)]
pub(super) struct Wanted {
    /// Topic, such as market.order.created or market.*; repeatable; default all.
    #[arg(long = "topic")]
    topics: Vec<String>,
    /// Attribute that must match, such as order_id=7; repeatable.
    #[arg(long = "filter", value_name = "KEY=VALUE", value_parser = parse::attribute)]
    filter: Vec<Attribute>,
    /// First sequence; 0 means the oldest for `list` and only what comes from now on for `follow`.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

impl Wanted {
    fn subscription(self) -> Subscription {
        let filter = self.filter.into_iter().map(|attribute| (attribute.key, attribute.value)).collect();
        Subscription { topics: self.topics, filter, from_sequence: self.from }
    }
}

impl Events {
    pub(super) async fn run(self, asker: &Asker) -> Result<()> {
        match self {
            Self::List { wanted, limit } => {
                let page = asker.client.list_events(&wanted.subscription(), limit).await?;
                let answer = json!({
                    "events": page.events.iter().map(record).collect::<Vec<_>>(),
                    "next_sequence": page.next_sequence.to_string(),
                });
                let columns = [
                    ("sequence", "sequence"),
                    ("height", "height"),
                    ("topic", "topic"),
                    ("attributes", "attributes"),
                ];
                asker.output.list(&answer, "events", &columns)?;
                if page.next_sequence > 0 && !asker.output.is_json() {
                    eprintln!("more: --from {}", page.next_sequence);
                }
                Ok(())
            }
            Self::Follow { wanted } => {
                let subscription = wanted.subscription();
                let connect = || asker.client.events(subscription.clone());
                let told =
                    |error: &ClientError| output::note(&format!("waiting for the node's event log: {error}"));
                let mut stream = until_available(connect, told).await?;
                loop {
                    match stream.next().await? {
                        Delivery::Event(event) => print(asker, &event)?,
                        Delivery::Lagged { from, to } => {
                            eprintln!("behind: events {from} to {to} follow from the journal");
                        }
                        Delivery::Pruned { from, to } => {
                            eprintln!("the node no longer has events {from} to {to}");
                        }
                        Delivery::Rewound { from, to } => {
                            eprintln!("the chain is not at sequence {from}; events from {to} on follow");
                        }
                        Delivery::Lost { cause } => {
                            output::note(&format!("waiting for the node's event log: {cause}"));
                        }
                        Delivery::Back => {
                            eprintln!("the node's event log is back, from sequence {} on", stream.cursor());
                        }
                    }
                }
            }
        }
    }
}

fn print(asker: &Asker, event: &Event) -> Result<()> {
    if asker.output.is_json() {
        return output::json_line(&record(event));
    }
    let attributes: Vec<String> =
        event.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    output::line(&format!(
        "{:>8} {:>8} {} {}",
        event.sequence,
        event.height,
        event.topic,
        attributes.join(" ")
    ))
}

fn record(event: &Event) -> Value {
    let attributes: Map<String, Value> =
        event.attributes.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    json!({
        "sequence": event.sequence.to_string(),
        "height": event.height.to_string(),
        "tx_index": event.tx_index,
        "topic": event.topic,
        "attributes": attributes,
    })
}
