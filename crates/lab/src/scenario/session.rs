//! A network with accounts that can sign.

use super::{Options, Progress};
use crate::{
    load::{Signer, Terms, keys},
    network::{Endpoint, LocalNetwork, Plan},
};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use virtengine_client::{Account, Client, Fee, Gas, TxOptions, sign::any};
use virtengine_crypto::{SigningKey, hd, mnemonic::Mnemonic};
use virtengine_types::{
    Address, Amount, Coin,
    proto::cosmos::bank::v1beta1::{Input, MsgMultiSend, Output},
};

/// Name of a chain that the lab starts.
const CHAIN_ID: &str = "virtengine-lab-1";
/// What a signer owns on a network that the lab starts: 1,000,000 VE.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// What a filler account owns.
const FILLER_FUNDS: Amount = Amount(1_000_000);
/// What a signer needs on a network that runs already: 100 VE.
const GRANT: u128 = 100_000_000;
/// Receivers of one transaction that funds.
const GRANTS: usize = 200;
/// Gas of such a transaction: each receiver is a row that is read and written.
const GRANT_GAS: u64 = 3_000_000;
/// Questions to a node at once.
const AT_ONCE: usize = 16;
/// Longest wait for a transaction that prepares a run.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most transactions of one account that wait in the mempool of a network that the lab starts.
const MAX_PER_ACCOUNT: usize = 10_000;

/// A network, and accounts on it by their purpose.
pub(super) struct Session {
    pub(super) endpoints: Vec<Endpoint>,
    /// If the lab started it.
    pub(super) network: Option<LocalNetwork>,
    pub(super) client: Client,
    pub(super) terms: Terms,
    /// Accounts that only receive.
    pub(super) fillers: Vec<Address>,
    keys: Vec<Vec<SigningKey>>,
    /// Removed after the network has stopped, as fields are dropped in their order.
    _home: Option<TempDir>,
}

impl Session {
    /// Starts or joins the network, with `count` funded accounts for each purpose.
    ///
    /// # Errors
    /// The network cannot be started or reached, or the funds do not suffice.
    pub(super) async fn open(
        options: &Options,
        purposes: &[(&str, usize)],
        progress: &Progress,
    ) -> Result<Self> {
        options.validate()?;
        progress.stage("making keys", 0);
        let keys: Vec<Vec<SigningKey>> = purposes
            .iter()
            .map(|(purpose, count)| keys(options.key, purpose, options.seed, *count))
            .collect();
        let signers = || keys.iter().flatten().map(SigningKey::address);
        let (network, home, fillers, endpoints) = if options.endpoints.is_empty() {
            let fillers: Vec<Address> = (0..options.size).map(|index| filler(options.seed, index)).collect();
            let accounts = signers().map(|address| (address, FUNDS));
            let accounts = accounts.chain(fillers.iter().map(|address| (*address, FILLER_FUNDS))).collect();
            let (network, home) = start(options, accounts, progress).await?;
            let endpoints = network.endpoints();
            (Some(network), home, fillers, endpoints)
        } else {
            (None, None, Vec::new(), options.endpoints.clone())
        };
        let first = endpoints.first().ok_or_eyre("a network needs at least one node")?;
        let client = Client::new(&first.rpc)?;
        let chain_id = client.chain_id().await?.to_owned();
        let price = client.params().await?.min_fee_per_million_gas;
        let terms =
            Terms { chain_id, gas_price: Coin::positive_base(price.as_ref()).map_or(0, |amount| amount.0) };
        let session = Self { endpoints, network, client, terms, fillers, keys, _home: home };
        if session.network.is_none() {
            session.fund(options, progress).await?;
        }
        Ok(session)
    }

    /// The accounts of a purpose, by its place, with their present sequences.
    ///
    /// # Errors
    /// The node cannot be asked, or does not know one of them.
    pub(super) async fn signers(&self, purpose: usize) -> Result<Vec<Signer>> {
        let keys = self.keys.get(purpose).map(Vec::as_slice).unwrap_or_default();
        let ask = |key: SigningKey| async move {
            let account = self.client.account(key.address()).await?;
            Ok::<_, eyre::Report>(Signer::new(key, account))
        };
        futures::stream::iter(keys.iter().cloned()).map(ask).buffered(AT_ONCE).try_collect().await
    }

    /// Waits until the mempool of the first node is empty, so that nothing of an earlier load takes part in the next.
    ///
    /// # Errors
    /// It is not within a minute.
    pub(super) async fn settle(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let first = self.endpoints.first().ok_or_eyre("a network needs at least one node")?;
        let mut connection = crate::load::http::Connection::open(&first.rpc).await?;
        loop {
            let answer = connection.get("/num_unconfirmed_txs").await?;
            let answer: serde_json::Value =
                serde_json::from_slice(&answer).wrap_err("failed to read the mempool's size")?;
            let waiting = answer["result"]["n_txs"].as_str().unwrap_or("0").to_owned();
            if waiting == "0" {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{waiting} transactions still wait in the mempool {} s after the load",
                PATIENCE.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Gives every signer that has less what it needs, from the account of the mnemonic.
    async fn fund(&self, options: &Options, progress: &Progress) -> Result<()> {
        let words = options.mnemonic.as_deref().ok_or_eyre("no mnemonic")?;
        let funder = Mnemonic::parse(words)?.key(hd::DEFAULT_PATH)?;
        let from = funder.address();
        let addresses: Vec<Address> = self.keys.iter().flatten().map(SigningKey::address).collect();
        progress.stage("looking at accounts", 0);
        let poor = |address: Address| async move {
            let owned = self.client.balances(address).await?.amount_of(&virtengine_types::Denom::base());
            Ok::<_, eyre::Report>((owned.0 < GRANT / 2).then_some(address))
        };
        let poor: Vec<Option<Address>> =
            futures::stream::iter(addresses).map(poor).buffered(AT_ONCE).try_collect().await?;
        let poor: Vec<Address> = poor.into_iter().flatten().collect();
        progress.stage("funding accounts", poor.len() as u64);
        let account = Account::new(self.client.clone(), funder);
        let coins = |count: usize| vec![Coin::base(Amount(GRANT * count as u128)).to_wire()];
        for part in poor.chunks(GRANTS) {
            let outputs = part.iter().map(|to| Output { address: to.to_string(), coins: coins(1) }).collect();
            let inputs = vec![Input { address: from.to_string(), coins: coins(part.len()) }];
            let tx = TxOptions { gas: Gas::Limit(GRANT_GAS), fee: Fee::Auto, ..TxOptions::default() };
            let sent = account.submit(&[any(&MsgMultiSend { inputs, outputs })], &tx).await;
            let sent = sent.wrap_err_with(|| format!("failed to fund the senders from {from}"))?;
            self.client.wait_tx(&sent.hash, PATIENCE).await?.ok()?;
            progress.advance(part.len() as u64);
        }
        Ok(())
    }
}

async fn start(
    options: &Options,
    accounts: Vec<(Address, Amount)>,
    progress: &Progress,
) -> Result<(LocalNetwork, Option<TempDir>)> {
    let (home, temporary) = match &options.home {
        Some(home) => {
            std::fs::create_dir_all(home).wrap_err_with(|| format!("failed to make {}", home.display()))?;
            let empty = std::fs::read_dir(home).is_ok_and(|mut entries| entries.next().is_none());
            ensure!(empty, "{} is not empty: choose a folder that is, or none, with --home", home.display());
            (std::fs::canonicalize(home)?, None)
        }
        None => {
            let folder = tempfile::Builder::new().prefix("virtengine-lab-").tempdir();
            let folder = folder.wrap_err("failed to make a temporary folder: name one with --home")?;
            (folder.path().to_owned(), Some(folder))
        }
    };
    let nodes = options.validators;
    progress.stage(&format!("starting {nodes} validators with {} accounts", accounts.len()), 0);
    let plan = Plan {
        program: options.program.clone(),
        home,
        validators: nodes,
        base_port: options.base_port,
        chain_id: CHAIN_ID.to_owned(),
        accounts,
        max_batch: options.batch(),
        max_per_account: MAX_PER_ACCOUNT,
    };
    Ok((LocalNetwork::start(&plan, options.make_homes).await?, temporary))
}

/// The address of a filler account, of which nobody has a key.
fn filler(seed: u64, index: u64) -> Address {
    let hash = Sha256::new()
        .chain_update("filler")
        .chain_update(seed.to_be_bytes())
        .chain_update(index.to_be_bytes())
        .finalize();
    let mut address = [0; 20];
    address.copy_from_slice(&hash[..20]);
    Address(address)
}
