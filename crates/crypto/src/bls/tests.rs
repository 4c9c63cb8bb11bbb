use super::*;

const CHAIN: &str = "virtengine-1";

#[test]
fn accepts_a_signature_and_rejects_its_tampering() {
    let secret = SecretKey::generate();
    let key = secret.public_key();
    let signature = secret.sign(b"vote", b"block");
    assert_eq!(key.verify(b"vote", b"block", &signature), Ok(()));
    for (namespace, message) in [(&b"vote"[..], &b"blocc"[..]), (b"other", b"block")] {
        assert!(matches!(key.verify(namespace, message, &signature), Err(BlsError::Mismatch { .. })));
    }
    let other = SecretKey::generate().public_key();
    assert!(matches!(other.verify(b"vote", b"block", &signature), Err(BlsError::Mismatch { .. })));
}

#[test]
fn rejects_a_proof_replayed_for_another_operator_chain_or_key() {
    let secret = SecretKey::generate();
    let key = secret.public_key();
    let operator = Address([1; 20]);
    let proof = secret.prove_possession(&operator, CHAIN);
    assert_eq!(key.verify_possession(&operator, CHAIN, &proof), Ok(()));
    let refused = |result| matches!(result, Err(BlsError::Possession { .. }));
    assert!(refused(key.verify_possession(&Address([2; 20]), CHAIN, &proof)));
    assert!(refused(key.verify_possession(&operator, "virtengine-2", &proof)));
    let other = SecretKey::generate().public_key();
    assert!(refused(other.verify_possession(&operator, CHAIN, &proof)));
    let vote = secret.sign(&possession_namespace(&operator, CHAIN), &key.to_bytes());
    assert!(refused(key.verify_possession(&operator, CHAIN, &vote)));
}

#[test]
fn an_aggregate_holds_for_exactly_its_signers() {
    let secrets: Vec<_> = (0..5).map(|_| SecretKey::generate()).collect();
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(b"n", b"m")).collect();
    let sum = Signature::aggregate(&signatures).unwrap();
    assert_eq!(verify_aggregate(&keys, b"n", b"m", &sum), Ok(()));
    assert!(matches!(verify_aggregate(&keys[1..], b"n", b"m", &sum), Err(BlsError::Mismatch { .. })));
    assert!(matches!(verify_aggregate(&keys, b"n", b"x", &sum), Err(BlsError::Mismatch { .. })));
    assert_eq!(verify_aggregate(&[], b"n", b"m", &sum), Err(BlsError::Empty));
    assert_eq!(Signature::aggregate(&[]), Err(BlsError::Empty));
}

#[test]
fn accepts_what_it_encodes() {
    let secret = SecretKey::generate();
    let key = secret.public_key();
    assert_eq!(SecretKey::decode(&secret.to_bytes()).unwrap().public_key(), key);
    assert_eq!(PublicKey::decode(&key.to_bytes()), Ok(key));
    let signature = secret.sign(b"n", b"m");
    assert_eq!(Signature::decode(&signature.to_bytes()), Ok(signature));
}

#[test]
fn rejects_malformed_keys_signatures_and_secrets() {
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    // x = 0, y = 2 is on the curve y^2 = x^3 + 4 but has order 3, so it is outside the subgroup.
    let mut outside = [0; 48];
    outside[0] = 0x80;
    for bytes in [&identity[..], &outside, &[0xff; 48], &[0; 48], &identity[..47], &[]] {
        let found = bytes.len();
        assert_eq!(PublicKey::decode(bytes), Err(BlsError::PublicKey { found }));
    }
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    for bytes in [&identity[..], &[0xff; 96], &[1; 95]] {
        let found = bytes.len();
        assert_eq!(Signature::decode(bytes), Err(BlsError::Signature { found }));
    }
    for bytes in [[0; 32], [0xff; 32]] {
        assert_eq!(SecretKey::decode(&bytes).err(), Some(BlsError::Secret));
    }
}
