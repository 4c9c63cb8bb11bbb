use super::*;

fn fetched(first: u64, told: &[u64]) -> Vec<u64> {
    let mut heights = Heights::from(first);
    told.iter().flat_map(|height| heights.told(*height)).collect()
}

#[test]
fn heights_that_were_not_told_are_fetched_once() {
    assert_eq!(fetched(5, &[5, 6, 7]), [5, 6, 7]);
    assert_eq!(fetched(5, &[5, 9, 10]), [5, 6, 7, 8, 9, 10]);
}

#[test]
fn heights_that_are_told_again_or_lie_before_the_first_are_not_fetched() {
    assert_eq!(fetched(5, &[3, 4, 5, 5, 4, 6]), [5, 6]);
}

#[test]
fn accepts_the_event_of_a_header_only() {
    let event = r#"{"jsonrpc":"2.0","id":1,"result":{"query":"q","data":{"type":"tendermint/event/NewBlockHeader",
        "value":{"header":{"chain_id":"lab-1","height":"42"}}},"events":{}}}"#;
    assert_eq!(announced(event), Some(42));
    for other in ["", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, r#"{"error":{"code":-1}}"#] {
        assert_eq!(announced(other), None, "{other}");
    }
}

#[test]
fn accepts_results_with_codes_and_responses() {
    let data = TxMsgData {
        msg_responses: vec![prost_types::Any { type_url: "/a.B".into(), value: vec![1] }],
        ..Default::default()
    };
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"height":"4","txs_results":[
        {{"code":0,"data":"{}","log":"","codespace":"","events":[{{"type":"x"}}]}},
        {{"code":5,"data":null,"log":"no funds","codespace":"sdk"}}]}}}}"#,
        BASE64_STANDARD.encode(data.encode_to_vec())
    );
    let results = results(answer.as_bytes()).unwrap();
    assert_eq!(results[0].responses, [("/a.B".to_owned(), vec![1])]);
    assert_eq!((results[1].code, results[1].log.as_str()), (5, "no funds"));
}

#[test]
fn a_block_without_transactions_has_no_results() {
    assert!(results(br#"{"result":{"txs_results":null}}"#).unwrap().is_empty());
    assert!(results(br#"{"error":{"code":-32603}}"#).is_err());
}
