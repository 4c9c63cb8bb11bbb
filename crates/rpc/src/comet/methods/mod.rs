//! The methods, by what they answer from. Each takes the arguments that the table in `dispatch` names.

pub(super) mod blocks;
pub(super) mod genesis;
pub(super) mod info;
pub(super) mod search;
pub(super) mod txs;

use super::Comet;
use super::args::Args;
use super::envelope::RpcError;
use virtengine_events::HistoryError;

/// The answer to a failed read.
fn failed(error: HistoryError) -> RpcError {
    RpcError::internal(error)
}

/// The height that a call is about: the one given, otherwise the newest.
fn height(comet: &Comet, args: &Args) -> Result<u64, RpcError> {
    let tip = comet.inner.hub.tip().height;
    let Some(height) = args.integer("height")? else {
        return if tip == 0 { Err(RpcError::internal("there is no block yet")) } else { Ok(tip) };
    };
    let Some(height) = u64::try_from(height).ok().filter(|height| *height > 0) else {
        return Err(RpcError::internal(format!("height must be greater than 0, but got {height}")));
    };
    if height > tip {
        return Err(RpcError::internal(format!(
            "height {height} must be less than or equal to the current blockchain height {tip}"
        )));
    }
    comet.inner.hub.history().check_held(height).map_err(failed)?;
    Ok(height)
}

/// A part of a list: items to skip and items wanted.
#[derive(Clone, Copy)]
struct Window {
    page: u64,
    per_page: u64,
}

impl Window {
    fn new(comet: &Comet, args: &Args) -> Result<Self, RpcError> {
        let max = i64::try_from(comet.inner.config.max_per_page).unwrap_or(i64::MAX);
        let per_page = match args.integer("per_page")? {
            None | Some(..1) => 30.min(max),
            Some(wanted) => wanted.min(max),
        };
        let page = args.integer("page")?.unwrap_or(1);
        match (u64::try_from(page), u64::try_from(per_page)) {
            (Ok(page @ 1..), Ok(per_page)) => Ok(Self { page, per_page }),
            _ => Err(RpcError::internal(format!("page must be greater than 0, but got {page}"))),
        }
    }

    fn offset(self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Refuses a page beyond the last; the first page of nothing is fine.
    fn check(self, total: u64) -> Result<(), RpcError> {
        let pages = total.div_ceil(self.per_page).max(1);
        if self.page <= pages {
            return Ok(());
        }
        Err(RpcError::internal(format!("page should be within [1, {pages}] range, given {}", self.page)))
    }
}
