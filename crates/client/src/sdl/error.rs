//! What can be wrong with a file, and where.

use std::fmt;
use thiserror::Error;
use virtengine_types::address::AddressError;

/// A broken rule with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct SdlError {
    /// Line of the offending value, counted from 1; 0 if the file has no such place.
    pub line: usize,
    /// Column of the offending value in characters, counted from 1; 0 if not known.
    pub column: usize,
    /// The field, such as `services.web.expose[0].port`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub rule: Box<Rule>,
}

impl fmt::Display for SdlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => {}
            (line, 0) => write!(f, "line {line}: ")?,
            (line, column) => write!(f, "line {line}, column {column}: ")?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.rule.fmt(f)
    }
}

/// The rule that a file breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rule {
    /// More bytes than are read.
    #[error("the file has {found} bytes, at most {max} are read")]
    TooLarge {
        /// Bytes of the file.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// Not text.
    #[error("byte {offset} is not UTF-8 text")]
    NotUtf8 {
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// Not YAML.
    #[error("not valid YAML: {detail}")]
    Syntax {
        /// What the YAML parser found.
        detail: String,
    },
    /// Nothing in the file.
    #[error("the file is empty; it needs version, services, profiles and deployment")]
    Empty,
    /// More than one YAML document.
    #[error("a second YAML document begins here; a file holds one deployment")]
    SecondDocument,
    /// Nested too deeply.
    #[error("nested {found} deep, at most {max} are allowed")]
    TooDeep {
        /// Depth reached.
        found: usize,
        /// Deepest allowed.
        max: usize,
    },
    /// Too many nodes once aliases are expanded.
    #[error("aliases and values expand to over {max} nodes (at least {found})")]
    TooManyNodes {
        /// Nodes counted when reading stopped.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// A list or mapping is too long.
    #[error("{found} entries, at most {max} are allowed")]
    TooMany {
        /// Entries found.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// A YAML tag that has no meaning here.
    #[error("the tag {tag} has no meaning here")]
    Tag {
        /// The tag.
        tag: String,
    },
    /// A list or a mapping in the place of a key.
    #[error("a key must be text, not a {found}")]
    Key {
        /// What it is.
        found: &'static str,
    },
    /// A key that is too long.
    #[error("a key of {found} bytes, at most {max} are allowed")]
    KeyTooLong {
        /// Bytes of the key.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// A key occurs twice.
    #[error("{key:?} is given twice, first on line {first_line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Line of the first.
        first_line: usize,
    },
    /// `<<` with something that cannot be merged.
    #[error("<< merges a mapping or a list of mappings, not a {found}")]
    Merge {
        /// What it is.
        found: &'static str,
    },
    /// A field that the format does not have.
    #[error("unknown field {found:?}{}; known: {known}", hint(suggestion))]
    UnknownField {
        /// The field.
        found: String,
        /// The nearest known field, if one is near.
        suggestion: Option<String>,
        /// All known fields.
        known: String,
    },
    /// A required field is absent.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// A value of another kind.
    #[error("expected {expected}, got {found}")]
    Kind {
        /// What is needed.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Text that must not be empty is.
    #[error("expected {expected}, got an empty text")]
    EmptyText {
        /// What is needed.
        expected: &'static str,
    },
    /// Not a port.
    #[error("{found} is not a port (1-65535)")]
    Port {
        /// As written.
        found: String,
    },
    /// A whole number out of its range.
    #[error("{found} is not a whole number from {min} to {max}")]
    Integer {
        /// As written.
        found: String,
        /// Least allowed.
        min: u64,
        /// Most allowed.
        max: u64,
    },
    /// Not a truth value.
    #[error("{found:?} is neither true nor false")]
    Bool {
        /// As written.
        found: String,
    },
    /// Not one of the words allowed.
    #[error("{found:?} is not one of: {allowed}")]
    Choice {
        /// As written.
        found: String,
        /// The words.
        allowed: &'static str,
    },
    /// Not a quantity.
    #[error("{found:?} is not {what}")]
    Quantity {
        /// As written.
        found: String,
        /// What it should be, with an example.
        what: &'static str,
    },
    /// A quantity out of its range.
    #[error("{found:?} is not from {min} to {max} {unit}")]
    QuantityRange {
        /// As written.
        found: String,
        /// Least allowed.
        min: u128,
        /// Most allowed.
        max: u128,
        /// What is counted.
        unit: &'static str,
    },
    /// Not a name.
    #[error("{found:?} is not a name: {allowed}")]
    Name {
        /// As written.
        found: String,
        /// What a name is here.
        allowed: &'static str,
    },
    /// A host name that cannot be one.
    #[error("{found:?} is not a host name")]
    Host {
        /// As written.
        found: String,
    },
    /// A host name claimed twice.
    #[error("the host name {host:?} is already taken by {first}")]
    DuplicateHost {
        /// The host name.
        host: String,
        /// Path of the first claim.
        first: String,
    },
    /// A variable that is not `NAME=value`.
    #[error("{found:?} is not NAME=value")]
    Variable {
        /// As written, up to the first `=`.
        found: String,
    },
    /// Names something that the file does not define.
    #[error("no {what} is called {found:?}{}", hint(suggestion))]
    Reference {
        /// What is meant.
        what: &'static str,
        /// The name used.
        found: String,
        /// The nearest defined name, if one is near.
        suggestion: Option<String>,
    },
    /// Defined and never used, so that the tenant would not get what the file seems to ask.
    #[error("the {what} {name:?} is declared but never used")]
    Unused {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// An address for something that is not public.
    #[error("ip {ip:?} needs global: true in the same entry, got global: false")]
    IpNotGlobal {
        /// The endpoint.
        ip: String,
    },
    /// An entry of `to` that opens nothing.
    #[error("needs global: true or a service; it opens nothing")]
    NoTarget,
    /// Both a service and the world in one entry.
    #[error("names service {service:?} and global: true; use two entries")]
    TwoTargets {
        /// The service.
        service: String,
    },
    /// One port of one entrance given to two.
    #[error("port {port}/{protocol} of {entrance} is already taken by {first}")]
    PortTaken {
        /// The port.
        port: u16,
        /// `tcp` or `udp`.
        protocol: &'static str,
        /// The address or service whose port it is.
        entrance: String,
        /// Path of the first.
        first: String,
    },
    /// `off` beside other cases.
    #[error("off stands alone, got {found}")]
    CaseOff {
        /// The cases.
        found: String,
    },
    /// Not an absolute path.
    #[error("{found:?} is not an absolute path; it must begin with /")]
    MountPath {
        /// As written.
        found: String,
    },
    /// Two volumes in one place.
    #[error("{mount:?} is already the mount of volume {first:?}")]
    MountTaken {
        /// The path.
        mount: String,
        /// The other volume.
        first: String,
    },
    /// A persistent volume that the service would not see.
    #[error("volume {volume:?} is persistent and needs {expected} to say where service {service:?} sees it")]
    NotMounted {
        /// The volume.
        volume: String,
        /// The service.
        service: String,
        /// The field needed.
        expected: String,
    },
    /// Memory that should outlive the container.
    #[error("class ram cannot have persistent: true")]
    RamPersistent,
    /// A class for storage that is not persistent.
    #[error("class {class:?} needs persistent: true, got false")]
    ClassEphemeral {
        /// The class.
        class: String,
    },
    /// Cards without a vendor.
    #[error("units: {units} needs attributes.vendor, such as vendor: {{nvidia: [{{model: a100}}]}}")]
    GpuVendor {
        /// Cards wanted.
        units: u32,
    },
    /// Card attributes without cards.
    #[error("attributes name vendor {vendor:?} but units is 0")]
    GpuUnits {
        /// The vendor.
        vendor: String,
    },
    /// Cards of two vendors in one profile.
    #[error("one profile takes cards of one vendor, got {first:?} and {second:?}")]
    GpuVendors {
        /// The first.
        first: String,
        /// The second.
        second: String,
    },
    /// Two services of one placement need providers that differ.
    #[error("placement {placement:?} would need {key}={first} and {key}={second} of one provider")]
    Conflict {
        /// The placement.
        placement: String,
        /// The attribute.
        key: String,
        /// Its value for an earlier service or the placement.
        first: String,
        /// Its value here.
        second: String,
    },
    /// Services that wait for each other.
    #[error("services wait for each other: {cycle}")]
    DependencyCycle {
        /// The services in order, the first again at the end.
        cycle: String,
    },
    /// A denomination that is neither the base one nor mapped to it.
    #[error(
        "the price is in {found:?}, the market takes {base:?}; read it one for one with --denom-map {found}={base}"
    )]
    Denom {
        /// As written.
        found: String,
        /// What the market takes.
        base: &'static str,
    },
    /// An auditor that is no account of this network.
    #[error("{found:?} is no account of this network ({source}){advice}")]
    Auditor {
        /// As written.
        found: String,
        /// What is wrong with it.
        source: AddressError,
        /// What to do, beginning with a comma; empty for a mistyped account.
        advice: &'static str,
    },
    /// A price below one base unit.
    #[error("{found:?} is below 1 base unit per block for each replica")]
    PriceTooLow {
        /// As written.
        found: String,
    },
    /// A price that does not fit.
    #[error("{price} x {count} replicas exceeds 2^128 - 1")]
    PriceOverflow {
        /// Price of one replica.
        price: u128,
        /// Replicas.
        count: u32,
    },
    /// Part of the format that this network does not have.
    #[error("{feature} is not supported by this network; remove it")]
    Unsupported {
        /// The field.
        feature: &'static str,
    },
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

/// The candidate nearest to `word`, if it is near enough to be meant: at most a third of its letters differ.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let fold = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let word = fold(&word.chars().take(64).collect::<String>());
    candidates
        .into_iter()
        .take(256)
        .map(|candidate| (distance(&word, &fold(candidate)), candidate))
        .min()
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(3))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Letters to insert, delete, replace or swap with the next to get from one word to the other.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(a != b);
            let mut best = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}
