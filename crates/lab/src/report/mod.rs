//! One page of HTML from many results.
//!
//! The page is one file that asks for nothing: style and charts are in it, and its policy forbids scripts and requests.
//! What results say is text from elsewhere, so every bit of it is escaped. It reads from verdicts to figures to charts
//! to tables, in one column on a phone, in light and dark, and on paper.

mod chart;
mod charts;
mod figure;
mod page;
mod run;
mod scaling;
mod tables;
#[cfg(test)]
mod tests;

pub use page::page;

use thiserror::Error;

/// Most results on one page, so that a phone can show it.
pub const MAX_RESULTS: usize = 100;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReportError {
    /// Nothing to report.
    #[error("a report needs at least one result")]
    Empty,
    /// Too many results.
    #[error("{found} results were given; a report holds at most {max}")]
    TooMany {
        /// How many.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// The chart library refused.
    #[error("cannot draw the chart {title:?}: {cause}")]
    Draw {
        /// The chart.
        title: String,
        /// What the library says.
        cause: String,
    },
}
