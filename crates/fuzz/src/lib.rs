//! Fuzz targets of every decoder of outside bytes.
//!
//! Each module holds the targets of one kind of bytes. A [`Target`] has seeds that its decoder accepts and
//! a check that panics when a property is broken. `tests/decoders.rs` runs every target: on each of its
//! seeds, and on inputs that [`recipe::input`] makes of random bytes or of those of a coverage-guided engine.
//!
//! Properties, beyond never panicking:
//! 1. What a decoder accepts and encodes again is accepted again, and means the same.
//! 2. Where there is one encoding of a value, accepted bytes are that encoding.
//! 3. A decoder holds no more memory than a base and a stated multiple of its input ([`memory::bounded`]).

pub mod block;
pub mod chain;
pub mod config;
pub mod endorsement;
pub mod events;
pub mod gossip;
pub mod journal;
pub mod json;
pub mod keyring;
pub mod memory;
pub mod msg;
pub mod proof;
pub mod recipe;
pub mod rpc;
pub mod sample;
pub mod sdl;
pub mod text;
pub mod tx;

use std::panic::AssertUnwindSafe;

/// What a decoder said of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is one of the values decoded.
    Accepted,
    /// It is none, and the decoder said so.
    Refused,
}

impl Verdict {
    /// `Accepted` if there is a value.
    pub const fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Accepted } else { Self::Refused }
    }
}

/// A decoder under test.
pub struct Target {
    /// Inputs that are accepted, from which others are made.
    pub seeds: Vec<Vec<u8>>,
    check: AssertUnwindSafe<Box<dyn Fn(&[u8]) -> Verdict>>, // a panic ends the run, so nobody sees what it left
}

impl Target {
    /// A target of these seeds and this check.
    pub fn new(seeds: Vec<Vec<u8>>, check: impl Fn(&[u8]) -> Verdict + 'static) -> Self {
        Self { seeds, check: AssertUnwindSafe(Box::new(check)) }
    }

    /// Gives an input to the decoder.
    ///
    /// # Panics
    /// If a property is broken.
    pub fn check(&self, input: &[u8]) -> Verdict {
        (self.check)(input)
    }

    /// A target of texts: inputs that are not UTF-8 are refused before they come to the decoder.
    pub fn of_text(seeds: &[&str], check: impl Fn(&str) -> Verdict + 'static) -> Self {
        let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
        Self::new(seeds, move |input| std::str::from_utf8(input).map_or(Verdict::Refused, &check))
    }
}
