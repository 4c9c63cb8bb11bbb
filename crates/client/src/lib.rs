//! Typed client of a node, and SDL files.
