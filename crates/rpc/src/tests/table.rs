//! The table of methods against the services.

use super::Node;
use std::collections::BTreeSet;
use virtengine_types::proto;

/// Streams have no row: gRPC serves them by name.
const STREAMS: [&str; 2] = ["/virtengine.events.v1.Service/Subscribe", "/virtengine.tx.v1.Service/Submit"];

#[tokio::test]
async fn every_method_of_every_query_service_is_answered() {
    let node = Node::start().await;
    let answered: BTreeSet<String> = node.router.routes().map(|route| route.path.to_owned()).collect();
    let mut described = BTreeSet::new();
    for service in proto::pool().services().filter(|service| service.name() != "Msg") {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            if STREAMS.contains(&path.as_str()) {
                continue;
            }
            let route = node.router.routes().find(|route| route.path == path);
            if let Some(route) = route {
                assert_eq!(route.input, method.input(), "{path}");
                assert_eq!(route.output, method.output(), "{path}");
            }
            described.insert(path);
        }
    }
    assert_eq!(answered, described);
}

#[tokio::test]
async fn every_captured_field_is_in_its_request() {
    let node = Node::start().await;
    for route in node.router.routes() {
        for field in route.patterns.iter().flat_map(|pattern| pattern.fields()) {
            assert!(route.input.get_field_by_name(field).is_some(), "{}: {field}", route.path);
        }
    }
}
