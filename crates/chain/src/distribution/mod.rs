//! Fees of transactions, and their way to bonded stake.
//!
//! ```text
//! fees of a block ──> community pool        the parameter's share, and all while nobody is bonded
//!       └──> each bonded token ──touch──> its validator ──> commission
//!                                               └──> each share ──touch──> its delegator
//! ```
//!
//! A block adds to one number: what a bonded token has earned since the genesis. Whoever touches a
//! validator settles it first: its tokens times what that number rose by. The commission's part is kept
//! aside, the rest raises what a share of the validator has earned; whoever touches a delegation is paid
//! the difference. So a block costs the same with one validator and with a million.
//!
//! Until it is paid, the money is the fee collector's. Rewards are counted in units of 10^-18 uve, and
//! nothing is lost to rounding: what a division leaves is divided later, payments are whole uve.
//!
//! Invariants
//! 1. The fee collector owns exactly what is not paid: the chain's undivided part, and for each validator
//!    what it has not settled, its commission and what it owes to delegators.
//! 2. What a validator owes to delegators is what its delegations have not been paid and its undivided part.
//! 3. A row says where rewards go only if that is another account.

mod errors;
mod events;
mod hints;
pub mod invariants;
mod reward;
mod set_withdraw_address;
mod settle;
mod state;
#[cfg(test)]
mod tests;
mod withdraw;

pub use errors::DistributionInvalid;
pub(crate) use events::reward_withdrawn;
pub(crate) use hints::hints;
pub(crate) use reward::{Paid, pay_reward, reward_fees};
pub use set_withdraw_address::set_withdraw_address;
pub use settle::{UNIT, settle, unpaid};
pub(crate) use state::settled;
pub use state::{REWARDS, WITHDRAW_ADDRESSES};
pub use withdraw::{withdraw_commission, withdraw_reward};
