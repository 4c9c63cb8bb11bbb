//! CometBFT JSON-RPC, gRPC, REST and WebSocket over one router.
//!
//! A method is written once, as a function from its request message to its response message, and listed
//! once, in the table of its service ([`cosmos`], [`virtengine`]). The [`Router`] answers it under its gRPC
//! path, under its REST paths and through `abci_query`. CometBFT's own JSON-RPC is [`comet`].

pub mod backend;
pub mod comet;
mod config;
mod context;
mod cosmos;
mod grpc;
mod json;
mod rest;
mod router;
pub mod server;
mod status;
#[cfg(test)]
mod tests;
mod virtengine;

pub use config::{Config, ConfigError};
pub use context::Context;
pub use grpc::grpc_app;
pub use json::{JsonError, from_json, to_json};
pub use rest::rest_app;
pub use router::Router;
pub use status::{Code, Status};
