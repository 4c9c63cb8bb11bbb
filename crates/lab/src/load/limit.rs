//! What the machine could do at best.

use super::{Signer, Terms, keys, transfers::transfer};
use rayon::prelude::*;
use std::time::{Duration, Instant};
use virtengine_client::BaseAccount;
use virtengine_crypto::{KeyKind, SignatureCheck, verify_batch};
use virtengine_types::{
    sign,
    tx::{DecodedTx, PublicKey},
};

/// Signatures of one batch, as many as a large block has.
const BATCH: usize = 8_192;

/// Signature checks a second of transfers on all cores, over about `duration`: no node can commit more than it can
/// check. Blocks the calling thread and takes every core, so measure it while the network is idle.
///
/// # Errors
/// A signature that was made here does not hold, which is a defect.
pub fn signature_limit(kind: KeyKind, duration: Duration) -> eyre::Result<f64> {
    let checks = checks(kind)?;
    // The first pass fills caches and starts the threads.
    let verdicts = verify_batch(&checks);
    eyre::ensure!(verdicts.iter().all(Result::is_ok), "failed to check signatures that are valid");
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < duration {
        count += verify_batch(&checks).len();
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Checks of transfers, each by a key of its own, as those of different senders are.
fn checks(kind: KeyKind) -> eyre::Result<Vec<SignatureCheck>> {
    let terms = Terms { chain_id: "limit-1".into(), gas_price: 0 };
    let check = |(number, key): (u64, virtengine_crypto::SigningKey)| {
        let account = BaseAccount { address: key.address(), account_number: number, sequence: 0 };
        let public_key = key.public_key().clone();
        let signer = Signer::new(key, account);
        let signed = transfer(&signer, 0, 0, &signer.address().to_string(), &terms);
        let tx = DecodedTx::decode(signed.bytes)?;
        let document = sign::direct(&tx, &terms.chain_id, number);
        let signature =
            tx.signers.first().and_then(|signer| <[u8; 64]>::try_from(signer.signature.as_ref()).ok());
        let signature = signature.ok_or_else(|| eyre::eyre!("failed to sign a transfer with 64 bytes"))?;
        match public_key {
            PublicKey::Secp256k1(key) => Ok(SignatureCheck::secp256k1(key, &document, signature)),
            PublicKey::Ed25519(key) => Ok(SignatureCheck::ed25519(key, document, signature)),
            PublicKey::Multisig(_) => eyre::bail!("failed to sign with a single key"),
        }
    };
    let keys = keys(kind, "limit", 0, BATCH);
    let numbered: Vec<_> = (0..).zip(keys).collect();
    numbered.into_par_iter().map(check).collect()
}
