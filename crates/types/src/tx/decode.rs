//! Decoding of transactions and the checks that need no state.

mod error;

pub use error::TxError;

use super::{DecodedTx, Fee, PublicKey, SignMode, Signer, fields, key::MAX_MEMBERS};
use crate::{
    Address, Coins, Gas,
    msg::Msg,
    proto::cosmos::tx::v1beta1::{self as wire, ModeInfo, mode_info},
};
use bytes::Bytes;
use prost::{Message, Name};
use sha2::{Digest, Sha256};

/// Largest transaction that is looked at, in bytes; the chain's parameter may be lower.
pub const MAX_TX_BYTES: usize = 256 * 1024;
/// Most messages of a transaction.
pub const MAX_MESSAGES: usize = 64;
/// Most distinct signers of a transaction.
pub const MAX_SIGNERS: usize = 16;
/// Largest gas limit: that of a signed 64-bit number, which clients read it as.
const MAX_GAS: u64 = i64::MAX as u64;

impl DecodedTx {
    /// Decodes a transaction and makes every check that needs no state.
    ///
    /// # Errors
    /// The rule that is broken, see [`TxError`].
    pub fn decode(raw: Bytes) -> Result<Self, TxError> {
        Self::decode_with(raw, Unsigned::Refuse)
    }

    /// As [`DecodedTx::decode`], but signatures, keys and sign modes may be missing: for simulations.
    ///
    /// # Errors
    /// As [`DecodedTx::decode`].
    pub fn decode_unsigned(raw: Bytes) -> Result<Self, TxError> {
        Self::decode_with(raw, Unsigned::Allow)
    }

    fn decode_with(raw: Bytes, unsigned: Unsigned) -> Result<Self, TxError> {
        if raw.len() > MAX_TX_BYTES {
            return Err(TxError::TooLarge { found: raw.len(), max: MAX_TX_BYTES });
        }
        let tx: wire::TxRaw = outer(&raw)?;
        let body: wire::TxBody = message("tx body", tx.body_bytes.clone(), is_extension)?;
        let auth: wire::AuthInfo = message("auth info", tx.auth_info_bytes.clone(), |_| false)?;
        let messages = messages(&body)?;
        let fee = fee(auth.fee.as_ref().unwrap_or(&wire::Fee::default()), &messages)?;
        if auth.signer_infos.iter().any(|info| info.mode_info.as_ref().is_some_and(signs_json)) {
            covered_by_json(&tx, &body, &auth)?;
        }
        let signers = signers(&messages, &fee, auth.signer_infos, &tx.signatures, unsigned)?;
        Ok(Self {
            hash: Sha256::digest(&raw).into(),
            raw,
            body_bytes: tx.body_bytes,
            auth_info_bytes: tx.auth_info_bytes,
            messages,
            signers,
            fee,
            memo: body.memo,
            timeout_height: body.timeout_height,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unsigned {
    Allow,
    Refuse,
}

/// Decodes the outer encoding, which no signature covers: a second one would give a second hash, so there is one.
fn outer(raw: &Bytes) -> Result<wire::TxRaw, TxError> {
    let part = "tx";
    let malformed = |error: prost::DecodeError| TxError::Malformed { part, cause: error.to_string() };
    let tx = wire::TxRaw::decode(raw.clone()).map_err(malformed)?;
    let only = tx.encode_to_vec();
    if *raw != only {
        // A field that is not known is named as such.
        message::<wire::TxRaw>(part, raw.clone(), |_| false)?;
    }
    canonical(part, raw, &only)?;
    Ok(tx)
}

/// Decodes a part. An unknown field could change what a signer believes to sign, so it is refused.
fn message<M: Message + Name + Default>(
    part: &'static str,
    bytes: Bytes,
    skipped: fn(u32) -> bool,
) -> Result<M, TxError> {
    let malformed = |cause: String| TxError::Malformed { part, cause };
    let message = M::decode(bytes.clone()).map_err(|error| malformed(error.to_string()))?;
    match fields::unknown(&message, &bytes, skipped).map_err(malformed)? {
        Some(number) => Err(TxError::UnknownField { part, number }),
        None => Ok(message),
    }
}

/// Fields of a body that may be unknown, as they do not change its meaning.
fn is_extension(number: u32) -> bool {
    (1024..=2047).contains(&number)
}

fn canonical(part: &'static str, found: &[u8], canonical: &[u8]) -> Result<(), TxError> {
    if found == canonical {
        return Ok(());
    }
    Err(TxError::NotCanonical { part, found: found.len(), canonical: canonical.len() })
}

fn signs_json(mode: &ModeInfo) -> bool {
    match &mode.sum {
        Some(mode_info::Sum::Single(single)) => single.mode == SignMode::AMINO_JSON,
        Some(mode_info::Sum::Multi(multi)) => multi.mode_infos.iter().any(signs_json),
        None => false,
    }
}

/// A signature over JSON does not cover how the parts are encoded: a second encoding would give a second hash.
fn covered_by_json(tx: &wire::TxRaw, body: &wire::TxBody, auth: &wire::AuthInfo) -> Result<(), TxError> {
    canonical("tx body", &tx.body_bytes, &body.encode_to_vec())?;
    canonical("auth info", &tx.auth_info_bytes, &auth.encode_to_vec())?;
    let part = "message";
    for any in &body.messages {
        let only = fields::canonical(any.type_url.trim_start_matches('/'), &any.value);
        canonical(part, &any.value, &only.map_err(|cause| TxError::Malformed { part, cause })?)?;
    }
    Ok(())
}

fn messages(body: &wire::TxBody) -> Result<Vec<Msg>, TxError> {
    if !body.extension_options.is_empty() {
        return Err(TxError::ExtensionOptions { found: body.extension_options.len() });
    }
    if body.unordered {
        return Err(TxError::NotSupported { field: "unordered" });
    }
    if body.timeout_timestamp.is_some() {
        return Err(TxError::NotSupported { field: "timeout_timestamp" });
    }
    let found = body.messages.len();
    if !(1..=MAX_MESSAGES).contains(&found) {
        return Err(TxError::Messages { found, max: MAX_MESSAGES });
    }
    let decode = |(index, any): (usize, &prost_types::Any)| {
        Msg::decode(&any.type_url, &any.value).map_err(|cause| TxError::Message { index, cause })
    };
    body.messages.iter().enumerate().map(decode).collect()
}

fn fee(wire: &wire::Fee, messages: &[Msg]) -> Result<Fee, TxError> {
    if wire.gas_limit > MAX_GAS {
        return Err(TxError::Gas { found: wire.gas_limit, max: MAX_GAS });
    }
    if !wire.granter.is_empty() {
        return Err(TxError::NotSupported { field: "fee granter" });
    }
    let first = messages.first().map(Msg::signer).ok_or(TxError::Messages { found: 0, max: MAX_MESSAGES })?;
    let payer = if wire.payer.is_empty() {
        first
    } else {
        wire.payer.parse().map_err(|cause| TxError::FeeAddress { field: "payer", cause })?
    };
    Ok(Fee { amount: Coins::from_wire(&wire.amount)?, gas_limit: Gas(wire.gas_limit), payer })
}

fn signers(
    messages: &[Msg],
    fee: &Fee,
    infos: Vec<wire::SignerInfo>,
    signatures: &[Bytes],
    unsigned: Unsigned,
) -> Result<Vec<Signer>, TxError> {
    let mut addresses: Vec<Address> = Vec::new();
    for address in messages.iter().map(Msg::signer).chain([fee.payer]) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let expected = addresses.len();
    if expected > MAX_SIGNERS {
        return Err(TxError::TooManySigners { found: expected, max: MAX_SIGNERS });
    }
    if signatures.is_empty() && unsigned == Unsigned::Refuse {
        return Err(TxError::NoSignatures { expected });
    }
    let complete = signatures.len() == expected || unsigned == Unsigned::Allow;
    if infos.len() != expected || !complete {
        return Err(TxError::SignerCount { expected, infos: infos.len(), signatures: signatures.len() });
    }
    let mut signers = Vec::with_capacity(expected);
    for (index, (address, info)) in addresses.into_iter().zip(infos).enumerate() {
        let public_key = info.public_key.as_ref().map(PublicKey::from_any).transpose()?;
        if let Some(key) = &public_key {
            let found = key.address();
            if found != address {
                return Err(TxError::KeyMismatch { index, expected: address, found });
            }
        }
        let mode = match info.mode_info.as_ref().map(|info| sign_mode(info, Nesting::Top)) {
            Some(Ok(SignMode::Unspecified)) | None if unsigned == Unsigned::Refuse => {
                return Err(TxError::SignMode { found: 0 });
            }
            Some(mode) => mode?,
            None => SignMode::Unspecified,
        };
        let signature = signatures.get(index).cloned().unwrap_or_default();
        signers.push(Signer { address, public_key, sequence: info.sequence, mode, signature });
    }
    Ok(signers)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Top,
    Member,
}

fn sign_mode(info: &ModeInfo, nesting: Nesting) -> Result<SignMode, TxError> {
    match &info.sum {
        Some(mode_info::Sum::Single(single)) => match single.mode {
            0 => Ok(SignMode::Unspecified),
            1 => Ok(SignMode::Direct),
            SignMode::AMINO_JSON => Ok(SignMode::AminoJson),
            found => Err(TxError::SignMode { found }),
        },
        Some(mode_info::Sum::Multi(multi)) if nesting == Nesting::Top => {
            let bits = multi.bitarray.clone().unwrap_or_default();
            let full_bytes = bits.elems.len().saturating_mul(8);
            let unused = usize::try_from(bits.extra_bits_stored).unwrap_or(usize::MAX);
            let count = match unused {
                0 => full_bytes,
                1..=7 => full_bytes.saturating_sub(8).saturating_add(unused),
                _ => return Err(TxError::SignMode { found: -1 }),
            };
            // A bit beyond the members has no meaning, so it would only give the transaction a second hash.
            let spare = bits
                .elems
                .last()
                .map_or(0, |byte| u32::from(*byte).wrapping_shl(bits.extra_bits_stored) & 0xff);
            if count > MAX_MEMBERS || (unused != 0 && spare != 0) {
                return Err(TxError::SignMode { found: -1 });
            }
            let bit = |index: usize| {
                let byte = bits.elems.get(index.wrapping_div(8)).copied().unwrap_or_default();
                let shift = u32::try_from(index.wrapping_rem(8)).unwrap_or_default();
                byte.wrapping_shl(shift) & 0x80 != 0
            };
            let present = (0..count).map(bit).collect();
            let modes = multi
                .mode_infos
                .iter()
                .take(MAX_MEMBERS)
                .map(|info| sign_mode(info, Nesting::Member))
                .collect::<Result<_, _>>()?;
            Ok(SignMode::Multi { present, modes })
        }
        _ => Err(TxError::SignMode { found: -1 }),
    }
}

#[cfg(test)]
mod tests;
