//! How many files and connections the system lets the process open.

use crate::NodeConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// Listeners that each take `api.max_connections`.
const LISTENERS: u64 = 4;
/// Files of the databases, and connections of peers and of strangers who try to be one.
const OWN: u64 = 2_048;

/// The system allows too few open files. The engine would stop at the first that it cannot open, so clients
/// could stop a node by connecting to it.
#[derive(Debug, Error)]
#[error(
    "the process may open {allowed} files, it needs {needed} for api.max_connections = {connections}: raise the limit \
     (`ulimit -Hn`, LimitNOFILE= of systemd) or lower that setting"
)]
pub struct FilesError {
    allowed: u64,
    needed: u64,
    connections: usize,
}

/// Raises the soft limit of open files to what the settings need.
///
/// # Errors
/// The hard limit is below that.
pub(crate) fn allow_files(config: &NodeConfig) -> Result<(), FilesError> {
    let connections = config.api.max_connections;
    let needed = (connections as u64).saturating_mul(LISTENERS).saturating_add(OWN);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|allowed| allowed >= needed) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|_| FilesError {
        allowed: limit.maximum.or(limit.current).unwrap_or(u64::MAX),
        needed,
        connections,
    })
}
