//! The services of our own modules, `virtengine.<module>.v1`.
//!
//! Each file is one service: its table of methods and their handlers. [`write`] is the exception: routes
//! that REST alone has, for signed transactions of the market.

mod chain;
mod escrow;
pub(crate) mod events;
mod market;
mod params;
mod provider;
mod staking;
pub(crate) mod submit;
pub(crate) mod write;

use crate::router::Routes;

pub(crate) fn add(routes: &mut Routes) {
    chain::add(routes);
    escrow::add(routes);
    events::add(routes);
    market::add(routes);
    params::add(routes);
    provider::add(routes);
    staking::add(routes);
}
