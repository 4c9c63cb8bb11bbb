//! Signatures of transactions: from decoded to verified.
//!
//! The state's part, account numbers and stored keys, comes from the caller; executing a transaction
//! compares it with the state once more, so a verdict stays true while it waits.

mod cache;
mod plan;
#[cfg(test)]
mod tests;

pub use cache::VerifiedCache;

use crate::batch::{INLINE, SignatureError, verify_batch};
use plan::Plan;
use rayon::prelude::*;
use std::sync::Arc;
use thiserror::Error;
use virtengine_types::Address;
use virtengine_types::code::{Rejection, SdkCode};
use virtengine_types::sign::AminoError;
use virtengine_types::tx::{DecodedTx, PublicKey, SignMode, VerifiedTx};

/// Fewest transactions that are handed to a thread.
const SMALLEST_PART: usize = 4;

/// What the state says of a signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerAccount {
    /// Number of the account, part of what is signed.
    pub account_number: u64,
    /// Key of the account, once it has signed before.
    pub public_key: Option<PublicKey>,
}

/// A transaction whose signatures are to be checked.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// The transaction.
    pub tx: Arc<DecodedTx>,
    /// The accounts of `tx.signers`, in their order.
    pub accounts: Vec<SignerAccount>,
}

/// Why a transaction's signatures are refused. `index` counts its signers from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// Not one account for each signer.
    #[error("wrong number of signers; expected {expected}, got {found} accounts")]
    AccountCount {
        /// Signers of the transaction.
        expected: usize,
        /// Accounts given.
        found: usize,
    },
    /// Neither the transaction nor the account has the key.
    #[error(
        "signer {index}, {address}, has no public key: neither its account nor the transaction names one"
    )]
    MissingKey {
        /// Which signer.
        index: usize,
        /// Its account.
        address: Address,
    },
    /// The key is not that of the account.
    #[error(
        "pubKey does not match signer address {address} with signer index: {index}, the key is of {found}"
    )]
    KeyMismatch {
        /// Which signer.
        index: usize,
        /// Its account.
        address: Address,
        /// Account of the key.
        found: Address,
    },
    /// More signatures than any chain of this program admits, members of multisigs counted.
    #[error("a transaction has at most {max} signatures, got {found}")]
    TooManySignatures {
        /// Signatures found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// An empty signature.
    #[error("signer {index} left its signature empty")]
    Empty {
        /// Which signer.
        index: usize,
    },
    /// Not r and s.
    #[error("signer {index}: a signature has 64 bytes, got {found}")]
    Length {
        /// Which signer.
        index: usize,
        /// Bytes found.
        found: usize,
    },
    /// The mode does not suit the key.
    #[error("signer {index} signs as {mode}, which its {key} key cannot")]
    Mode {
        /// Which signer.
        index: usize,
        /// The mode it declares.
        mode: &'static str,
        /// Kind of its key.
        key: &'static str,
    },
    /// The transaction has no document of that mode.
    #[error("signer {index}: {cause}")]
    Document {
        /// Which signer.
        index: usize,
        /// The rule broken.
        cause: AminoError,
    },
    /// A multisig's list of signatures does not decode, or not to the bytes given.
    #[error("signer {index}: {found} bytes are not one canonical MultiSignature")]
    Multisignature {
        /// Which signer.
        index: usize,
        /// Bytes found.
        found: usize,
    },
    /// A multisig's bit array has another size than the key.
    #[error("signer {index}: the bit array has {found} bits, the key has {expected} members")]
    BitArray {
        /// Which signer.
        index: usize,
        /// Members of the key.
        expected: usize,
        /// Bits found.
        found: usize,
    },
    /// A multisig's bits, modes and signatures differ in number.
    #[error("signer {index}: {present} bits are set for {modes} modes and {signatures} signatures")]
    MemberCount {
        /// Which signer.
        index: usize,
        /// Bits set.
        present: usize,
        /// Modes given.
        modes: usize,
        /// Signatures given.
        signatures: usize,
    },
    /// Fewer members signed than must.
    #[error("signer {index}: {found} members signed, the key needs {threshold}")]
    Threshold {
        /// Which signer.
        index: usize,
        /// Signatures needed.
        threshold: u32,
        /// Signatures found.
        found: usize,
    },
    /// A signature does not hold.
    #[error(
        "signer {index}: {cause}; signature verification failed; please verify account number \
         ({account_number}) and chain-id ({chain_id})"
    )]
    Signature {
        /// Which signer.
        index: usize,
        /// Account number that was assumed to be signed.
        account_number: u64,
        /// Chain that was assumed to be signed for.
        chain_id: String,
        /// The rule broken.
        cause: SignatureError,
    },
}

impl VerifyError {
    /// The refusal that a client sees.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let code = match self {
            Self::MissingKey { .. } | Self::KeyMismatch { .. } => SdkCode::InvalidPubKey,
            Self::Signature { cause: SignatureError::MalformedKey { .. }, .. } => SdkCode::InvalidPubKey,
            Self::TooManySignatures { .. } => SdkCode::TooManySignatures,
            Self::Empty { .. } => SdkCode::NoSignatures,
            Self::Document { cause: AminoError::NoAminoName { .. }, .. } => SdkCode::NotSupported,
            Self::Document { cause: AminoError::Malformed { .. }, .. } => SdkCode::TxParse,
            Self::AccountCount { .. }
            | Self::Length { .. }
            | Self::Mode { .. }
            | Self::Multisignature { .. }
            | Self::BitArray { .. }
            | Self::MemberCount { .. }
            | Self::Threshold { .. }
            | Self::Signature { .. } => SdkCode::Unauthorized,
        };
        Rejection::sdk(code, self)
    }
}

/// Checks the signatures of one transaction.
///
/// # Errors
/// The first rule that is broken, in the order of the signers, see [`VerifyError`].
pub fn verify_tx(unverified: &Unverified, chain_id: &str) -> Result<VerifiedTx, VerifyError> {
    let mut plan = Plan::new(unverified, chain_id)?;
    let verdicts = verify_batch(&plan.take_checks());
    plan.conclude(&verdicts, chain_id)
}

/// Whether so few signatures are to be checked that [`verify_txs`] does it on the calling thread.
#[must_use]
pub fn are_few(unverified: &[Unverified]) -> bool {
    let count = |mode: &SignMode| match mode {
        SignMode::Multi { present, .. } => present.iter().filter(|signed| **signed).count(),
        _ => 1,
    };
    let signers = unverified.iter().flat_map(|unverified| &unverified.tx.signers);
    signers.map(|signer| count(&signer.mode)).sum::<usize>() <= INLINE
}

/// Checks the signatures of many transactions in one batch; the verdicts are in their order and equal to
/// those of [`verify_tx`].
///
/// Blocks until done; unless there [are few](are_few), call it off any async executor's threads.
#[must_use]
pub fn verify_txs(unverified: &[Unverified], chain_id: &str) -> Vec<Result<VerifiedTx, VerifyError>> {
    let plan = |unverified: &Unverified| Plan::new(unverified, chain_id);
    let mut plans: Vec<_> = if are_few(unverified) {
        unverified.iter().map(plan).collect()
    } else {
        unverified.par_iter().with_min_len(SMALLEST_PART).map(plan).collect()
    };
    let mut checks = Vec::with_capacity(unverified.len());
    let counts: Vec<usize> = plans
        .iter_mut()
        .map(|plan| {
            let own = plan.as_mut().map(Plan::take_checks).unwrap_or_default();
            let count = own.len();
            checks.extend(own);
            count
        })
        .collect();
    let verdicts = verify_batch(&checks);
    let mut rest = verdicts.as_slice();
    plans
        .into_iter()
        .zip(counts)
        .map(|(plan, count)| {
            let (own, others) = rest.split_at(count);
            rest = others;
            plan?.conclude(own, chain_id)
        })
        .collect()
}
