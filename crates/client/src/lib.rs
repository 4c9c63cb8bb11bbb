//! Typed client of a node, and SDL files.

pub mod sdl;
