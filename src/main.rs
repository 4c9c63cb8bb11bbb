//! The `virtengine` program.
fn main() {}
