//! What is offered, as the driver sees it.

use super::TxResult;
use bytes::Bytes;
use virtengine_client::Refusal;

/// SHA-256 of a transaction.
pub type Hash = [u8; 32];

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Which of the work's accounts signed it. Those of one account go to one node, over one connection, in order.
    pub account: u32,
    /// The sequence it was signed with.
    pub sequence: u64,
    /// As it travels.
    pub bytes: Bytes,
    /// Of `bytes`.
    pub hash: Hash,
}

/// A mix of transactions.
pub trait Work {
    /// The transaction of the next arrival.
    ///
    /// # Errors
    /// Why there is none, which counts as an error of the generator.
    fn arrive(&mut self) -> Result<Signed, &'static str>;

    /// A node has taken a transaction. What is final before its answer comes is told of as included only.
    fn accepted(&mut self, _account: u32, _sequence: u64) {}

    /// A node refused a transaction, or nobody knows what became of it: its sequence is free for another.
    fn refused(&mut self, account: u32, sequence: u64, refusal: Option<&Refusal>);

    /// A transaction is final; gives those that follow from it.
    fn included(&mut self, account: u32, sequence: u64, result: Option<&TxResult>) -> Vec<Signed>;

    /// SHA-256 of all transactions in the order of their arrivals, if all were signed ahead.
    fn fingerprint(&self) -> Option<Hash>;
}
