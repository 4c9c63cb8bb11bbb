//! Running a transaction on the current state without keeping what it does.

use crate::{Code, Context, Status};
use bytes::Bytes;
use prost::Message;
use std::sync::Arc;
use virtengine_chain::{BlockContext, BlockExecutor, Mode, Step};
use virtengine_types::{
    Timestamp,
    proto::cosmos::{
        base::abci::v1beta1::{GasInfo, Result as SimulationResult, TxMsgData},
        tx::v1beta1::{SimulateRequest, SimulateResponse},
    },
    tx::{DecodedTx, VerifiedTx},
};

/// Most rounds of loading keys that the hints did not name.
const MAX_ROUNDS: usize = 1_024;

/// Signatures, gas limit and minimum fee are not checked; sequences are.
pub(super) async fn simulate(context: Context, request: SimulateRequest) -> Result<SimulateResponse, Status> {
    let raw = if request.tx_bytes.is_empty() {
        let tx = request.tx.ok_or_else(|| Status::invalid("empty txBytes is not allowed"))?;
        Bytes::from(super::convert::raw(tx))
    } else {
        request.tx_bytes
    };
    let decoded = DecodedTx::decode_unsigned(raw);
    let decoded = decoded.map_err(|error| Status::invalid(error.rejection()))?;
    let verified = VerifiedTx { tx: Arc::new(decoded), signers: Arc::new(Vec::new()) };
    let mut executor = BlockExecutor::new(next_block(&context), vec![verified], Mode::Simulate);
    let mut wanted = executor.hints();
    for _ in 0..MAX_ROUNDS {
        let rows = context.backend().get_many(wanted.clone()).await?;
        executor.load(wanted.into_iter().zip(rows));
        match executor.run().map_err(Status::internal)? {
            Step::Load(keys) => wanted = keys,
            Step::Invalid(rejection) => return Err(Status::new(Code::Unknown, rejection)),
            Step::Done(executed) => {
                let result = executed.outcome.results.into_iter().next();
                let result = result.ok_or_else(|| Status::internal("the simulation has no result"))?;
                if result.code != 0 {
                    let (log, wanted, used) = (result.log, result.gas_wanted, result.gas_used);
                    let cause = format!("{log}: with gas wanted: '{wanted}' and gas used: '{used}'");
                    return Err(Status::new(Code::Unknown, cause));
                }
                let data = TxMsgData::decode(result.data.clone()).map_err(Status::internal)?;
                return Ok(SimulateResponse {
                    gas_info: Some(GasInfo { gas_wanted: result.gas_wanted.0, gas_used: result.gas_used.0 }),
                    result: Some(SimulationResult {
                        data: result.data,
                        log: result.log,
                        events: super::convert::events(&result.events),
                        msg_responses: data.msg_responses,
                    }),
                });
            }
        }
    }
    Err(Status::internal(format!("the simulation needed more than {MAX_ROUNDS} reads")))
}

/// The block that would come next, a millisecond after the latest. Nothing that is simulated depends on its epoch.
fn next_block(context: &Context) -> BlockContext {
    let genesis = context.genesis();
    let latest = context.hub().history().latest();
    let (height, time) = latest.map_or((virtengine_types::Height(0), genesis.time), |latest| {
        (latest.header.height, latest.header.time)
    });
    BlockContext {
        chain_id: genesis.chain_id.clone(),
        epoch: 0,
        height: height.plus(1),
        time: Timestamp(time.0.saturating_add(1)),
    }
}
