//! One table of methods, answered under their gRPC paths, their REST paths and by `abci_query`.

use crate::{
    Code, Context, Status,
    comet::{QueryAnswer, QueryRequest},
    context::Turn,
    cosmos,
    rest::Pattern,
    virtengine,
};
use bytes::Bytes;
use prost::{Message, Name};
use prost_reflect::MessageDescriptor;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use virtengine_types::{code::SdkCode, proto};

type Handled = Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send>>;
type Handler = Box<dyn Fn(Context, Bytes) -> Handled + Send + Sync>;

/// What a method reads of blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Nothing,
    /// Those that the request names.
    Named,
    /// As many as a search needs.
    Searched,
}

/// One method.
pub(crate) struct Route {
    /// `/<service>/<Method>`.
    pub(crate) path: &'static str,
    /// Where REST serves it.
    pub(crate) patterns: Vec<Pattern>,
    /// The request message.
    pub(crate) input: MessageDescriptor,
    /// The response message.
    pub(crate) output: MessageDescriptor,
    /// What it reads of blocks, in a turn that it keeps until its answer is written.
    reads: Reads,
    handler: Handler,
}

/// The methods while the table is filled.
#[derive(Default)]
pub(crate) struct Routes {
    routes: BTreeMap<&'static str, Route>,
}

impl Routes {
    /// Adds a method with its REST paths, each `GET /a/{field}` or `POST /a`.
    pub(crate) fn unary<Q, R, F, A>(&mut self, path: &'static str, rest: &[&'static str], handler: F)
    where
        Q: Message + Name + Default + 'static,
        R: Message + Name + 'static,
        F: Fn(Context, Q) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, Status>> + Send + 'static,
    {
        let find = |name: String| proto::pool().get_message_by_name(&name);
        // Both are compiled in; a test compares the table with the services.
        let (Some(input), Some(output)) = (find(Q::full_name()), find(R::full_name())) else { return };
        let handler = Box::new(move |context, data: Bytes| -> Handled {
            match Q::decode(data) {
                Ok(request) => {
                    let answer = handler(context, request);
                    Box::pin(async move { Ok(answer.await?.encode_to_vec().into()) })
                }
                Err(error) => {
                    let status = Status::invalid(format!("{}: {error}", Q::full_name()));
                    Box::pin(std::future::ready(Err(status)))
                }
            }
        });
        let patterns = rest.iter().map(|text| Pattern::new(text)).collect();
        self.routes.insert(path, Route { path, patterns, input, output, reads: Reads::Nothing, handler });
    }

    /// Adds a method that reads blocks: few are answered at once, as what they answer may be large.
    pub(crate) fn reading<Q, R, F, A>(&mut self, path: &'static str, rest: &[&'static str], handler: F)
    where
        Q: Message + Name + Default + 'static,
        R: Message + Name + 'static,
        F: Fn(Context, Q) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, Status>> + Send + 'static,
    {
        self.unary(path, rest, handler);
        if let Some(route) = self.routes.get_mut(path) {
            route.reads = Reads::Named;
        }
    }

    /// Lets a method search blocks: it takes no turn from those that know which they want.
    pub(crate) fn searches(&mut self, path: &'static str) {
        if let Some(route) = self.routes.get_mut(path) {
            route.reads = Reads::Searched;
        }
    }
}

impl Routes {
    /// Adds a method that has nothing to wait for.
    pub(crate) fn immediate<Q, R, F>(&mut self, path: &'static str, rest: &[&'static str], handler: F)
    where
        Q: Message + Name + Default + 'static,
        R: Message + Name + 'static,
        F: Fn(Context, Q) -> Result<R, Status> + Send + Sync + 'static,
    {
        self.unary(path, rest, move |context, request| std::future::ready(handler(context, request)));
    }
}

/// An answered call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The encoded response message.
    pub value: Bytes,
    /// Height of the state answered from.
    pub height: u64,
    /// The turn that a method which reads blocks had: keep it until the answer is written.
    pub(crate) turn: Option<Turn>,
}

/// Answers calls. Clones share the table and the bound on concurrent calls.
#[derive(Clone)]
pub struct Router {
    inner: Arc<Inner>,
}

/// A router that a method of its own table may ask.
#[derive(Clone)]
pub(crate) struct WeakRouter(Weak<Inner>);

impl WeakRouter {
    pub(crate) fn upgrade(&self) -> Option<Router> {
        Some(Router { inner: self.0.upgrade()? })
    }
}

struct Inner {
    context: Context,
    routes: BTreeMap<&'static str, Route>,
    calls: Semaphore,
    streams: Arc<Semaphore>,
}

impl Router {
    /// A router of every service over a node's parts.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let calls = Semaphore::new(context.config().max_concurrent_calls);
        let streams = Arc::new(Semaphore::new(context.config().max_streams));
        let inner = Arc::new_cyclic(|inner| {
            let mut routes = Routes::default();
            cosmos::add(&mut routes, &WeakRouter(inner.clone()));
            virtengine::add(&mut routes);
            Inner { context, routes: routes.routes, calls, streams }
        });
        Self { inner }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.inner.routes.values()
    }

    /// A place for one more stream, free again when it is dropped.
    ///
    /// # Errors
    /// - `ResourceExhausted` - as many are open as may be
    pub(crate) fn stream_slot(&self) -> Result<OwnedSemaphorePermit, Status> {
        let max = self.inner.context.config().max_streams;
        let cause = format!("{max} streams are open, at most {max} can be");
        let slot = self.inner.streams.clone().try_acquire_owned();
        slot.map_err(|_| Status::new(Code::ResourceExhausted, cause))
    }

    /// Answers one call. `height` is that of the state wanted; 0 for the latest.
    ///
    /// # Errors
    /// - `Unimplemented` - there is no such method
    /// - `InvalidArgument` - the height is not that of the latest state, or `data` is not the request
    /// - `DeadlineExceeded` - it took longer than the configured time
    /// - those of the method
    pub async fn query(&self, path: &str, data: Bytes, height: i64) -> Result<Answer, Status> {
        let route = self.inner.routes.get(path);
        let route =
            route.ok_or_else(|| Status::new(Code::Unimplemented, format!("unknown method {path}")))?;
        let latest = self.inner.context.height();
        at_latest(height, latest)?;
        let context = &self.inner.context;
        self.timed(async {
            // The turn comes first: calls that wait for one must not take the places of those that need none.
            let context = match route.reads {
                Reads::Nothing => context.clone(),
                Reads::Named => context.reading().await?,
                Reads::Searched => context.searching().await?,
            };
            let value = self.placed((route.handler)(context.clone(), data)).await?;
            Ok(Answer { value, height: latest, turn: context.turn() })
        })
        .await
    }

    /// Runs a call within the bounds on concurrency and time.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        self.timed(self.placed(call)).await
    }

    async fn placed<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let _place = self.inner.calls.acquire().await.map_err(Status::internal)?;
        call.await
    }

    async fn timed<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let limit = self.inner.context.config().request_timeout();
        match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer,
            Err(_) => {
                let cause = format!("the call took longer than {} s", limit.as_secs());
                Err(Status::new(Code::DeadlineExceeded, cause))
            }
        }
    }

    /// Answers `abci_query`: failures are answers with a code of codespace `sdk`.
    pub async fn abci_query(&self, request: QueryRequest) -> QueryAnswer {
        let QueryRequest { path, data, height, prove: _ } = request;
        let answer = if self.inner.routes.contains_key(path.as_str()) {
            self.query(&path, data, height).await
        } else {
            let path: String = path.chars().take(128).collect();
            Err(Status::invalid(format!("unknown query path {path}")).with_sdk(SdkCode::UnknownRequest))
        };
        match answer {
            Ok(Answer { value, height, .. }) => QueryAnswer { value, height, ..QueryAnswer::default() },
            Err(status) => {
                let (code, log) = status.abci();
                let codespace = virtengine_types::code::SDK.to_owned();
                let height = self.inner.context.height();
                QueryAnswer { code, codespace, log, height, ..QueryAnswer::default() }
            }
        }
    }
}

/// Refuses a height other than the latest: only the latest state is kept.
fn at_latest(height: i64, latest: u64) -> Result<(), Status> {
    let Ok(wanted) = u64::try_from(height) else {
        let cause = format!("cannot query with height < 0, got {height}");
        return Err(Status::invalid(cause).with_sdk(SdkCode::InvalidRequest));
    };
    if wanted > latest {
        let cause = format!("cannot query with height in the future: {wanted} is above {latest}");
        return Err(Status::invalid(cause).with_sdk(SdkCode::InvalidHeight));
    }
    if wanted != 0 && wanted != latest {
        let cause = format!("failed to load state at height {wanted}: only the latest, {latest}, is kept");
        return Err(Status::invalid(cause).with_sdk(SdkCode::InvalidRequest));
    }
    Ok(())
}
