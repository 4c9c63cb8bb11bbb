use super::*;

/// A provider with two storage classes and cards of one model.
pub(crate) const EXAMPLE: &str = r#"
node = "http://127.0.0.1:26657"
home = "/var/lib/virtengine/provider"
key = "provider"
keyring_backend = "test"
region = "eu-west"
host_uri = "https://provider.example:8443"
status = "127.0.0.1:0"

[attributes]
tier = "premium"

[capacity]
cpu_milli = 64000
memory_bytes = 274877906944
storage_bytes = { default = 1099511627776, ssd = 549755813888 }
gpus = [{ vendor = "nvidia", model = "a100", count = 4 }]
leased_ips = 8

[rates]
cpu = "1.5"
memory_gib = "0.25"
storage_gib = { default = "0.001", ssd = "0.004" }
gpu = { a100 = "400" }
leased_ip = "2"
margin_bps = 500
"#;

pub(crate) fn example() -> Config {
    Config::parse(EXAMPLE).unwrap()
}

fn rejected(change: impl FnOnce(&mut Config)) -> String {
    let mut config = example();
    change(&mut config);
    config.validate().unwrap_err().to_string()
}

#[test]
fn accepts_the_example_and_its_defaults() {
    let config = example();
    assert_eq!(config.bidding.max_concurrent, 16);
    assert_eq!(config.overcommit.cpu_percent, 100);
    assert_eq!(config.rates.minimum.to_string(), "1");
    assert_eq!(config.keyring_folder(), Path::new("/var/lib/virtengine/provider/keyring-test"));
    let keys: Vec<_> = config.provider_attributes().into_iter().map(|attribute| attribute.key).collect();
    assert_eq!(keys, ["region", "tier"]);
}

#[test]
fn accepts_what_it_writes() {
    let text = toml::to_string(&example()).unwrap();
    assert_eq!(Config::parse(&text).unwrap(), example());
}

#[test]
fn rejects_unknown_fields_and_malformed_rates_with_their_line() {
    let error = Config::parse(&EXAMPLE.replace("leased_ips", "leased_ipz")).unwrap_err().to_string();
    assert!(error.contains("leased_ipz") && error.contains("line"), "{error}");
    let error = Config::parse(&EXAMPLE.replace("\"1.5\"", "\"1,5\"")).unwrap_err().to_string();
    assert!(error.contains("1,5") && error.contains("0.25"), "{error}");
}

#[test]
fn rejects_broken_relations_naming_both_fields() {
    let error = rejected(|config| config.rates.gpu.clear());
    assert_eq!(error, "capacity.gpus.nvidia/a100 = 4 needs a rate of its own, but rates.gpu.a100 = absent");
    let error = rejected(|config| config.rates.storage_gib.retain(|class, _| class != "ssd"));
    assert!(
        error.contains("capacity.storage_bytes.ssd") && error.contains("rates.storage_gib.ssd"),
        "{error}"
    );
    let error = rejected(|config| config.bidding.max_open_bids = 2);
    assert!(error.contains("max_concurrent = 16") && error.contains("max_open_bids = 2"), "{error}");
    let error = rejected(|config| drop(config.attributes.insert("region".into(), "us".into())));
    assert!(error.contains("region = eu-west") && error.contains("attributes.region = us"), "{error}");
    let error = rejected(|config| {
        config.capacity.gpus.clear();
        config.bidding.classes = vec!["gpu".into()];
    });
    assert!(error.contains("bidding.classes") && error.contains("capacity.gpus"), "{error}");
}

#[test]
fn rejects_values_out_of_range_naming_field_and_value() {
    let cases: [(&str, &str, fn(&mut Config)); 9] = [
        ("node", "tcp://x", |config| config.node = "tcp://x".into()),
        ("host_uri", "provider", |config| config.host_uri = "provider".into()),
        ("capacity.cpu_milli", "0", |config| config.capacity.cpu_milli = 0),
        ("overcommit.memory_percent", "99", |config| config.overcommit.memory_percent = 99),
        ("rates.margin_bps", "100001", |config| config.rates.margin_bps = 100_001),
        ("bidding.classes", "tpu", |config| config.bidding.classes = vec!["tpu".into()]),
        ("bidding.max_concurrent", "0", |config| config.bidding.max_concurrent = 0),
        ("earnings.withdraw_every_blocks", "0", |config| config.earnings.withdraw_every_blocks = 0),
        ("status", "0.0.0.0:1", |config| config.status = ([0, 0, 0, 0], 1).into()),
    ];
    for (field, value, change) in cases {
        let error = rejected(change);
        assert!(error.starts_with(field) && error.contains(value), "{field}: {error}");
    }
    let long = rejected(|config| drop(config.attributes.insert("a b".into(), "c".into())));
    assert!(long.contains("a b"), "{long}");
}
