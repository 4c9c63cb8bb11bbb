//! Where a run was measured.

use serde::{Deserialize, Serialize};
use std::{fs, io, num::NonZero, thread};
use thiserror::Error;

use super::{Rejected, check_text, rules::check_range, rules::clean};

/// What decides how fast a machine can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that the process may use, which can be fewer than the machine has.
    pub cores: u32,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// Kernel, its release, and the architecture.
    pub os: String,
}

/// Why the machine cannot be described.
#[derive(Debug, Error)]
pub enum MachineError {
    /// A file of the system cannot be read.
    #[error("cannot read {path}: {cause}; the lab describes Linux machines")]
    Unreadable {
        /// The file.
        path: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of the system lacks what is looked for.
    #[error("{path} has no line {line:?}")]
    Missing {
        /// The file.
        path: &'static str,
        /// How the line begins.
        line: &'static str,
    },
}

impl Machine {
    /// This machine, from `/proc`.
    ///
    /// # Errors
    /// - `Unreadable` - no such file, as on other systems than Linux
    /// - `Missing` - `/proc/meminfo` does not give the memory
    pub fn read() -> Result<Self, MachineError> {
        let os = format!(
            "{} {} {}",
            read("/proc/sys/kernel/ostype")?.trim(),
            read("/proc/sys/kernel/osrelease")?.trim(),
            std::env::consts::ARCH
        );
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self::describe(&read("/proc/cpuinfo")?, &read("/proc/meminfo")?, cores, &os)
    }

    /// A machine from the text of `/proc/cpuinfo` and `/proc/meminfo`. A processor without a name, as in some
    /// virtual machines, is `unknown`.
    ///
    /// # Errors
    /// - `Missing` - `meminfo` does not give the memory
    pub fn describe(cpuinfo: &str, meminfo: &str, cores: usize, os: &str) -> Result<Self, MachineError> {
        let cpu = ["model name", "Model", "cpu model"]
            .iter()
            .find_map(|key| field(cpuinfo, key))
            .unwrap_or("unknown");
        let memory_bytes = field(meminfo, "MemTotal")
            .and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
            .and_then(|kibibytes| kibibytes.checked_mul(1024))
            .ok_or(MachineError::Missing { path: "/proc/meminfo", line: "MemTotal" })?;
        let cores = u32::try_from(cores).unwrap_or(u32::MAX);
        Ok(Self { cpu: clean(cpu, 120), cores, memory_bytes, os: clean(os, 120) })
    }

    pub(super) fn validate(&self) -> Result<(), Rejected> {
        check_text("cpu", &self.cpu)?;
        check_text("os", &self.os)?;
        check_range("cores", f64::from(self.cores), 1.0, 100_000.0)
    }
}

fn read(path: &'static str) -> Result<String, MachineError> {
    fs::read_to_string(path).map_err(|cause| MachineError::Unreadable { path, cause })
}

/// The value of the first line `key : value`.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, v)| v.trim())
}
