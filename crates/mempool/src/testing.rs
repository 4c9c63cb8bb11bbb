//! What the tests of this crate share: transactions and accounts in memory.

use crate::{AccountSource, Admission, Config, LookupError, Mempool, SignerState};
use bytes::Bytes;
use parking_lot::Mutex;
use prost::Message as _;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use virtengine_crypto::{KeyKind, SigningKey};
use virtengine_types::{
    Address, Amount, Coin, Coins, Gas, Height,
    ledger::Account,
    params::Params,
    proto::cosmos::{bank::v1beta1::MsgSend, tx::v1beta1 as wire},
    tx::{DecodedTx, Fee, SignMode, Signer, VerifiedTx},
};

/// The account number `n` of the tests.
pub(crate) fn account(n: u8) -> Address {
    Address([n; 20])
}

/// Coins in uve.
pub(crate) fn uve(amount: u128) -> Coins {
    let mut coins = Coins::default();
    coins.add(&Coin::base(Amount(amount))).unwrap();
    coins
}

/// A signer with a sequence and enough money.
pub(crate) const fn rich(sequence: u64) -> Option<SignerState> {
    Some(SignerState { sequence, funds: Amount(1_000_000_000) })
}

/// A transaction for the pool, which does not look at messages or signatures. The first signer pays.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) signers: Vec<(u8, u64)>,
    pub(crate) fee: u128,
    pub(crate) gas: u64,
    pub(crate) size: usize,
    pub(crate) timeout: u64,
    pub(crate) nonce: u64,
}

impl Draft {
    pub(crate) fn of(signers: &[(u8, u64)], fee: u128) -> Self {
        Self { signers: signers.to_vec(), fee, gas: 1_000_000, size: 100, timeout: 0, nonce: 0 }
    }

    pub(crate) fn tx(&self) -> VerifiedTx {
        let signer = |(n, sequence): &(u8, u64)| Signer {
            address: account(*n),
            public_key: None,
            sequence: *sequence,
            mode: SignMode::Direct,
            signature: Bytes::new(),
        };
        let text = format!("{:?} {} {} {}", self.signers, self.fee, self.gas, self.nonce);
        let payer = account(self.signers[0].0);
        let tx = DecodedTx {
            hash: Sha256::digest(&text).into(),
            raw: Bytes::from(vec![0; self.size]),
            body_bytes: Bytes::new(),
            auth_info_bytes: Bytes::new(),
            messages: Vec::new(),
            signers: self.signers.iter().map(signer).collect(),
            fee: Fee { amount: uve(self.fee), gas_limit: Gas(self.gas), payer },
            memo: String::new(),
            timeout_height: self.timeout,
        };
        VerifiedTx { tx: Arc::new(tx), signers: Arc::default() }
    }
}

/// Accounts in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(pub(crate) Arc<Mutex<BTreeMap<Address, Account>>>);

impl AccountSource for Ledger {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LookupError> {
        let accounts = self.0.lock();
        Ok(addresses.iter().map(|address| accounts.get(address).cloned()).collect())
    }
}

/// Name of the tests' chain.
pub(crate) const CHAIN: &str = "test-1";

/// Somebody with a key and an account of the same number as the seed.
pub(crate) struct User {
    key: SigningKey,
    number: u64,
}

impl User {
    /// A user whose account in `ledger` is at `sequence` and owns `funds` uve.
    pub(crate) fn in_ledger(ledger: &Ledger, seed: u8, sequence: u64, funds: u128) -> Self {
        let key = SigningKey::from_secret(KeyKind::Secp256k1, &[seed; 32]).unwrap();
        let number = u64::from(seed);
        let account = Account { number, sequence, public_key: None, balances: uve(funds) };
        ledger.0.lock().insert(key.address(), account);
        Self { key, number }
    }

    pub(crate) fn address(&self) -> Address {
        self.key.address()
    }

    /// A signed transfer to oneself that pays `fee`.
    pub(crate) fn transfer(&self, sequence: u64, fee: u128) -> Bytes {
        self.transfer_on(CHAIN, sequence, fee)
    }

    /// As [`User::transfer`], signed for another chain.
    pub(crate) fn transfer_on(&self, chain: &str, sequence: u64, fee: u128) -> Bytes {
        let address = self.address().to_string();
        let coins = |amount: u128| vec![Coin::base(Amount(amount)).to_wire()];
        let send = MsgSend { from_address: address.clone(), to_address: address, amount: coins(1) };
        let message = prost_types::Any {
            type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(),
            value: send.encode_to_vec(),
        };
        let body = wire::TxBody { messages: vec![message], ..Default::default() }.encode_to_vec();
        let single = wire::mode_info::Single { mode: 1 };
        let info = wire::SignerInfo {
            public_key: Some(self.key.public_key().to_any()),
            mode_info: Some(wire::ModeInfo { sum: Some(wire::mode_info::Sum::Single(single)) }),
            sequence,
        };
        let fee = wire::Fee { amount: coins(fee), gas_limit: 100_000, ..Default::default() };
        let auth = wire::AuthInfo { signer_infos: vec![info], fee: Some(fee), ..Default::default() };
        let auth = auth.encode_to_vec();
        let signature = self.key.sign_direct(&body, &auth, chain, self.number);
        let raw = wire::TxRaw {
            body_bytes: body.into(),
            auth_info_bytes: auth.into(),
            signatures: vec![signature.to_vec().into()],
        };
        raw.encode_to_vec().into()
    }
}

/// A mempool over `ledger` at height 1 and its admission task.
pub(crate) fn mempool(config: Config, ledger: &Ledger) -> (Mempool, Admission<Ledger>) {
    Mempool::new(config, CHAIN.to_owned(), Height(1), Params::default(), ledger.clone())
}
