//! What each figure of a scenario should be, and whether it is.
//!
//! `baselines/scale.json` at the root of the tree holds cases. A case names a scenario, the parameters for which it
//! holds, and metrics with their targets. Of the cases that fit a result, the last that names a metric judges it; so
//! a general case comes first and special ones after it.
//!
//! A metric that is named and that the result lacks is critical, as is one in another unit: a gate that skips what it
//! cannot read passes everything.

mod case;
mod check;
#[cfg(test)]
mod tests;

pub use case::{Baselines, Case, Expected};
pub use check::{Check, Finding, Judged, Problem, check};
