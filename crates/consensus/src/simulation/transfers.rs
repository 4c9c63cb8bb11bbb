//! Signed transfers between a few accounts, offered in the order of their sequences.

use crate::source::{BatchLimits, TxSource};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use prost::Message as _;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use virtengine_crypto::{
    cosmos::{SignerAccount, Unverified, verify_txs},
    key::{KeyKind, SigningKey},
};
use virtengine_types::{
    Address, Amount, Coin,
    block::{FinalizedBlock, Hash},
    code::Rejection,
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
/// Transfers of each account in a block.
const PER_BLOCK: usize = 3;
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
    queues: Vec<Vec<VerifiedTx>>,
    known: HashMap<Hash, VerifiedTx>,
}

impl Transfers {
    /// Signs everything; account numbers are those that the genesis gives, in order.
    pub(crate) fn new(numbers: &[u64]) -> Arc<Self> {
        let queues: Vec<Vec<VerifiedTx>> = (0..ACCOUNTS)
            .zip(numbers)
            .map(|(index, number)| {
                let signed: Vec<Unverified> =
                    (0..TRANSFERS).map(|sequence| signed(index, *number, sequence)).collect();
                verify_txs(&signed, CHAIN).into_iter().map(Result::unwrap).collect()
            })
            .collect();
        let known = queues.iter().flatten().map(|verified| (verified.tx.hash, verified.clone())).collect();
        Arc::new(Self { queues, known })
    }

    /// All transfers, the accounts taking turns.
    #[allow(dead_code, reason = "the benchmark shares this file and paces the transfers itself")]
    pub(crate) fn in_turn(&self) -> Vec<VerifiedTx> {
        let turns = 0..TRANSFERS as usize;
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

/// One node's view of the transfers.
pub(crate) struct Generator {
    transfers: Arc<Transfers>,
    done: Mutex<HashSet<Hash>>,
}

impl Generator {
    pub(crate) fn new(transfers: Arc<Transfers>) -> Arc<Self> {
        Arc::new(Self { transfers, done: Mutex::default() })
    }
}

impl TxSource for Generator {
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>> {
        let done = self.done.lock();
        let open = |queue: &'_ Vec<VerifiedTx>| {
            let open = queue
                .iter()
                .filter(|verified| !done.contains(&verified.tx.hash) && !exclude.contains(&verified.tx.hash));
            open.take(PER_BLOCK).cloned().collect::<Vec<_>>()
        };
        let batch: Vec<VerifiedTx> = self.transfers.queues.iter().flat_map(open).take(limits.count).collect();
        drop(done);
        Box::pin(async move { batch })
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(futures::future::pending())
    }

    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>> {
        let verdicts =
            txs.into_iter().map(|unverified| match self.transfers.known.get(&unverified.tx.hash) {
                Some(verified) => Ok(verified.clone()),
                None => virtengine_crypto::cosmos::verify_tx(&unverified, CHAIN)
                    .map_err(|error| error.rejection()),
            });
        let verdicts = verdicts.collect();
        Box::pin(async move { verdicts })
    }

    fn refused(&self, txs: Vec<(Hash, Rejection)>) {
        // Only a node that restarted offers what is final already: its generator starts anew.
        self.done.lock().extend(txs.into_iter().map(|(hash, _)| hash));
    }

    fn committed(&self, block: &FinalizedBlock) {
        self.done.lock().extend(block.txs.iter().map(|tx| tx.hash));
    }
}
