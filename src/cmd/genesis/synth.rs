//! `virtengine genesis synth`: the genesis of a large test network.
//!
//! Everything follows from the seed and a place: addresses ascend because they begin with their place, so the file is
//! written as it is made, in constant memory.

use super::create;
use crate::cmd::{
    network::{self, NodeKeys, STAKE},
    output::{Output, note},
};
use clap::Args;
use eyre::{Context as _, Result, ensure};
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};
use virtengine_chain::genesis::{
    GenesisAccount, GenesisValidator, Head, MAX_ACCOUNTS, MAX_COMMITTEE, Writer,
};
use virtengine_crypto::{Backend, Keyring, Mnemonic, bls, hd, node_key::Identity};
use virtengine_lab::scenario::Progress;
use virtengine_node::NodeConfig;
use virtengine_types::{Address, Amount, Coin, Timestamp, params::Params};

/// What each account owns: 1,000 VE.
const FUNDS: Amount = Amount(1_000_000_000);
/// What the account `faucet` owns: 1,000,000,000 VE.
const FAUCET_FUNDS: Amount = Amount(1_000_000_000_000_000);
/// Name of the one account with a key.
const FAUCET: &str = "faucet";
/// Milliseconds since 1970 of every such genesis: one seed makes one file.
const TIME: Timestamp = Timestamp(1_767_225_600_000);
/// Members of the committee, unless there are fewer validators.
const COMMITTEE: u64 = 4;
/// Validators that are made at once, on all cores.
const AT_ONCE: u64 = 4096;

#[derive(Args)]
pub(in crate::cmd) struct Synth {
    /// Accounts that own coins, of which nobody has a key.
    #[arg(long, value_name = "N", default_value_t = 0)]
    accounts: u64,
    /// Validators.
    #[arg(long, value_name = "N", default_value_t = 1)]
    validators: u64,
    /// How many of them are the first committee; default 4, or all if they are fewer.
    #[arg(long, value_name = "N")]
    committee: Option<u64>,
    /// From which all keys and addresses follow.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Name of the chain.
    #[arg(long, value_name = "NAME", default_value = "synth-1")]
    chain_id: String,
    /// File to make, which must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Folder in which to make the homes of the committee's nodes, and a keyring with the key `faucet`.
    #[arg(long, value_name = "DIR")]
    homes: Option<PathBuf>,
    /// First port of the homes: node i has p2p at +10i+6, RPC +7, gRPC +8, REST +9 and metrics +5.
    #[arg(long, value_name = "PORT", default_value_t = 28_650, requires = "homes")]
    base_port: u16,
    #[command(flatten)]
    output: Output,
}

impl Synth {
    pub(super) fn run(self) -> Result<()> {
        let started = Instant::now();
        self.check()?;
        self.write()?;
        let path = self.out.display();
        let bytes = fs::metadata(&self.out).map_or(0, |found| found.len());
        self.output.record(&json!({
            "file": path.to_string(),
            "bytes": bytes.to_string(),
            "chain_id": self.chain_id,
            "validators": self.validators.to_string(),
            "committee": self.committee().to_string(),
            "accounts": (self.accounts + 1).to_string(),
            "faucet": self.faucet()?.1.to_string(),
            "seconds": format!("{:.1}", started.elapsed().as_secs_f64()),
        }))?;
        note(&format!("check it with `virtengine genesis check {path}`"));
        match &self.homes {
            None => note("--homes DIR makes the homes of the committee's nodes too, and the key of `faucet`"),
            Some(folder) => {
                self.make_homes(folder)?;
                let folder = folder.display();
                note(&format!(
                    "start each node with `virtengine node start --home {folder}/node0`, up to node{}; pay with \
                     `--from {FAUCET} --home {folder} --keyring-backend test`",
                    self.committee() - 1
                ));
            }
        }
        Ok(())
    }

    fn committee(&self) -> u64 {
        self.committee.unwrap_or_else(|| self.validators.min(COMMITTEE))
    }

    fn check(&self) -> Result<()> {
        let (committee, max) = (self.committee(), (MAX_COMMITTEE as u64).min(self.validators));
        ensure!(
            (1..=max).contains(&committee),
            "--committee is from 1 to {max}, the validators that there are or {MAX_COMMITTEE}, got {committee}"
        );
        let all = self.accounts.saturating_add(self.validators).saturating_add(3);
        ensure!(
            all <= MAX_ACCOUNTS,
            "--accounts {} and --validators {} make {all} accounts, at most {MAX_ACCOUNTS} are allowed",
            self.accounts,
            self.validators
        );
        Ok(())
    }

    /// Writes the file.
    pub(super) fn write(&self) -> Result<()> {
        let out = create(&self.out)?;
        let progress = Progress::stderr();
        let failed = || format!("failed to write {}", self.out.display());
        let mut file = Writer::new(out, &self.head()).wrap_err_with(failed)?;
        progress.stage("making validators", self.validators);
        for first in (0..self.validators).step_by(AT_ONCE as usize) {
            let last = self.validators.min(first + AT_ONCE);
            let made: Vec<_> =
                (first..last).into_par_iter().map(|index| self.validator(index)).collect::<Result<_>>()?;
            made.iter().try_for_each(|validator| file.validator(validator)).wrap_err_with(failed)?;
            progress.advance(last - first);
        }
        progress.stage("writing accounts", self.accounts);
        let (_, faucet) = self.faucet()?;
        self.write_accounts(faucet, &progress, |account| file.account(account)).wrap_err_with(failed)?;
        file.finish().map(drop).wrap_err_with(failed)
    }

    /// The faucet among the others, in order of addresses.
    fn write_accounts(
        &self,
        faucet: Address,
        progress: &Progress,
        mut write: impl FnMut(&GenesisAccount) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut faucet = Some(GenesisAccount { address: faucet, coins: vec![Coin::base(FAUCET_FUNDS)] });
        for index in 0..self.accounts {
            let address = self.address("account", index, self.accounts);
            if let Some(first) = faucet.take_if(|faucet| faucet.address < address) {
                write(&first)?;
            }
            write(&GenesisAccount { address, coins: vec![Coin::base(FUNDS)] })?;
            if (index + 1).is_multiple_of(AT_ONCE) {
                progress.advance(AT_ONCE);
            }
        }
        faucet.iter().try_for_each(write)
    }

    fn head(&self) -> Head {
        let operator = |index| self.address("operator", index, self.validators);
        Head {
            chain_id: self.chain_id.clone(),
            genesis_time_ms: TIME,
            params: Params::default(),
            committee: Some((0..self.committee()).map(operator).collect()),
        }
    }

    fn validator(&self, index: u64) -> Result<GenesisValidator> {
        let (identity, voting) = self.keys(index)?;
        let operator = self.address("operator", index, self.validators);
        Ok(GenesisValidator {
            operator,
            moniker: format!("validator{index}"),
            consensus_key: identity.public_key(),
            bls_key: voting.public_key().to_bytes(),
            proof_of_possession: voting.prove_possession(&operator, &self.chain_id).to_bytes(),
            tokens: STAKE,
        })
    }

    fn keys(&self, index: u64) -> Result<(Identity, bls::SecretKey)> {
        let mut secret = self.secret("voting", index);
        secret[0] &= 0x3f; // below the group's order
        Ok((Identity::from_seed(&self.secret("node", index)), bls::SecretKey::decode(&secret)?))
    }

    fn faucet(&self) -> Result<(Mnemonic, Address)> {
        let words = Mnemonic::from_entropy(&self.secret(FAUCET, 0));
        let address = words.key(hd::DEFAULT_PATH)?.address();
        Ok((words, address))
    }

    /// 8 bytes that say which part of all places this is, then hashed ones.
    fn address(&self, kind: &str, index: u64, count: u64) -> Address {
        let place = u128::from(index) * u128::from(u64::MAX) / u128::from(count.max(1));
        let mut address = [0; 20];
        let (start, rest) = address.split_at_mut(8);
        start.copy_from_slice(&place.to_be_bytes()[8..]);
        rest.copy_from_slice(&self.secret(kind, index)[..12]);
        Address(address)
    }

    fn secret(&self, kind: &str, index: u64) -> [u8; 32] {
        let hash = Sha256::new_with_prefix("virtengine/synth/").chain_update(kind).chain_update([0]);
        hash.chain_update(self.seed.to_be_bytes()).chain_update(index.to_be_bytes()).finalize().into()
    }

    fn make_homes(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).wrap_err_with(|| format!("failed to make {}", folder.display()))?;
        let folder =
            fs::canonicalize(folder).wrap_err_with(|| format!("failed to find {}", folder.display()))?;
        let keys = |index| {
            let (identity, voting) = self.keys(index)?;
            Ok((identity, Some(voting)))
        };
        let members: Vec<NodeKeys> = (0..self.committee()).map(keys).collect::<Result<_>>()?;
        let nodes = u32::try_from(members.len())?;
        ensure!(
            u32::from(self.base_port) + nodes * u32::from(network::PORTS_EACH) <= 65_536,
            "--base-port {} leaves no room for {nodes} nodes below port 65536",
            self.base_port
        );
        network::homes(&folder, self.base_port, NodeConfig::default(), &self.out, &members, &[])?;
        let keyring = Keyring::open(folder.join("keyring-test"), Backend::Test)?;
        keyring.import(FAUCET, &self.faucet()?.0.phrase(), hd::DEFAULT_PATH)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_node::{CheckedGenesis, Home};

    impl Synth {
        /// A small one.
        pub(in super::super) fn of(validators: u64, accounts: u64, seed: u64, out: PathBuf) -> Self {
            let output = crate::cmd::output::Output::json();
            let chain_id = "synth-1".to_owned();
            Self {
                accounts,
                validators,
                committee: None,
                seed,
                chain_id,
                out,
                homes: None,
                base_port: 28_650,
                output,
            }
        }
    }

    fn written(folder: &Path, name: &str, seed: u64, threads: usize) -> PathBuf {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let path = folder.join(name);
        pool.install(|| Synth::of(20, 50, seed, path.clone()).write()).unwrap();
        path
    }

    #[test]
    fn one_seed_makes_one_valid_file_whatever_the_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), "one", 5, 1);
        let checked = CheckedGenesis::of(&path, &|_| ()).unwrap();
        let summary = &checked.summary;
        assert_eq!((summary.validators, summary.seats.len(), summary.accounts), (20, 4, 51));
        let supply = 20 * STAKE.0 + 50 * FUNDS.0 + FAUCET_FUNDS.0;
        assert_eq!(summary.supply, [Coin::base(Amount(supply))]);
        let same = written(folder.path(), "same", 5, 3);
        assert_eq!(CheckedGenesis::of(&same, &|_| ()).unwrap(), checked);
        let other = written(folder.path(), "other", 6, 1);
        assert_ne!(CheckedGenesis::of(&other, &|_| ()).unwrap().sha256, checked.sha256);
    }

    #[test]
    fn homes_hold_the_keys_of_the_committee() {
        let folder = tempfile::tempdir().unwrap();
        let mut synth = Synth::of(5, 0, 5, folder.path().join("genesis.json"));
        synth.committee = Some(2);
        synth.write().unwrap();
        synth.make_homes(folder.path()).unwrap();
        let file = std::fs::read(folder.path().join("genesis.json")).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let validators = file["validators"].as_array().unwrap();
        for index in 0..2 {
            let home = Home::new(folder.path().join(format!("node{index}")));
            let (identity, bls) = (home.identity().unwrap(), home.bls_key().unwrap().unwrap());
            let seat = &home.genesis().unwrap().summary.seats[index];
            assert_eq!(seat.consensus_key, identity.public_key());
            let validator =
                validators.iter().find(|one| one["operator"] == seat.operator.to_string()).unwrap();
            assert_eq!(validator["bls_key"], hex::encode(bls.public_key().to_bytes()));
        }
        assert!(!folder.path().join("node2").exists());
    }

    #[test]
    fn rejects_committees_and_sizes_that_cannot_be() {
        let refused = |change: fn(&mut Synth)| {
            let mut synth = Synth::of(3, 0, 0, PathBuf::new());
            change(&mut synth);
            synth.check().unwrap_err().to_string()
        };
        assert!(refused(|synth| synth.committee = Some(4)).contains("from 1 to 3"));
        assert!(refused(|synth| synth.committee = Some(0)).contains("got 0"));
        assert!(refused(|synth| synth.validators = 0).contains("got 0"));
        let many = refused(|synth| synth.accounts = MAX_ACCOUNTS);
        assert!(many.contains("16777216") && many.contains("16777222"), "{many}");
    }
}
