//! Where the mempool reads accounts.

use crate::pool::SignerState;
use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;
use virtengine_crypto::cosmos::SignerAccount;
use virtengine_types::{Address, Denom, ledger::Account, tx::DecodedTx, tx::VerifiedTx};

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

/// The accounts of a batch's signers.
pub(crate) struct Accounts(FxHashMap<Address, Account>);

impl Accounts {
    /// Reads the accounts of all signers at once.
    pub(crate) async fn read<'a>(
        source: &impl AccountSource,
        txs: impl Iterator<Item = &'a DecodedTx>,
    ) -> Result<Self, LookupError> {
        let mut seen = FxHashSet::default();
        let addresses: Vec<Address> = txs
            .flat_map(|tx| tx.signers.iter().map(|signer| signer.address))
            .filter(|address| seen.insert(*address))
            .collect();
        let found = source.accounts(&addresses).await?;
        if found.len() != addresses.len() {
            let (asked, got) = (addresses.len(), found.len());
            return Err(LookupError(format!("asked for {asked} accounts, got {got}")));
        }
        let known = addresses.into_iter().zip(found);
        Ok(Self(known.filter_map(|(address, account)| Some((address, account?))).collect()))
    }

    /// What the pool needs of a transaction's signers, in their order.
    pub(crate) fn states(&self, tx: &DecodedTx) -> Vec<Option<SignerState>> {
        let state = |account: &Account| SignerState {
            sequence: account.sequence,
            funds: account.balances.amount_of(&Denom::base()),
        };
        tx.signers.iter().map(|signer| self.0.get(&signer.address).map(state)).collect()
    }

    /// What signature checks need of a transaction's signers, or the first that has no account.
    pub(crate) fn keys(&self, tx: &DecodedTx) -> Result<Vec<SignerAccount>, Address> {
        let account = |address: Address| {
            let account = self.0.get(&address).ok_or(address)?;
            Ok(SignerAccount { account_number: account.number, public_key: account.public_key.clone() })
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
