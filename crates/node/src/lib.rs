//! Assembles a node: configuration, wiring, telemetry.
