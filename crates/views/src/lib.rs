//! Secondary indexes in memory, derived from finalized writes.
