//! The network under load: processes that the lab starts, or nodes that run already.
//!
//! The lab does not link the engine. It starts the program as an operator would and talks to it over sockets.

mod endpoint;
mod local;
mod metrics;
mod process;
mod usage;

pub use endpoint::Endpoint;
pub use local::{LocalNetwork, MakeHomes, NodeHome, Plan};
pub(crate) use metrics::{Breakdown, Metrics};
pub(crate) use usage::{Usage, disk_busy_seconds, disk_bytes, thread_cpu_seconds};
