//! Signing, sending and waiting, the same for every message.

use super::super::{
    connection::Connection,
    keyring::KeyringArgs,
    keys::confirm,
    output::{self, GLOBAL, Output, json},
    parse, validator,
};
use clap::Args;
use eyre::{Result, bail, ensure, eyre};
use prost::{Message as _, Name as _};
use prost_types::Any;
use serde_json::{Map, Value, json};
use std::{ops::RangeInclusive, time::Duration};
use virtengine_client::{
    Client, ClientError, Fee, Gas, Refusal, Signed, TxOptions, TxOutcome, json as proto_json,
};
use virtengine_crypto::SigningKey;
use virtengine_types::{Address, Coins, msg::Msg, proto::virtengine::market::v1::MsgAcceptBid};

/// Factor on simulated gas.
const DEFAULT_ADJUSTMENT: f64 = 1.4;
/// What that factor may be.
const ADJUSTMENTS: RangeInclusive<f64> = 1.0..=100.0;

#[derive(Args)]
pub(in super::super) struct Flags {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    keyring: KeyringArgs,
    #[command(flatten)]
    pub(in super::super) output: Output,
    /// Name or address of the key that signs.
    #[arg(long, global = true, help_heading = GLOBAL, env = "VIRTENGINE_FROM", value_name = "KEY")]
    from: Option<String>,
    /// Gas limit, or `auto` to simulate.
    #[arg(long, global = true, help_heading = GLOBAL, default_value = "auto", value_name = "GAS", value_parser = gas)]
    gas: GasLimit,
    /// Factor on the simulated gas.
    #[arg(long, global = true, help_heading = GLOBAL, default_value_t = DEFAULT_ADJUSTMENT, value_name = "FACTOR", value_parser = adjustment)]
    gas_adjustment: f64,
    /// Fee, such as 2500uve; default the chain's minimum for the gas.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "COINS", value_parser = parse::coins, allow_hyphen_values = true)]
    fees: Option<Coins>,
    /// Free text on the transaction.
    #[arg(long, global = true, help_heading = GLOBAL, default_value = "", hide_default_value = true, value_name = "TEXT")]
    memo: String,
    /// Last height that may include the transaction; 0 for any.
    #[arg(long, global = true, help_heading = GLOBAL, default_value_t = 0, value_name = "HEIGHT")]
    timeout_height: u64,
    /// The chain that the transaction is for; default the node's. Another one is refused.
    #[arg(long, global = true, help_heading = GLOBAL, env = "VIRTENGINE_CHAIN_ID", value_name = "ID")]
    chain_id: Option<String>,
    /// Do not ask before sending.
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    pub(in super::super) yes: bool,
    /// Simulate and show, do not send.
    #[arg(long, global = true, help_heading = GLOBAL, conflicts_with = "no_wait")]
    dry_run: bool,
    /// Return when the node has the transaction, before it is in a block.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(in super::super) no_wait: bool,
    /// Longest time to wait for the block, in seconds.
    #[arg(long, global = true, help_heading = GLOBAL, default_value_t = 60, value_name = "SECONDS")]
    wait_timeout: u64,
}

/// Everything to send transactions with.
pub(in super::super) struct Sender {
    pub(in super::super) client: Client,
    pub(in super::super) key: SigningKey,
    pub(in super::super) flags: Flags,
    pub(in super::super) options: TxOptions,
    chain_id: String,
}

impl Flags {
    /// Finds the key and the chain.
    pub(in super::super) async fn sender(self) -> Result<Sender> {
        let options = self.options();
        let client = self.connection.client()?;
        let key = self.keyring.key(self.from.as_deref())?;
        let chain_id = client.chain_id().await?.to_owned();
        if let Some(wanted) = &self.chain_id {
            ensure!(
                *wanted == chain_id,
                "the node {} is of chain {chain_id:?}, --chain-id wants {wanted:?}",
                client.url()
            );
        }
        Ok(Sender { client, key, flags: self, options, chain_id })
    }

    fn options(&self) -> TxOptions {
        let gas = match self.gas {
            GasLimit::Auto => Gas::Auto { adjustment: self.gas_adjustment },
            GasLimit::Fixed(limit) => Gas::Limit(limit),
        };
        let fee = self.fees.clone().map_or(Fee::Auto, Fee::Amount);
        TxOptions { gas, fee, memo: self.memo.clone(), timeout_height: self.timeout_height }
    }
}

/// A gas limit as its flag names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GasLimit {
    Auto,
    Fixed(u64),
}

fn gas(text: &str) -> Result<GasLimit> {
    match (text, text.parse()) {
        ("auto", _) => Ok(GasLimit::Auto),
        (_, Ok(limit)) => Ok(GasLimit::Fixed(limit)),
        _ => bail!("it is auto or a whole number, such as 200000"),
    }
}

fn adjustment(text: &str) -> Result<f64> {
    let factor = text.parse().ok().filter(|factor| ADJUSTMENTS.contains(factor));
    factor.ok_or_else(|| eyre!("it is a factor from {} to {}", ADJUSTMENTS.start(), ADJUSTMENTS.end()))
}

impl Sender {
    pub(in super::super) fn address(&self) -> Address {
        self.key.address()
    }

    /// The account that a text names: an address, or the name of a key.
    pub(in super::super) fn account(&self, text: &str) -> Result<Address> {
        self.flags.keyring.address(text)
    }

    /// The validator that a text names.
    pub(in super::super) async fn validator(&self, text: &str) -> Result<Address> {
        validator::find(&self.client, &self.flags.keyring, text).await
    }

    /// The signer, as `--from` names it.
    pub(in super::super) fn from(&self) -> &str {
        self.flags.from.as_deref().unwrap_or_default()
    }

    pub(in super::super) fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// Whether transactions are only to be shown.
    pub(in super::super) const fn is_dry_run(&self) -> bool {
        self.flags.dry_run
    }

    pub(in super::super) const fn wait(&self) -> Duration {
        Duration::from_secs(self.flags.wait_timeout)
    }

    /// Makes, shows, sends and waits, as the flags say, and prints what became of it.
    pub(in super::super) async fn run(&self, messages: Vec<Any>) -> Result<()> {
        check(&messages)?;
        let account = self.client.account_to_sign(self.address()).await?;
        let signed = self.client.prepare(&self.key, &account, &messages, &self.options).await;
        let signed = self.told(signed)?;
        if self.flags.dry_run {
            return self.flags.output.record(&self.shown(&signed, &messages).await?);
        }
        if !self.flags.yes {
            output::note(&output::record(&self.shown(&signed, &messages).await?));
            confirm(false, "sign and send this transaction")?;
        }
        let hash = self.told(self.client.broadcast(&signed.bytes).await)?;
        if self.flags.no_wait {
            return self.flags.output.record(&json!({"hash": hash}));
        }
        if !self.flags.output.is_json() {
            eprintln!("sent {hash}, waiting for its block");
        }
        let outcome = self.client.wait_tx(&hash, self.wait()).await?;
        let answer = outcome_json(&outcome, &signed.fee);
        if outcome.code != 0 && self.flags.output.is_json() {
            json(&answer)?; // a failure too is an answer for programs
        }
        outcome.ok()?;
        self.flags.output.record(&answer)
    }

    /// Prints a refusal for programs; the error tells people.
    fn told<T>(&self, result: Result<T, ClientError>) -> Result<T> {
        if let Err(error) = &result
            && let Some(answer) = refusal_json(error)
            && self.flags.output.is_json()
        {
            json(&answer)?;
        }
        Ok(result?)
    }

    async fn shown(&self, signed: &Signed, messages: &[Any]) -> Result<Value> {
        let bid = match messages.iter().find(|message| message.type_url == MsgAcceptBid::type_url()) {
            Some(message) => {
                let id = MsgAcceptBid::decode(message.value.as_slice())?.bid_id;
                Some(terms(&proto_json::of(&self.client.bid(id).await?)?))
            }
            None => None,
        };
        let messages: Vec<Value> = messages.iter().map(proto_json::of_any).collect::<Result<_, _>>()?;
        let mut shown = json!({
            "chain_id": self.chain_id,
            "from": self.address().to_string(),
            "messages": messages,
            "gas_limit": signed.gas_limit.to_string(),
            "fee": output::coins(&signed.fee),
            "memo": self.options.memo,
            "sequence": signed.sequence.to_string(),
        });
        if let Some(bid) = bid {
            shown["bid"] = bid;
        }
        Ok(shown)
    }
}

/// What an acceptance agrees to, which its message does not say.
fn terms(bid: &Value) -> Value {
    json!({"order_id": bid["order_id"], "provider": bid["provider"], "price": bid["price"]})
}

/// The chain's own checks that need no state, so that a mistake costs nothing.
pub(in super::super) fn check(messages: &[Any]) -> Result<()> {
    for message in messages {
        Msg::decode(&message.type_url, &message.value)?;
    }
    Ok(())
}

/// Why a transaction came into no block, with the fields of one that failed in a block.
fn refusal_json(error: &ClientError) -> Option<Value> {
    let (refusal, hash) = match error {
        ClientError::Simulation { refusal } => (refusal, Value::Null),
        ClientError::Rejected { refusal, hash } => (refusal, hash.as_str().into()),
        _ => return None,
    };
    let Refusal { codespace, code, .. } = refusal;
    Some(json!({"hash": hash, "code": code, "codespace": codespace, "log": refusal.reason()}))
}

/// A transaction in a block, with the fields of its messages' responses, such as `order_id`.
pub(in super::super) fn outcome_json(outcome: &TxOutcome, fee: &Coins) -> Value {
    let mut fields = Map::new();
    fields.insert("hash".to_owned(), outcome.hash.as_str().into());
    fields.insert("height".to_owned(), outcome.height.to_string().into());
    fields.insert("code".to_owned(), outcome.code.into());
    if outcome.code != 0 {
        fields.insert("codespace".to_owned(), outcome.codespace.as_str().into());
        fields.insert("log".to_owned(), outcome.log.as_str().into());
    }
    fields.insert("gas_wanted".to_owned(), outcome.gas_wanted.to_string().into());
    fields.insert("gas_used".to_owned(), outcome.gas_used.to_string().into());
    fields.insert("fee".to_owned(), output::coins(fee));
    for response in &outcome.data {
        let name = response.type_url.trim_start_matches('/');
        if let Ok(Value::Object(response)) = proto_json::of_bytes(name, &response.value) {
            fields.extend(response);
        }
    }
    // Where the response tells no amount, as that of a withdrawal does.
    for (name, topic) in [("paid_out", "escrow.withdrawn"), ("refunded", "escrow.refunded")] {
        let sum = sum(outcome, topic);
        if sum.iter().next().is_some() && !fields.contains_key("amount") {
            fields.insert(name.to_owned(), output::coins(&sum));
        }
    }
    Value::Object(fields)
}

/// What the events of a topic moved in all.
fn sum(outcome: &TxOutcome, topic: &str) -> Coins {
    let events = outcome.events.iter().filter(|event| event.kind == topic);
    let attributes = events.flat_map(|event| &event.attributes);
    let amounts =
        attributes.filter(|(key, _)| key == "amount").filter_map(|(_, text)| parse::coins(text).ok());
    let mut sum = Coins::default();
    for amount in amounts {
        for coin in amount.iter() {
            drop(sum.add(&coin)); // the chain's supply fits an amount
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_client::TxEvent;
    use virtengine_client::sign::any;
    use virtengine_types::{
        Amount, Coin,
        proto::virtengine::market::v1::{
            Bid, MsgCloseLeaseResponse, MsgCreateOrderResponse, MsgWithdrawEarningsResponse,
        },
    };

    fn outcome() -> TxOutcome {
        TxOutcome {
            hash: "AB".to_owned(),
            height: 7,
            index: 0,
            code: 0,
            codespace: String::new(),
            log: String::new(),
            data: vec![any(&MsgCreateOrderResponse { order_id: 99 })],
            events: Vec::new(),
            gas_wanted: 2,
            gas_used: 1,
            tx: Vec::new(),
        }
    }

    #[test]
    fn an_outcome_shows_the_id_created() {
        let outcome = outcome();
        let answer = outcome_json(&outcome, &parse::coins("351uve").unwrap());
        assert_eq!((answer["order_id"].as_str(), answer["height"].as_str()), (Some("99"), Some("7")));
        assert_eq!(answer["fee"], json!([{"denom": "uve", "amount": "351"}]));
        let failed = outcome_json(&TxOutcome { code: 4, log: "no".to_owned(), ..outcome }, &Coins::default());
        assert_eq!(failed["log"], "no");
    }

    #[test]
    fn an_outcome_shows_what_was_paid_out_and_refunded() {
        let event = |kind: &str, amount: &str| TxEvent {
            kind: kind.to_owned(),
            attributes: vec![
                ("order_id".to_owned(), "7".to_owned()),
                ("amount".to_owned(), amount.to_owned()),
            ],
        };
        let (paid, left) = (event("escrow.withdrawn", "5uve"), event("escrow.refunded", "7uve"));
        let closed = TxOutcome {
            data: vec![any(&MsgCloseLeaseResponse {})],
            events: vec![event("escrow.settled", "9uve"), paid.clone(), left.clone(), left],
            ..outcome()
        };
        let answer = outcome_json(&closed, &Coins::default());
        assert_eq!(answer["paid_out"], json!([{"denom": "uve", "amount": "5"}]));
        assert_eq!(answer["refunded"], json!([{"denom": "uve", "amount": "14"}]));
        let amount = Some(Coin::base(Amount(5)).to_wire());
        let withdrawn = MsgWithdrawEarningsResponse { amount };
        let withdrawn = TxOutcome { data: vec![any(&withdrawn)], events: vec![paid], ..outcome() };
        let answer = outcome_json(&withdrawn, &Coins::default());
        assert_eq!((&answer["amount"]["amount"], answer.get("paid_out")), (&json!("5"), None));
    }

    #[test]
    fn the_terms_of_a_bid_are_shown_before_it_is_accepted() {
        let price = Some(Coin::base(Amount(5)).to_wire());
        let provider = Address([3; 20]).to_string();
        let bid = Bid { id: 9, order_id: 7, provider: provider.clone(), price, ..Default::default() };
        let price = json!({"denom": "uve", "amount": "5"});
        let expected = json!({"order_id": "7", "provider": provider, "price": price});
        assert_eq!(terms(&proto_json::of(&bid).unwrap()), expected);
    }

    #[test]
    fn a_refusal_is_an_answer_for_programs() {
        let log = "rpc error: code = Unknown desc = no such bid: unknown request".to_owned();
        let refusal = Refusal { codespace: "sdk".to_owned(), code: 6, log };
        let answer = refusal_json(&ClientError::Simulation { refusal }).unwrap();
        assert_eq!(answer, json!({"hash": null, "code": 6, "codespace": "sdk", "log": "no such bid"}));
    }

    #[test]
    fn rejects_messages_that_the_chain_would_refuse() {
        let message = any(&MsgAcceptBid { tenant: "nobody".to_owned(), bid_id: 1 });
        assert!(check(&[message]).unwrap_err().to_string().contains("tenant"));
    }
}
