//! The memory of this process, as the system counts it.

/// In bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// Resident memory that no file backs: what is allocated, what the allocator keeps for later, and stacks.
    pub(super) heap_bytes: u64,
    /// All resident memory.
    pub(super) resident_bytes: u64,
    /// The most that was resident.
    pub(super) peak_bytes: u64,
}

impl Memory {
    /// Of this process; `None` where the system has no `/proc`.
    pub(super) fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/self/status").ok()?)
    }

    pub(super) fn parse(status: &str) -> Option<Self> {
        let bytes = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
        };
        Some(Self {
            heap_bytes: bytes("RssAnon")?,
            resident_bytes: bytes("VmRSS")?,
            peak_bytes: bytes("VmHWM")?,
        })
    }
}
