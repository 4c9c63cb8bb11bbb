//! Settings of a run.

#[cfg(test)]
mod tests;

use crate::{
    load::{Arrivals, Way},
    network::{Endpoint, MakeHomes},
    result::Commit,
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use thiserror::Error;
use virtengine_crypto::KeyKind;

/// Most transactions that are signed ahead of a load: some 4 GB.
const MAX_SIGNED: f64 = 10_000_000.0;

/// What a run is to do. Every field decides figures, so most stand in the result's parameters.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nodes of a network that the lab starts.
    pub validators: u16,
    /// Accounts that sign; tenants in the market.
    pub accounts: usize,
    /// Accounts that only fill the state and receive.
    pub size: u64,
    /// Providers, in the market.
    pub providers: usize,
    /// Transactions a second that are offered.
    pub rate: f64,
    /// How long they are offered.
    pub duration: Duration,
    /// What arrives before this is not measured.
    pub warm_up: Duration,
    /// Longest wait for finality after the load.
    pub drain: Duration,
    /// How often the load is repeated, from which its noise is known.
    pub repeat: u32,
    /// From which keys, arrivals, senders and receivers are drawn.
    pub seed: u64,
    /// Kind of the senders' keys.
    pub key: KeyKind,
    /// How transactions are submitted.
    pub way: Way,
    /// How arrivals are spread.
    pub arrivals: Arrivals,
    /// Part of the load that one hot account takes part in, 0 to 1: it receives the transfers, and is the tenant of the
    /// market's cycles, on whose orders one hot provider bids.
    pub hot_share: f64,
    /// Part of the market's transactions that are transfers, 0 to 1.
    pub transfer_share: f64,
    /// Bids on each order of the market.
    pub bids: usize,
    /// Most transactions of one request; by the way if absent.
    pub batch: Option<usize>,
    /// Connections to each node; by the way if absent.
    pub connections: Option<usize>,
    /// Most transactions without an answer.
    pub max_outstanding: usize,
    /// Looks for the highest rate that holds.
    pub saturate: bool,
    /// A rate holds if the 99th percentile of its latency is at most this.
    pub max_p99: Duration,
    /// The generator was the limit if the 99th percentile of its lag is above this and above a twentieth of that of the
    /// latency.
    pub max_send_lag: Duration,
    /// How long signature checks are measured, before and after.
    pub limit_time: Duration,
    /// Nodes that run already; none to start a network.
    pub endpoints: Vec<Endpoint>,
    /// The mnemonic of an account that funds the senders on a network that runs already.
    pub mnemonic: Option<String>,
    /// The program that runs the nodes.
    pub program: PathBuf,
    /// Where a network's homes are made and kept; a folder that is removed afterwards if absent.
    pub home: Option<PathBuf>,
    /// First port of a network.
    pub base_port: u16,
    /// What makes homes of nodes.
    pub make_homes: MakeHomes,
    /// The commit that is measured.
    pub commit: Commit,
}

/// Why settings do not fit together.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum OptionsError {
    /// A number that must be above 0.
    #[error("--{option} must be above 0, got {found}")]
    Zero {
        /// The option.
        option: &'static str,
        /// As given.
        found: f64,
    },
    /// Nothing would be measured.
    #[error("--warm-up {warm_up} s leaves nothing of --duration {duration} s to measure: shorten it")]
    WarmUp {
        /// In seconds.
        warm_up: f64,
        /// In seconds.
        duration: f64,
    },
    /// A share is no share.
    #[error("--{option} must be from 0 to 1, got {found}")]
    Share {
        /// The option.
        option: &'static str,
        /// As given.
        found: f64,
    },
    /// A provider bids once on an order.
    #[error("--bids {bids} needs as many --providers, not {providers}")]
    Bids {
        /// On each order.
        bids: usize,
        /// All of them.
        providers: usize,
    },
    /// The transactions would not fit into memory.
    #[error(
        "--rate {rate} for --duration {duration} s makes {count} transactions; at most {MAX_SIGNED} are signed ahead"
    )]
    TooMany {
        /// Transactions a second.
        rate: f64,
        /// In seconds.
        duration: f64,
        /// Their product.
        count: f64,
    },
    /// Nobody pays for the senders.
    #[error(
        "a network that runs already needs an account that funds the senders: name it with --mnemonic or --devnet"
    )]
    NoFunds,
}

impl Options {
    /// General settings: one validator, a million accounts, 1,000 senders, 1,000 transfers a second for 30 s.
    pub fn new(program: PathBuf, make_homes: MakeHomes, commit: Commit) -> Self {
        Self {
            validators: 1,
            accounts: 1_000,
            size: 1_000_000,
            providers: 100,
            rate: 1_000.0,
            duration: Duration::from_secs(30),
            warm_up: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            repeat: 1,
            seed: 1,
            key: KeyKind::Secp256k1,
            way: Way::Stream,
            arrivals: Arrivals::Poisson,
            hot_share: 0.0,
            transfer_share: 0.0,
            bids: 1,
            batch: None,
            connections: None,
            max_outstanding: 20_000,
            saturate: false,
            max_p99: Duration::from_millis(250),
            max_send_lag: Duration::from_millis(10),
            limit_time: Duration::from_secs(2),
            endpoints: Vec::new(),
            mnemonic: None,
            program,
            home: None,
            base_port: 31_000,
            make_homes,
            commit,
        }
    }

    /// Most transactions of one request.
    pub fn batch(&self) -> usize {
        self.batch.unwrap_or_else(|| self.way.default_batch())
    }

    /// Connections to each node.
    pub fn connections(&self) -> usize {
        self.connections.unwrap_or_else(|| self.way.default_connections())
    }

    /// Every setting that decides figures: all but where and by which program nodes run.
    pub(super) fn settings(&self) -> Value {
        let Self {
            validators,
            accounts,
            size,
            providers,
            rate,
            duration,
            warm_up,
            drain,
            repeat,
            seed,
            key,
            way,
            arrivals,
            hot_share,
            transfer_share,
            bids,
            batch,
            connections,
            max_outstanding,
            saturate,
            max_p99,
            max_send_lag,
            limit_time,
            endpoints,
            mnemonic: _,
            program: _,
            home: _,
            base_port: _,
            make_homes: _,
            commit: _,
        } = self;
        let times = [duration, warm_up, drain, max_p99, max_send_lag, limit_time];
        json!({
            "counts": [accounts, providers, bids, max_outstanding],
            "network": [u64::from(*validators), *size, u64::from(*repeat), *seed],
            "load": [rate, hot_share, transfer_share],
            "seconds": times.map(Duration::as_secs_f64),
            "ways": [key.to_string().as_str(), way.as_str(), arrivals.as_str()],
            "requests": [batch, connections],
            "saturate": saturate,
            "endpoints": endpoints.iter().map(|endpoint| endpoint.rpc.as_str()).collect::<Vec<_>>(),
        })
    }

    /// Checks the settings against each other.
    ///
    /// # Errors
    /// The first relation that does not hold.
    pub fn validate(&self) -> Result<(), OptionsError> {
        let (warm_up, duration) = (self.warm_up.as_secs_f64(), self.duration.as_secs_f64());
        for (option, found) in [
            ("validators", f64::from(self.validators)),
            ("accounts", self.accounts as f64),
            ("providers", self.providers as f64),
            ("bids", self.bids as f64),
            ("rate", self.rate),
            ("duration", duration),
            ("repeat", f64::from(self.repeat)),
            ("batch-size", self.batch() as f64),
            ("connections", self.connections() as f64),
            ("max-outstanding", self.max_outstanding as f64),
        ] {
            // Not a number is not above 0 either.
            if found.is_nan() || found <= 0.0 {
                return Err(OptionsError::Zero { option, found });
            }
        }
        if warm_up >= duration {
            return Err(OptionsError::WarmUp { warm_up, duration });
        }
        for (option, found) in [("hot-share", self.hot_share), ("transfer-share", self.transfer_share)] {
            if !(0.0..=1.0).contains(&found) {
                return Err(OptionsError::Share { option, found });
            }
        }
        if self.bids > self.providers {
            return Err(OptionsError::Bids { bids: self.bids, providers: self.providers });
        }
        let count = self.rate * duration;
        if count > MAX_SIGNED {
            return Err(OptionsError::TooMany { rate: self.rate, duration, count });
        }
        if !self.endpoints.is_empty() && self.mnemonic.is_none() {
            return Err(OptionsError::NoFunds);
        }
        Ok(())
    }
}
