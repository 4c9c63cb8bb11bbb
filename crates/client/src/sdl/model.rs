//! A file as types: everything resolved that needs only the field itself.

use super::{
    Rule, SdlError, deployment, node,
    node::Place,
    placement,
    read::{Field, Seen},
    resources, service,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// A deployment as its author wrote it. Maps are sorted by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sdl {
    /// Version of the format.
    pub version: Version,
    /// What can run, by service.
    pub services: BTreeMap<String, Service>,
    /// What one replica needs, by compute profile.
    pub compute: BTreeMap<String, Resources>,
    /// Where and at what price, by placement.
    pub placement: BTreeMap<String, Placement>,
    /// What runs: by service and then placement.
    pub deployment: BTreeMap<String, BTreeMap<String, Deployment>>,
    /// Addresses to lease, by name.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointSpec>,
    /// Where each field stands in the file; empty if it did not come from one.
    #[serde(skip)]
    pub(super) places: Places,
}

impl Sdl {
    /// Reads a file and checks it whole.
    ///
    /// # Errors
    /// The first broken rule, with its place; see [`Rule`].
    pub fn parse(text: &str) -> Result<Self, SdlError> {
        let root = node::load(text)?;
        let seen = Seen::default();
        let known = ["version", "services", "profiles", "deployment", "endpoints"];
        let fields = Field::root(&root, &seen).fields_without(&["include", "reclamation"], &known)?;
        let version = Version::read(&fields.need("version")?)?;
        let services = service::read(&fields.need("services")?)?;
        let profiles = fields.need("profiles")?.fields(&["compute", "placement"])?;
        let compute = resources::read(&profiles.need("compute")?)?;
        let placement = placement::read(&profiles.need("placement")?)?;
        let deployment = deployment::read(&fields.need("deployment")?)?;
        let endpoints =
            fields.get("endpoints").map(|field| deployment::read_endpoints(&field)).transpose()?;
        let endpoints = endpoints.unwrap_or_default();
        let places = Places::default();
        let mut sdl = Self { version, services, compute, placement, deployment, endpoints, places };
        drop(profiles);
        drop(fields);
        sdl.places = seen.into_places();
        sdl.validate()?;
        Ok(sdl)
    }

    /// Reads the bytes of a file and checks it whole.
    ///
    /// # Errors
    /// - `TooLarge` - more than [`super::MAX_BYTES`]
    /// - `NotUtf8` - not text
    /// - what [`Sdl::parse`] says
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SdlError> {
        if bytes.len() > super::MAX_BYTES {
            let rule = Rule::TooLarge { found: bytes.len(), max: super::MAX_BYTES };
            return Err(Place::default().error("", rule));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let offset = error.valid_up_to();
            let line = bytes.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1;
            Place { line, column: 0 }.error("", Rule::NotUtf8 { offset })
        })?;
        Self::parse(text)
    }

    /// A broken rule at a field, placed where the field or the nearest field around it stands.
    pub(super) fn error(&self, path: &str, rule: Rule) -> SdlError {
        self.places.of(path).error(path, rule)
    }

    /// The line of a field; 0 if the file has no such place.
    pub(super) fn line(&self, path: &str) -> usize {
        self.places.of(path).line
    }
}

/// Places of fields by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places(pub(super) BTreeMap<String, Place>);

impl Places {
    fn of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = path.get(..end).unwrap_or_default(),
                None => return Place::default(),
            }
        }
    }
}

/// Version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// The first with compute profiles.
    #[serde(rename = "2.0")]
    V2_0,
    /// The same fields; leased addresses are numbered by name.
    #[serde(rename = "2.1")]
    V2_1,
}

impl Version {
    fn read(field: &Field<'_>) -> Result<Self, SdlError> {
        match field.text()? {
            "2.0" | "2" => Ok(Self::V2_0),
            "2.1" => Ok(Self::V2_1),
            found => {
                let found = super::quantity::shown(found);
                Err(field.error(Rule::Choice { found, allowed: "2.0, 2.1" }))
            }
        }
    }
}

/// A container and how it is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Image reference.
    pub image: String,
    /// Replaces the image's entry point; empty keeps it.
    #[serde(default)]
    pub command: Vec<String>,
    /// Arguments of the command.
    #[serde(default)]
    pub args: Vec<String>,
    /// Variables as `NAME=value`.
    #[serde(default)]
    pub env: Vec<String>,
    /// Ports that others may reach.
    #[serde(default)]
    pub expose: Vec<Expose>,
    /// Services that must run first, sorted.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// Mounts and permissions.
    #[serde(default)]
    pub params: Params,
    /// Login to the image's registry.
    #[serde(default)]
    pub credentials: Option<Credentials>,
}

/// A port and who may reach it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expose {
    /// Port in the container.
    pub port: u16,
    /// Port that others use.
    #[serde(rename = "as")]
    pub external_port: u16,
    /// Transport.
    pub proto: Protocol,
    /// Who may reach it; empty for the services of the same placement.
    pub to: Vec<ExposeTarget>,
    /// Host names that the shared entrance forwards.
    pub accept: Vec<String>,
    /// How the shared entrance forwards.
    pub http_options: HttpOptions,
}

/// Transport of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP, HTTP included.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// `tcp` or `udp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// One party that may reach a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExposeTarget {
    /// A service of this deployment.
    #[serde(default)]
    pub service: Option<String>,
    /// Everybody.
    #[serde(default)]
    pub global: bool,
    /// The leased address at which everybody reaches it.
    #[serde(default)]
    pub ip: Option<String>,
}

/// How the shared entrance forwards HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpOptions {
    /// Largest request body in bytes, at most 100 MiB.
    pub max_body_size: u32,
    /// Buffer for response headers in bytes; 0 for the provider's default.
    pub proxy_buffer_size: u32,
    /// Milliseconds to wait for the service to send, at most 60,000.
    pub read_timeout: u32,
    /// Milliseconds to wait for the service to take, at most 60,000.
    pub send_timeout: u32,
    /// Attempts for one request.
    pub next_tries: u32,
    /// Milliseconds for all attempts; 0 for no bound.
    pub next_timeout: u32,
    /// What makes the entrance try again.
    pub next_cases: Vec<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_body_size: 1 << 20,
            proxy_buffer_size: 0,
            read_timeout: 60_000,
            send_timeout: 60_000,
            next_tries: 3,
            next_timeout: 0,
            next_cases: vec!["error".to_owned(), "timeout".to_owned()],
        }
    }
}

/// What a service gets beside its resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Where volumes are seen, by volume.
    #[serde(default)]
    pub storage: BTreeMap<String, Mount>,
    /// What of its own lease the service may read: `deployment`, `logs`, `events`.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// Where a volume is seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute path in the container; empty if the volume is not mounted.
    pub mount: String,
    /// Whether the service may only read.
    #[serde(rename = "readOnly")]
    pub read_only: bool,
}

/// Login to an image registry. Its debug form hides the password.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    /// Registry.
    pub host: String,
    /// E-mail address, where a registry asks for one.
    #[serde(default)]
    pub email: String,
    /// User.
    pub username: String,
    /// Password or token.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shape = f.debug_struct("Credentials");
        shape.field("host", &self.host).field("email", &self.email).field("username", &self.username);
        shape.finish_non_exhaustive()
    }
}

/// What one replica needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Processors.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Volumes, in the file's order.
    pub storage: Vec<Storage>,
    /// Graphics cards.
    #[serde(default)]
    pub gpu: Gpu,
}

/// Processors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// Thousandths of a core.
    pub milli: u64,
    /// Architecture, such as `arm64`.
    #[serde(default)]
    pub arch: Option<String>,
}

/// Memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Size in bytes.
    pub bytes: u64,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Name within the profile; `default` if the file gives none.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Class; empty for the container's own disk.
    pub class: String,
    /// Whether it outlives the container.
    pub persistent: bool,
}

/// Graphics cards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Number of cards; 0 for none.
    pub count: u32,
    /// Vendor; empty if there are none.
    pub vendor: String,
    /// Acceptable models; empty for any.
    pub models: Vec<GpuModel>,
}

/// An acceptable card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuModel {
    /// Model, such as `a100`; `*` for any.
    pub model: String,
    /// Memory of the card in bytes, if it matters.
    #[serde(default)]
    pub ram_bytes: Option<u64>,
    /// `pcie` or `sxm`, if it matters.
    #[serde(default)]
    pub interface: Option<String>,
}

/// Where, and at what price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// Attributes that the provider must have.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Auditors who must vouch for them.
    #[serde(default)]
    pub signed_by: SignedBy,
    /// Highest price of one replica, by compute profile.
    pub pricing: BTreeMap<String, Pricing>,
}

/// Auditors who must vouch for a provider's attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    /// At least one of them.
    pub any_of: Vec<String>,
    /// All of them.
    pub all_of: Vec<String>,
}

/// The highest price of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// Denomination as written.
    pub denom: String,
    /// Base units per block, rounded down.
    pub amount: u128,
}

/// What runs in a placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Compute profile.
    pub profile: String,
    /// Replicas.
    pub count: u32,
}

/// Something to lease beside resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EndpointSpec {
    /// A public address.
    Ip,
}
