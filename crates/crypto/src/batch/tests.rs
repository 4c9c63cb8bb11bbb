use super::*;
use crate::key::SigningKey;
use proptest::prelude::*;
use virtengine_types::tx::PublicKey;

fn signed(kind: KeyKind, seed: u8, message: &[u8]) -> SignatureCheck {
    let key = SigningKey::from_secret(kind, &[seed; 32]).unwrap();
    let signature = key.sign(message);
    match key.public_key() {
        PublicKey::Secp256k1(bytes) => SignatureCheck::secp256k1(*bytes, message, signature),
        PublicKey::Ed25519(bytes) => SignatureCheck::ed25519(*bytes, message.to_vec(), signature),
        PublicKey::Multisig(key) => panic!("{key:?} cannot sign"),
    }
}

fn kind_of(at: usize) -> KeyKind {
    if at.is_multiple_of(3) { KeyKind::Secp256k1 } else { KeyKind::Ed25519 }
}

fn mixed(count: usize) -> Vec<SignatureCheck> {
    (0..count)
        .map(|at| {
            let seed = u8::try_from(at % 200 + 1).unwrap();
            signed(kind_of(at), seed, format!("message {at}").as_bytes())
        })
        .collect()
}

fn signature_of(check: &mut SignatureCheck) -> &mut [u8; 64] {
    match check {
        SignatureCheck::Secp256k1 { signature, .. } | SignatureCheck::Ed25519 { signature, .. } => signature,
    }
}

fn tamper(check: &mut SignatureCheck) {
    match check {
        SignatureCheck::Secp256k1 { digest, .. } => digest[7] ^= 1,
        SignatureCheck::Ed25519 { message, .. } => message.push(0),
    }
}

/// Order less `s`, both 32 bytes big endian.
fn negated(s: &[u8]) -> [u8; 32] {
    let mut scalar = secp256k1::SecretKey::from_secret_bytes(s.try_into().unwrap()).unwrap();
    scalar = scalar.negate();
    scalar.to_secret_bytes()
}

#[test]
fn accepts_batches_of_every_size() {
    for count in [0, 1, 4, 5, 31, 32, 33, 100] {
        assert_eq!(verify_batch(&mixed(count)), vec![Ok(()); count], "{count}");
    }
}

#[test]
fn rejects_exactly_the_bad_one_at_each_position() {
    let good = mixed(40);
    for at in 0..good.len() {
        let mut checks = good.clone();
        tamper(&mut checks[at]);
        let verdicts = verify_batch(&checks);
        for (index, verdict) in verdicts.iter().enumerate() {
            if index == at {
                assert!(matches!(verdict, Err(SignatureError::Mismatch { .. })), "{index}");
            } else {
                assert_eq!(*verdict, Ok(()), "{index} beside {at}");
            }
        }
    }
}

#[test]
fn rejects_all_of_a_batch_that_is_all_bad() {
    let mut checks = mixed(100);
    checks.iter_mut().for_each(tamper);
    assert!(verify_batch(&checks).iter().all(Result::is_err));
}

#[test]
fn rejects_high_s() {
    let mut check = signed(KeyKind::Secp256k1, 3, b"message");
    let high = negated(&signature_of(&mut check)[32..]);
    signature_of(&mut check)[32..].copy_from_slice(&high);
    assert_eq!(verify(&check), Err(SignatureError::HighS(high)));
    let text = verify(&check).unwrap_err().to_string();
    assert!(text.contains(&hex::encode(high)) && text.contains(&hex::encode(HALF_ORDER)), "{text}");
}

#[test]
fn the_bound_of_s_is_half_the_order() {
    let mut one_more = HALF_ORDER;
    one_more[31] += 1;
    assert_eq!(negated(&one_more), HALF_ORDER);
}

#[test]
fn rejects_a_wrong_key() {
    for kind in [KeyKind::Secp256k1, KeyKind::Ed25519] {
        let other = signed(kind, 4, b"message");
        let check = match (signed(kind, 3, b"message"), other) {
            (SignatureCheck::Secp256k1 { digest, signature, .. }, SignatureCheck::Secp256k1 { key, .. }) => {
                SignatureCheck::Secp256k1 { key, digest, signature }
            }
            (SignatureCheck::Ed25519 { message, signature, .. }, SignatureCheck::Ed25519 { key, .. }) => {
                SignatureCheck::Ed25519 { key, message, signature }
            }
            _ => unreachable!("both are of one kind"),
        };
        assert!(matches!(verify(&check), Err(SignatureError::Mismatch { .. })), "{kind}");
    }
}

#[test]
fn rejects_keys_that_are_no_points() {
    let key = [5; 33]; // no compressed point starts with 5
    let check = SignatureCheck::secp256k1(key, b"m", *signature_of(&mut signed(KeyKind::Secp256k1, 1, b"m")));
    let kind = KeyKind::Secp256k1;
    assert_eq!(verify(&check), Err(SignatureError::MalformedKey { kind, key }));
    // About half of all 32-byte texts are no point; the first of this family that is none.
    let none = (0..=255)
        .map(|first| {
            let mut key = [0; 32];
            key[0] = first;
            key
        })
        .find(|key| VerificationKey::try_from(*key).is_err())
        .unwrap();
    let check = SignatureCheck::ed25519(none, b"m".to_vec(), [0; 64]);
    assert!(matches!(verify(&check), Err(SignatureError::MalformedKey { kind: KeyKind::Ed25519, .. })));
}

#[test]
fn rejects_r_and_s_out_of_range() {
    let good = signed(KeyKind::Secp256k1, 9, b"m");
    for (from, fill) in [(0, 0), (32, 0), (0, 0xff), (32, 0xff)] {
        let mut check = good.clone();
        signature_of(&mut check)[from..from + 32].fill(fill);
        assert_eq!(verify(&check), Err(SignatureError::MalformedSignature), "{from} {fill}");
    }
    let mut check = signed(KeyKind::Ed25519, 9, b"m");
    signature_of(&mut check)[32..].fill(0xff);
    assert!(matches!(verify(&check), Err(SignatureError::Mismatch { .. })));
}

#[test]
fn small_order_points_mean_the_same_alone_and_in_a_batch() {
    // The identity as key and as R with s = 0 satisfies the cofactored equation of ZIP 215 for any message.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let odd = SignatureCheck::ed25519(identity, b"anything".to_vec(), signature);
    let mut checks = mixed(40);
    checks[7] = odd.clone();
    assert_eq!(verify(&odd), Ok(()));
    assert_eq!(verify_batch(&checks)[7], Ok(()));
    tamper(&mut checks[8]);
    assert_eq!(verify_batch(&checks)[7], Ok(()), "also when the equation is split");
}

#[derive(Clone, Debug)]
enum Mutation {
    Signature { byte: usize, bit: u8 },
    Message,
    None,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        1 => (0..64usize, 0..8u8).prop_map(|(byte, bit)| Mutation::Signature { byte, bit }),
        1 => Just(Mutation::Message),
        6 => Just(Mutation::None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_says_what_single_checks_say(mutations in prop::collection::vec(mutation(), 0..90)) {
        let mut checks = mixed(mutations.len());
        for (check, mutation) in checks.iter_mut().zip(&mutations) {
            match mutation {
                Mutation::Signature { byte, bit } => signature_of(check)[*byte] ^= 1 << bit,
                Mutation::Message => tamper(check),
                Mutation::None => {}
            }
        }
        let single: Vec<_> = checks.iter().map(verify).collect();
        prop_assert_eq!(&verify_batch(&checks), &single);
        for (verdict, mutation) in single.iter().zip(&mutations) {
            prop_assert_eq!(verdict.is_ok(), matches!(mutation, Mutation::None));
        }
    }
}
