//! Every rule of the chain that is a number.

use crate::{Amount, Coin, proto::virtengine::params::v1 as wire};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The chain's parameters, stored in state and set at genesis. Amounts are uve.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Sum of the sizes of a block's transactions in bytes, at most.
    pub max_block_bytes: u64,
    /// Sum of the gas limits of a block's transactions, at most.
    pub max_block_gas: u64,
    /// Size of a transaction in bytes, at most.
    pub max_tx_bytes: u64,
    /// Gas for each byte of a transaction.
    pub gas_per_byte: u64,
    /// Gas for each read or write of a key.
    pub gas_per_key: u64,
    /// Gas for each signature.
    pub gas_per_signature: u64,
    /// Lowest fee: uve for each million of gas limit, rounded up.
    pub min_fee_per_million_gas: Amount,
    /// Longest memo in bytes.
    pub max_memo_bytes: u32,
    /// Most signatures of a transaction, members of multisigs counted.
    pub max_signatures: u32,
    /// Most open bids of an order.
    pub max_bids_per_order: u32,
    /// Smallest deposit of an order.
    pub min_order_deposit: Amount,
    /// Smallest deposit of a bid.
    pub min_bid_deposit: Amount,
    /// Shortest bid window in blocks.
    pub min_bid_window: u64,
    /// Longest bid window in blocks.
    pub max_bid_window: u64,
    /// Blocks after the bid window in which a tenant may still choose.
    pub selection_window: u64,
    /// Share of payments that goes to the community pool, in basis points.
    pub take_rate_bps: u32,
    /// Deadlines handled in one block, at most; the rest is carried over.
    pub max_due_per_block: u32,
    /// Seconds between undelegating and receiving the coins.
    pub unbonding_seconds: u64,
    /// Most pending entries of one unbonding or redelegation.
    pub max_unbonding_entries: u32,
    /// Largest number of validators that clients are told of.
    pub max_validators: u32,
    /// Smallest self-delegation of a validator.
    pub min_self_delegation: Amount,
    /// Share of fees that goes to the community pool, in basis points; the rest is for bonded stake.
    pub community_tax_bps: u32,
    /// Fraction of stake that a validator loses by signing two conflicting votes, in basis points.
    pub slash_double_sign_bps: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            max_block_bytes: 4 * 1024 * 1024,
            max_block_gas: 4_000_000_000,
            max_tx_bytes: 64 * 1024,
            gas_per_byte: 10,
            gas_per_key: 1_000,
            gas_per_signature: 1_000,
            min_fee_per_million_gas: Amount(25_000),
            max_memo_bytes: 256,
            max_signatures: 7,
            max_bids_per_order: 100,
            min_order_deposit: Amount(500_000),
            min_bid_deposit: Amount(100_000),
            min_bid_window: 1,
            max_bid_window: 100_000,
            selection_window: 1_000,
            take_rate_bps: 200,
            max_due_per_block: 1_000,
            unbonding_seconds: 21 * 24 * 60 * 60,
            max_unbonding_entries: 7,
            max_validators: 1_000_000,
            min_self_delegation: Amount(1),
            community_tax_bps: 200,
            slash_double_sign_bps: 500,
        }
    }
}

impl Params {
    /// Lowest fee in uve for a gas limit, rounded up.
    #[must_use]
    pub fn min_fee(&self, gas_limit: u64) -> Amount {
        let product = u128::from(gas_limit).saturating_mul(self.min_fee_per_million_gas.0);
        Amount(product.div_ceil(1_000_000))
    }

    /// The lowest gas price as a decimal text with its denomination, such as `0.025uve`.
    #[must_use]
    pub fn gas_price_text(&self) -> String {
        let price = self.min_fee_per_million_gas.0;
        let whole = price.checked_div(1_000_000).unwrap_or_default();
        let rest = price.checked_rem(1_000_000).unwrap_or_default();
        let digits = format!("{rest:06}");
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        format!("{whole}{point}{digits}{}", crate::coin::BASE_DENOM)
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self) -> wire::Params {
        let coin = |amount: Amount| Some(Coin::base(amount).to_wire());
        wire::Params {
            max_block_bytes: self.max_block_bytes,
            max_block_gas: self.max_block_gas,
            max_tx_bytes: self.max_tx_bytes,
            gas_per_byte: self.gas_per_byte,
            gas_per_key: self.gas_per_key,
            gas_per_signature: self.gas_per_signature,
            min_fee_per_million_gas: coin(self.min_fee_per_million_gas),
            max_memo_bytes: self.max_memo_bytes,
            max_signatures: self.max_signatures,
            max_bids_per_order: self.max_bids_per_order,
            min_order_deposit: coin(self.min_order_deposit),
            min_bid_deposit: coin(self.min_bid_deposit),
            min_bid_window: self.min_bid_window,
            max_bid_window: self.max_bid_window,
            selection_window: self.selection_window,
            take_rate_bps: self.take_rate_bps,
            max_due_per_block: self.max_due_per_block,
            unbonding_seconds: self.unbonding_seconds,
            max_unbonding_entries: self.max_unbonding_entries,
            max_validators: self.max_validators,
            min_self_delegation: coin(self.min_self_delegation),
            community_tax_bps: self.community_tax_bps,
            slash_double_sign_bps: self.slash_double_sign_bps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_fee_rounds_up() {
        let params = Params::default();
        assert_eq!(params.min_fee(200_000), Amount(5_000));
        assert_eq!(params.min_fee(1), Amount(1));
        assert_eq!(params.gas_price_text(), "0.025uve");
    }
}
