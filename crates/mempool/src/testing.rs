//! What the tests of this crate share: transactions and accounts in memory.

use crate::{AccountSource, LookupError, SignerState};
use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use virtengine_types::{
    Address, Amount, Coin, Coins, Gas,
    ledger::Account,
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
