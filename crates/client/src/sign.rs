//! Transactions, made and signed.

use prost::Message;
use prost_types::Any;
use virtengine_crypto::SigningKey;
use virtengine_types::{
    Coins,
    proto::cosmos::tx::{
        signing::v1beta1::SignMode,
        v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw, mode_info},
    },
};

/// Everything that a signature covers.
#[derive(Clone, Debug)]
pub struct Unsigned<'a> {
    /// What to do, in order.
    pub messages: &'a [Any],
    /// Free text.
    pub memo: &'a str,
    /// Last height that may include it; 0 for any.
    pub timeout_height: u64,
    /// Most gas that it may use.
    pub gas_limit: u64,
    /// What it pays.
    pub fee: &'a Coins,
    /// The signer's sequence.
    pub sequence: u64,
}

/// A message packed for a transaction.
#[must_use]
pub fn any<M: Message + prost::Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

impl Unsigned<'_> {
    /// The transaction signed in mode DIRECT, as it travels.
    #[must_use]
    pub fn sign(&self, key: &SigningKey, chain_id: &str, account_number: u64) -> Vec<u8> {
        let (body, auth_info) = self.parts(key);
        let signature = key.sign_direct(&body, &auth_info, chain_id, account_number);
        raw(body, auth_info, &signature)
    }

    /// The transaction with a signature of zeros, for simulation: of the same size, which costs gas.
    #[must_use]
    pub fn unsigned(&self, key: &SigningKey) -> Vec<u8> {
        let (body, auth_info) = self.parts(key);
        raw(body, auth_info, &[0; 64])
    }

    /// The encoded body and the encoded `AuthInfo`.
    fn parts(&self, key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
        let body = TxBody {
            messages: self.messages.to_vec(),
            memo: self.memo.to_owned(),
            timeout_height: self.timeout_height,
            ..Default::default()
        };
        let mode = mode_info::Single { mode: SignMode::Direct.into() };
        let signer = SignerInfo {
            public_key: Some(key.public_key().to_any()),
            mode_info: Some(ModeInfo { sum: Some(mode_info::Sum::Single(mode)) }),
            sequence: self.sequence,
        };
        let fee = Fee { amount: self.fee.to_wire(), gas_limit: self.gas_limit, ..Default::default() };
        let auth_info = AuthInfo { signer_infos: vec![signer], fee: Some(fee), tip: None };
        (body.encode_to_vec(), auth_info.encode_to_vec())
    }
}

fn raw(body: Vec<u8>, auth_info: Vec<u8>, signature: &[u8]) -> Vec<u8> {
    TxRaw {
        body_bytes: body.into(),
        auth_info_bytes: auth_info.into(),
        signatures: vec![bytes::Bytes::copy_from_slice(signature)],
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_crypto::key::KeyKind;
    use virtengine_types::{
        Amount, Coin,
        proto::cosmos::bank::v1beta1::MsgSend,
        tx::{DecodedTx, SignMode as Mode},
    };

    fn coins(amount: u128) -> Coins {
        let mut coins = Coins::default();
        coins.add(&Coin::base(Amount(amount))).unwrap();
        coins
    }

    #[test]
    fn a_signed_transaction_is_what_the_chain_decodes() {
        for kind in [KeyKind::Secp256k1, KeyKind::Ed25519] {
            let key = SigningKey::from_secret(kind, &[7; 32]).unwrap();
            let send = MsgSend {
                from_address: key.address().to_string(),
                to_address: key.address().to_string(),
                amount: coins(5).to_wire(),
            };
            let fee = coins(2_500);
            let unsigned = Unsigned {
                messages: &[any(&send)],
                memo: "hello",
                timeout_height: 9,
                gas_limit: 100_000,
                fee: &fee,
                sequence: 3,
            };
            let decoded = DecodedTx::decode(unsigned.sign(&key, "test-1", 8).into()).unwrap();
            assert_eq!((decoded.memo.as_str(), decoded.timeout_height), ("hello", 9));
            assert_eq!(decoded.fee.amount, fee);
            assert_eq!(decoded.fee.gas_limit.0, 100_000);
            let [signer] = decoded.signers.as_slice() else { panic!("one signer") };
            assert_eq!((signer.address, signer.sequence, &signer.mode), (key.address(), 3, &Mode::Direct));
            let document = virtengine_types::sign::direct(&decoded, "test-1", 8);
            assert_eq!(signer.signature.as_ref(), key.sign(&document));
        }
    }
}
