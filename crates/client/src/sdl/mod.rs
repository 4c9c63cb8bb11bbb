//! SDL version 2: the YAML file in which a tenant describes services, their resources and the price
//! offered for them.
//!
//! [`Sdl::parse`] reads a file and checks it whole; [`Sdl::groups`] gives what is ordered, one [`Group`]
//! for each placement; [`Sdl::manifests`] gives what a provider runs, one [`Manifest`] for each placement.
//!
//! 1. Whatever a provider or the chain would refuse or charge differently from what is written is an
//!    error here, with its line, its column, the path of the field, the rule and both values.
//! 2. No field is ignored: an unknown one is an error that names the nearest known one.
//! 3. Quantities are exact decimals. Resources round up to whole millicores and bytes, so a tenant gets at
//!    least what is written; prices round down to whole base units, so it never pays more.
//! 4. Input is bounded before it is read: bytes, depth, nodes with aliases expanded, entries of each list.

mod denom;
mod deployment;
mod error;
mod groups;
mod manifest;
mod model;
mod node;
mod order;
mod placement;
mod quantity;
mod read;
mod resources;
mod service;
mod validate;

#[cfg(test)]
mod tests;

pub use denom::{DenomMap, DenomMapError};
pub use error::{Rule, SdlError};
pub use groups::{DroppedAuditor, Endpoint, EndpointKind, ForeignAuditors, Group, Price, ResourceUnit};
pub use manifest::{Manifest, ManifestResources, ManifestService};
pub use model::{
    Cpu, Credentials, Deployment, EndpointSpec, Expose, ExposeTarget, Gpu, GpuModel, HttpOptions, Memory,
    Mount, Params, Placement, Pricing, Protocol, Resources, Sdl, Service, SignedBy, Storage, Version,
};
pub use order::{OrderError, OrderTerms};
pub use quantity::{bytes as parse_bytes, cpu_milli as parse_cpu_milli};

/// Largest file in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 24;
/// Most YAML nodes, each alias counted as everything it stands for.
pub const MAX_NODES: usize = 50_000;
/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 256;
/// Most entries of one list or mapping.
pub const MAX_ENTRIES: usize = 1_024;
/// Most replicas of a service in one placement.
pub const MAX_COUNT: u32 = 10_000;
/// Most millicores of one replica: 10,000 cores.
pub const MAX_CPU_MILLI: u64 = 10_000_000;
/// Most bytes of memory or of one volume: 1 PiB.
pub const MAX_QUANTITY_BYTES: u64 = 1 << 50;
/// Most volumes, GPU models or exposed ports of one service.
pub const MAX_ITEMS: usize = 16;
/// Most services of one placement.
pub const MAX_UNITS: usize = 64;
/// Longest name of a service, profile, placement, volume or endpoint in bytes.
pub const MAX_NAME_BYTES: usize = 64;
