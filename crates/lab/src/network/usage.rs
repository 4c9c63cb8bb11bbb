//! What processes and threads use, from `/proc`.

use eyre::{Context as _, OptionExt as _, Result};
use std::{fs, path::Path};

/// Scheduler ticks a second in `/proc`, the same on every Linux.
const TICKS: f64 = 100.0;

/// What a process has used since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Resident memory at this moment.
    pub(crate) rss_bytes: u64,
    /// The most that it was.
    pub(crate) peak_rss_bytes: u64,
    /// On all cores, user and system.
    pub(crate) cpu_seconds: f64,
    /// Given to disks.
    pub(crate) written_bytes: u64,
    /// Calls that write.
    pub(crate) write_calls: u64,
}

impl Usage {
    /// Of a process of this user.
    ///
    /// # Errors
    /// It has ended, or the system has no `/proc`.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let folder = format!("/proc/{pid}");
        let file = |name: &str| {
            fs::read_to_string(format!("{folder}/{name}"))
                .wrap_err_with(|| format!("failed to read {folder}/{name}"))
        };
        // Some systems do not count what processes write.
        let io = file("io").unwrap_or_default();
        Self::read(&file("status")?, &file("stat")?, &io)
    }

    fn read(status: &str, stat: &str, io: &str) -> Result<Self> {
        let kibibytes = |name| field(status, name).map(|kibibytes| kibibytes * 1024);
        Ok(Self {
            rss_bytes: kibibytes("VmRSS").ok_or_eyre("no VmRSS in the status of a process")?,
            peak_rss_bytes: kibibytes("VmHWM").ok_or_eyre("no VmHWM in the status of a process")?,
            cpu_seconds: cpu(stat)?,
            written_bytes: field(io, "write_bytes").unwrap_or(0),
            write_calls: field(io, "syscw").unwrap_or(0),
        })
    }
}

/// Seconds of a core that the calling thread has used.
///
/// # Errors
/// The system has no `/proc`.
pub(crate) fn thread_cpu_seconds() -> Result<f64> {
    let path = "/proc/thread-self/stat";
    cpu(&fs::read_to_string(path).wrap_err_with(|| format!("failed to read {path}"))?)
}

/// Seconds since the start of the system in which the disk of a folder had something to do; none if the system does not
/// count that.
pub(crate) fn disk_busy_seconds(folder: &Path) -> Option<f64> {
    use std::os::unix::fs::MetadataExt as _;
    let device = fs::metadata(folder).ok()?.dev();
    disk_busy(
        &fs::read_to_string("/proc/diskstats").ok()?,
        rustix::fs::major(device),
        rustix::fs::minor(device),
    )
}

/// The same in the lines of `diskstats`: a major and a minor number, a name, and counters of which the tenth is it in
/// milliseconds.
fn disk_busy(lines: &str, major: u32, minor: u32) -> Option<f64> {
    lines.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let mut number = || fields.next()?.parse::<u32>().ok();
        if (number()?, number()?) != (major, minor) {
            return None;
        }
        Some(fields.nth(10)?.parse::<f64>().ok()? / 1_000.0)
    })
}

/// Bytes that the files below a folder take on the disk. Files that vanish meanwhile count as nothing.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

/// The first number behind `name:`.
fn field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// User and system time in a line of `stat`.
fn cpu(stat: &str) -> Result<f64> {
    // The name in brackets may hold anything, so fields are counted from its end.
    let (_, after) = stat.rsplit_once(')').ok_or_eyre("no name in the stat of a process")?;
    let mut fields = after.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    let total = ticks().zip(ticks()).map(|(user, system)| user + system);
    Ok(total.ok_or_eyre("no times in the stat of a process")? / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_system_writes() {
        let status = "Name:\tvirtengine\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0";
        let io = "rchar: 5\nsyscw: 9\nread_bytes: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 3\n";
        let usage = Usage::read(status, stat, io).unwrap();
        assert_eq!((usage.rss_bytes, usage.peak_rss_bytes), (1 << 20, 2 << 20));
        assert_eq!((usage.cpu_seconds, usage.written_bytes, usage.write_calls), (2.0, 4096, 9));
        assert!(Usage::read("", stat, io).is_err() && Usage::read(status, "7 (a", io).is_err());
    }

    #[test]
    fn the_disk_of_a_folder_is_found_by_its_numbers() {
        let lines =
            "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n 254       0 vda 33 9 5 8 21 1 4 6 0 1500 15 1 1\n";
        assert_eq!(disk_busy(lines, 254, 0), Some(1.5));
        assert_eq!((disk_busy(lines, 254, 1), disk_busy("nonsense\n", 0, 0)), (None, None));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss_bytes > 0 && usage.peak_rss_bytes >= usage.rss_bytes);
        assert!(thread_cpu_seconds().unwrap() >= 0.0);
    }
}
