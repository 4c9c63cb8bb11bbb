//! Scenarios: what is measured, each a module behind one trait.
//!
//! A scenario gets a network, puts a load on it and gives a [`RunResult`]. [`all`] lists them; a new one is a module
//! and a line there.

mod bottleneck;
mod degradation;
mod document;
mod figures;
mod held;
mod market;
mod measure;
mod options;
mod overload;
mod perform;
mod presign;
mod progress;
mod saturation;
mod session;
mod throughput;

pub use degradation::{Analysis, AnalysisError, Kept, Over};
pub use market::Market;
pub use options::{Options, OptionsError};
pub use overload::Overload;
pub use presign::{Presign, presign};
pub use progress::Progress;
pub use saturation::Search;
pub use throughput::Throughput;

use crate::result::RunResult;
use eyre::{Result, WrapErr as _};
use thiserror::Error;

/// Somebody ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Interrupted;

/// One kind of measurement.
pub trait Scenario {
    /// As `lab run` takes it and the document names it.
    fn name(&self) -> &'static str;

    /// What it measures, in a sentence.
    fn about(&self) -> &'static str;

    /// Settings that suit it, where they differ from the general ones.
    fn defaults(&self, options: &mut Options);

    /// What its size is: the setting that a degradation analysis raises unless told otherwise.
    fn size(&self) -> Over {
        Over::Size
    }

    /// Measures. Blocks until the network has stopped again.
    ///
    /// # Errors
    /// The network cannot be started or reached, or an option does not suit.
    fn run(&self, options: &Options, progress: &Progress) -> Result<RunResult>;
}

/// Every scenario, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn Scenario>> {
    vec![Box::new(Throughput), Box::new(Market), Box::new(Overload)]
}

/// The scenario of a name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<Box<dyn Scenario>> {
    let names: Vec<&str> = all().iter().map(|scenario| scenario.name()).collect();
    let unknown = || eyre::eyre!("there is no scenario {name:?}: choose one of {}", names.join(", "));
    all().into_iter().find(|scenario| scenario.name() == name).ok_or_else(unknown)
}

/// Runs a measurement on this thread alone; an interrupt ends it in order.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.wrap_err("failed to start the lab's thread")?.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            () = interrupted() => Err(Interrupted.into()),
        }
    })
}

/// Resolves on Ctrl-C and on SIGTERM, so that nodes and folders are not left behind.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        // Without handlers the signals end the process by themselves.
        _ => std::future::pending().await,
    }
}
