//! Words that stand for a key (BIP-39, English).

use crate::hd::{self, HdError};
use crate::key::SigningKey;
use rand::Rng as _;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why words are not a mnemonic. The words themselves are never part of the message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MnemonicError {
    /// Neither 12 nor 24 words.
    #[error("a mnemonic has 24 or 12 words, got {found}")]
    WordCount {
        /// Words found.
        found: usize,
    },
    /// A word that is not on the list.
    #[error("word {position} of the mnemonic is not on the English list of BIP-39")]
    UnknownWord {
        /// Its place, from 1.
        position: usize,
    },
    /// All words are known, but at least one is wrong or out of place.
    #[error("the mnemonic's checksum does not match: a word is wrong or out of place")]
    Checksum,
}

/// A mnemonic of 24 or 12 words, wiped when dropped.
pub struct Mnemonic(bip39::Mnemonic);

impl Mnemonic {
    /// A fresh mnemonic of 24 words, 256 bits of the system's randomness.
    #[must_use]
    pub fn generate_24() -> Self {
        let mut entropy = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *entropy);
        Self::from_entropy(&entropy)
    }

    /// The mnemonic of 24 words that encodes `entropy`. Same entropy, same words.
    #[must_use]
    #[allow(clippy::missing_panics_doc, clippy::expect_used)]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        let words = bip39::Mnemonic::from_entropy(entropy);
        Self(words.expect("32 bytes are one of the five sizes of BIP-39"))
    }

    /// Reads 24 or 12 words separated by white space, in any letter case.
    ///
    /// # Errors
    /// - `WordCount` - another number of words
    /// - `UnknownWord` - a word not on the list
    /// - `Checksum` - wrong or misplaced words
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        let words =
            Zeroizing::new(text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" "));
        let found = words.split(' ').filter(|word| !word.is_empty()).count();
        if found != 12 && found != 24 {
            return Err(MnemonicError::WordCount { found });
        }
        bip39::Mnemonic::parse_in_normalized(bip39::Language::English, &words).map(Self).map_err(|error| {
            match error {
                bip39::Error::UnknownWord(at) => MnemonicError::UnknownWord { position: at + 1 },
                bip39::Error::BadWordCount(found) => MnemonicError::WordCount { found },
                _ => MnemonicError::Checksum,
            }
        })
    }

    /// The words, separated by single spaces.
    #[must_use]
    pub fn phrase(&self) -> Zeroizing<String> {
        let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
        for word in self.0.words() {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        phrase
    }

    /// The seed of 64 bytes, by 2,048 rounds of PBKDF2. `passphrase` is BIP-39's 25th word, usually empty,
    /// ASCII only: other text is taken as it is, without normalization.
    #[must_use]
    pub fn seed(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(passphrase))
    }

    /// The account key at `path`, no 25th word.
    ///
    /// # Errors
    /// As [`hd::derive`].
    pub fn key(&self, path: &str) -> Result<SigningKey, HdError> {
        hd::derive(&self.seed(""), path)
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mnemonic({} words)", self.0.word_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS_12: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                            abandon abandon about";

    #[test]
    fn accepts_the_published_vector_of_bip_39() {
        // The first vector of the reference list: 16 zero bytes, passphrase TREZOR.
        let mnemonic = Mnemonic::parse(ZEROS_12).unwrap();
        assert_eq!(
            hex::encode(*mnemonic.seed("TREZOR")),
            "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553\
             1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
        );
    }

    #[test]
    fn accepts_the_cosmos_address_of_known_words() {
        // The account of these words is the same 20 bytes on every chain with coin 118:
        // cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4.
        let key = Mnemonic::parse(ZEROS_12).unwrap().key(hd::DEFAULT_PATH).unwrap();
        assert_eq!(
            key.address(),
            virtengine_types::Address::from_bech32("cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", "cosmos")
                .unwrap()
        );
    }

    #[test]
    fn accepts_what_it_generates_in_any_case_and_spacing() {
        let mnemonic = Mnemonic::generate_24();
        assert_eq!(mnemonic.phrase().split(' ').count(), 24);
        let shouted = format!("  {}\n", mnemonic.phrase().to_uppercase().replace(' ', "\t "));
        assert_eq!(*Mnemonic::parse(&shouted).unwrap().phrase(), *mnemonic.phrase());
        assert_ne!(*Mnemonic::generate_24().phrase(), *mnemonic.phrase());
    }

    #[test]
    fn rejects_other_word_counts() {
        for found in [0, 11, 15, 25] {
            let text = vec!["abandon"; found].join(" ");
            assert_eq!(Mnemonic::parse(&text).unwrap_err(), MnemonicError::WordCount { found });
        }
    }

    #[test]
    fn rejects_unknown_words_by_place() {
        let text = ZEROS_12.replace("about", "virtengine");
        assert_eq!(Mnemonic::parse(&text).unwrap_err(), MnemonicError::UnknownWord { position: 12 });
    }

    #[test]
    fn rejects_a_wrong_checksum() {
        let text = ZEROS_12.replace("about", "abandon");
        assert_eq!(Mnemonic::parse(&text).unwrap_err(), MnemonicError::Checksum);
    }
}
