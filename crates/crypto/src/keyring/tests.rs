use super::*;
use crate::hd::DEFAULT_PATH;
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse battery";
const ZEROS_12: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                        abandon abandon about";

fn file(passphrase: &str) -> Backend {
    Backend::File(Zeroizing::new(passphrase.to_owned()))
}

fn keyring(backend: Backend) -> (TempDir, Keyring) {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(folder.path().join("keys"), backend).unwrap();
    (folder, keyring)
}

#[test]
fn accepts_what_it_stored_with_either_backend() {
    for backend in [file(PASSPHRASE), Backend::Test] {
        let (_folder, keyring) = keyring(backend);
        let (alice, words) = keyring.add("alice", DEFAULT_PATH).unwrap();
        let bob = keyring.import("bob", ZEROS_12, DEFAULT_PATH).unwrap();
        assert_eq!(keyring.list().unwrap().keys, [alice.clone(), bob.clone()]);
        assert_eq!(keyring.show("bob").unwrap(), bob);
        assert_eq!(keyring.find(&bob.address).unwrap(), Some(bob));
        let key = keyring.key("alice").unwrap();
        assert_eq!(key.address(), alice.address);
        assert_eq!(words.key(DEFAULT_PATH).unwrap().address(), alice.address);
        assert_eq!(*keyring.export("alice").unwrap(), hex::encode(**key.secret()));
        keyring.rename("alice", "carol").unwrap();
        assert_eq!(keyring.key("carol").unwrap().address(), alice.address);
        keyring.delete("bob").unwrap();
        assert_eq!(keyring.list().unwrap().keys.len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_key_hides_no_key_and_is_named() {
    let (_folder, keyring) = keyring(file(PASSPHRASE));
    let (bob, _) = keyring.add("bob", DEFAULT_PATH).unwrap();
    let (carol, _) = keyring.add("carol", DEFAULT_PATH).unwrap();
    let place = |name: &str| keyring.folder.join(format!("{name}.json"));
    fs::create_dir(place("folder")).unwrap();
    secret_file::create(&place("alice"), b"{").unwrap();
    // Nobody writes into the pipe: whoever opened it would wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
    let Listing { keys, damaged } = keyring.list().unwrap();
    assert_eq!(keys, [bob, carol.clone()]);
    let names: Vec<&str> = damaged.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["alice", "folder", "pipe"]);
    assert!(matches!(damaged[0].1, KeyringError::Damaged { .. }), "{:?}", damaged[0]);
    for name in ["folder", "pipe"] {
        let shown = keyring.show(name).unwrap_err().to_string();
        assert!(shown.contains("it is not a file") && !shown.contains("chmod"), "{shown}");
    }
    assert_eq!(keyring.find(&carol.address).unwrap(), Some(carol));
    assert!(matches!(keyring.find(&Address([9; 20])), Err(KeyringError::Damaged { .. })));
    keyring.add("dave", DEFAULT_PATH).unwrap();
    let mistyped = Keyring::open(&keyring.folder, file("correct horse batterz")).unwrap();
    assert!(matches!(mistyped.add("erin", DEFAULT_PATH), Err(KeyringError::WrongPassphrase { .. })));
}

#[test]
fn accepts_ed25519_keys() {
    let (_folder, keyring) = keyring(Backend::Test);
    let key = SigningKey::generate(KeyKind::Ed25519);
    let info = keyring.insert("edwards", &key).unwrap();
    assert_eq!(keyring.show("edwards").unwrap(), info);
    assert_eq!(keyring.key("edwards").unwrap().address(), key.address());
}

#[test]
fn an_encrypted_file_does_not_hold_the_secret() {
    let (_folder, keyring) = keyring(file(PASSPHRASE));
    keyring.add("alice", DEFAULT_PATH).unwrap();
    let text = fs::read_to_string(keyring.folder.join("alice.json")).unwrap();
    assert!(!text.contains(&**keyring.export("alice").unwrap()), "{text}");
}

#[test]
fn rejects_a_wrong_passphrase_also_for_a_second_key() {
    let (_folder, keyring) = keyring(file(PASSPHRASE));
    keyring.add("alice", DEFAULT_PATH).unwrap();
    let mistyped = Keyring::open(&keyring.folder, file("correct horse batterz")).unwrap();
    assert!(matches!(mistyped.key("alice"), Err(KeyringError::WrongPassphrase { .. })));
    assert!(matches!(mistyped.add("bob", DEFAULT_PATH), Err(KeyringError::WrongPassphrase { .. })));
    assert_eq!(mistyped.list().unwrap().keys.len(), 1);
}

#[test]
fn rejects_short_passphrases() {
    let (_folder, keyring) = keyring(file("1234567"));
    assert!(matches!(keyring.add("alice", DEFAULT_PATH), Err(KeyringError::ShortPassphrase { found: 7 })));
}

#[test]
fn rejects_names_that_are_no_file_names() {
    let (_folder, keyring) = keyring(Backend::Test);
    let long = "a".repeat(MAX_NAME + 1);
    for name in ["", ".", "..", ".hidden", "-flag", "a/b", "../up", "a b", "a\0", "\u{e4}", &long] {
        assert!(matches!(keyring.add(name, DEFAULT_PATH), Err(KeyringError::Name { .. })), "{name}");
        assert!(matches!(keyring.key(name), Err(KeyringError::Name { .. })), "{name}");
    }
}

#[test]
fn rejects_existing_and_missing_names() {
    let (_folder, keyring) = keyring(Backend::Test);
    let (alice, _) = keyring.add("alice", DEFAULT_PATH).unwrap();
    keyring.add("bob", DEFAULT_PATH).unwrap();
    let exists = |result: Result<(), _>| matches!(result, Err(KeyringError::Exists { .. }));
    assert!(exists(keyring.add("alice", DEFAULT_PATH).map(drop)));
    assert!(exists(keyring.rename("bob", "alice")));
    assert_eq!(keyring.show("alice").unwrap(), alice);
    let missing = |result: Result<(), _>| matches!(result, Err(KeyringError::Missing { .. }));
    assert!(missing(keyring.show("none").map(drop)));
    assert!(missing(keyring.key("none").map(drop)));
    assert!(missing(keyring.delete("none")));
    assert!(missing(keyring.rename("none", "other")));
}

#[test]
fn rejects_keys_of_the_other_backend() {
    let (_folder, plain) = keyring(Backend::Test);
    plain.add("alice", DEFAULT_PATH).unwrap();
    let encrypted = Keyring::open(&plain.folder, file(PASSPHRASE)).unwrap();
    assert!(matches!(encrypted.key("alice"), Err(KeyringError::OtherBackend { .. })));
    encrypted.add("bob", DEFAULT_PATH).unwrap();
    assert!(matches!(plain.key("bob"), Err(KeyringError::OtherBackend { .. })));
}

#[test]
fn rejects_bad_words_and_paths() {
    let (_folder, keyring) = keyring(Backend::Test);
    let words = ZEROS_12.replace("about", "abandon");
    assert!(matches!(
        keyring.import("a", &words, DEFAULT_PATH),
        Err(KeyringError::Mnemonic(MnemonicError::Checksum))
    ));
    assert!(matches!(keyring.import("a", ZEROS_12, "m/x"), Err(KeyringError::Path(_))));
}

#[test]
fn rejects_a_file_changed_at_any_field() {
    let (_folder, keyring) = keyring(file(PASSPHRASE));
    keyring.add("alice", DEFAULT_PATH).unwrap();
    let path = keyring.folder.join("alice.json");
    let text = fs::read_to_string(&path).unwrap();
    let damaged = |result: Result<_, _>| matches!(result, Err(KeyringError::Damaged { .. }));
    let wrong = |result: Result<_, _>| matches!(result, Err(KeyringError::WrongPassphrase { .. }));

    for broken in ["", "null", &text[..text.len() / 2], "{\"version\":1}"] {
        fs::write(&path, broken).unwrap();
        assert!(damaged(keyring.key("alice")), "{broken}");
        let listing = keyring.list().unwrap();
        assert_eq!((listing.keys.len(), listing.damaged.len()), (0, 1), "{broken}");
    }
    fs::write(&path, text.replace("\"memory_kib\": 65536", "\"memory_kib\": 4294967295")).unwrap();
    assert!(damaged(keyring.key("alice")), "costs are bounded");
    fs::write(&path, text.replace("\"version\": 1", "\"version\": 9")).unwrap();
    assert!(matches!(keyring.key("alice"), Err(KeyringError::Version { found: 9, .. })));
    for field in ["salt", "nonce", "ciphertext", "public_key"] {
        let at = text.find(&format!("\"{field}\": \"")).unwrap() + field.len() + 7;
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        fs::write(&path, &changed).unwrap();
        assert!(wrong(keyring.key("alice")), "{field}");
        changed[at] = b'x';
        fs::write(&path, &changed).unwrap();
        assert!(keyring.key("alice").is_err(), "{field}");
    }
    fs::write(&path, &text).unwrap();
    assert!(keyring.key("alice").is_ok());
}
