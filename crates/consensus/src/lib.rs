//! The Commonware application, engine and epochs.
