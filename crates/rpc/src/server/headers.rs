//! The headers that are kept of a request.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What the surfaces read, and the protocols under them.
static NEEDED: [HeaderName; 22] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::ORIGIN,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-metadata-x-cosmos-block-height"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("x-cosmos-block-height"),
];
/// Longest value that is kept, in bytes: none that is needed is longer.
const MAX_VALUE_BYTES: usize = 1_024;

/// Copies of the headers that are needed. Many small ones take several times their bytes of memory, as long as
/// the call is open, and a value keeps the bytes of all that came with it.
pub(super) fn needed(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(8);
    for name in &NEEDED {
        let short = headers.get_all(name).iter().filter(|value| value.len() <= MAX_VALUE_BYTES);
        // A name that is given often has its meaning from the first ones.
        for value in short.take(4) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                kept.append(name, value);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_needed_and_copies_it() {
        let mut headers = HeaderMap::new();
        for index in 0..300 {
            headers.append(
                HeaderName::from_bytes(format!("x-{index}").as_bytes()).unwrap(),
                "a".parse().unwrap(),
            );
            headers.append(header::CONNECTION, "upgrade".parse().unwrap());
        }
        headers.insert("x-cosmos-block-height", "7".parse().unwrap());
        headers.insert(header::ORIGIN, "o".repeat(2_000).parse().unwrap());
        let kept = needed(&headers);
        assert_eq!(kept.len(), 5);
        assert_eq!(kept["x-cosmos-block-height"], "7");
        assert_ne!(
            kept["x-cosmos-block-height"].as_bytes().as_ptr(),
            headers["x-cosmos-block-height"].as_bytes().as_ptr()
        );
    }
}
