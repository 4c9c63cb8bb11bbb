//! Accounts that sign.

use super::{Hash, Signed};
use prost_types::Any;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use virtengine_client::{BaseAccount, sign::Unsigned};
use virtengine_crypto::{KeyKind, SigningKey};
use virtengine_types::{Address, Amount, Coin, Coins};

/// What transactions promise: the chain, their gas and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The chain.
    pub chain_id: String,
    /// uve for each million of gas.
    pub gas_price: u128,
}

/// An account with its key.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    address: Address,
    account: BaseAccount,
}

/// `count` keys of a purpose, such as `sender`; same seed, same keys. Whoever knows the seed can sign with them.
pub fn keys(kind: KeyKind, purpose: &str, seed: u64, count: usize) -> Vec<SigningKey> {
    (0..count as u64).into_par_iter().map(|index| key(kind, purpose, seed, index)).collect()
}

fn key(kind: KeyKind, purpose: &str, seed: u64, index: u64) -> SigningKey {
    let mut secret: Hash = Sha256::new()
        .chain_update(purpose)
        .chain_update(seed.to_be_bytes())
        .chain_update(index.to_be_bytes())
        .finalize()
        .into();
    loop {
        match SigningKey::from_secret(kind, &secret) {
            Ok(key) => return key,
            // Of 2^128 hashes one is no scalar of secp256k1.
            Err(_) => secret = Sha256::digest(secret).into(),
        }
    }
}

impl Signer {
    /// The account of `key` as the chain has it.
    pub fn new(key: SigningKey, account: BaseAccount) -> Self {
        Self { address: key.address(), key, account }
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The sequence of its next transaction when it was made.
    pub fn sequence(&self) -> u64 {
        self.account.sequence
    }

    /// Signs messages under a sequence. `index` is the account's place in the work.
    pub fn sign(&self, index: u32, sequence: u64, messages: &[Any], gas_limit: u64, terms: &Terms) -> Signed {
        let fee = fee(gas_limit, terms);
        let unsigned = Unsigned { messages, memo: "", timeout_height: 0, gas_limit, fee: &fee, sequence };
        let bytes = unsigned.sign(&self.key, &terms.chain_id, self.account.account_number);
        let hash = Sha256::digest(&bytes).into();
        Signed { account: index, sequence, bytes: bytes.into(), hash }
    }
}

fn fee(gas_limit: u64, terms: &Terms) -> Coins {
    let amount = u128::from(gas_limit).saturating_mul(terms.gas_price).div_ceil(1_000_000);
    let mut coins = Coins::default();
    if amount > 0 && coins.add(&Coin::base(Amount(amount))).is_err() {
        // One coin always has room in an empty purse.
        return Coins::default();
    }
    coins
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::tx::DecodedTx;

    #[test]
    fn a_seed_gives_the_same_keys() {
        let addresses = |seed| {
            keys(KeyKind::Ed25519, "sender", seed, 5).iter().map(SigningKey::address).collect::<Vec<_>>()
        };
        assert_eq!(addresses(1), addresses(1));
        assert_ne!(addresses(1), addresses(2));
        let other = keys(KeyKind::Ed25519, "provider", 1, 5);
        assert_ne!(addresses(1)[0], other[0].address());
    }

    #[test]
    fn a_signed_transaction_pays_the_least_fee() {
        let key = keys(KeyKind::Secp256k1, "sender", 1, 1).remove(0);
        let account = BaseAccount { address: key.address(), account_number: 4, sequence: 2 };
        let signer = Signer::new(key, account);
        let terms = Terms { chain_id: "lab-1".into(), gas_price: 25_000 };
        let message =
            virtengine_client::sign::any(&virtengine_types::proto::cosmos::bank::v1beta1::MsgSend {
                from_address: signer.address().to_string(),
                to_address: signer.address().to_string(),
                amount: vec![Coin::base(Amount(1)).to_wire()],
            });
        let signed = signer.sign(9, 2, &[message], 100_000, &terms);
        let decoded = DecodedTx::decode(signed.bytes).unwrap();
        assert_eq!(decoded.fee.amount.amount_of(&virtengine_types::Denom::base()), Amount(2_500));
        assert_eq!((signed.account, decoded.signers[0].sequence), (9, 2));
    }
}
