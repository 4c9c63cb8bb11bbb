//! The file of one key: what may be shown in the clear, the secret encrypted or plain.

use super::{Backend, KeyKind, KeyringError, PublicKey, SigningKey};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

const VERSION: u32 = 1;
/// Argon2id, the second set that RFC 9106 recommends, on one lane: 64 MiB, 3 passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Largest costs that a file may ask for, so that a changed file cannot exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 32;
const MAX_LANES: u32 = 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    version: u32,
    kind: KeyKind,
    /// Hex.
    public_key: String,
    secret: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "protection", rename_all = "kebab-case", deny_unknown_fields)]
enum Secret {
    /// Development only.
    PlainForTestsOnly {
        /// Hex.
        secret: String,
    },
    /// Argon2id and XChaCha20-Poly1305; the public part is authenticated with it.
    PassphraseArgon2idXchacha20poly1305 {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        /// Hex of 16 bytes.
        salt: String,
        /// Hex of 24 bytes.
        nonce: String,
        /// Hex of 32 bytes and the tag of 16.
        ciphertext: String,
    },
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Self::PlainForTestsOnly { secret } = self {
            secret.zeroize();
        }
    }
}

/// Only the version, so that a file of another release is told from a damaged one.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Envelope {
    #[allow(clippy::expect_used)]
    pub(super) fn seal(key: &SigningKey, backend: &Backend) -> Self {
        let public_key = public_hex(key.public_key());
        let kind = key.kind();
        let secret = match backend {
            Backend::Test => Secret::PlainForTestsOnly { secret: hex::encode(**key.secret()) },
            Backend::File(passphrase) => {
                let (mut salt, mut nonce) = ([0; 16], [0; 24]);
                rand::rng().fill_bytes(&mut salt);
                rand::rng().fill_bytes(&mut nonce);
                let cost = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
                    .expect("the constants are within the bounds of Argon2");
                let payload = Payload { msg: key.secret().as_slice(), aad: &associated(kind, &public_key) };
                let ciphertext = cipher(passphrase, &salt, cost)
                    .expect("the salt has 16 bytes and the output 32")
                    .encrypt(&XNonce::from(nonce), payload)
                    .expect("32 bytes are below the cipher's limit of 256 GiB");
                Secret::PassphraseArgon2idXchacha20poly1305 {
                    memory_kib: MEMORY_KIB,
                    passes: PASSES,
                    lanes: LANES,
                    salt: hex::encode(salt),
                    nonce: hex::encode(nonce),
                    ciphertext: hex::encode(ciphertext),
                }
            }
        };
        Self { version: VERSION, kind, public_key, secret }
    }

    pub(super) fn parse(name: &str, text: &[u8]) -> Result<Self, KeyringError> {
        let error = |error: serde_json::Error| damaged(name, error);
        let found = serde_json::from_slice::<Versioned>(text).map_err(error)?.version;
        if found != VERSION {
            return Err(KeyringError::Version { name: name.to_owned(), found, expected: VERSION });
        }
        serde_json::from_slice(text).map_err(error)
    }

    #[allow(clippy::expect_used)]
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and numbers always serialize")
    }

    pub(super) const fn is_encrypted(&self) -> bool {
        matches!(self.secret, Secret::PassphraseArgon2idXchacha20poly1305 { .. })
    }

    pub(super) fn public_key(&self, name: &str) -> Result<PublicKey, KeyringError> {
        match self.kind {
            KeyKind::Secp256k1 => decode(name, "public_key", &self.public_key).map(PublicKey::Secp256k1),
            KeyKind::Ed25519 => decode(name, "public_key", &self.public_key).map(PublicKey::Ed25519),
        }
    }

    pub(super) fn open(&self, name: &str, backend: &Backend) -> Result<SigningKey, KeyringError> {
        let secret = match (&self.secret, backend) {
            (Secret::PlainForTestsOnly { secret }, Backend::Test) => {
                Zeroizing::new(decode::<32>(name, "secret", secret)?)
            }
            (Secret::PassphraseArgon2idXchacha20poly1305 { .. }, Backend::File(passphrase)) => {
                self.decrypt(name, passphrase)?
            }
            (Secret::PlainForTestsOnly { .. }, Backend::File(_)) => {
                return Err(other_backend(name, "plain (backend test)", "file"));
            }
            (Secret::PassphraseArgon2idXchacha20poly1305 { .. }, Backend::Test) => {
                return Err(other_backend(name, "encrypted (backend file)", "test"));
            }
        };
        let key = SigningKey::from_secret(self.kind, &secret).map_err(|error| damaged(name, error))?;
        let found = public_hex(key.public_key());
        if found != self.public_key {
            let cause = format!("its secret is that of public key {found}, it names {}", self.public_key);
            return Err(damaged(name, cause));
        }
        Ok(key)
    }

    fn decrypt(&self, name: &str, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
        let Secret::PassphraseArgon2idXchacha20poly1305 {
            memory_kib,
            passes,
            lanes,
            salt,
            nonce,
            ciphertext,
        } = &self.secret
        else {
            return Err(other_backend(name, "plain (backend test)", "file"));
        };
        if *memory_kib > MAX_MEMORY_KIB || *passes > MAX_PASSES || *lanes > MAX_LANES {
            let cause = format!(
                "it asks for {memory_kib} KiB, {passes} passes and {lanes} lanes; at most \
                 {MAX_MEMORY_KIB}, {MAX_PASSES} and {MAX_LANES} are allowed"
            );
            return Err(damaged(name, cause));
        }
        let salt: [u8; 16] = decode(name, "salt", salt)?;
        let nonce: [u8; 24] = decode(name, "nonce", nonce)?;
        let ciphertext: [u8; 48] = decode(name, "ciphertext", ciphertext)?;
        let cost =
            Params::new(*memory_kib, *passes, *lanes, Some(32)).map_err(|error| damaged(name, error))?;
        let payload = Payload { msg: &ciphertext, aad: &associated(self.kind, &self.public_key) };
        let plain = cipher(passphrase, &salt, cost)
            .map_err(|error| damaged(name, error))?
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyringError::WrongPassphrase { name: name.to_owned() })?;
        let mut secret = Zeroizing::new([0; 32]);
        secret.copy_from_slice(&plain); // 48 bytes less the tag of 16
        Ok(secret)
    }
}

/// What is authenticated but not encrypted.
fn associated(kind: KeyKind, public_key: &str) -> Vec<u8> {
    format!("virtengine/keyring/{VERSION}/{kind}/{public_key}").into_bytes()
}

fn cipher(passphrase: &str, salt: &[u8; 16], cost: Params) -> Result<XChaCha20Poly1305, argon2::Error> {
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost).hash_password_into(
        passphrase.as_bytes(),
        salt,
        &mut *key,
    )?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

fn public_hex(key: &PublicKey) -> String {
    match key {
        PublicKey::Secp256k1(bytes) => hex::encode(bytes),
        PublicKey::Ed25519(bytes) => hex::encode(bytes),
        PublicKey::Multisig(key) => hex::encode(key.amino()), // no signing key has one
    }
}

fn decode<const N: usize>(name: &str, field: &str, text: &str) -> Result<[u8; N], KeyringError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| damaged(name, format!("{field} is not {} hex digits", 2 * N)))?;
    Ok(bytes)
}

fn damaged(name: &str, cause: impl std::fmt::Display) -> KeyringError {
    KeyringError::Damaged { name: name.to_owned(), cause: cause.to_string() }
}

fn other_backend(name: &str, stored: &'static str, opened: &'static str) -> KeyringError {
    KeyringError::OtherBackend { name: name.to_owned(), stored, opened }
}
