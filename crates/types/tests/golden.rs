//! Encodings of stored records: a change here is a change of every state root.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt::Debug;
use virtengine_types::{
    Address, Amount, Coin, Coins, Height, Timestamp,
    due::{Deadline, Due},
    ledger::Account,
    staking::{
        Commission, Delegation, Description, EpochStart, Redelegation, Rewards, Slash, StakePool, Standing,
        Unbonding, UnbondingEntry, Validator, ValidatorRewards, ValidatorStatus,
    },
    tx::{MultisigKey, PublicKey},
};

/// Checks the encoding in hex and that it reads back.
fn golden<T: BorshSerialize + BorshDeserialize + PartialEq + Debug>(record: &T, parts: &[&str]) {
    let bytes = borsh::to_vec(record).unwrap();
    assert_eq!(hex::encode(&bytes), parts.concat());
    assert_eq!(&borsh::from_slice::<T>(&bytes).unwrap(), record);
}

const ONE: &str = "01000000000000000000000000000000";
const TWO: &str = "02000000000000000000000000000000";

#[test]
fn accounts() {
    let mut balances = Coins::default();
    balances.add(&Coin::base(Amount(1))).unwrap();
    let account = Account { number: 5, sequence: 6, public_key: None, balances };
    let numbers = ["0500000000000000", "0600000000000000"].concat();
    let coins = ["01000000", "03000000", "757665", ONE].concat();
    golden(&account, &[&numbers, "00", &coins]);
    let key = Some(PublicKey::Secp256k1([2; 33]));
    golden(&Account { public_key: key, ..account }, &[&numbers, "0100", &"02".repeat(33), &coins]);
}

#[test]
fn rejects_balances_out_of_order_or_twice() {
    let entry = |denom: &str| [3u32.to_le_bytes().to_vec(), denom.into(), vec![1], vec![0; 15]].concat();
    let coins =
        |denoms: [&str; 2]| [2u32.to_le_bytes().to_vec(), entry(denoms[0]), entry(denoms[1])].concat();
    let read = |denoms| borsh::from_slice::<Coins>(&coins(denoms));
    assert_eq!(read(["abc", "uve"]).unwrap().len(), 2);
    for denoms in [["uve", "abc"], ["uve", "uve"]] {
        assert!(read(denoms).is_err(), "{denoms:?} is not the one encoding of its value");
    }
}

#[test]
fn public_keys() {
    golden(&PublicKey::Ed25519([3; 32]), &["01", &"03".repeat(32)]);
    let multisig = PublicKey::Multisig(MultisigKey { threshold: 1, members: vec![[2; 33]] });
    golden(&multisig, &["02", "01000000", "01000000", &"02".repeat(33)]);
}

#[test]
fn validators() {
    let validator = Validator {
        consensus_key: [1; 32],
        bls_key: Some([2; 48]),
        tokens: Amount(1),
        shares: Amount(2),
        self_shares: Amount(1),
        min_self_delegation: Amount(1),
        description: Description { moniker: "ab".into(), ..Description::default() },
        commission: Commission { rate: 1, max_rate: 2, max_change_rate: 1, updated: Timestamp(9) },
        status: ValidatorStatus::Unbonded,
        standing: Standing::Tombstoned,
        created_height: Height(8),
        rewards: ValidatorRewards { settled: 1, per_share: 2, undivided: 1, owed: 2, commission: 1 },
        slashes: vec![Slash { infraction: Height(1), height: Height(2), fraction_bps: 3 }],
    };
    let keys = ["01".repeat(32), "01".into(), "02".repeat(48)].concat();
    let description = ["020000006162", "00000000", "00000000", "00000000", "00000000"].concat();
    let commission = [ONE, TWO, ONE, "0900000000000000"].concat();
    let stake = [ONE, TWO, ONE, ONE].concat();
    let rewards = [ONE, TWO, ONE, TWO, ONE].concat();
    let slashes = ["01000000", "0100000000000000", "0200000000000000", "03000000"].concat();
    let height = "0800000000000000";
    golden(&validator, &[&keys, &stake, &description, &commission, "01", "02", height, &rewards, &slashes]);
}

#[test]
fn stake() {
    golden(&Delegation { shares: Amount(1), paid_per_share: 2 }, &[ONE, TWO]);
    golden(&Rewards { per_token: 1, undivided: 2, total: 1 }, &[ONE, TWO, ONE]);
    golden(&EpochStart { height: Height(1), second: 2 }, &["0100000000000000", "0200000000000000"]);
    golden(
        &StakePool { bonded: Amount(1), not_bonded: Amount(2), validators: 3 },
        &[ONE, TWO, "0300000000000000"],
    );
    let entry = UnbondingEntry {
        created_height: Height(1),
        completes: 2,
        initial: Amount(2),
        balance: Amount(1),
        slashes: 1,
    };
    let row = ["01000000", "0100000000000000", "0200000000000000", TWO, ONE, "01000000"];
    golden(&Unbonding { entries: vec![entry] }, &row);
    golden(&Redelegation { entries: vec![entry] }, &row);
}

#[test]
fn deadlines() {
    let (delegator, validator) = (Address([1; 20]), Address([2; 20]));
    golden(&Due::Unbonding { delegator, validator }, &["03", &"01".repeat(20), &"02".repeat(20)]);
    let due = Due::Redelegation { delegator, source: validator, destination: delegator };
    golden(&due, &["04", &"01".repeat(20), &"02".repeat(20), &"01".repeat(20)]);
    golden(&Deadline::Height(Height(1)), &["00", "0100000000000000"]);
    golden(&Deadline::Second(1), &["01", "0100000000000000"]);
}
