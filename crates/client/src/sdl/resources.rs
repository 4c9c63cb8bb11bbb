//! The `profiles.compute` section.

use super::{
    MAX_COUNT, MAX_ITEMS, Rule, SdlError,
    model::{Cpu, Gpu, GpuModel, Memory, Resources, Storage},
    quantity,
    quantity::shown,
    read::Field,
};
use std::collections::BTreeMap;

/// Class of memory-backed volumes.
const CLASS_RAM: &str = "ram";
/// Class of persistent volumes that name none.
const CLASS_DEFAULT: &str = "default";
/// Name of a volume that has none.
const VOLUME_DEFAULT: &str = "default";

pub(super) fn read(field: &Field<'_>) -> Result<BTreeMap<String, Resources>, SdlError> {
    field
        .entries()?
        .into_iter()
        .map(|(name, field)| {
            let resources = field.fields(&["resources"])?.need("resources")?;
            Ok((field.name(name)?, read_resources(&resources)?))
        })
        .collect()
}

fn read_resources(field: &Field<'_>) -> Result<Resources, SdlError> {
    let fields = field.fields(&["cpu", "memory", "storage", "gpu"])?;
    let memory = fields.need("memory")?.fields(&["size"])?.need("size")?.quantity(quantity::bytes)?;
    Ok(Resources {
        cpu: read_cpu(&fields.need("cpu")?)?,
        memory: Memory { bytes: memory },
        storage: read_storage(&fields.need("storage")?)?,
        gpu: fields.get("gpu").map(|field| read_gpu(&field)).transpose()?.unwrap_or_default(),
    })
}

fn read_cpu(field: &Field<'_>) -> Result<Cpu, SdlError> {
    let fields = field.fields(&["units", "attributes"])?;
    let attributes = fields.get("attributes").map(|field| field.fields(&["arch"])).transpose()?;
    let arch = attributes.and_then(|attributes| attributes.get("arch"));
    let arch = arch.map(|arch| arch.filled("an architecture").map(str::to_owned)).transpose()?;
    Ok(Cpu { milli: fields.need("units")?.quantity(quantity::cpu_milli)?, arch })
}

/// Volumes: one mapping, or a list of them.
fn read_storage(field: &Field<'_>) -> Result<Vec<Storage>, SdlError> {
    let items = if field.is_list() { field.list(MAX_ITEMS)? } else { vec![field.clone()] };
    let mut names = BTreeMap::new();
    let mut volumes = Vec::with_capacity(items.len());
    for item in &items {
        let volume = read_volume(item)?;
        if let Some(first) = names.insert(volume.name.clone(), item.line()) {
            return Err(item.error(Rule::DuplicateKey { key: volume.name, first_line: first }));
        }
        volumes.push(volume);
    }
    Ok(volumes)
}

fn read_volume(field: &Field<'_>) -> Result<Storage, SdlError> {
    let fields = field.fields(&["name", "size", "attributes"])?;
    let name = match fields.get("name") {
        Some(name) if !name.text()?.is_empty() => name.name(name.text()?)?,
        _ => VOLUME_DEFAULT.to_owned(),
    };
    let bytes = fields.need("size")?.quantity(quantity::bytes)?;
    let Some(attributes) = fields.get("attributes") else {
        return Ok(Storage { name, bytes, class: String::new(), persistent: false });
    };
    let fields = attributes.fields(&["persistent", "class"])?;
    let persistent = fields.get("persistent").map(|field| field.truth()).transpose()?.unwrap_or_default();
    let class = fields.get("class").map(|class| class.name(class.text()?)).transpose()?;
    let class = match (class, persistent) {
        (None, false) => String::new(),
        (None, true) => CLASS_DEFAULT.to_owned(),
        (Some(class), true) if class == CLASS_RAM => return Err(attributes.error(Rule::RamPersistent)),
        (Some(class), false) if class != CLASS_RAM => {
            return Err(attributes.error(Rule::ClassEphemeral { class }));
        }
        (Some(class), _) => class,
    };
    Ok(Storage { name, bytes, class, persistent })
}

fn read_gpu(field: &Field<'_>) -> Result<Gpu, SdlError> {
    let fields = field.fields(&["units", "attributes"])?;
    let count = fields.get("units").map(|field| field.integer(0, MAX_COUNT)).transpose()?.unwrap_or(0);
    let attributes = fields.get("attributes").map(|field| field.fields(&["vendor"])).transpose()?;
    let vendors = match attributes.as_ref().and_then(|fields| fields.get("vendor")) {
        Some(vendor) => vendor.entries()?,
        None => Vec::new(),
    };
    match (vendors.as_slice(), count) {
        ([], 0) => Ok(Gpu::default()),
        ([], units) => Err(field.error(Rule::GpuVendor { units })),
        ([(vendor, place), ..], 0) => Err(place.error(Rule::GpuUnits { vendor: shown(vendor) })),
        ([(first, _), (second, place), ..], _) => {
            Err(place.error(Rule::GpuVendors { first: shown(first), second: shown(second) }))
        }
        ([(vendor, models)], count) => {
            let vendor = models.name(&vendor.to_ascii_lowercase())?;
            let models = models.list(MAX_ITEMS)?.iter().map(read_model).collect::<Result<_, _>>()?;
            Ok(Gpu { count, vendor, models })
        }
    }
}

fn read_model(field: &Field<'_>) -> Result<GpuModel, SdlError> {
    let fields = field.fields(&["model", "ram", "interface"])?;
    let model = match fields.get("model") {
        Some(model) if model.text()? != "*" => model.name(&model.text()?.to_ascii_lowercase())?,
        _ => "*".to_owned(),
    };
    let interface = match fields.get("interface") {
        None => None,
        Some(interface) => match interface.text()?.to_ascii_lowercase().as_str() {
            "pcie" => Some("pcie".to_owned()),
            "sxm" => Some("sxm".to_owned()),
            found => {
                return Err(interface.error(Rule::Choice { found: shown(found), allowed: "pcie, sxm" }));
            }
        },
    };
    let ram_bytes = fields.get("ram").map(|field| field.quantity(quantity::bytes)).transpose()?;
    Ok(GpuModel { model, ram_bytes, interface })
}
