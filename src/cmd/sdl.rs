//! `virtengine sdl`: SDL files.

use super::output::Output;
use clap::{Args, Subcommand};
use eyre::{Context as _, Result, eyre};
use serde_json::{Value, json};
use std::{
    io::Read as _,
    path::{Path, PathBuf},
};
use virtengine_client::sdl::{
    DenomMap, DroppedAuditor, ForeignAuditors, Group, MAX_BYTES, Manifest, OrderTerms, Sdl as File,
};
use virtengine_types::{
    Address,
    market::{OrderSpec, Selection},
    provider::Attribute,
};

#[derive(Subcommand)]
pub(super) enum Sdl {
    /// Check a file and show what it orders, without a node.
    Check {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        output: Output,
    },
}

/// A file and how it is read.
#[derive(Args)]
pub(super) struct Source {
    /// SDL file, version 2.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Read prices in another denomination as uve, one for one, such as uact=uve; repeatable.
    #[arg(long, value_name = "FROM=uve")]
    denom_map: Vec<String>,
    /// Drop demands for signatures of other networks' auditors, with a warning.
    #[arg(long)]
    ignore_signed_by: bool,
}

/// What one placement orders and what its provider runs.
pub(super) struct Placement {
    pub(super) group: Group,
    pub(super) manifest: Manifest,
}

impl Source {
    /// Reads and checks the file.
    pub(super) fn read(&self) -> Result<Vec<Placement>> {
        let failed = || format!("failed to read {}", self.file.display());
        let file = std::fs::File::open(&self.file).wrap_err_with(failed)?;
        let mut bytes = Vec::new();
        // One byte more than a file may have, so that a larger one is refused as such.
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).wrap_err_with(failed)?;
        let sdl = File::from_bytes(&bytes).map_err(|error| self.located(&error))?;
        let mut denoms = DenomMap::default();
        self.denom_map.iter().try_for_each(|mapping| denoms.insert(mapping))?;
        let foreign = if self.ignore_signed_by { ForeignAuditors::Drop } else { ForeignAuditors::Refuse };
        let groups = sdl.groups(&denoms, foreign).map_err(|error| self.located(&error))?;
        let mut manifests = sdl.manifests();
        let mut placements = Vec::with_capacity(groups.len());
        for group in groups {
            for DroppedAuditor { line, address } in &group.dropped_auditors {
                eprintln!(
                    "warning: line {line}: placement {:?} no longer demands the signature of {address}, an auditor of another network",
                    group.name
                );
            }
            let at = manifests.iter().position(|manifest| manifest.name == group.name);
            let at = at.ok_or_else(|| eyre!("placement {:?} runs no service", group.name))?;
            placements.push(Placement { group, manifest: manifests.swap_remove(at) });
        }
        Ok(placements)
    }

    fn located(&self, error: &impl std::fmt::Display) -> eyre::Report {
        eyre!("{}: {error}", self.file.display())
    }
}

impl Placement {
    /// The order of this placement.
    pub(super) fn order(&self, bid_window: u64, selection: Selection) -> Result<OrderSpec> {
        let terms = OrderTerms {
            bid_window,
            selection,
            minimum_identity_tier: 0,
            manifest_hash: Some(self.manifest.hash()?),
        };
        Ok(self.group.order_spec(&terms)?)
    }
}

impl Sdl {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Check { source, output } => {
                let placements = source.read()?;
                let records = placements.iter().map(record).collect::<Result<Vec<_>>>()?;
                let answer = json!({"file": shown(&source.file), "valid": true, "placements": records});
                let mut columns = vec![
                    ("placement", "name"),
                    ("services", "services"),
                    ("class", "class"),
                    ("region", "region"),
                    ("cpu (cores)", "cpu_cores"),
                    ("memory (bytes)", "memory_bytes"),
                    ("storage (bytes)", "storage_bytes"),
                    ("gpus", "gpus"),
                    ("ceiling / block", "max_price"),
                ];
                let demands = [
                    ("attributes", "attributes"),
                    ("signed by any", "signed_by_any"),
                    ("signed by all", "signed_by_all"),
                ];
                let is_made = |(_, field): &(&str, &str)| {
                    records.iter().any(|record| record[field].as_array().is_some_and(|list| !list.is_empty()))
                };
                columns.extend(demands.into_iter().filter(is_made));
                output.list(&answer, "placements", &columns)?;
                if !output.is_json() {
                    eprintln!("{} is valid", source.file.display());
                }
                Ok(())
            }
        }
    }
}

/// A placement in short: sums over its replicas.
pub(super) fn record(placement: &Placement) -> Result<Value> {
    let spec = placement.order(1, Selection::Manual)?;
    let sum = |of: &dyn Fn(&virtengine_types::market::ResourceUnit) -> u64| {
        let total =
            spec.resources.iter().map(|unit| u128::from(of(unit)) * u128::from(unit.count)).sum::<u128>();
        total.to_string()
    };
    let milli: u128 =
        spec.resources.iter().map(|unit| u128::from(unit.cpu_milli) * u128::from(unit.count)).sum();
    let attribute = |wish: &Attribute| json!({"key": wish.key, "value": wish.value});
    let texts = |auditors: &[Address]| auditors.iter().map(ToString::to_string).collect::<Vec<_>>();
    let services: Vec<&str> = placement.group.resources.iter().map(|unit| unit.service.as_str()).collect();
    Ok(json!({
        "name": placement.group.name,
        "services": services,
        "class": spec.class(),
        "region": spec.region,
        "attributes": spec.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "signed_by_any": texts(&spec.signed_by_any),
        "signed_by_all": texts(&spec.signed_by_all),
        "cpu_cores": format!("{}.{:03}", milli / 1000, milli % 1000),
        "memory_bytes": sum(&|unit| unit.memory_bytes),
        "storage_bytes": sum(&|unit| unit.storage.iter().map(|volume| volume.bytes).sum()),
        "gpus": sum(&|unit| unit.gpu.count.into()),
        "max_price": {"denom": "uve", "amount": spec.max_price.to_string()},
        "manifest_hash": hex::encode(placement.manifest.hash()?),
    }))
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_placement_demands_of_its_provider_is_shown() {
        let auditor = Address([7; 20]).to_string();
        let demands =
            format!("attributes: {{host: akash}}\n      signedBy: {{anyOf: [{auditor}]}}\n      pricing:");
        let text = include_str!("../../examples/web.yml").replace("pricing:", &demands);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("web.yml");
        std::fs::write(&file, text).unwrap();
        let source = Source { file, denom_map: Vec::new(), ignore_signed_by: false };
        let record = record(&source.read().unwrap()[0]).unwrap();
        assert_eq!(record["attributes"], json!([{"key": "host", "value": "akash"}]));
        assert_eq!((&record["signed_by_any"], &record["signed_by_all"]), (&json!([auditor]), &json!([])));
    }
}
