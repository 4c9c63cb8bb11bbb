//! The scale lab: what a measurement is, what it should be, and how it is shown.
//!
//! A [`scenario`] puts a load on a network and gives a [`result::RunResult`]; the rest is made from it, as a function of
//! files.
//!
//! - [`scenario`] - what is measured, each a module behind one trait
//! - [`load`] - signed transactions on a schedule that waits for nothing, timed until they are final
//! - [`network`] - the nodes under load: processes that are started, or nodes that run already
//! - [`mod@result`] - the document of a run, read and written under bounds
//! - [`statistics`] - percentiles, scatter, and the laws fitted to several sizes
//! - [`baseline`] - targets and stored figures, and the verdicts on a result
//! - [`mod@compare`] - two results, and whether their difference is more than noise
//! - [`report`] - one page of HTML from many results

pub mod baseline;
pub mod compare;
mod format;
pub mod load;
pub mod network;
pub mod report;
pub mod result;
mod scaling;
pub mod scenario;
pub mod statistics;
