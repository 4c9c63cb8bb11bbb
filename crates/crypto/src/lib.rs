//! Keys and signatures: batch verification, BLS keys, mnemonics, keyring.
