//! What a provider runs: one manifest for each placement.

use super::{
    Sdl,
    model::{Credentials, Expose, Gpu, Mount, Storage},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Everything that one provider runs. It goes to the provider alone: it may hold passwords.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The placement.
    pub name: String,
    /// The services, by name.
    pub services: Vec<ManifestService>,
}

/// One service as a provider runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestService {
    /// The service.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Replaces the image's entry point; empty keeps it.
    pub command: Vec<String>,
    /// Arguments of the command.
    pub args: Vec<String>,
    /// Variables as `NAME=value`.
    pub env: Vec<String>,
    /// Ports that others may reach, in the file's order.
    pub expose: Vec<Expose>,
    /// Where volumes are seen, by volume.
    pub mounts: BTreeMap<String, Mount>,
    /// What of its own lease the service may read.
    pub permissions: Vec<String>,
    /// What one replica gets.
    pub resources: ManifestResources,
    /// Services that must run first, sorted.
    pub dependencies: Vec<String>,
    /// Login to the image's registry.
    pub credentials: Option<Credentials>,
    /// Replicas.
    pub count: u32,
}

/// What one replica gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestResources {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Volumes.
    pub storage: Vec<Storage>,
    /// Graphics cards.
    pub gpu: Gpu,
}

impl Manifest {
    /// The canonical bytes: compact JSON, fields as declared, maps sorted by key.
    ///
    /// # Errors
    /// - never for a value made by [`Sdl::manifests`]: all its keys are text and its numbers integers
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// SHA-256 of the canonical bytes, as an order names it.
    ///
    /// # Errors
    /// - as [`Manifest::to_json`]
    pub fn hash(&self) -> Result<[u8; 32], serde_json::Error> {
        Ok(Sha256::digest(self.to_json()?).into())
    }
}

impl Sdl {
    /// What each placement's provider runs, by placement name.
    #[must_use]
    pub fn manifests(&self) -> Vec<Manifest> {
        let mut manifests: BTreeMap<&str, Vec<ManifestService>> = BTreeMap::new();
        for (name, placements) in &self.deployment {
            for (placement, deployment) in placements {
                let (Some(service), Some(resources)) =
                    (self.services.get(name), self.compute.get(&deployment.profile))
                else {
                    continue;
                };
                manifests.entry(placement).or_default().push(ManifestService {
                    name: name.clone(),
                    image: service.image.clone(),
                    command: service.command.clone(),
                    args: service.args.clone(),
                    env: service.env.clone(),
                    expose: service.expose.clone(),
                    mounts: service.params.storage.clone(),
                    permissions: service.params.permissions.clone(),
                    resources: ManifestResources {
                        cpu_milli: resources.cpu.milli,
                        memory_bytes: resources.memory.bytes,
                        storage: resources.storage.clone(),
                        gpu: resources.gpu.clone(),
                    },
                    dependencies: service.dependencies.clone(),
                    credentials: service.credentials.clone(),
                    count: deployment.count,
                });
            }
        }
        manifests.into_iter().map(|(name, services)| Manifest { name: name.to_owned(), services }).collect()
    }
}
