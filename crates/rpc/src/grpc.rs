//! gRPC: every method of the router over HTTP/2, the streams of events and of transactions, and reflection.

use crate::{Code, Router, Status, server::Share, virtengine::events, virtengine::submit};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use virtengine_types::proto;

/// Height of the state wanted in a request, and answered from in a response.
pub(crate) const HEIGHT_HEADER: &str = "x-cosmos-block-height";
const SUBSCRIBE: &str = "/virtengine.events.v1.Service/Subscribe";
pub(crate) const SUBMIT: &str = "/virtengine.tx.v1.Service/Submit";
/// Methods whose answers stay open.
pub(crate) const STREAMS: [&str; 2] = [SUBSCRIBE, SUBMIT];
/// How the paths of the reflection services begin.
pub(crate) const REFLECTION: &str = "/grpc.reflection.";

/// The gRPC application over a router: serve it with [`crate::server::serve`].
pub fn grpc_app(router: Router) -> axum::Router {
    let max = router.context().config().max_body_bytes;
    let app = axum::Router::new().fallback(answer).with_state(router);
    match reflection(max) {
        Some(services) => services.into_iter().fold(app, |app, (path, service)| app.route(path, service)),
        None => app,
    }
}

/// The reflection services of both versions that tools ask for.
fn reflection(max: usize) -> Option<[(&'static str, axum::routing::MethodRouter); 2]> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
    };
    let v1 = builder().build_v1().ok()?.max_decoding_message_size(max);
    let v1alpha = builder().build_v1alpha().ok()?.max_decoding_message_size(max);
    Some([
        ("/grpc.reflection.v1.ServerReflection/{method}", axum::routing::any_service(v1)),
        ("/grpc.reflection.v1alpha.ServerReflection/{method}", axum::routing::any_service(v1alpha)),
    ])
}

async fn answer(State(router): State<Router>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let max = router.context().config().max_body_bytes;
    let mut grpc = tonic::server::Grpc::new(RawCodec).max_decoding_message_size(max);
    if path == SUBSCRIBE {
        let subscribe = tower::service_fn(move |request: tonic::Request<Bytes>| {
            let router = router.clone();
            async move {
                let stream = events::subscribe(&router, request.into_inner())?;
                Ok::<_, tonic::Status>(tonic::Response::new(stream))
            }
        });
        return grpc.server_streaming(subscribe, request).await.map(Body::new);
    }
    if path == SUBMIT {
        let share = request.extensions().get::<Share>().cloned();
        let submit = tower::service_fn(move |request: tonic::Request<tonic::Streaming<Bytes>>| {
            let (router, share) = (router.clone(), share.clone());
            async move {
                let stream = submit::submit(&router, share, request.into_inner())?;
                Ok::<_, tonic::Status>(tonic::Response::new(stream))
            }
        });
        return grpc.streaming(submit, request).await.map(Body::new);
    }
    let unary = tower::service_fn(move |request: tonic::Request<Bytes>| {
        let (router, path) = (router.clone(), path.clone());
        async move {
            let height = wanted_height(&request)?;
            let answer = router.query(&path, request.into_inner(), height).await?;
            let mut response = tonic::Response::new(answer.value);
            response.metadata_mut().insert(HEIGHT_HEADER, answer.height.into());
            Ok::<_, tonic::Status>(response)
        }
    });
    grpc.unary(unary, request).await.map(Body::new)
}

fn wanted_height(request: &tonic::Request<Bytes>) -> Result<i64, Status> {
    let Some(value) = request.metadata().get(HEIGHT_HEADER) else { return Ok(0) };
    let text = value.to_str().unwrap_or_default();
    let cause = || Status::invalid(format!("{HEIGHT_HEADER}: {text:?} is not a height"));
    text.parse().map_err(|_| cause())
}

impl From<Status> for tonic::Status {
    fn from(status: Status) -> Self {
        let code = match status.code {
            Code::Unknown => tonic::Code::Unknown,
            Code::InvalidArgument => tonic::Code::InvalidArgument,
            Code::DeadlineExceeded => tonic::Code::DeadlineExceeded,
            Code::NotFound => tonic::Code::NotFound,
            Code::ResourceExhausted => tonic::Code::ResourceExhausted,
            Code::Unimplemented => tonic::Code::Unimplemented,
            Code::Internal => tonic::Code::Internal,
            Code::Unavailable => tonic::Code::Unavailable,
        };
        Self::new(code, status.message)
    }
}

/// Messages as they are: the router decodes them.
#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
