//! How much the allocator has given out. The program chooses jemalloc, and so do the tests here.

use tikv_jemalloc_ctl::{epoch, stats};

/// Bytes that are allocated and not freed; less than what is resident, of which the allocator keeps some for later.
/// `None` if it does not tell.
pub(super) fn allocated_bytes() -> Option<u64> {
    // What is read is as old as the last advance.
    epoch::advance().ok()?;
    Some(stats::allocated::read().ok()? as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

    #[test]
    fn what_is_allocated_counts_until_it_is_freed() {
        const BYTES: u64 = 256 << 20;
        let before = allocated_bytes().unwrap();
        let block = vec![1u8; BYTES as usize];
        let with = allocated_bytes().unwrap();
        assert!(block.iter().step_by(4096).all(|byte| *byte == 1));
        drop(block);
        // Other tests allocate meanwhile, much less than the block.
        let after = allocated_bytes().unwrap();
        assert!(with > before + BYTES / 2, "{before} then {with}");
        assert!(after < with - BYTES / 2, "{with} then {after}");
    }
}
