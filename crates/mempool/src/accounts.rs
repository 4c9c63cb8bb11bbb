//! Where the mempool reads accounts.

use crate::pool::SignerState;
use lru::LruCache;
use rustc_hash::{FxHashMap, FxHashSet};
use std::num::NonZeroUsize;
use thiserror::Error;
use virtengine_crypto::cosmos::SignerAccount;
use virtengine_types::{
    Address, Denom,
    ledger::Account,
    tx::{DecodedTx, PublicKey, VerifiedTx},
};

/// The accounts could not be read: says nothing about the transactions.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct LookupError(pub String);

/// Reads accounts of one state: the last committed one for admission, the parent's for a block.
pub trait AccountSource: Send + Sync + 'static {
    /// The accounts of `addresses`, in their order; `None` where there is none.
    fn accounts(
        &self,
        addresses: &[Address],
    ) -> impl Future<Output = Result<Vec<Option<Account>>, LookupError>> + Send;
}

/// What admission needs of an account.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    number: u64,
    public_key: Option<PublicKey>,
    state: SignerState,
}

impl Known {
    pub(crate) fn new(account: Account) -> Self {
        let funds = account.balances.amount_of(&Denom::base());
        let state = SignerState { sequence: account.sequence, funds };
        Self { number: account.number, public_key: account.public_key, state }
    }

    pub(crate) const fn state(&self) -> SignerState {
        self.state
    }
}

/// Accounts as they are after the last committed block, bounded; the longest unused go first.
#[derive(Debug)]
pub(crate) struct AccountCache(LruCache<Address, Known>);

impl AccountCache {
    pub(crate) fn new(max_count: NonZeroUsize) -> Self {
        Self(LruCache::new(max_count))
    }

    /// Keeps what was just read.
    pub(crate) fn insert(&mut self, read: Vec<(Address, Known)>) {
        for (address, known) in read {
            self.0.put(address, known);
        }
    }

    /// Follows a block's write of an account.
    pub(crate) fn update(&mut self, address: &Address, known: Known) {
        if let Some(kept) = self.0.peek_mut(address) {
            *kept = known;
        }
    }

    /// Forgets all, when blocks were missed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The accounts of a batch's signers.
#[derive(Default)]
pub(crate) struct Accounts(FxHashMap<Address, Known>);

impl Accounts {
    /// Takes the accounts of all signers from what is remembered; answers also those that have to be read.
    pub(crate) fn remembered<'a>(
        cache: &mut AccountCache,
        txs: impl Iterator<Item = &'a DecodedTx>,
    ) -> (Self, Vec<Address>) {
        let mut seen = FxHashSet::default();
        let mut found = Self::default();
        let mut missing = Vec::new();
        for signer in txs.flat_map(|tx| &tx.signers).filter(|signer| seen.insert(signer.address)) {
            match cache.0.get(&signer.address) {
                Some(known) => drop(found.0.insert(signer.address, known.clone())),
                None => missing.push(signer.address),
            }
        }
        (found, missing)
    }

    /// Reads accounts at once; those that do not exist are left out.
    pub(crate) async fn read(
        source: &impl AccountSource,
        addresses: Vec<Address>,
    ) -> Result<Vec<(Address, Known)>, LookupError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let found = source.accounts(&addresses).await?;
        if found.len() != addresses.len() {
            let (asked, got) = (addresses.len(), found.len());
            return Err(LookupError(format!("asked for {asked} accounts, got {got}")));
        }
        let known = addresses.into_iter().zip(found);
        Ok(known.filter_map(|(address, account)| Some((address, Known::new(account?)))).collect())
    }

    pub(crate) fn extend(&mut self, read: &[(Address, Known)]) {
        self.0.extend(read.iter().cloned());
    }

    /// What the pool needs of a transaction's signers, in their order.
    pub(crate) fn states(&self, tx: &DecodedTx) -> Vec<Option<SignerState>> {
        tx.signers.iter().map(|signer| self.0.get(&signer.address).map(Known::state)).collect()
    }

    /// What signature checks need of a transaction's signers, or the first that has no account.
    pub(crate) fn keys(&self, tx: &DecodedTx) -> Result<Vec<SignerAccount>, Address> {
        let account = |address: Address| {
            let known = self.0.get(&address).ok_or(address)?;
            Ok(SignerAccount { account_number: known.number, public_key: known.public_key.clone() })
        };
        tx.signers.iter().map(|signer| account(signer.address)).collect()
    }
}

/// Whether an earlier verdict was made for these accounts. If not, the signatures are checked again, so
/// that what a node remembers never decides.
pub(crate) fn verified_for(verified: &VerifiedTx, accounts: &[SignerAccount]) -> bool {
    let signers = verified.tx.signers.iter();
    verified.signers.len() == accounts.len()
        && verified.signers.iter().zip(accounts).zip(signers).all(|((verdict, account), signer)| {
            let key = account.public_key.as_ref().or(signer.public_key.as_ref());
            verdict.account_number == account.account_number && key == Some(&verdict.public_key)
        })
}
