//! Files of keys.

use crate::{Target, Verdict};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};
use tempfile::TempDir;
use virtengine_crypto::{Backend, KeyKind, Keyring, SigningKey};

const NAME: &str = "alice";

/// Envelopes of a keyring. One that gives its key, exported and stored again, gives the same key.
///
/// Encrypted ones are read and shown; opening one costs 64 MiB by design and is left to the unit tests.
///
/// # Panics
/// If there is no folder for temporary files.
#[must_use]
pub fn envelopes() -> Target {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    let keyring = Keyring::open(folder.path(), Backend::Test).expect("an empty folder opens");
    let path = folder.path().join(format!("{NAME}.json"));
    let encrypted = Backend::File("a passphrase".to_owned().into());
    let seeds = vec![
        stored(KeyKind::Secp256k1, Backend::Test),
        stored(KeyKind::Ed25519, Backend::Test),
        stored(KeyKind::Secp256k1, encrypted),
    ];
    Target::new(seeds, move |input| {
        write_secret(&path, input);
        let shown = keyring.show(NAME);
        let key = keyring.key(NAME);
        if let Ok(key) = &key {
            let info = shown.as_ref().expect("a key that opens can be shown");
            assert_eq!((&info.address, &info.public_key), (&key.address(), key.public_key()));
            let again = SigningKey::from_secret(key.kind(), key.secret()).expect("its own secret is one");
            assert_eq!(again.public_key(), key.public_key());
        }
        let listing = keyring.list().expect("the folder can be read");
        assert_eq!(
            (listing.keys.len(), listing.damaged.is_empty()),
            (usize::from(shown.is_ok()), shown.is_ok())
        );
        let _folder = &folder; // lives as long as the target
        Verdict::of(&shown)
    })
}

/// The file of a key.
fn stored(kind: KeyKind, backend: Backend) -> Vec<u8> {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    let keyring = Keyring::open(folder.path(), backend).expect("an empty folder opens");
    let key = SigningKey::from_secret(kind, &[3; 32]).expect("a small number is a key");
    keyring.insert(NAME, &key).expect("an empty folder takes a key");
    fs::read(folder.path().join(format!("{NAME}.json"))).expect("the file can be read")
}

fn write_secret(path: &PathBuf, bytes: &[u8]) {
    fs::write(path, bytes).expect("the file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}
