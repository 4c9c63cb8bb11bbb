//! The step before a transaction's messages: is it admissible, and its fee.
//!
//! A transaction that fails here is not included in a block at all. One that passes has its sequence
//! consumed and its fee taken, whatever its messages do.

use crate::{
    Mode, TxContext, bank,
    outcome::{Outcome, Stop},
};
use smol_str::{SmolStr, ToSmolStr as _};
use std::sync::LazyLock;
use thiserror::Error;
use virtengine_state::{Place, State};
use virtengine_types::{
    Address, Amount, Coins, Gas, Height,
    block::Event,
    code::{Rejection, SdkCode},
    coin::BASE_DENOM,
    ledger::{Account, Pool},
    params::Params,
    tx::{DecodedTx, PublicKey, VerifiedTx},
};

/// Address of the fee collector's account.
static COLLECTOR: LazyLock<SmolStr> = LazyLock::new(|| Pool::Fees.address().account().into());

/// Why a transaction is not admissible.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnteInvalid {
    /// Its time is over.
    #[error("block height: {height}, timeout height: {timeout}")]
    TimedOut {
        /// Height of the block.
        height: Height,
        /// Last height at which it was valid.
        timeout: u64,
    },
    /// The memo is too long.
    #[error("maximum number of bytes is {max} but received {found} bytes")]
    MemoTooLarge {
        /// Bytes found.
        found: usize,
        /// The limit.
        max: u32,
    },
    /// Too many bytes.
    #[error("a transaction has at most {max} bytes, got {found}")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// The limit.
        max: u64,
    },
    /// No gas limit.
    #[error("must provide positive gas")]
    NoGas,
    /// More gas than a block has.
    #[error("gas limit {found} exceeds the block's {max}")]
    TooMuchGas {
        /// Gas limit.
        found: Gas,
        /// The limit.
        max: u64,
    },
    /// The gas limit does not cover the transaction's size and signatures.
    #[error("out of gas in location: txSize; gasWanted: {wanted}, gasUsed: {used}")]
    OutOfGas {
        /// Gas limit.
        wanted: Gas,
        /// Gas for size and signatures.
        used: Gas,
    },
    /// The fee is in another currency.
    #[error("fees are paid in {BASE_DENOM}, got {found}")]
    FeeDenom {
        /// The declared fee.
        found: Coins,
    },
    /// The fee is too low.
    #[error("insufficient fees; got: {got} required: {required}{BASE_DENOM}")]
    InsufficientFee {
        /// The declared fee.
        got: String,
        /// The lowest fee for the gas limit.
        required: Amount,
    },
    /// Too many signatures.
    #[error("signatures: {found}, limit: {max}")]
    TooManySignatures {
        /// Signatures, members of multisigs counted.
        found: usize,
        /// The limit.
        max: u32,
    },
    /// A signer has no account.
    #[error("account {address} not found")]
    NoAccount {
        /// The signer.
        address: Address,
    },
    /// The sequence is not the account's next.
    #[error("account sequence mismatch, expected {expected}, got {got}")]
    Sequence {
        /// The account's next sequence.
        expected: u64,
        /// The sequence that was signed.
        got: u64,
    },
    /// The key is neither in the transaction nor known.
    #[error("account {address} has no public key yet: put it into the transaction")]
    NoPublicKey {
        /// The signer.
        address: Address,
    },
    /// The signature was made for another account number or key than the account's.
    #[error(
        "signature verification failed; please verify account number ({number}) and chain-id ({chain_id})"
    )]
    Signature {
        /// The account's number.
        number: u64,
        /// Name of the chain.
        chain_id: String,
    },
}

impl AnteInvalid {
    /// The refusal that a client sees.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let code = match self {
            Self::TimedOut { .. } => SdkCode::TxTimeoutHeight,
            Self::MemoTooLarge { .. } => SdkCode::MemoTooLarge,
            Self::TooLarge { .. } => SdkCode::TxTooLarge,
            Self::NoGas | Self::TooMuchGas { .. } => SdkCode::InvalidGasLimit,
            Self::OutOfGas { .. } => SdkCode::OutOfGas,
            Self::FeeDenom { .. } | Self::InsufficientFee { .. } => SdkCode::InsufficientFee,
            Self::TooManySignatures { .. } => SdkCode::TooManySignatures,
            Self::NoAccount { .. } => SdkCode::UnknownAddress,
            Self::Sequence { .. } => SdkCode::WrongSequence,
            Self::NoPublicKey { .. } => SdkCode::InvalidPubKey,
            Self::Signature { .. } => SdkCode::Unauthorized,
        };
        Rejection::sdk(code, self)
    }
}

impl From<AnteInvalid> for Stop {
    fn from(error: AnteInvalid) -> Self {
        Self::Invalid(error.rejection())
    }
}

/// Checks what needs only the parameters and a height: used by the mempool and by execution.
///
/// # Errors
/// - `TimedOut`, `MemoTooLarge`, `TooLarge`, `NoGas`, `TooMuchGas`, `OutOfGas`, `FeeDenom`,
///   `InsufficientFee`, `TooManySignatures` - the rule of that name is broken
pub fn check(params: &Params, height: Height, tx: &DecodedTx) -> Result<(), AnteInvalid> {
    if tx.timeout_height > 0 && height.0 > tx.timeout_height {
        return Err(AnteInvalid::TimedOut { height, timeout: tx.timeout_height });
    }
    if tx.memo.len() > params.max_memo_bytes as usize {
        return Err(AnteInvalid::MemoTooLarge { found: tx.memo.len(), max: params.max_memo_bytes });
    }
    if tx.raw.len() as u64 > params.max_tx_bytes {
        return Err(AnteInvalid::TooLarge { found: tx.raw.len(), max: params.max_tx_bytes });
    }
    let wanted = tx.fee.gas_limit;
    if wanted.0 == 0 {
        return Err(AnteInvalid::NoGas);
    }
    if wanted.0 > params.max_block_gas {
        return Err(AnteInvalid::TooMuchGas { found: wanted, max: params.max_block_gas });
    }
    let required = params.min_fee(wanted.0);
    let base = virtengine_types::Denom::base();
    if tx.fee.amount.iter().any(|coin| coin.denom != base) {
        return Err(AnteInvalid::FeeDenom { found: tx.fee.amount.clone() });
    }
    if tx.fee.amount.amount_of(&base) < required {
        return Err(AnteInvalid::InsufficientFee { got: tx.fee.amount.to_string(), required });
    }
    let weight =
        |signer: &virtengine_types::tx::Signer| signer.public_key.as_ref().map_or(1, PublicKey::weight);
    let found = tx.signers.iter().fold(0usize, |sum, signer| sum.saturating_add(weight(signer)));
    if found > params.max_signatures as usize {
        return Err(AnteInvalid::TooManySignatures { found, max: params.max_signatures });
    }
    let used = base_gas(params, tx);
    if used > wanted {
        return Err(AnteInvalid::OutOfGas { wanted, used });
    }
    Ok(())
}

/// Gas for a transaction's size and signatures, before any message.
#[must_use]
pub fn base_gas(params: &Params, tx: &DecodedTx) -> Gas {
    let bytes = params.gas_per_byte.saturating_mul(tx.raw.len() as u64);
    let signatures = params.gas_per_signature.saturating_mul(tx.signers.len() as u64);
    Gas(bytes.saturating_add(signatures))
}

/// Checks a transaction against the state, consumes its sequences and takes its fee.
///
/// In [`Mode::Simulate`] limits, fee and signatures are not checked; sequences are.
///
/// # Errors
/// Those of [`check`], and
/// - `NoAccount`, `Sequence`, `NoPublicKey`, `Signature` - a signer does not match its account
/// - `sdk` 5, 9 - the payer cannot pay
pub(crate) fn admit(state: &mut State, ctx: &mut TxContext<'_>, tx: &VerifiedTx, mode: Mode) -> Outcome<()> {
    let decoded = &tx.tx;
    if mode != Mode::Simulate {
        check(ctx.params, ctx.height(), decoded)?;
    }
    // The payer signs too, as decoding sees to, so its row is written once: with the fee gone and the sequence used.
    let mut paying = take_fee(state, ctx, decoded)?;
    for (index, signer) in decoded.signers.iter().enumerate() {
        let address = signer.address;
        let (place, found) = match paying.take_if(|_| address == decoded.fee.payer) {
            Some((place, account)) => (place, Some(account)),
            None => {
                let place = state.place(&bank::ACCOUNTS, &address)?;
                (place, state.get_at(&bank::ACCOUNTS, place)?)
            }
        };
        let mut account = found.ok_or(AnteInvalid::NoAccount { address })?;
        if signer.sequence != account.sequence {
            return Err(AnteInvalid::Sequence { expected: account.sequence, got: signer.sequence }.into());
        }
        if mode != Mode::Simulate {
            let key = signed_with(tx, index, &account, ctx)?;
            account.public_key = Some(key);
        }
        account.sequence = account.sequence.saturating_add(1);
        state.put_at(&bank::ACCOUNTS, place, &address, &account)?;
        let text = format!("{}/{}", ctx.name(address), signer.sequence);
        ctx.emit(Event::new("tx").text("acc_seq", text));
    }
    // A payer who did not sign would pay all the same: the fee is credited already.
    if let Some((place, account)) = paying {
        state.put_at(&bank::ACCOUNTS, place, &decoded.fee.payer, &account)?;
    }
    for signer in &decoded.signers {
        ctx.emit(Event::new("tx").text("signature", base64_of(&signer.signature)));
    }
    Ok(())
}

/// The key under which a signature was checked, if it is the account's.
fn signed_with(
    tx: &VerifiedTx,
    index: usize,
    account: &Account,
    ctx: &TxContext<'_>,
) -> Result<PublicKey, AnteInvalid> {
    let mismatch = || AnteInvalid::Signature { number: account.number, chain_id: ctx.block.chain_id.clone() };
    let verified = tx.signers.get(index).ok_or_else(mismatch)?;
    let known = account.public_key.as_ref().is_none_or(|key| *key == verified.public_key);
    let owner = tx.tx.signers.get(index).map(|signer| signer.address);
    if verified.account_number != account.number || !known || Some(verified.address) != owner {
        return Err(mismatch());
    }
    Ok(verified.public_key.clone())
}

/// The payer's account without the fee, not yet written.
fn take_fee(state: &mut State, ctx: &mut TxContext<'_>, tx: &DecodedTx) -> Outcome<Option<(Place, Account)>> {
    let fee = &tx.fee;
    let (payer, text) = (ctx.name(fee.payer), fee.amount.to_smolstr());
    let mut paying = None;
    if !fee.amount.is_empty() {
        paying = Some(bank::debited(state, fee.payer, &fee.amount)?);
        let amount = fee.amount.amount_of(&virtengine_types::Denom::base());
        let fees = crate::context::Credits { fees: amount, ..Default::default() };
        ctx.credits.merge(fees)?;
        ctx.events.extend(bank::fee_paid(&payer, &COLLECTOR, &text));
    }
    ctx.emit(Event::new("tx").text("fee", text).text("fee_payer", payer));
    Ok(paying)
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests;
