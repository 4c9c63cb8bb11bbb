//! Whole files accepted, one file for each broken rule, and mutated input.

use super::*;
use proptest::prelude::*;

const WEB: &str = include_str!("../../../../examples/web.yml");
const GPU: &str = include_str!("../../../../examples/gpu.yml");
const WORDPRESS: &str = include_str!("../../../../examples/wordpress.yml");
const LEASED_IP: &str = include_str!("../../../../examples/leased-ip.yml");
const TWO_REGIONS: &str = include_str!("../../../../examples/two-regions.yml");
const ALL: [&str; 5] = [WEB, GPU, WORDPRESS, LEASED_IP, TWO_REGIONS];

fn groups(text: &str) -> Vec<Group> {
    Sdl::parse(text).unwrap().groups(&DenomMap::default(), ForeignAuditors::Refuse).unwrap()
}

/// The error of `file` with its one occurrence of `from` replaced.
fn rejected(file: &str, from: &str, to: &str) -> SdlError {
    assert_eq!(file.matches(from).count(), 1, "{from:?} must occur once");
    Sdl::parse(&file.replace(from, to)).unwrap_err()
}

/// Checks the whole message of a rejected change.
fn rejects(file: &str, from: &str, to: &str, message: &str) {
    assert_eq!(rejected(file, from, to).to_string(), message);
}

#[test]
fn accepts_a_web_server() {
    let group = groups(WEB).remove(0);
    assert_eq!((group.name.as_str(), group.max_price()), ("anywhere", Some(1_000)));
    let unit = &group.resources[0];
    assert_eq!((unit.cpu_milli, unit.memory_bytes, unit.count), (500, 512 << 20, 1));
    assert_eq!(unit.endpoints, [Endpoint { kind: EndpointKind::SharedHttp, count: 1 }]);
    assert_eq!((unit.storage[0].name.as_str(), unit.storage[0].bytes), ("default", 1 << 30));
}

#[test]
fn accepts_graphics_cards_volumes_and_http_options() {
    let group = groups(GPU).remove(0);
    assert_eq!(group.attributes.get("region").map(String::as_str), Some("us-west"));
    let unit = &group.resources[0];
    assert_eq!((unit.gpu.count, unit.gpu.vendor.as_str()), (1, "nvidia"));
    assert_eq!(unit.gpu.models[0].ram_bytes, Some(80 << 30));
    assert_eq!(unit.gpu.models[0].interface.as_deref(), Some("sxm"));
    assert_eq!(unit.gpu.models[1].model, "h100");
    let classes: Vec<_> =
        unit.storage.iter().map(|volume| (volume.class.as_str(), volume.persistent)).collect();
    assert_eq!(classes, [("", false), ("beta3", true), ("ram", false)]);
    let options = &Sdl::parse(GPU).unwrap().services["inference"].expose[0].http_options;
    assert_eq!((options.max_body_size, options.next_tries, options.send_timeout), (104_857_600, 1, 60_000));
    assert_eq!(options.next_cases, ["off"]);
}

#[test]
fn accepts_services_that_see_each_other() {
    let manifests = Sdl::parse(WORDPRESS).unwrap().manifests();
    let [blog, db] = manifests[0].services.as_slice() else { panic!("two services") };
    assert_eq!(blog.dependencies, ["db"]);
    assert_eq!(db.expose[0].to[0].service.as_deref(), Some("blog"));
    assert_eq!(db.mounts["data"].mount, "/var/lib/mysql");
    let unit = &groups(WORDPRESS)[0].resources[1];
    assert!(unit.endpoints.is_empty(), "only the blog is public");
    assert_eq!(unit.memory_bytes, 3 << 29);
}

#[test]
fn accepts_a_leased_address_and_counts_it_once() {
    let unit = &groups(LEASED_IP)[0].resources[0];
    let expected = [
        Endpoint { kind: EndpointKind::RandomPort, count: 2 },
        Endpoint { kind: EndpointKind::LeasedIp, count: 1 },
    ];
    assert_eq!(unit.endpoints, expected);
}

#[test]
fn accepts_several_placements_anchors_and_merges() {
    let groups = groups(TWO_REGIONS);
    let found: Vec<_> =
        groups.iter().map(|group| (group.name.as_str(), group.max_price().unwrap())).collect();
    assert_eq!(found, [("america", 4_000), ("europe", 17_500)]);
    let worker = &groups[1].resources[1];
    assert_eq!((worker.memory_bytes, worker.cpu_milli), (4 << 30, 1_000));
}

#[test]
fn accepts_every_spelling_of_a_quantity() {
    for (text, milli) in [("100m", 100), ("0.5", 500), ("1", 1_000), ("\"2.25\"", 2_250), ("0.0001", 1)] {
        assert_eq!(
            groups(&WEB.replace("units: 0.5", &format!("units: {text}")))[0].resources[0].cpu_milli,
            milli
        );
    }
    for (text, bytes) in [
        ("1k", 1_000),
        ("'1.5Ki'", 1_536),
        ("1G", 1_000_000_000),
        ("1Pi", 1 << 50),
        ("7", 7),
        ("2gi", 2 << 30),
        ("6GB", 6_000_000_000),
    ] {
        assert_eq!(
            groups(&WEB.replace("size: 512Mi", &format!("size: {text}")))[0].resources[0].memory_bytes,
            bytes
        );
    }
    assert_eq!(groups(&WEB.replace("1000", "2.9"))[0].max_price(), Some(2), "a ceiling rounds down");
}

#[test]
fn accepts_mapped_denominations_and_rejects_others() {
    let sdl = Sdl::parse(&WEB.replace("denom: uve", "denom: uact")).unwrap();
    assert_eq!(sdl.groups(&"uact=uve".parse().unwrap(), ForeignAuditors::Refuse).unwrap(), groups(WEB));
    let error = sdl.groups(&"uakt=uve".parse().unwrap(), ForeignAuditors::Refuse).unwrap_err().to_string();
    let expected = "line 26, column 18: profiles.placement.anywhere.pricing.web.denom: the price is in \"uact\", \
                    the market takes \"uve\"; read it one for one with --denom-map uact=uve";
    assert_eq!(error, expected);
}

#[test]
fn rejects_auditors_of_other_networks_unless_told_to_drop_them() {
    let foreign = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63";
    let own = virtengine_types::Address([1; 20]);
    let signed = |any: &str| {
        let list =
            format!("      signedBy:\n        anyOf:\n          - {own}\n          - {any}\n      pricing:");
        Sdl::parse(&WEB.replacen("      pricing:", &list, 1)).unwrap()
    };
    let none = DenomMap::default();
    let error = signed(foreign).groups(&none, ForeignAuditors::Refuse).unwrap_err().to_string();
    let expected = format!(
        "line 27, column 13: profiles.placement.anywhere.signedBy.anyOf[1]: {foreign:?} is no account of this network \
         (invalid Bech32 prefix; expected virtengine, got akash), and auditors of other networks vouch for nothing \
         here: name one of this network, or drop the demand with --ignore-signed-by"
    );
    assert_eq!(error, expected);
    let group = signed(foreign).groups(&none, ForeignAuditors::Drop).unwrap().remove(0);
    assert_eq!(group.dropped_auditors, [DroppedAuditor { line: 27, address: foreign.to_owned() }]);
    assert_eq!((group.signed_by_any, group.signed_by_all), (vec![own], vec![]));
    // A mistyped account of this network is an error all the same.
    let mistyped = own.to_string().replace("virtengine1q", "virtengine1p");
    let error = signed(&mistyped).groups(&none, ForeignAuditors::Drop).unwrap_err().to_string();
    assert!(error.contains(&mistyped) && !error.contains("--ignore-signed-by"), "{error}");
}

#[test]
fn rejects_bad_denom_maps() {
    assert!(matches!("uact".parse::<DenomMap>(), Err(DenomMapError::Malformed { .. })));
    assert!(matches!("uact=uakt".parse::<DenomMap>(), Err(DenomMapError::Target { .. })));
}

#[test]
fn a_manifest_has_one_hash_whatever_the_order_of_the_file() {
    let hash = |text: &str| Sdl::parse(text).unwrap().manifests()[0].hash().unwrap();
    let services = WEB.split("profiles:").next().unwrap();
    let moved = format!("{}\n{}", WEB.replace(services, ""), services);
    assert_eq!(hash(WEB), hash(&moved));
    assert_ne!(hash(WEB), hash(&WEB.replace("nginx:1.27", "nginx:1.26")));
}

#[test]
fn a_file_survives_json() {
    for text in ALL {
        let sdl = Sdl::parse(text).unwrap();
        let back: Sdl = serde_json::from_slice(&serde_json::to_vec(&sdl).unwrap()).unwrap();
        assert_eq!(
            back.groups(&DenomMap::default(), ForeignAuditors::Refuse),
            sdl.groups(&DenomMap::default(), ForeignAuditors::Refuse)
        );
    }
}

#[test]
fn credentials_do_not_print_their_password() {
    let login = "image: nginx:1.27-alpine\n    credentials: {host: h.io, username: u, password: topsecret}";
    let sdl = Sdl::parse(&WEB.replace("image: nginx:1.27-alpine", login)).unwrap();
    assert!(!format!("{sdl:?}").contains("topsecret"));
}

#[test]
fn rejects_a_port_with_its_line_and_path() {
    let message = "line 8, column 15: services.web.expose[0].port: 99999 is not a port (1-65535)";
    rejects(WEB, "port: 80", "port: 99999", message);
}

#[test]
fn rejects_an_unknown_field_with_a_suggestion() {
    let message = "line 6, column 5: services.web.imgae: unknown field \"imgae\", did you mean \"image\"?; known: \
                   image, command, args, env, expose, dependencies, depends_on, depends-on, params, credentials";
    rejects(WEB, "image:", "imgae:", message);
    let message = "line 2, column 1: versio: unknown field \"versio\", did you mean \"version\"?; known: version, \
                   services, profiles, deployment, endpoints";
    rejects(WEB, "version:", "versio:", message);
}

#[test]
fn rejects_an_unknown_profile_with_a_suggestion() {
    let message = "line 32, column 16: deployment.web.anywhere.profile: no compute profile is called \"wbe\", \
                   did you mean \"web\"?";
    rejects(WEB, "profile: web", "profile: wbe", message);
}

/// One change for each rule that a field or a pair of fields can break.
#[test]
fn rejects_each_broken_rule() {
    macro_rules! check {
        ($file:expr, $from:expr, $to:expr, $rule:pat) => {{
            let error = rejected($file, $from, $to);
            assert!(matches!(*error.rule, $rule), "{} -> {}: {error}", $from, $to);
            assert!(error.line > 0, "{error} has no line");
        }};
    }
    check!(WEB, "version: \"2.0\"", "version: \"3.0\"", Rule::Choice { .. });
    check!(WEB, "version: \"2.0\"", "", Rule::Missing { .. });
    check!(WEB, "version: \"2.0\"", "version: \"2.0\"\ninclude: [a.yml]", Rule::Unsupported { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: ' '", Rule::EmptyText { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: [nginx]", Rule::Kind { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: a\n    image: b", Rule::DuplicateKey { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: !secret a", Rule::Tag { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: a\n    <<: b", Rule::Merge { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: a\n    ? [b]\n    : c", Rule::Key { .. });
    check!(WEB, "image: nginx:1.27-alpine", "image: a\n    env: [=b]", Rule::Variable { .. });
    check!(WEB, "- port: 80", "- port: 80\n        proto: sctp", Rule::Choice { .. });
    check!(WEB, "- port: 80", "- port: 80\n        accept: [a b]", Rule::Host { .. });
    check!(WEB, "- port: 80", "- port: 80\n        accept: [a.io, A.io]", Rule::DuplicateHost { .. });
    check!(WEB, "global: true", "global: maybe", Rule::Bool { .. });
    check!(WEB, "- global: true", "- {}", Rule::NoTarget);
    check!(WEB, "- global: true", "- {global: true, service: web}", Rule::TwoTargets { .. });
    check!(WEB, "- global: true", "- {service: wbe}", Rule::Reference { .. });
    check!(WEB, "units: 0.5", "units: -1", Rule::Quantity { .. });
    check!(WEB, "units: 0.5", "units: 0", Rule::QuantityRange { .. });
    check!(WEB, "size: 512Mi", "size: 512m", Rule::Quantity { .. });
    check!(WEB, "size: 512Mi", "size: 2Pi", Rule::QuantityRange { .. });
    check!(WEB, "amount: 1000", "amount: 0.5", Rule::PriceTooLow { .. });
    check!(WEB, "amount: 1000", "amount: -5", Rule::Quantity { .. });
    check!(WEB, "count: 1", "count: 0", Rule::Integer { .. });
    check!(WEB, "anywhere:\n      profile", "nowhere:\n      profile", Rule::Reference { .. });
    check!(WEB, "        web:\n          denom", "        wbe:\n          denom", Rule::Missing { .. });
    check!(WEB, "  web:\n    image", "  w b:\n    image", Rule::Name { .. });
    check!(GPU, "next_cases: [\"off\"]", "next_cases: [\"off\", error]", Rule::CaseOff { .. });
    check!(GPU, "read_timeout: 60000", "read_timeout: 60001", Rule::Integer { .. });
    check!(GPU, "mount: /models", "mount: models", Rule::MountPath { .. });
    check!(GPU, "mount: /models", "mount: /dev/shm", Rule::MountTaken { .. });
    check!(GPU, "        models:\n          mount: /models\n", "", Rule::NotMounted { .. });
    check!(GPU, "persistent: false", "persistent: true", Rule::RamPersistent);
    check!(GPU, "persistent: true", "persistent: false", Rule::ClassEphemeral { .. });
    check!(GPU, "- name: shm", "- name: models", Rule::DuplicateKey { .. });
    check!(GPU, "units: 1\n", "units: 0\n", Rule::GpuUnits { .. });
    check!(GPU, "interface: sxm", "interface: agp", Rule::Choice { .. });
    check!(
        GPU,
        "              nvidia:\n",
        "              amd:\n              nvidia:\n",
        Rule::GpuVendors { .. }
    );
    check!(GPU, "- model: h100", "- model: a b", Rule::Name { .. });
    check!(LEASED_IP, "kind: ip", "kind: port", Rule::Choice { .. });
    check!(LEASED_IP, "kind: ip", "kind: ip\n  spare: {kind: ip}", Rule::Unused { .. });
    check!(LEASED_IP, "proto: tcp", "proto: udp", Rule::PortTaken { .. });
    check!(
        LEASED_IP,
        "udp\n        to:\n          - global: true",
        "udp\n        to:\n          - global: false",
        Rule::IpNotGlobal { .. }
    );
    check!(
        WORDPRESS,
        "image: mariadb:11.4",
        "image: db\n    depends_on: [blog]",
        Rule::DependencyCycle { .. }
    );
}

#[test]
fn rejects_cards_without_a_vendor() {
    let error = rejected(WEB, "size: 1Gi", "size: 1Gi\n        gpu: {units: 2}");
    assert!(error.to_string().contains("units: 2 needs attributes.vendor"), "{error}");
}

#[test]
fn rejects_prices_that_overflow() {
    let text = TWO_REGIONS.replace("amount: 2000", &format!("amount: {}", u128::MAX));
    let error = Sdl::parse(&text).unwrap().groups(&DenomMap::default(), ForeignAuditors::Refuse).unwrap_err();
    assert!(matches!(*error.rule, Rule::PriceOverflow { count: 2, .. }), "{error}");
}

#[test]
fn rejects_two_architectures_of_one_provider() {
    let text = TWO_REGIONS.replace("units: 1\n", "units: 1\n          attributes: {arch: arm64}\n");
    let text = text
        .replace("<<: *small", "cpu: {units: 1, attributes: {arch: amd64}}\n        storage: {size: 1Gi}");
    let error = Sdl::parse(&text).unwrap().groups(&DenomMap::default(), ForeignAuditors::Refuse).unwrap_err();
    assert!(matches!(*error.rule, Rule::Conflict { .. }), "{error}");
}

#[test]
fn rejects_input_that_is_no_document() {
    assert!(matches!(*Sdl::parse("").unwrap_err().rule, Rule::Empty));
    assert!(matches!(*Sdl::parse("a: [").unwrap_err().rule, Rule::Syntax { .. }));
    assert!(matches!(*Sdl::parse("a: &a [*a]").unwrap_err().rule, Rule::Syntax { .. }));
    assert!(matches!(*Sdl::parse(&format!("{WEB}\n---\n{WEB}")).unwrap_err().rule, Rule::SecondDocument));
    let error = Sdl::from_bytes(b"a: b\nc: \xff").unwrap_err();
    assert_eq!((error.line, *error.rule), (2, Rule::NotUtf8 { offset: 8 }));
}

#[test]
fn rejects_input_over_its_bounds() {
    let rule = |text: String| *Sdl::parse(&text).unwrap_err().rule;
    assert!(matches!(rule(" ".repeat(MAX_BYTES + 1)), Rule::TooLarge { .. }));
    assert!(matches!(rule("[".repeat(60) + &"]".repeat(60)), Rule::TooDeep { .. }));
    assert!(matches!(rule(format!("{}: 1", "k".repeat(MAX_KEY_BYTES + 1))), Rule::KeyTooLong { .. }));
    assert!(matches!(rule(format!("[{}]", "1,".repeat(MAX_ENTRIES + 1))), Rule::TooMany { .. }));
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 9].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(matches!(rule(bomb), Rule::TooManyNodes { .. }));
}

proptest! {
    #[test]
    fn parsing_mutated_files_never_panics(
        which in 0usize..ALL.len(),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0u8..4, any::<u8>(), 0usize..40), 1..12),
    ) {
        let mut bytes = ALL[which].as_bytes().to_vec();
        for (at, kind, byte, length) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, b"&*<[]{}:-!|>'\"#? \n\t%~"[usize::from(byte) % 21]),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        if let Ok(sdl) = Sdl::from_bytes(&bytes) {
            let again = sdl.validate();
            prop_assert!(again.is_ok(), "a parsed file is valid: {again:?}");
            let groups = sdl.groups(&DenomMap::default(), ForeignAuditors::Refuse);
            prop_assert!(groups.is_err() || groups.unwrap().len() == sdl.manifests().len());
        }
    }

    #[test]
    fn parsing_any_text_never_panics(text in "\\PC{0,200}|[-a-z0-9:{}\\[\\]&*<>!|'\"\n ]{0,300}") {
        if let Err(error) = Sdl::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
