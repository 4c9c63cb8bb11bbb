//! What must be checked for one transaction, and what follows from the verdicts.

use super::{SignerAccount, Unverified, VerifyError};
use crate::batch::{SignatureCheck, SignatureError};
use prost::Message as _;
use std::sync::Arc;
use virtengine_types::proto::cosmos::crypto::multisig::v1beta1::MultiSignature;
use virtengine_types::sign;
use virtengine_types::tx::{DecodedTx, MultisigKey, PublicKey, SignMode, Signer};
use virtengine_types::tx::{VerifiedSigner, VerifiedTx};

/// Most signatures that are checked for one transaction: no more can be admitted by any chain, whose own
/// parameter is lower, and it bounds what a stranger can make a node compute.
const MAX_SIGNATURES: usize = 32;

/// The checks of one transaction.
pub(super) struct Plan {
    tx: Arc<DecodedTx>,
    signers: Vec<VerifiedSigner>,
    checks: Vec<SignatureCheck>,
    slots: Vec<Slot>,
}

/// One signature: it holds if any of the next `candidates` checks does, one for each document that the
/// signer may have signed.
struct Slot {
    signer: usize,
    candidates: usize,
}

impl Plan {
    pub(super) fn new(unverified: &Unverified, chain_id: &str) -> Result<Self, VerifyError> {
        let Unverified { tx, accounts } = unverified;
        let (expected, found) = (tx.signers.len(), accounts.len());
        if expected != found {
            return Err(VerifyError::AccountCount { expected, found });
        }
        let mut plan = Self {
            tx: Arc::clone(tx),
            signers: Vec::with_capacity(found),
            checks: Vec::with_capacity(found),
            slots: Vec::with_capacity(found),
        };
        let mut weight = 0;
        for (index, (signer, account)) in tx.signers.iter().zip(accounts).enumerate() {
            let key = key_of(index, signer, account)?;
            weight += key.weight();
            if weight > MAX_SIGNATURES {
                return Err(VerifyError::TooManySignatures { found: weight, max: MAX_SIGNATURES });
            }
            if signer.signature.is_empty() {
                return Err(VerifyError::Empty { index });
            }
            let number = account.account_number;
            let job = Job { index, tx, signer, number, chain_id };
            match key {
                PublicKey::Multisig(key) => plan.add_multisig(&job, key)?,
                single => plan.add(&job, single, &signer.mode, &signer.signature)?,
            }
            plan.signers.push(VerifiedSigner {
                address: signer.address,
                account_number: number,
                public_key: key.clone(),
            });
        }
        Ok(plan)
    }

    /// The checks to make, in the order in which [`Plan::conclude`] takes their verdicts.
    pub(super) fn take_checks(&mut self) -> Vec<SignatureCheck> {
        std::mem::take(&mut self.checks)
    }

    pub(super) fn conclude(
        self,
        verdicts: &[Result<(), SignatureError>],
        chain_id: &str,
    ) -> Result<VerifiedTx, VerifyError> {
        let mut rest = verdicts;
        for slot in &self.slots {
            let (own, others) = rest.split_at(slot.candidates);
            rest = others;
            // Any document will do; if none does, the first says why.
            let failed = own.iter().all(Result::is_err);
            if let (true, Some(Err(cause))) = (failed, own.first()) {
                return Err(VerifyError::Signature {
                    index: slot.signer,
                    account_number: self.signers[slot.signer].account_number,
                    chain_id: chain_id.to_owned(),
                    cause: *cause,
                });
            }
        }
        Ok(VerifiedTx { tx: self.tx, signers: Arc::new(self.signers) })
    }

    fn add(
        &mut self,
        job: &Job<'_>,
        key: &PublicKey,
        mode: &SignMode,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let documents = job.documents(key, mode)?;
        let found = signature.len();
        let signature: [u8; 64] =
            signature.try_into().map_err(|_| VerifyError::Length { index: job.index, found })?;
        let candidates = documents.len();
        for document in documents {
            self.checks.push(match key {
                PublicKey::Secp256k1(key) => SignatureCheck::secp256k1(*key, &document, signature),
                PublicKey::Ed25519(key) => SignatureCheck::ed25519(*key, document, signature),
                PublicKey::Multisig(_) => return Err(job.mode_error(key, mode)),
            });
        }
        self.slots.push(Slot { signer: job.index, candidates });
        Ok(())
    }

    fn add_multisig(&mut self, job: &Job<'_>, key: &MultisigKey) -> Result<(), VerifyError> {
        let (index, bytes) = (job.index, &job.signer.signature);
        let SignMode::Multi { present, modes } = &job.signer.mode else {
            return Err(job.mode_error(&PublicKey::Multisig(key.clone()), &job.signer.mode));
        };
        let (expected, found) = (key.members.len(), present.len());
        if expected != found {
            return Err(VerifyError::BitArray { index, expected, found });
        }
        // Another encoding of the same signatures would give the transaction a second hash.
        let list = MultiSignature::decode(bytes.as_ref())
            .ok()
            .filter(|list| list.encode_to_vec() == **bytes)
            .ok_or(VerifyError::Multisignature { index, found: bytes.len() })?
            .signatures;
        let found = present.iter().filter(|&&signed| signed).count();
        if found != modes.len() || found != list.len() {
            let (modes, signatures) = (modes.len(), list.len());
            return Err(VerifyError::MemberCount { index, present: found, modes, signatures });
        }
        if found < key.threshold as usize {
            return Err(VerifyError::Threshold { index, threshold: key.threshold, found });
        }
        let signed = key.members.iter().zip(present).filter(|(_, present)| **present);
        for (((member, _), mode), signature) in signed.zip(modes).zip(&list) {
            if *mode != SignMode::AminoJson {
                // The direct document holds the mode of every member, so none can sign it ahead.
                return Err(job.mode_error(&PublicKey::Multisig(key.clone()), mode));
            }
            self.add(job, &PublicKey::Secp256k1(*member), mode, signature)?;
        }
        Ok(())
    }
}

/// One signer of a transaction and what it signs.
struct Job<'a> {
    index: usize,
    tx: &'a DecodedTx,
    signer: &'a Signer,
    number: u64,
    chain_id: &'a str,
}

impl Job<'_> {
    /// The documents that a signature in `mode` may cover.
    fn documents(&self, key: &PublicKey, mode: &SignMode) -> Result<Vec<Vec<u8>>, VerifyError> {
        match mode {
            SignMode::Direct => Ok(vec![sign::direct(self.tx, self.chain_id, self.number)]),
            SignMode::AminoJson => {
                sign::amino_json(self.tx, self.chain_id, self.number, self.signer.sequence)
                    .map_err(|cause| VerifyError::Document { index: self.index, cause })
            }
            SignMode::Multi { .. } | SignMode::Unspecified => Err(self.mode_error(key, mode)),
        }
    }

    fn mode_error(&self, key: &PublicKey, mode: &SignMode) -> VerifyError {
        VerifyError::Mode {
            index: self.index,
            mode: match mode {
                SignMode::Direct => "direct",
                SignMode::AminoJson => "amino JSON",
                SignMode::Multi { .. } => "multisig",
                SignMode::Unspecified => "unspecified",
            },
            key: match key {
                PublicKey::Secp256k1(_) => "secp256k1",
                PublicKey::Ed25519(_) => "ed25519",
                PublicKey::Multisig(_) => "multisig",
            },
        }
    }
}

/// The account's key, or for its first transaction that of the transaction.
fn key_of<'a>(
    index: usize,
    signer: &'a Signer,
    account: &'a SignerAccount,
) -> Result<&'a PublicKey, VerifyError> {
    let address = signer.address;
    for key in [&signer.public_key, &account.public_key].into_iter().flatten() {
        let found = key.address();
        if found != address {
            return Err(VerifyError::KeyMismatch { index, address, found });
        }
    }
    account
        .public_key
        .as_ref()
        .or(signer.public_key.as_ref())
        .ok_or(VerifyError::MissingKey { index, address })
}
