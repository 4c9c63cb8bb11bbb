//! The state transition: a block in, an outcome out; pure.
