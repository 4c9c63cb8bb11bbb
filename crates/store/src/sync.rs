//! State sync of variable-size rows between peers.
//!
//! Decision: rows are variable-size, up to [`MAX_VALUE_BYTES`], and the engine's own peer-to-peer sync
//! actor is used unchanged. That actor decodes only operations that need no decoding configuration, and
//! an operation with a variable-size value needs its length bound. So the wire carries [`WireOperation`],
//! the same bytes with the bound fixed in the type. [`Server`] presents a database to the actor in these
//! terms, and [`Fetcher`] presents the actor's mailbox to the database's sync engine in the database's own
//! terms, verdicts on responses included.
//!
//! A response holds as many operations as fit into [`MAX_RESPONSE_BYTES`], and at least one: requesters
//! accept fewer than they asked for and ask for the rest. So the number of operations in a request may be
//! large although a single value may be, too, and the bound on messages stays small.

use crate::database::{Database, Digest, Family, Operation, StoreContext, operation_config};
use bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error as CodecError, Read, Write};
use commonware_glue::stateful::db::{AttachableResolver, Shared, p2p};
use commonware_storage::{
    merkle::MAX_PROOF_DIGESTS_PER_ELEMENT,
    qmdb::{
        self,
        sync::{Feedback, Request, Response, Source, source},
    },
};
use commonware_utils::{
    NZU64, NZUsize,
    channel::{mpsc, oneshot},
};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
};
use virtengine_state::MAX_VALUE_BYTES;

/// Most operations in one request. Equal on all nodes: larger requests go unanswered.
pub const MAX_OPERATIONS: NonZeroU64 = NZU64!(512);

/// Most bytes of operations in one response, unless a single operation is larger.
pub const MAX_RESPONSE_BYTES: usize = 512 * 1024;

/// Requests that a syncing partition keeps in flight.
pub const REQUESTS_IN_FLIGHT: NonZeroUsize = NZUsize!(8);

/// Digests in a proof of consecutive operations: the two flanks and the peaks, with ample room.
const PROOF_DIGESTS: usize = 4 * MAX_PROOF_DIGESTS_PER_ELEMENT;

/// Largest message that the sync actor sends: operations, proof, and framing.
#[must_use]
pub const fn max_message_bytes() -> usize {
    MAX_RESPONSE_BYTES + MAX_VALUE_BYTES + PROOF_DIGESTS * 32 + 1024
}

/// An operation of a database's log as it travels: the same bytes, with the value's bound in the type.
#[derive(Clone, Debug, PartialEq)]
pub struct WireOperation(Operation);

impl Write for WireOperation {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl EncodeSize for WireOperation {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl Read for WireOperation {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Operation::read_cfg(buf, &operation_config()).map(Self)
    }
}

/// A database as the sync actor serves it to peers.
pub struct Server<E: StoreContext>(Shared<Database<E>>);

impl<E: StoreContext> Server<E> {
    /// Serves `database`.
    pub const fn new(database: Shared<Database<E>>) -> Self {
        Self(database)
    }
}

impl<E: StoreContext> Source for Server<E> {
    type Family = Family;
    type Digest = Digest;
    type Op = WireOperation;
    type Error = qmdb::Error<Family>;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let mut request = request;
        loop {
            let (response, _) = self.0.serve(request).await.map_err(|error| match error {
                qmdb::sync::ServeError::Database(error) => error,
                qmdb::sync::ServeError::MissingSource => qmdb::Error::DataCorrupted("database is gone"),
            })?;
            let Some(fewer) = too_large(&request, &response) else {
                return Ok((convert(response, WireOperation), None));
            };
            request = fewer;
        }
    }
}

/// A request for as many operations as the bound admits, if the response exceeds it.
fn too_large(
    request: &Request<Family>,
    response: &Response<Family, Operation, Digest>,
) -> Option<Request<Family>> {
    let (Request::Operations { size, start, .. }, Response::Operations { operations, .. }) =
        (request, response)
    else {
        return None;
    };
    let mut bytes = 0usize;
    let fitting = operations.iter().take_while(|operation| {
        bytes = bytes.saturating_add(operation.encode_size());
        bytes <= MAX_RESPONSE_BYTES
    });
    let fitting = fitting.count().max(1);
    if fitting >= operations.len() {
        return None;
    }
    let max_ops = NonZeroU64::new(fitting as u64)?;
    Some(Request::Operations { size: *size, start: *start, max_ops })
}

/// The mailbox of the sync actor of one partition.
pub type Mailbox<E> = p2p::Mailbox<Server<E>, Family, WireOperation, Digest>;

/// The sync actor of one partition.
pub type Actor<E, P, D, B> = p2p::Actor<E, P, D, B, Family, Server<E>>;

/// Fetches operations from peers for a syncing database, and hands the synced one to the actor.
pub struct Fetcher<E: StoreContext> {
    context: Arc<E>,
    mailbox: Mailbox<E>,
}

impl<E: StoreContext> Clone for Fetcher<E> {
    fn clone(&self) -> Self {
        Self { context: self.context.clone(), mailbox: self.mailbox.clone() }
    }
}

impl<E: StoreContext> Fetcher<E> {
    /// A fetcher through the actor of `mailbox`; `context` runs the relays of verdicts.
    pub fn new(context: E, mailbox: Mailbox<E>) -> Self {
        Self { context: Arc::new(context), mailbox }
    }
}

impl<E: StoreContext> Source for Fetcher<E> {
    type Family = Family;
    type Digest = Digest;
    type Op = Operation;
    type Error = p2p::ResponseDropped;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (response, feedback) = self.mailbox.serve(request).await?;
        let feedback = feedback.map(|feedback| {
            let (verdict, judged) = oneshot::channel();
            let (candidates, next) = mpsc::channel(1);
            self.context.child("verdict").spawn(move |_| relay(feedback, judged, candidates));
            Feedback::new(verdict, next)
        });
        Ok((convert(response, |wire: WireOperation| wire.0), feedback))
    }
}

impl<E: StoreContext> AttachableResolver<Database<E>> for Fetcher<E> {
    async fn attach_database(&self, database: Shared<Database<E>>) {
        self.mailbox.attach_database(Shared::new("sync", Server(database)));
    }
}

type WireResponse = Response<Family, WireOperation, Digest>;
type Candidate = (Response<Family, Operation, Digest>, oneshot::Sender<bool>);

/// Passes verdicts on to the actor and further candidates back, until one is accepted or dropped.
async fn relay(
    mut feedback: Feedback<WireResponse>,
    mut judged: oneshot::Receiver<bool>,
    candidates: mpsc::Sender<Candidate>,
) {
    while let Ok(valid) = judged.await {
        if valid {
            feedback.accept();
            return;
        }
        let Some((response, next)) = feedback.reject().await else { return };
        let (verdict, receiver) = oneshot::channel();
        if candidates.send((convert(response, |wire: WireOperation| wire.0), verdict)).await.is_err() {
            return;
        }
        (feedback, judged) = (next, receiver);
    }
}

fn convert<A, B>(response: Response<Family, A, Digest>, map: impl Fn(A) -> B) -> Response<Family, B, Digest> {
    match response {
        Response::Operations { proof, operations } => {
            Response::Operations { proof, operations: operations.into_iter().map(map).collect() }
        }
        Response::Boundary { proof, op, pinned_nodes } => {
            Response::Boundary { proof, op: map(op), pinned_nodes }
        }
    }
}
