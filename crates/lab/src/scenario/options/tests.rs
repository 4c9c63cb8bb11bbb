use super::*;

fn options() -> Options {
    let commit = Commit::try_from("0123456789abcdef".to_owned()).unwrap();
    Options::new("virtengine".into(), |_| Ok(Vec::new()), commit)
}

#[test]
fn accepts_the_defaults() {
    assert_eq!(options().validate(), Ok(()));
}

#[test]
fn rejects_zeros_by_their_names() {
    let error = Options { accounts: 0, ..options() }.validate().unwrap_err();
    assert_eq!(error.to_string(), "--accounts must be above 0, got 0");
    assert!(matches!(
        Options { rate: f64::NAN, ..options() }.validate(),
        Err(OptionsError::Zero { option: "rate", .. })
    ));
    assert!(Options { batch: Some(0), ..options() }.validate().is_err());
}

#[test]
fn rejects_a_warm_up_that_leaves_nothing() {
    let error = Options { duration: Duration::from_secs(5), ..options() }.validate().unwrap_err();
    assert_eq!(error, OptionsError::WarmUp { warm_up: 5.0, duration: 5.0 });
}

#[test]
fn rejects_a_share_above_all() {
    let error = Options { hot_share: 1.5, ..options() }.validate().unwrap_err();
    assert_eq!(error, OptionsError::Share { option: "hot-share", found: 1.5 });
    let error = Options { transfer_share: f64::NAN, ..options() }.validate().unwrap_err();
    assert!(error.to_string().contains("--transfer-share must be from 0 to 1"), "{error}");
}

#[test]
fn rejects_more_bids_than_providers() {
    let error = Options { bids: 5, providers: 4, ..options() }.validate().unwrap_err();
    assert_eq!(error, OptionsError::Bids { bids: 5, providers: 4 });
}

#[test]
fn rejects_more_transactions_than_fit_into_memory() {
    let error = Options { rate: 1e6, ..options() }.validate().unwrap_err();
    assert!(error.to_string().contains("30000000 transactions"), "{error}");
}

#[test]
fn rejects_a_network_without_funds() {
    let endpoint: Endpoint = "rpc=127.0.0.1:1,grpc=127.0.0.1:2".parse().unwrap();
    assert_eq!(Options { endpoints: vec![endpoint], ..options() }.validate(), Err(OptionsError::NoFunds));
}

#[test]
fn the_size_of_requests_follows_the_way() {
    let of = |way| Options { way, ..options() }.batch();
    assert_eq!((of(Way::Single), of(Way::Batch), of(Way::Stream)), (1, 20, 512));
    assert_eq!(Options { batch: Some(7), ..options() }.batch(), 7);
}
