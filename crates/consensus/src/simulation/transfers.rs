//! Signed transfers between a few accounts, offered in the order of their sequences.

use prost::Message as _;
use std::sync::Arc;
use virtengine_crypto::{
    cosmos::{SignerAccount, Unverified, verify_txs},
    key::{KeyKind, SigningKey},
};
use virtengine_types::{
    Address, Amount, Coin,
    proto::cosmos::{
        bank::v1beta1::MsgSend,
        base::v1beta1::Coin as WireCoin,
        tx::v1beta1::{
            AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw,
            mode_info::{Single, Sum},
        },
    },
    tx::{DecodedTx, VerifiedTx},
};

/// Name of the simulated chain.
pub(crate) const CHAIN: &str = "virtengine-simulation";
/// What each account owns at the start, in uve.
pub(crate) const FUNDS: Amount = Amount(1_000_000_000);
/// Accounts that send.
pub(crate) const ACCOUNTS: u8 = 5;
/// Transfers of each account.
const TRANSFERS: u64 = 120;

fn key(index: u8) -> SigningKey {
    SigningKey::from_secret(KeyKind::Secp256k1, &[index + 1; 32]).unwrap()
}

/// The address of an account.
pub(crate) fn address(index: u8) -> Address {
    key(index).address()
}

/// All transfers, signed and verified once, by account and sequence.
pub(crate) struct Transfers {
    pub(crate) queues: Vec<Vec<VerifiedTx>>,
}

impl Transfers {
    /// Signs everything; account numbers are those that the genesis gives, in order.
    pub(crate) fn new(numbers: &[u64]) -> Arc<Self> {
        let queues = (0..ACCOUNTS).zip(numbers).map(|(index, number)| {
            let signed: Vec<Unverified> =
                (0..TRANSFERS).map(|sequence| signed(index, *number, sequence)).collect();
            verify_txs(&signed, CHAIN).into_iter().map(Result::unwrap).collect()
        });
        Arc::new(Self { queues: queues.collect() })
    }

    /// All transfers, the accounts taking turns.
    pub(crate) fn in_turn(&self) -> Vec<VerifiedTx> {
        let turns = 0..usize::try_from(TRANSFERS).unwrap();
        turns.flat_map(|turn| self.queues.iter().filter_map(move |queue| queue.get(turn).cloned())).collect()
    }
}

fn signed(index: u8, account_number: u64, sequence: u64) -> Unverified {
    let key = key(index);
    let amount = Coin::base(Amount(1 + u128::from(sequence)));
    let message = MsgSend {
        from_address: key.address().to_string(),
        to_address: address((index + 1) % ACCOUNTS).to_string(),
        amount: vec![amount.to_wire()],
    };
    let any = prost_types::Any {
        type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(),
        value: message.encode_to_vec(),
    };
    let body = TxBody { messages: vec![any], ..TxBody::default() }.encode_to_vec();
    let info = SignerInfo {
        public_key: Some(key.public_key().to_any()),
        mode_info: Some(ModeInfo { sum: Some(Sum::Single(Single { mode: 1 })) }),
        sequence,
    };
    let fee = Fee {
        amount: vec![WireCoin { denom: "uve".to_owned(), amount: "5000".to_owned() }],
        gas_limit: 200_000,
        ..Fee::default()
    };
    let auth = AuthInfo { signer_infos: vec![info], fee: Some(fee), ..AuthInfo::default() }.encode_to_vec();
    let signature = key.sign_direct(&body, &auth, CHAIN, account_number);
    let raw = TxRaw {
        body_bytes: body.into(),
        auth_info_bytes: auth.into(),
        signatures: vec![signature.to_vec().into()],
    };
    let tx = Arc::new(DecodedTx::decode(raw.encode_to_vec().into()).unwrap());
    Unverified { tx, accounts: vec![SignerAccount { account_number, public_key: None }] }
}
