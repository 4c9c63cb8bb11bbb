//! `virtengine tx bank`.

use super::{super::parse, Signer};
use clap::Subcommand;
use eyre::{Context as _, Result, eyre};
use prost_types::Any;
use virtengine_client::sign::any;
use virtengine_types::{
    Address, Coins,
    proto::cosmos::bank::v1beta1::{Input, MsgMultiSend, MsgSend, Output},
};

#[derive(Subcommand)]
pub(super) enum Bank {
    /// Send coins to an account, which is made if it does not exist.
    Send {
        /// Who gets them: an address, or the name of a key.
        to: String,
        /// How much, such as 1000000uve.
        #[arg(value_parser = parse::coins)]
        amount: Coins,
    },
    /// Send coins to many accounts at once.
    MultiSend {
        /// Who gets what, such as virtengine1...=1000000uve.
        #[arg(required = true, value_name = "ADDRESS=COINS", value_parser = output)]
        to: Vec<(Address, Coins)>,
    },
}

impl Bank {
    /// The message; `account` finds the address that a text names.
    pub(super) fn message(
        self,
        signer: &Signer<'_>,
        account: impl Fn(&str) -> Result<Address>,
    ) -> Result<Any> {
        let from = signer.address.to_string();
        Ok(match self {
            Self::Send { to, amount } => {
                let to = account(&to)?;
                any(&MsgSend { from_address: from, to_address: to.to_string(), amount: amount.to_wire() })
            }
            Self::MultiSend { to } => {
                let mut sum = Coins::default();
                let mut outputs = Vec::with_capacity(to.len());
                for (address, coins) in to {
                    for coin in coins.iter() {
                        sum.add(&coin)?;
                    }
                    outputs.push(Output { address: address.to_string(), coins: coins.to_wire() });
                }
                any(&MsgMultiSend { inputs: vec![Input { address: from, coins: sum.to_wire() }], outputs })
            }
        })
    }
}

fn output(text: &str) -> Result<(Address, Coins)> {
    let (address, coins) = text.split_once('=').ok_or_else(|| eyre!("{text:?} is not ADDRESS=COINS"))?;
    let address = address.parse().wrap_err_with(|| format!("address of {text:?}"))?;
    Ok((address, parse::coins(coins).wrap_err_with(|| format!("coins of {text:?}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn a_multi_send_takes_what_its_outputs_get() {
        let signer = Signer { address: Address([1; 20]), chain_id: "test" };
        let to = |byte: u8, coins| output(&format!("{}={coins}", Address([byte; 20]))).unwrap();
        let message = Bank::MultiSend { to: vec![to(2, "5uve"), to(3, "7uve,1atom")] }
            .message(&signer, |text| Ok(text.parse()?))
            .unwrap();
        super::super::send::check(std::slice::from_ref(&message)).unwrap();
        let message = MsgMultiSend::decode(message.value.as_slice()).unwrap();
        let amounts: Vec<_> = message.inputs[0].coins.iter().map(|coin| coin.amount.as_str()).collect();
        assert_eq!(amounts, ["1", "12"]);
        assert!(output("virtengine1x=5uve").is_err() && output("5uve").is_err());
    }
}
