//! Addresses of keys, against values that CosmJS publishes for the same keys.

use bech32::Bech32;
use virtengine_types::{
    Address,
    tx::{MultisigKey, PublicKey},
};

/// The 33 bytes of a legacy bech32 key, behind its five amino bytes.
fn member(text: &str) -> [u8; 33] {
    let (_, bytes) = bech32::decode(text).unwrap();
    bytes[5..].try_into().unwrap()
}

#[test]
fn a_multisig_address_is_that_of_cosmjs() {
    let members = [
        "wasmpub1addwnpepqwxttx8w2sfs6d8cuzqcuau84grp8xsw95qzdjkmvc44tnckskdxw3zw2km",
        "wasmpub1addwnpepq2gx7x7e29kge5a4ycunytyqr0u8ynql5h583s8r9wdads9m3v8ks6y0nhc",
        "wasmpub1addwnpepq0xfx5vavxmgdkn0p6x0l9p3udttghu3qcldd7ql08wa3xy93qq0xuzvtxc",
    ];
    let key = MultisigKey { threshold: 2, members: members.map(member).to_vec() };
    let address = PublicKey::Multisig(key.clone()).address();
    assert_eq!(hex::encode(address.0), "0892a77fab2fa7e192c3b7b2741e6682f3abb72f");
    // The threshold and the order of the members are part of it.
    let other = MultisigKey { threshold: 1, ..key.clone() };
    assert_ne!(PublicKey::Multisig(other).address(), address);
    let reversed = MultisigKey { members: key.members.into_iter().rev().collect(), threshold: 2 };
    assert_ne!(PublicKey::Multisig(reversed).address(), address);
}

#[test]
fn single_key_addresses_are_those_of_cosmjs() {
    let bytes = |text: &str| {
        let hrp = bech32::Hrp::parse("cosmos").unwrap();
        let (found, bytes) = bech32::decode(text).unwrap();
        assert_eq!(found, hrp);
        assert_eq!(bech32::encode::<Bech32>(hrp, &bytes).unwrap(), text);
        Address(bytes.try_into().unwrap())
    };
    let key = "02d41a0aa167b21699429eab224bc03f2cd386f0af5d20cefbd0336f1544aea24f";
    let key = PublicKey::Secp256k1(hex::decode(key).unwrap().try_into().unwrap());
    assert_eq!(key.address(), bytes("cosmos1h806c7khnvmjlywdrkdgk2vrayy2mmvf9rxk2r"));
    let key = "12ee6f581fe55673a1e9e1382a0829e32075a0aa4763c968bc526e1852e78c95";
    let key = PublicKey::Ed25519(hex::decode(key).unwrap().try_into().unwrap());
    assert_eq!(key.address(), bytes("cosmos1pfq05em6sfkls66ut4m2257p7qwlk448h8mysz"));
}
