//! Operations of the market through the executor.

pub(crate) mod fixture;
mod hints;
mod lifecycle;
mod property;
mod rejects;
