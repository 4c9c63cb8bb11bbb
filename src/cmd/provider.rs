//! `virtengine provider`: selling compute.

use super::{
    keyring::{KeyringArgs, secret},
    output::line,
};
use clap::{Args, Subcommand};
use eyre::{Context as _, Result, eyre};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use virtengine_crypto::{Backend, Keyring};
use virtengine_provider::{Config, ConfigError, KeyringBackend};

/// Name of the configuration in the home.
const CONFIG_FILE: &str = "provider.toml";

#[derive(Subcommand)]
pub(super) enum Provider {
    /// Write a configuration to start from.
    Init(Box<Init>),
    /// Follow the chain, bid for orders, and look after the leases won, until interrupted.
    Run {
        /// The configuration; default provider.toml in the home.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// End when stdin is closed: for supervisors, so that no daemon outlives them.
        #[arg(long)]
        until_stdin_closes: bool,
        #[command(flatten)]
        keyring: KeyringArgs,
    },
}

#[derive(Args)]
pub(super) struct Init {
    /// Where it is written; default provider.toml in the home.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// RPC address of the node.
    #[arg(long, env = "VIRTENGINE_NODE", default_value = "http://127.0.0.1:26657", value_name = "URL")]
    node: String,
    /// Name of the provider's key.
    #[arg(long, default_value = "provider")]
    key: String,
    /// Region of the machines.
    #[arg(long)]
    region: String,
    /// Where tenants send manifests, an http(s) address.
    #[arg(long, value_name = "URL")]
    host_uri: String,
    #[command(flatten)]
    keyring: KeyringArgs,
}

impl Provider {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Init(init) => init.run(),
            Self::Run { config, until_stdin_closes, keyring } => {
                let path = match config {
                    Some(path) => path,
                    None => keyring.home()?.join(CONFIG_FILE),
                };
                let config = Config::load(&path).map_err(unreadable)?;
                let backend = match config.keyring_backend {
                    KeyringBackend::Test => Backend::Test,
                    KeyringBackend::File => Backend::File(secret("passphrase of the keyring: ")?),
                };
                let key = Keyring::open(config.keyring_folder(), backend)?.key(&config.key)?;
                super::block_on(async move {
                    Ok(virtengine_provider::run(
                        config,
                        key,
                        Box::pin(super::node::ended(until_stdin_closes)),
                    )
                    .await?)
                })
            }
        }
    }
}

impl Init {
    fn run(self) -> Result<()> {
        let home = self.keyring.home()?;
        let path = self.config.clone().unwrap_or_else(|| home.join(CONFIG_FILE));
        let text = self.text(&home.join("provider"), &self.keyring.folder()?);
        Config::parse(&text)?; // what is written can be run
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .wrap_err_with(|| format!("failed to make {}", folder.display()))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|cause| refused(&path, cause))?;
        file.write_all(text.as_bytes()).wrap_err_with(|| format!("failed to write {}", path.display()))?;
        line(&format!(
            "wrote {}: set capacity and rates, fund key {}, then `virtengine provider run`",
            path.display(),
            self.key
        ))
    }

    /// The configuration: every value that differs from machine to machine, with its unit.
    fn text(&self, home: &std::path::Path, keyring: &std::path::Path) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        format!(
            "# What this provider sells and at what prices; the manual explains every field.\n\
             node = {node}\n\
             # Folder of the daemon's durable position.\n\
             home = {home}\n\
             key = {key}\n\
             keyring_backend = {backend}\n\
             keyring_dir = {keyring}\n\
             region = {region}\n\
             host_uri = {host_uri}\n\
             \n\
             [capacity]\n\
             # Thousandths of a core.\n\
             cpu_milli = 8000\n\
             memory_bytes = 17_179_869_184\n\
             storage_bytes = {{ default = 107_374_182_400 }}\n\
             \n\
             # Prices in uve per block.\n\
             [rates]\n\
             cpu = \"10\"\n\
             memory_gib = \"2.5\"\n\
             storage_gib = {{ default = \"0.1\" }}\n\
             minimum = \"1\"\n",
            node = quoted(&self.node),
            home = quoted(&home.display().to_string()),
            key = quoted(&self.key),
            backend = quoted(self.keyring.backend_name()),
            keyring = quoted(&keyring.display().to_string()),
            region = quoted(&self.region),
            host_uri = quoted(&self.host_uri),
        )
    }
}

/// Why there is no configuration to run; one that is not there can be written.
fn unreadable(error: ConfigError) -> eyre::Report {
    let missing = matches!(&error, ConfigError::Read { cause, .. } if cause.kind() == ErrorKind::NotFound);
    let advice = "`virtengine provider init` writes a configuration to start from";
    if missing { eyre!("{error}: {advice}") } else { error.into() }
}

/// Why a configuration cannot be written. One that is there is never replaced: it may have been edited.
fn refused(path: &std::path::Path, cause: std::io::Error) -> eyre::Report {
    let path = path.display();
    if cause.kind() == ErrorKind::AlreadyExists {
        return eyre!(
            "{path} is there already: edit it, or remove it to start from a new one, or write another file with --config FILE"
        );
    }
    eyre::Report::from(cause).wrap_err(format!("failed to write {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        init: Init,
    }

    #[test]
    fn a_configuration_that_is_there_stays_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        let arguments = ["init", "--region", "eu", "--host-uri", "https://p.example.org", "--home", &home];
        Line::parse_from(arguments).init.run().unwrap();
        let path = folder.path().join(CONFIG_FILE);
        std::fs::write(&path, "mine").unwrap();
        let error = Line::parse_from(arguments).init.run().unwrap_err().to_string();
        let expected = format!("{} is there already: edit it, or remove it", path.display());
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn only_a_configuration_that_is_not_there_is_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CONFIG_FILE);
        let said = || unreadable(Config::load(&path).unwrap_err()).to_string();
        let missing = said();
        assert!(missing.starts_with("failed to read") && missing.contains("provider init"), "{missing}");
        std::fs::write(&path, "nodee = 1").unwrap();
        let typo = said();
        assert!(typo.contains("nodee") && !typo.contains("provider init"), "{typo}");
    }

    #[test]
    fn the_configuration_written_is_one_that_runs() {
        let line =
            Line::parse_from(["init", "--region", "eu \"west\"", "--host-uri", "https://p.example.org"]);
        let text = line.init.text(Path::new("/srv/p"), Path::new("/srv/k"));
        // A region is an attribute, which takes no spaces: the daemon's own check says so.
        assert!(Config::parse(&text).unwrap_err().to_string().contains("west"));
        let line = Line::parse_from(["init", "--region", "eu-west", "--host-uri", "https://p.example.org"]);
        let config = Config::parse(&line.init.text(Path::new("/srv/p"), Path::new("/srv/k"))).unwrap();
        assert_eq!(
            (config.region.as_str(), config.keyring_folder().as_path()),
            ("eu-west", Path::new("/srv/k"))
        );
    }
}
