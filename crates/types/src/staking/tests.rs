use super::*;
use proptest::prelude::*;

fn validator(tokens: u128, shares: u128) -> Validator {
    Validator {
        consensus_key: [1; 32],
        bls_key: None,
        tokens: Amount(tokens),
        shares: Amount(shares),
        self_shares: Amount(0),
        min_self_delegation: Amount(1),
        description: Description::default(),
        commission: Commission::default(),
        status: ValidatorStatus::Bonded,
        standing: Standing::Free,
        created_height: Height(1),
        rewards: ValidatorRewards::default(),
        slashes: Vec::new(),
    }
}

#[test]
fn shares_are_tokens_before_a_slash() {
    let mut empty = validator(0, 0);
    assert_eq!(empty.bought(Amount(7)), Some(Amount(7)));
    assert_eq!((empty.worth(Amount(0)), empty.given_up(Amount(1))), (Amount(0), None));
    empty.shares = Amount(5);
    assert_eq!(empty.bought(Amount(1)), None, "all that the shares were worth is burned");
}

#[test]
fn a_slash_takes_from_what_left_after_the_infraction() {
    let slash = |infraction| Slash { infraction: Height(infraction), height: Height(9), fraction_bps: 1_000 };
    let entry = UnbondingEntry {
        created_height: Height(5),
        completes: 0,
        initial: Amount(100),
        balance: Amount(55),
        slashes: 0,
    };
    assert_eq!(entry.left(&[]), Amount(55));
    assert_eq!(entry.left(&[slash(6)]), Amount(55), "it had left");
    assert_eq!(entry.left(&[slash(5)]), Amount(50), "5.5 rounded down is taken");
    assert_eq!(entry.left(&[slash(5), slash(1)]), Amount(45));
    assert_eq!(UnbondingEntry { slashes: 1, ..entry }.left(&[slash(5)]), Amount(55), "it was taken");
}

proptest! {
    #[test]
    fn no_rounding_takes_from_other_delegators(
        tokens in 1u128..1 << 90,
        extra in 0u128..1 << 90,
        amount in 1u128..1 << 90,
    ) {
        let before = validator(tokens, tokens + extra);
        // What a share is worth, as a fraction, never falls.
        let keeps = |after: &Validator| {
            let rate = |validator: &Validator| {
                ratio::floor(validator.tokens.0, 1 << 30, validator.shares.0).unwrap()
            };
            after.shares.is_zero() || rate(after) >= rate(&before)
        };
        let bought = before.bought(Amount(amount)).unwrap();
        prop_assert!(bought >= Amount(amount));
        let mut after = before.clone();
        (after.tokens.0, after.shares.0) = (tokens + amount, before.shares.0 + bought.0);
        prop_assert!(keeps(&after));
        prop_assert!(after.worth(bought) <= Amount(amount));
        let amount = amount % tokens;
        let given = before.given_up(Amount(amount)).unwrap();
        (after.tokens.0, after.shares.0) = (tokens - amount, before.shares.0 - given.0);
        prop_assert!(keeps(&after));
    }
}
