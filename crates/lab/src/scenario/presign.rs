//! Signed transactions as a file, for other load generators.

use super::{Options, Progress, block_on, market::order, session::Session};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use eyre::Result;
use serde_json::{Value, json};

/// Signs `count` orders of funded tenants for a network that runs already. Tenants take turns, and each one's sequences
/// rise, so the transactions of a tenant must be sent in the order of the list.
///
/// Orders only, as what follows from an order needs the number that the chain gives it.
///
/// # Errors
/// The network cannot be reached, or the funds do not suffice.
pub fn presign(options: &Options, count: usize, progress: &Progress) -> Result<Value> {
    block_on(async {
        let session = Session::open(options, &[("tenant", options.accounts)], progress).await?;
        let signers = session.signers(0).await?;
        progress.stage("signing", count as u64);
        let tenants = signers.len().max(1);
        let one = |index: usize| {
            let (tenant, turn) = (index % tenants, (index / tenants) as u64);
            let signer = signers.get(tenant)?;
            let signed = order(signer, tenant as u32, signer.sequence() + turn, &session.terms);
            progress.advance(1);
            Some(json!({
                "message": "MsgCreateOrder",
                "account": signer.address().to_string(),
                "sequence": signed.sequence,
                "hash": hex::encode_upper(signed.hash),
                "tx_bytes": BASE64_STANDARD.encode(&signed.bytes),
            }))
        };
        let txs: Vec<Value> = (0..count).filter_map(one).collect();
        progress.done();
        Ok(json!({"chain_id": session.terms.chain_id, "seed": options.seed, "txs": txs}))
    })
}
