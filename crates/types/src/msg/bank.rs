//! Messages that move coins.

use super::decode::{Checked, MsgError, account};
use crate::{Address, Coins, coin::CoinError, proto::cosmos::bank::v1beta1 as wire};

/// Most outputs of a multi-send.
pub const MAX_OUTPUTS: usize = 200;

/// Moves coins from the signer to another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Who pays and signs.
    pub from: Address,
    /// Who receives.
    pub to: Address,
    /// What; not empty.
    pub coins: Coins,
}

/// Moves coins from the signer to several accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSend {
    /// Who pays and signs.
    pub from: Address,
    /// The sum of the outputs.
    pub total: Coins,
    /// Who receives what; 1 to [`MAX_OUTPUTS`].
    pub outputs: Vec<(Address, Coins)>,
}

impl Send {
    pub(super) const fn signer(&self) -> Address {
        self.from
    }
}

impl MultiSend {
    pub(super) const fn signer(&self) -> Address {
        self.from
    }
}

impl Checked<wire::MsgSend> for Send {
    fn check(wire: wire::MsgSend) -> Result<Self, MsgError> {
        Ok(Self {
            from: account("from_address", &wire.from_address)?,
            to: account("to_address", &wire.to_address)?,
            coins: coins("amount", &wire.amount)?,
        })
    }
}

impl Checked<wire::MsgMultiSend> for MultiSend {
    fn check(wire: wire::MsgMultiSend) -> Result<Self, MsgError> {
        let [input] = wire.inputs.as_slice() else {
            return Err(MsgError::Entries { field: "inputs", found: wire.inputs.len(), min: 1, max: 1 });
        };
        let found = wire.outputs.len();
        if !(1..=MAX_OUTPUTS).contains(&found) {
            return Err(MsgError::Entries { field: "outputs", found, min: 1, max: MAX_OUTPUTS });
        }
        let total = coins("inputs.coins", &input.coins)?;
        let mut outputs = Vec::with_capacity(found);
        let mut sum = Coins::default();
        for output in &wire.outputs {
            let coins = coins("outputs.coins", &output.coins)?;
            for coin in coins.iter() {
                sum.add(&coin).map_err(|cause| MsgError::Coins { field: "outputs.coins", cause })?;
            }
            outputs.push((account("outputs.address", &output.address)?, coins));
        }
        if sum != total {
            let (inputs, outputs) = (total.to_string(), sum.to_string());
            return Err(MsgError::Unbalanced { inputs, outputs });
        }
        Ok(Self { from: account("inputs.address", &input.address)?, total, outputs })
    }
}

fn coins(field: &'static str, list: &[crate::proto::cosmos::base::v1beta1::Coin]) -> Result<Coins, MsgError> {
    let coins = Coins::from_wire(list).map_err(|cause| MsgError::Coins { field, cause })?;
    if coins.is_empty() { Err(MsgError::Coins { field, cause: CoinError::Missing }) } else { Ok(coins) }
}
