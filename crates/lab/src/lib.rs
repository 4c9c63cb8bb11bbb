//! The scale lab: what a measurement is, what it should be, and how it is shown.
//!
//! Everything here is a function of files: no network and, but for describing the machine, no system. Scenarios and
//! the load that they put on a node give a [`result::RunResult`]; the rest is made from it.
//!
//! - [`mod@result`] - the document of a run, read and written under bounds
//! - [`statistics`] - percentiles, scatter, and the laws fitted to several sizes
//! - [`baseline`] - targets and stored figures, and the verdicts on a result
//! - [`mod@compare`] - two results, and whether their difference is more than noise
//! - [`report`] - one page of HTML from many results

pub mod baseline;
pub mod compare;
mod format;
pub mod report;
pub mod result;
pub mod statistics;
