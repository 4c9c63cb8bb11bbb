//! What signatures cover: the sign documents of the two supported modes.

mod amino;

pub use amino::{AminoError, MAX_SIGN_DOCS, amino_json};

use crate::{proto::cosmos::tx::v1beta1::SignDoc, tx::DecodedTx};
use prost::Message;

/// Sign bytes of `SIGN_MODE_DIRECT`: the encoded `SignDoc`; signers sign its SHA-256.
#[must_use]
pub fn direct(tx: &DecodedTx, chain_id: &str, account_number: u64) -> Vec<u8> {
    SignDoc {
        body_bytes: tx.body_bytes.clone(),
        auth_info_bytes: tx.auth_info_bytes.clone(),
        chain_id: chain_id.to_owned(),
        account_number,
    }
    .encode_to_vec()
}
