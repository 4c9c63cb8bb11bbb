//! Inputs made of seeds: a recipe chooses a seed and says what to change in it.
//!
//! Random bytes are almost never a transaction or a YAML file. Recipes keep most inputs near valid ones, and
//! are plain bytes themselves, so that coverage-guided engines can evolve them.

/// Longest recipe that is of use, in bytes.
pub const MAX_BYTES: usize = 512;
/// Most changes of one recipe.
const MAX_CHANGES: u8 = 8;
/// Longest input, in bytes; repetitions stop there.
const MAX_INPUT: usize = 64 * 1024;

/// Fragments that matter to one grammar or another.
const FRAGMENTS: &[&[u8]] = &[
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e400",
    b"0.1",
    b"{}",
    b"[]",
    b"\"\"",
    b"'",
    b"\"",
    b"\\u0000",
    b"*",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!binary ",
    b"- ",
    b": ",
    b"\n",
    b"\n  ",
    b"\t",
    b" AND ",
    b"=",
    b"<=",
    b" EXISTS",
    b"%",
    b"18446744073709551615",
    b"18446744073709551616",
    b"340282366920938463463374607431768211455",
    b"-9223372036854775808",
    b"9999999999999999999999999999999999999999",
    b"\xff\xff\xff\xff",
    b"\xf0\x9f\x92\xa5",
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x00",
    b"\x00\x00\x00\x80",
    b"\xe2\x80\xa8",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":",
];

/// The input that a recipe describes. One in eight is the rest of the recipe as it is.
#[must_use]
pub fn input(seeds: &[Vec<u8>], recipe: &[u8]) -> Vec<u8> {
    let mut recipe = Recipe(recipe);
    if recipe.byte() % 8 == 0 {
        return recipe.0.to_vec();
    }
    let Some(seed) = recipe.choice(seeds) else { return recipe.0.to_vec() };
    let mut input = seed.clone();
    for _ in 0..recipe.byte() % (MAX_CHANGES + 1) {
        change(&mut input, seeds, &mut recipe);
        input.truncate(MAX_INPUT);
    }
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], recipe: &mut Recipe<'_>) {
    let at = recipe.place(input.len());
    match recipe.byte() % 9 {
        0 => {
            let byte = recipe.byte();
            if let Some(place) = input.get_mut(at) {
                *place = byte;
            }
        }
        1 => {
            let bit = recipe.byte() % 8;
            if let Some(place) = input.get_mut(at) {
                *place ^= 1 << bit;
            }
        }
        2 => {
            let add = recipe.byte();
            if let Some(place) = input.get_mut(at) {
                *place = place.wrapping_add(add);
            }
        }
        3 => input.truncate(at),
        4 => {
            let end = at + recipe.place(input.len() - at).min(64);
            input.drain(at..end);
        }
        5 => {
            let end = at + recipe.place(input.len() - at).min(64);
            let part = input[at..end].to_vec();
            let times = 1 + usize::from(recipe.byte());
            insert(input, end, &part.repeat(times));
        }
        6 => insert(input, at, recipe.choice(FRAGMENTS).copied().unwrap_or_default()),
        7 => {
            let fragment = recipe.choice(FRAGMENTS).copied().unwrap_or_default();
            let end = (at + fragment.len()).min(input.len());
            input.splice(at..end, fragment.iter().copied());
        }
        _ => {
            let other = recipe.choice(seeds).cloned().unwrap_or_default();
            let from = recipe.place(other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

/// The part of a recipe that is not used yet; zeros follow its end.
struct Recipe<'a>(&'a [u8]);

impl Recipe<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A place from 0 to `length`, both included.
    fn place(&mut self, length: usize) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()])) % (length + 1)
    }

    fn choice<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.place(from.len().saturating_sub(1));
        from.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_without_changes_is_its_seed() {
        let seeds = [b"one".to_vec(), b"two".to_vec()];
        assert_eq!(input(&seeds, &[1, 1, 0, 0]), b"two");
    }

    #[test]
    fn a_recipe_can_be_the_input_itself() {
        assert_eq!(input(&[b"one".to_vec()], &[0, 7, 8, 9]), [7, 8, 9]);
    }

    #[test]
    fn every_change_works_on_nothing_and_on_a_seed() {
        for kind in 0..9 {
            for seed in [&b""[..], b"a seed"] {
                let recipe = [1, 0, 0, 1, 3, 0, kind, 2, 0, 1, 0];
                assert!(input(&[seed.to_vec()], &recipe).len() <= MAX_INPUT);
            }
        }
        assert_eq!(input(&[b"a seed".to_vec()], &[1, 0, 0, 1, 3, 0, 0, b'x']), b"a sxed");
        assert_eq!(input(&[b"a seed".to_vec()], &[1, 0, 0, 1, 3, 0, 3]), b"a s");
    }
}
