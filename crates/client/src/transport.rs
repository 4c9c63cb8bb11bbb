//! JSON-RPC over HTTP, with bounds.

use crate::{ClientError, Config, Refusal};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Most bytes of a foreign body that an error shows.
const SHOWN_BYTES: usize = 200;

pub(crate) struct Transport {
    url: String,
    http: reqwest::Client,
    pub(crate) config: Config,
}

impl Transport {
    pub(crate) fn new(text: &str, config: Config) -> Result<Self, ClientError> {
        let refused = |cause: String| ClientError::Url { url: text.to_owned(), cause };
        let url = match text.split_once("://") {
            Some(("tcp", rest)) => format!("http://{rest}"),
            Some(("http" | "https", _)) => text.to_owned(),
            Some((scheme, _)) => return Err(refused(format!("scheme {scheme:?} is neither http nor https"))),
            None => format!("http://{text}"),
        };
        let url = url.trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&url).map_err(|error| refused(error.to_string()))?;
        if parsed.host_str().is_none() {
            return Err(refused("it names no host".to_owned()));
        }
        let http = reqwest::Client::builder()
            .timeout(config.request_timeout)
            .connect_timeout(config.connect_timeout)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { url, http, config })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The address of the event log.
    pub(crate) fn events_url(&self) -> String {
        let rest = self.url.strip_prefix("http").unwrap_or(&self.url);
        format!("ws{rest}/events")
    }

    pub(crate) fn malformed(&self, method: &str, cause: impl ToString) -> ClientError {
        ClientError::Malformed { url: self.url.clone(), method: method.to_owned(), cause: cause.to_string() }
    }

    /// Calls a method; the answer is its `result`.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, ClientError> {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let failed = |error| self.failed(method, &error);
        let mut response = self.http.post(&self.url).json(&call).send().await.map_err(failed)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > self.config.max_answer_bytes {
                let (url, method) = (self.url.clone(), method.to_owned());
                return Err(ClientError::TooLarge { url, method, max: self.config.max_answer_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        // A refused call is an answer whatever its HTTP status is.
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(&body) else {
            let body = String::from_utf8_lossy(&body).chars().take(SHOWN_BYTES).collect();
            let (url, method) = (self.url.clone(), method.to_owned());
            return Err(ClientError::Http { url, method, status: status.as_u16(), body });
        };
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(self.refused(method, error));
        }
        answer.remove("result").ok_or_else(|| {
            self.malformed(method, "it has neither result nor error; is it the address of the node's RPC?")
        })
    }

    pub(crate) async fn abci_query(&self, path: &str, request: &[u8]) -> Result<Vec<u8>, ClientError> {
        let params = json!({"path": path, "data": hex::encode(request), "height": "0", "prove": false});
        let answer = self.call("abci_query", params).await?;
        let response = &answer["response"];
        if !response.is_object() {
            return Err(self.malformed(path, format!("response is {response}, not an object")));
        }
        let code = response["code"].as_u64().unwrap_or(0);
        if code != 0 {
            let text = |field: &str| response[field].as_str().unwrap_or_default().to_owned();
            let refusal = Refusal {
                codespace: text("codespace"),
                code: u32::try_from(code).unwrap_or(u32::MAX),
                log: text("log"),
            };
            return Err(ClientError::Query { url: self.url.clone(), path: path.to_owned(), refusal });
        }
        match &response["value"] {
            Value::Null => Ok(Vec::new()),
            Value::String(text) => BASE64_STANDARD.decode(text).map_err(|error| self.malformed(path, error)),
            other => Err(self.malformed(path, format!("value is {other}, not base64"))),
        }
    }

    fn failed(&self, method: &str, error: &reqwest::Error) -> ClientError {
        if error.is_timeout() && !error.is_connect() {
            let (url, method) = (self.url.clone(), method.to_owned());
            return ClientError::Timeout { url, method, after: self.config.request_timeout };
        }
        ClientError::Unreachable { url: self.url.clone(), cause: innermost(error) }
    }

    fn refused(&self, method: &str, error: &Value) -> ClientError {
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        let data = text("data");
        ClientError::Rpc {
            url: self.url.clone(),
            method: method.to_owned(),
            code: error["code"].as_i64().unwrap_or(0),
            message: if data.is_empty() { text("message") } else { data },
        }
    }
}

/// The cause that says most: the last of the chain.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport(url: &str) -> Result<Transport, ClientError> {
        Transport::new(url, Config::default())
    }

    #[test]
    fn accepts_addresses_in_every_spelling() {
        for (given, url, events) in [
            ("http://127.0.0.1:26657", "http://127.0.0.1:26657", "ws://127.0.0.1:26657/events"),
            ("tcp://localhost:26657/", "http://localhost:26657", "ws://localhost:26657/events"),
            ("127.0.0.1:80", "http://127.0.0.1:80", "ws://127.0.0.1:80/events"),
            (
                "https://rpc.example.org/main",
                "https://rpc.example.org/main",
                "wss://rpc.example.org/main/events",
            ),
        ] {
            let transport = transport(given).unwrap();
            assert_eq!((transport.url(), transport.events_url().as_str()), (url, events));
        }
    }

    #[test]
    fn rejects_what_is_no_address() {
        for given in ["ftp://host", "http://", "http://[::1", ""] {
            assert!(matches!(transport(given), Err(ClientError::Url { .. })), "{given:?}");
        }
    }

    /// What a client makes of a node that gives one answer.
    async fn told<T>(body: &str, ask: impl AsyncFnOnce(String) -> T) -> T {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = listener.local_addr().unwrap().to_string();
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 4_096]).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            socket
        };
        tokio::join!(ask(url), server).0
    }

    #[tokio::test]
    async fn an_answer_without_a_response_is_no_empty_success() {
        let body = r#"{"jsonrpc":"2.0","id":1,"result":null}"#;
        let answer =
            told(body, async |url: String| transport(&url).unwrap().abci_query("/x", &[]).await).await;
        assert!(matches!(answer, Err(ClientError::Malformed { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn another_port_of_the_node_is_told_from_its_rpc() {
        let body = r#"{"code":12,"message":"Not Implemented","details":[]}"#;
        let ask = async |url: String| transport(&url).unwrap().call("status", json!({})).await;
        let error = told(body, ask).await.unwrap_err().to_string();
        assert!(error.ends_with("is it the address of the node's RPC?"), "{error}");
    }

    #[tokio::test]
    async fn a_transaction_that_the_node_has_is_named() {
        let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"tx already exists in cache"}}"#;
        let ask = async |url: String| crate::Client::new(&url).unwrap().broadcast(&[1]).await;
        let error = told(body, ask).await.unwrap_err();
        let ClientError::Known { hash } = &error else { panic!("{error}") };
        assert!(error.to_string().contains(&format!("`virtengine query tx {hash}`")), "{error}");
    }

    #[tokio::test]
    async fn rejects_an_address_where_nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = transport(&address.to_string()).unwrap().call("status", json!({})).await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("virtengine devnet"), "{error}");
    }
}
