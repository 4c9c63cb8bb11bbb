//! Why a genesis is refused.

use super::builder::{MAX_ACCOUNTS, MAX_CHAIN_ID_BYTES, MAX_COMMITTEE};
use thiserror::Error;
use virtengine_state::StateError;
use virtengine_types::{Address, Amount, coin::CoinError};

/// How to mend a file whose lists are in another order.
pub(super) const SORT: &str = "`virtengine genesis sort FILE --out SORTED` writes a file in order";

/// Whoever takes the rows takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// The chain id breaks its rule.
    #[error("chain_id must be 1 to {MAX_CHAIN_ID_BYTES} of A-Z a-z 0-9 - _ ., got {found:?}")]
    ChainId {
        /// The id given.
        found: String,
    },
    /// No validator.
    #[error("a chain needs at least one validator, got 0")]
    NoValidators,
    /// Too many accounts.
    #[error("at most {MAX_ACCOUNTS} accounts and validators together are allowed, got {found}")]
    TooMany {
        /// Accounts and validators found so far.
        found: u64,
    },
    /// The committee has nobody or too many.
    #[error(
        "committee names 1 to {MAX_COMMITTEE} operators, got {found}: leave it out if all validators are in it"
    )]
    Committee {
        /// Operators named.
        found: usize,
    },
    /// An operator occurs twice in the committee.
    #[error("committee[{second}] is {operator}, who is committee[{first}] already")]
    CommitteeTwice {
        /// The operator.
        operator: Address,
        /// First place.
        first: usize,
        /// Second place.
        second: usize,
    },
    /// Somebody in the committee is no validator.
    #[error("committee names {operator}, who is none of the {validators} validators")]
    NoSeat {
        /// Who is named.
        operator: Address,
        /// Validators of the file.
        validators: u64,
    },
    /// An item of a list breaks a rule.
    #[error("{list}[{position}]: {cause}")]
    Item {
        /// Name of the list.
        list: &'static str,
        /// Place in it, from 0.
        position: u64,
        /// The rule broken.
        cause: Box<ItemError>,
    },
    /// A row cannot be encoded.
    #[error(transparent)]
    State(#[from] StateError),
    /// Whoever takes the rows takes no more.
    #[error("nobody takes the rows of the genesis any more")]
    Stopped,
}

impl GenesisError {
    /// The refusal of an item.
    pub(super) fn item(list: &'static str, position: u64, cause: ItemError) -> Self {
        Self::Item { list, position, cause: Box::new(cause) }
    }
}

impl From<Stopped> for GenesisError {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// Why a validator or an account is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ItemError {
    /// A validator after the first account.
    #[error("validators come before accounts, {accounts} of which came first")]
    Late {
        /// Accounts before it.
        accounts: u64,
    },
    /// The list is not in order.
    #[error(
        "{found} comes after {previous}, whose bytes are greater, but the list ascends by addresses: {SORT}"
    )]
    Order {
        /// The address before.
        previous: Address,
        /// The address found.
        found: Address,
    },
    /// An address or a key occurs twice.
    #[error("{what} {value} occurs twice, first at position {first}")]
    Twice {
        /// What occurs twice.
        what: &'static str,
        /// Which one.
        value: String,
        /// Its first place in the list.
        first: u64,
    },
    /// A balance or the supply is malformed or does not fit.
    #[error("{address}: {cause}")]
    Coins {
        /// Whose coins.
        address: Address,
        /// The rule broken.
        cause: CoinError,
    },
    /// A validator has no stake.
    #[error("validator {operator} needs at least {min} uve of self-delegation, got {found}")]
    Tokens {
        /// Its operator.
        operator: Address,
        /// Self-delegation given.
        found: Amount,
        /// The parameter.
        min: Amount,
    },
    /// A validator's BLS key does not come with a valid proof.
    #[error(
        "validator {operator}: the proof of possession of BLS key {key} is not valid for chain {chain_id}"
    )]
    ProofOfPossession {
        /// Its operator.
        operator: Address,
        /// Its key in hex.
        key: String,
        /// Name of the chain.
        chain_id: String,
    },
    /// No committee is named and not all validators fit in one.
    #[error(
        "without `committee` all validators are in the first committee, which has at most {MAX_COMMITTEE} members, and \
         this is number {found}: name the operators of the first committee"
    )]
    NoRoom {
        /// Number of the validator.
        found: u64,
    },
    /// A row cannot be encoded.
    #[error(transparent)]
    State(#[from] StateError),
}
