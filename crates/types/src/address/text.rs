//! Writing 20 bytes as bech32 (BIP-173) without the work of a general encoder: a block of
//! transfers writes a hundred thousand addresses into its events.

use super::ACCOUNT_PREFIX;

const SYMBOLS: [u8; 32] = *b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The checksum code's generator, one word for each bit that is shifted out.
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// What the five bits that are shifted out contribute.
const SHIFTED_OUT: [u32; 32] = shifted_out();
/// [`prefix_check`] of account addresses, which most are.
const ACCOUNT_CHECK: u32 = prefix_check(ACCOUNT_PREFIX.as_bytes());
/// Symbols of the checksum.
const CHECKSUM_SYMBOLS: u32 = 6;

/// The bech32 text of `bytes` under the lower-case ASCII `prefix`.
pub(super) fn bech32(prefix: &str, bytes: &[u8; 20]) -> String {
    let mut text = Vec::with_capacity(prefix.len().saturating_add(39));
    text.extend_from_slice(prefix.as_bytes());
    text.push(b'1');
    let mut check = if prefix == ACCOUNT_PREFIX { ACCOUNT_CHECK } else { prefix_check(prefix.as_bytes()) };
    // Five bytes are eight symbols of five bits, highest first.
    let mut symbols = [0; 32];
    for (chunk, symbols) in bytes.chunks_exact(5).zip(symbols.chunks_exact_mut(8)) {
        let group = chunk.iter().fold(0u64, |group, byte| (group << 8) | u64::from(*byte));
        for (shift, place) in [35, 30, 25, 20, 15, 10, 5, 0].into_iter().zip(symbols) {
            let value = low_five(group >> shift);
            check = step(check, value);
            *place = symbol(value);
        }
    }
    text.extend_from_slice(&symbols);
    for _ in 0..CHECKSUM_SYMBOLS {
        check = step(check, 0);
    }
    check ^= 1;
    let symbols = [25, 20, 15, 10, 5, 0].map(|shift| symbol(low_five(u64::from(check >> shift))));
    text.extend_from_slice(&symbols);
    // Prefix and symbols are ASCII.
    String::from_utf8(text).unwrap_or_default()
}

/// The lowest five bits, as an index.
#[allow(clippy::cast_possible_truncation)] // below 32
const fn low_five(bits: u64) -> usize {
    (bits & 31) as usize
}

fn symbol(value: usize) -> u8 {
    SYMBOLS.get(value).copied().unwrap_or_default()
}

/// Multiplies the checksum's polynomial by x and adds a symbol.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // both are below 32
const fn step(check: u32, value: usize) -> u32 {
    ((check & 0x01ff_ffff) << 5) ^ value as u32 ^ SHIFTED_OUT[(check >> 25) as usize & 31]
}

/// The checksum after the prefix, which stands before the data in it.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // below the length
const fn prefix_check(prefix: &[u8]) -> u32 {
    let mut check = 1;
    let mut index = 0;
    while index < prefix.len() {
        check = step(check, (prefix[index] >> 5) as usize);
        index += 1;
    }
    check = step(check, 0);
    index = 0;
    while index < prefix.len() {
        check = step(check, (prefix[index] & 31) as usize);
        index += 1;
    }
    check
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
