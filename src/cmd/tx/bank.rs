//! `virtengine tx bank`.

use super::{super::parse, Signer};
use clap::Subcommand;
use eyre::{Result, eyre};
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
        #[arg(value_parser = parse::coins, allow_hyphen_values = true)]
        amount: Coins,
    },
    /// Send coins to many accounts at once.
    MultiSend {
        /// Who gets what, such as virtengine1...=1000000uve; names of keys do too.
        #[arg(required = true, value_name = "ACCOUNT=COINS", value_parser = output)]
        to: Vec<(String, Coins)>,
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
                for (name, coins) in to {
                    let address = account(&name)?;
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

fn output(text: &str) -> Result<(String, Coins)> {
    let (name, coins) = text.split_once('=').ok_or_else(|| eyre!("{text:?} is not ACCOUNT=COINS"))?;
    Ok((name.to_owned(), parse::coins(coins)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn a_multi_send_takes_what_its_outputs_get() {
        let signer = Signer { address: Address([1; 20]), chain_id: "test" };
        let to = |byte: u8, coins| output(&format!("{}={coins}", Address([byte; 20]))).unwrap();
        let account = |text: &str| if text == "bob" { Ok(Address([4; 20])) } else { Ok(text.parse()?) };
        let to = vec![to(2, "5uve"), to(3, "6uve,1atom"), output("bob=1uve").unwrap()];
        let message = Bank::MultiSend { to }.message(&signer, account).unwrap();
        super::super::send::check(std::slice::from_ref(&message)).unwrap();
        let message = MsgMultiSend::decode(message.value.as_slice()).unwrap();
        let amounts: Vec<_> = message.inputs[0].coins.iter().map(|coin| coin.amount.as_str()).collect();
        assert_eq!(amounts, ["1", "12"]);
        assert_eq!(message.outputs[2].address, Address([4; 20]).to_string());
        assert!(output("bob=5").is_err() && output("5uve").is_err());
        let nobody = Bank::MultiSend { to: vec![output("virtengine1x=5uve").unwrap()] };
        assert!(nobody.message(&signer, account).is_err());
    }
}
