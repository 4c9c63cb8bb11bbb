//! Why a node's answer is not the one wanted, and what to do about it.

use std::time::Duration;
use thiserror::Error;
use virtengine_types::{Address, code::SdkCode};

/// JSON-RPC code of a method that the node does not have.
const NO_METHOD: i64 = -32601;
/// What the chain puts before the reason for which a transaction's first message fails.
const FIRST_MESSAGE: &str = "failed to execute message; message index: 0: ";
/// JSON-RPC code of a node that cannot answer now.
const UNAVAILABLE: i64 = -32000;

/// A code with which the chain or a node refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Whose code it is: `sdk` or a module.
    pub codespace: String,
    /// Never 0.
    pub code: u32,
    /// The rule broken and both values.
    pub log: String,
}

/// Why a request failed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Not an address of a node.
    #[error("{url:?} is not a node's address ({cause}); expected one such as http://127.0.0.1:26657")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// No connection.
    #[error(
        "cannot reach {url}: {cause}; is the node running? `virtengine devnet` starts a network on this machine, --node names another one"
    )]
    Unreachable {
        /// The node.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// The node took too long.
    #[error("{url} did not answer {method} within {} s; it may be overloaded or syncing", after.as_secs_f32())]
    Timeout {
        /// The node.
        url: String,
        /// What was asked.
        method: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer exceeds the bound.
    #[error("the answer of {url} to {method} exceeds {max} bytes; ask for a smaller page")]
    TooLarge {
        /// The node.
        url: String,
        /// What was asked.
        method: String,
        /// The bound in bytes.
        max: usize,
    },
    /// The node speaks HTTP, but not this protocol.
    #[error(
        "{url} answered {method} with HTTP status {status}: {body:?}; is it the address of the node's RPC?"
    )]
    Http {
        /// The node.
        url: String,
        /// What was asked.
        method: String,
        /// The status.
        status: u16,
        /// The first bytes of the body.
        body: String,
    },
    /// The answer is not of the shape agreed.
    #[error("the answer of {url} to {method} cannot be read: {cause}")]
    Malformed {
        /// The node.
        url: String,
        /// What was asked.
        method: String,
        /// What is wrong.
        cause: String,
    },
    /// The node refused the call itself.
    #[error("{message} ({url} refused {method}: JSON-RPC code {code})")]
    Rpc {
        /// The node.
        url: String,
        /// What was asked.
        method: String,
        /// The JSON-RPC code.
        code: i64,
        /// Its reason.
        message: String,
    },
    /// A query was refused.
    #[error("{} ({url} refused {path}: {})", refusal.reason(), refusal.place())]
    Query {
        /// The node.
        url: String,
        /// The query.
        path: String,
        /// Its reason.
        refusal: Refusal,
    },
    /// A transaction would fail on the newest state; nothing was sent.
    #[error("{}{} (the transaction would fail, so nothing was sent)", refusal.reason(), advice(refusal))]
    Simulation {
        /// The reason. Its code says only that the simulation failed.
        refusal: Refusal,
    },
    /// A transaction was refused before it came into a block; nothing was paid.
    #[error(
        "{}{} (transaction {hash} was refused and nothing paid: {})",
        refusal.reason(), advice(refusal), refusal.place()
    )]
    Rejected {
        /// Upper-case hex.
        hash: String,
        /// The reason.
        refusal: Refusal,
    },
    /// A transaction failed in a block; its fee was paid.
    #[error(
        "{}{} (transaction {hash} failed in block {height} and its fee was paid: {})",
        refusal.reason(), advice(refusal), refusal.place()
    )]
    Failed {
        /// Upper-case hex.
        hash: String,
        /// The block.
        height: u64,
        /// The reason.
        refusal: Refusal,
    },
    /// The very same transaction was sent before.
    #[error(
        "the node has this transaction already, pending or in a block; `virtengine query tx {hash}` tells which"
    )]
    Known {
        /// Upper-case hex.
        hash: String,
    },
    /// A transaction is not in a block yet.
    #[error("transaction {hash} is not in a block after {} s; `virtengine query tx {hash}` tells when it is", after.as_secs_f32())]
    NotIncluded {
        /// Upper-case hex.
        hash: String,
        /// How long was waited.
        after: Duration,
    },
    /// The account does not exist.
    #[error("account {address} does not exist on chain {chain_id}: send it coins first, which makes it")]
    NoAccount {
        /// Whose.
        address: Address,
        /// The chain asked.
        chain_id: String,
    },
    /// A fee or an option cannot be made of what is given.
    #[error("{field} cannot be {found}: {rule}")]
    Option {
        /// The option.
        field: &'static str,
        /// As given.
        found: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// The node has too few blocks for the event log to go on, and is catching up.
    #[error(
        "{url} is at height {height} and catching up, far from sequence {sequence}, where the event log goes on"
    )]
    Behind {
        /// The node.
        url: String,
        /// Height of its newest block.
        height: u64,
        /// Where the event log goes on.
        sequence: u64,
    },
    /// The node is of another chain than before.
    #[error(
        "{url} is of chain {found}, expected {expected}: what follows one chain cannot go on with another"
    )]
    OtherChain {
        /// The node.
        url: String,
        /// The chain that was followed.
        expected: String,
        /// The chain of the node.
        found: String,
    },
    /// The node refused a subscription.
    #[error("{url} refused the subscription: {message}")]
    Subscription {
        /// The node.
        url: String,
        /// Its reason.
        message: String,
    },
}

impl ClientError {
    /// The chain's refusal, if it was one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Query { refusal, .. }
            | Self::Simulation { refusal }
            | Self::Rejected { refusal, .. }
            | Self::Failed { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Whether what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Query { refusal, .. } => {
                refusal.is(SdkCode::KeyNotFound)
                    || refusal.is(SdkCode::NotFound)
                    || refusal.is(SdkCode::UnknownAddress)
            }
            Self::Rpc { code, message, .. } => *code != NO_METHOD && message.contains("not found"),
            _ => false,
        }
    }

    /// Whether asking again, unchanged, may succeed: the node could not be reached, took too long, or says
    /// that it cannot answer now.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Behind { .. } => true,
            // A proxy in front of a node that is not there.
            Self::Http { status, .. } => (502..=504).contains(status),
            Self::Rpc { code, .. } => *code == UNAVAILABLE,
            Self::Query { refusal, .. } => {
                refusal.call().is_some_and(|(code, _)| matches!(code, "Unavailable" | "DeadlineExceeded"))
            }
            _ => false,
        }
    }
}

impl Refusal {
    /// Whether it is this code of codespace `sdk`.
    #[must_use]
    pub fn is(&self, code: SdkCode) -> bool {
        self.codespace == virtengine_types::code::SDK && self.code == code.number()
    }

    /// Why, in the words of the rule that was broken: without what the surfaces of a node put around it.
    #[must_use]
    pub fn reason(&self) -> &str {
        let reason =
            self.call().map_or(self.log.as_str(), |(_, description)| self.without_frame(description));
        // A transaction has one message as a rule; the index of another says which it is.
        reason.strip_prefix(FIRST_MESSAGE).unwrap_or(reason)
    }

    /// The description of a failed call without the phrase of its code and the gas of a simulation.
    fn without_frame<'a>(&self, description: &'a str) -> &'a str {
        let phrases = [SdkCode::UnknownRequest, SdkCode::KeyNotFound, SdkCode::InvalidRequest];
        let phrase = phrases.into_iter().find(|code| self.is(*code)).map_or("", SdkCode::phrase);
        let bare = description.strip_suffix(phrase).and_then(|rest| rest.strip_suffix(": "));
        let bare = bare.unwrap_or(description);
        bare.split_once(": with gas wanted: '").map_or(bare, |(reason, _)| reason)
    }

    /// Code and description of a failed call, which a node writes as gRPC's Go library does.
    fn call(&self) -> Option<(&str, &str)> {
        self.log.strip_prefix("rpc error: code = ")?.split_once(" desc = ")
    }

    /// Where to look the code up.
    fn place(&self) -> String {
        format!("codespace {}, code {}", self.codespace, self.code)
    }

    /// The sequence that the account must sign next, if the refusal says so.
    #[must_use]
    pub fn expected_sequence(&self) -> Option<u64> {
        let rest = self.log.split_once("account sequence mismatch, expected ")?.1;
        rest.split(|found: char| !found.is_ascii_digit()).next()?.parse().ok()
    }
}

/// What to do about a refusal, to be put behind it.
fn advice(refusal: &Refusal) -> &'static str {
    // A simulation has no code of its own, but its reason ends with that code's phrase.
    let of = |code: SdkCode| refusal.is(code) || refusal.reason().ends_with(code.phrase());
    if of(SdkCode::InsufficientFee) {
        "; give more with --fees, or leave it out to pay the chain's minimum"
    } else if of(SdkCode::OutOfGas) {
        "; give more with --gas, or use --gas auto"
    } else if of(SdkCode::WrongSequence) {
        "; another transaction of the account is on its way: try again when it is in a block"
    } else if of(SdkCode::InsufficientFunds) {
        "; `virtengine query bank balances` shows what the account has"
    } else if of(SdkCode::MempoolFull) {
        "; the node has no room: try again, or pay more with --fees"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: SdkCode, log: &str) -> Refusal {
        Refusal { codespace: "sdk".to_owned(), code: code.number(), log: log.to_owned() }
    }

    #[test]
    fn a_refusal_tells_the_sequence_expected() {
        let log = "account sequence mismatch, expected 12, got 9: incorrect account sequence";
        assert_eq!(refusal(SdkCode::WrongSequence, log).expected_sequence(), Some(12));
        assert_eq!(refusal(SdkCode::WrongSequence, "something else 3").expected_sequence(), None);
    }

    #[test]
    fn an_error_says_what_to_do() {
        let refusal = refusal(SdkCode::OutOfGas, "gas limit 10, needed 20: out of gas");
        let text = ClientError::Rejected { hash: "AB".to_owned(), refusal }.to_string();
        assert!(text.contains("gas limit 10") && text.contains("--gas auto"), "{text}");
    }

    #[test]
    fn a_failed_simulation_says_its_reason_first_and_once() {
        let rule = "spendable balance 5uve is smaller than 10uve: insufficient funds";
        let log = format!(
            "rpc error: code = Unknown desc = {FIRST_MESSAGE}{rule}: with gas wanted: '0' and gas used: '2100': unknown request"
        );
        let refusal = refusal(SdkCode::UnknownRequest, &log);
        assert_eq!(refusal.reason(), rule);
        let text = ClientError::Simulation { refusal }.to_string();
        assert!(text.starts_with(&format!("{rule}; `virtengine query bank balances`")), "{text}");
        assert!(text.ends_with("nothing was sent)") && !text.contains("rpc error"), "{text}");
    }

    #[test]
    fn a_refused_query_says_its_reason_first() {
        let log = "rpc error: code = NotFound desc = order 9 not found: key not found";
        let url = "http://127.0.0.1:1".to_owned();
        let refusal = refusal(SdkCode::KeyNotFound, log);
        let text = ClientError::Query { url, path: "/x".to_owned(), refusal }.to_string();
        assert_eq!(text, "order 9 not found (http://127.0.0.1:1 refused /x: codespace sdk, code 22)");
    }

    #[test]
    fn a_node_that_cannot_answer_now_is_transient() {
        let log = "rpc error: code = Unavailable desc = the node is starting: unknown request";
        let url = "http://127.0.0.1:1".to_owned();
        let query = |log| ClientError::Query {
            url: url.clone(),
            path: "/x".to_owned(),
            refusal: refusal(SdkCode::UnknownRequest, log),
        };
        assert!(query(log).is_transient());
        assert!(!query("rpc error: code = Unknown desc = out of gas: unknown request").is_transient());
        let rpc = |code| ClientError::Rpc {
            url: url.clone(),
            method: "broadcast_tx_sync".to_owned(),
            code,
            message: "the node is catching up".to_owned(),
        };
        assert!(rpc(UNAVAILABLE).is_transient() && !rpc(-32603).is_transient());
    }

    #[test]
    fn an_unreachable_node_is_transient_and_a_refusal_is_not() {
        let url = "http://127.0.0.1:1".to_owned();
        assert!(ClientError::Unreachable { url: url.clone(), cause: "refused".to_owned() }.is_transient());
        let refusal = refusal(SdkCode::KeyNotFound, "no such order");
        let error = ClientError::Query { url, path: "/x".to_owned(), refusal };
        assert!(!error.is_transient() && error.is_not_found());
    }
}
