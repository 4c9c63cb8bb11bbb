//! Transactions, from raw bytes to verified.
//!
//! ```text
//! raw bytes --decode--> DecodedTx --signatures checked--> VerifiedTx --ante step--> executed
//! ```

mod decode;
pub(crate) mod fields;
mod key;

pub use decode::{MAX_MESSAGES, MAX_SIGNERS, MAX_TX_BYTES, TxError};
pub use key::{MultisigKey, PublicKey};

use crate::{Address, Coins, Gas, block::Hash, msg::Msg};
use bytes::Bytes;
use std::sync::Arc;

/// A transaction whose bytes are well-formed and whose messages pass every check that needs no state.
///
/// Signatures cover the received bytes, which are kept and never encoded anew.
#[derive(Clone, Debug)]
pub struct DecodedTx {
    /// SHA-256 of `raw`.
    pub hash: Hash,
    /// The whole transaction as received.
    pub raw: Bytes,
    /// The body as received, within `raw`.
    pub body_bytes: Bytes,
    /// Signers and fee as received, within `raw`.
    pub auth_info_bytes: Bytes,
    /// What to do, in order; at least one.
    pub messages: Vec<Msg>,
    /// Who signs, in the order of the rule: signers of the messages, then the fee payer.
    pub signers: Vec<Signer>,
    /// What is paid for it.
    pub fee: Fee,
    /// Free text.
    pub memo: String,
    /// Height after which it is void; 0 for never.
    pub timeout_height: u64,
}

/// What a transaction pays for being executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The whole amount is taken, whatever gas is used.
    pub amount: Coins,
    /// Most gas that it may use.
    pub gas_limit: Gas,
    /// Who pays.
    pub payer: Address,
}

/// One signer of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Whose signature it is.
    pub address: Address,
    /// Key in the transaction; may be left out once the account has one.
    pub public_key: Option<PublicKey>,
    /// Sequence that was signed.
    pub sequence: u64,
    /// How it signed.
    pub mode: SignMode,
    /// 64 bytes r || s, or an encoded `MultiSignature` for `SignMode::Multi`.
    pub signature: Bytes,
}

/// What a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignMode {
    /// The protobuf sign document.
    Direct,
    /// The JSON sign document of old wallets and hardware devices.
    AminoJson,
    /// Several members signed; each has its own mode.
    Multi {
        /// Which members signed, first member first.
        present: Vec<bool>,
        /// The modes of those who signed, in order.
        modes: Vec<Self>,
    },
    /// None given: only simulations may leave it out.
    Unspecified,
}

impl SignMode {
    /// Number of [`SignMode::AminoJson`] on the wire.
    pub(crate) const AMINO_JSON: i32 = 127;
}

/// A transaction whose signatures are valid for these account numbers and keys.
///
/// Executing it compares them with the state, so signatures are checked once, in parallel and ahead.
#[derive(Clone, Debug)]
pub struct VerifiedTx {
    /// The transaction.
    pub tx: Arc<DecodedTx>,
    /// For each signer what its signature was checked against.
    pub signers: Arc<Vec<VerifiedSigner>>,
}

/// What a signature was checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSigner {
    /// Whose signature.
    pub address: Address,
    /// Account number in the sign document.
    pub account_number: u64,
    /// The key that verified it.
    pub public_key: PublicKey,
}
