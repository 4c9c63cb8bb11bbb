//! The Cosmos services that wallets, SDKs and explorers call.
//!
//! Each file is one service: its table of methods and their handlers. Modules that the chain does not
//! have (mint, gov, authz, IBC) have no methods, so they answer as unimplemented.

mod abci_query;
mod auth;
mod bank;
mod blocks;
mod consensus;
mod convert;
mod distribution;
mod simulate;
mod slashing;
mod staking;
mod tendermint;
mod tx;

pub(crate) use convert::tx_response;
pub(crate) use tx::broadcast;

use crate::router::{Routes, WeakRouter};

pub(crate) fn add(routes: &mut Routes, router: &WeakRouter) {
    abci_query::add(routes, router);
    auth::add(routes);
    bank::add(routes);
    consensus::add(routes);
    distribution::add(routes);
    slashing::add(routes);
    staking::add(routes);
    tendermint::add(routes);
    tx::add(routes);
}
