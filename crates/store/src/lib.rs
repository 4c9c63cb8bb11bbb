//! Authenticated partitions on disk, proofs and state sync.
