//! Writing 20 bytes as bech32 (BIP-173) without the work of a general encoder: a block of
//! transfers writes a hundred thousand addresses into its events.

const SYMBOLS: [u8; 32] = *b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The checksum code's generator, one word for each bit that is shifted out.
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// What the five bits that are shifted out contribute.
const SHIFTED_OUT: [u32; 32] = shifted_out();
/// Symbols of the checksum.
const CHECKSUM_SYMBOLS: u32 = 6;

/// The bech32 text of `bytes` under the lower-case ASCII `prefix`.
pub(super) fn bech32(prefix: &str, bytes: &[u8; 20]) -> String {
    let mut text = String::with_capacity(prefix.len().saturating_add(39));
    text.push_str(prefix);
    text.push('1');
    let mut check = 1;
    for byte in prefix.bytes() {
        check = step(check, u32::from(byte >> 5));
    }
    check = step(check, 0);
    for byte in prefix.bytes() {
        check = step(check, u32::from(byte & 31));
    }
    // Five bytes are eight symbols of five bits, highest first.
    for chunk in bytes.chunks_exact(5) {
        let group = chunk.iter().fold(0u64, |group, byte| (group << 8) | u64::from(*byte));
        for shift in [35, 30, 25, 20, 15, 10, 5, 0] {
            let value = u32::try_from((group >> shift) & 31).unwrap_or_default();
            check = step(check, value);
            text.push(symbol(value));
        }
    }
    for _ in 0..CHECKSUM_SYMBOLS {
        check = step(check, 0);
    }
    check ^= 1;
    for shift in [25, 20, 15, 10, 5, 0] {
        text.push(symbol((check >> shift) & 31));
    }
    text
}

/// Multiplies the checksum's polynomial by x and adds a symbol.
fn step(check: u32, value: u32) -> u32 {
    let top = SHIFTED_OUT.get((check >> 25) as usize).copied().unwrap_or_default();
    ((check & 0x01ff_ffff) << 5) ^ value ^ top
}

fn symbol(value: u32) -> char {
    char::from(SYMBOLS.get(value as usize).copied().unwrap_or_default())
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // evaluated by the compiler
const fn shifted_out() -> [u32; 32] {
    let mut table = [0; 32];
    let mut top = 0;
    while top < 32 {
        let mut bit = 0;
        while bit < 5 {
            if (top >> bit) & 1 == 1 {
                table[top] ^= GENERATOR[bit];
            }
            bit += 1;
        }
        top += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::bech32::{Bech32, Hrp};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_writes_what_the_general_encoder_writes(bytes in any::<[u8; 20]>(), prefix in "[a-z]{1,20}") {
            let expected = ::bech32::encode::<Bech32>(Hrp::parse(&prefix).unwrap(), &bytes).unwrap();
            prop_assert_eq!(bech32(&prefix, &bytes), expected);
        }
    }
}
