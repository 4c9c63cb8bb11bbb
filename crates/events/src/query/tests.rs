use super::*;
use proptest::prelude::*;

const MAX: usize = 512;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let mut map = Attributes::new();
    for (key, value) in pairs {
        map.entry((*key).to_owned()).or_default().push((*value).to_owned());
    }
    map
}

fn matches(query: &str, pairs: &[(&str, &str)]) -> bool {
    Query::parse(query, MAX).unwrap().matches(&attributes(pairs))
}

#[test]
fn accepts_the_spellings_of_known_clients() {
    for text in [
        "tx.hash='ABCD'",
        "tm.event='NewBlock'",
        "tm.event = 'Tx' AND message.sender = 'virtengine1abc'",
        "transfer.recipient='virtengine1abc' AND tx.height>=10 AND tx.height<=20",
        "tx.height=5",
        "market.order.created.region CONTAINS 'eu'",
        "  market.order.created.order_id   EXISTS  ",
        "message.action='/cosmos.bank.v1beta1.MsgSend'",
    ] {
        assert!(Query::parse(text, MAX).is_ok(), "{text}");
    }
}

#[test]
fn rejects_what_is_not_a_query() {
    for (text, at) in [
        ("", 0),
        ("tx.height", 9),
        ("tx.height=", 10),
        ("tx.height=abc", 10),
        ("tx.height=5 OR tx.height=6", 12),
        ("tx.height=5 AND", 15),
        ("tx.height=5 tx.height=6", 12),
        ("tx.height>'5'", 10),
        ("a.b='unclosed", 4),
        ("='x'", 0),
        ("AND='x'", 0),
        ("a.b CONTAINS 5", 13),
        ("tx.height=5x", 10),
    ] {
        let error = Query::parse(text, MAX).unwrap_err();
        assert!(matches!(error, QueryError::Syntax { at: found, .. } if found == at), "{text}: {error}");
    }
}

#[test]
fn rejects_long_queries() {
    let text = format!("a.b='{}'", "x".repeat(MAX));
    assert_eq!(Query::parse(&text, MAX), Err(QueryError::TooLong { found: text.len(), max: MAX }));
}

#[test]
fn a_transaction_hash_is_compared_without_case() {
    assert!(matches("tx.hash='abcd'", &[("tx.hash", "ABCD")]));
    assert!(!matches("transfer.sender='abcd'", &[("transfer.sender", "ABCD")]));
}

#[test]
fn any_value_of_a_key_may_fulfil_a_condition() {
    let pairs = [("transfer.sender", "a"), ("transfer.sender", "b")];
    assert!(matches("transfer.sender='b'", &pairs));
    assert!(matches("transfer.sender='a' AND transfer.sender='b'", &pairs));
    assert!(!matches("transfer.sender='c'", &pairs));
    assert!(matches("transfer.sender EXISTS", &pairs));
    assert!(!matches("transfer.recipient EXISTS", &pairs));
}

#[test]
fn numbers_are_compared_by_value_and_may_carry_a_unit() {
    assert!(matches("transfer.amount>99", &[("transfer.amount", "100uve")]));
    assert!(matches("transfer.amount>=100.0", &[("transfer.amount", "100uve")]));
    assert!(!matches("transfer.amount<100", &[("transfer.amount", "100uve")]));
    assert!(!matches("transfer.amount<100", &[("transfer.amount", "uve")]));
    assert!(matches("a.b>-2.5", &[("a.b", "-2.25")]));
    assert!(matches(
        "a.b>9999999999999999999999999999999999999998",
        &[("a.b", "9999999999999999999999999999999999999999")]
    ));
}

fn text() -> impl Strategy<Value = String> {
    "[ -&(-~àé]{0,20}"
}

fn test() -> impl Strategy<Value = Test> {
    let number = (any::<i64>(), 0_u32..1000)
        .prop_map(|(whole, part)| Number::leading(&format!("{whole}.{part}")).unwrap());
    prop_oneof![
        text().prop_map(Test::Equals),
        text().prop_map(Test::Contains),
        number.clone().prop_map(Test::Less),
        number.clone().prop_map(Test::AtMost),
        number.clone().prop_map(Test::Greater),
        number.prop_map(Test::AtLeast),
        Just(Test::Exists),
    ]
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused(text in "\\PC{0,80}") {
        if let Ok(query) = Query::parse(&text, MAX) {
            prop_assert_eq!(Query::parse(&query.to_string(), 4 * MAX), Ok(query));
        }
    }

    #[test]
    fn nearly_right_texts_parse_or_are_refused(
        parts in proptest::collection::vec(
            prop_oneof!["[a-z.]{1,5}", "'[a-z]{0,3}'?", "[=<> ]{1,2}", "(AND|EXISTS|CONTAINS)", "-?[0-9.]{1,4}"], 0..12)
    ) {
        let text = parts.concat();
        if let Ok(query) = Query::parse(&text, MAX) {
            prop_assert_eq!(Query::parse(&query.to_string(), 4 * MAX), Ok(query));
        }
    }

    #[test]
    fn every_query_reads_back_as_printed(
        conditions in proptest::collection::vec(("[a-z_]{1,8}\\.[a-z_]{1,8}", test()), 1..6)
    ) {
        let conditions = conditions.into_iter().map(|(key, test)| Condition { key, test }).collect();
        let query = Query { conditions };
        prop_assert_eq!(Query::parse(&query.to_string(), usize::MAX), Ok(query));
    }

    #[test]
    fn numbers_order_as_integers_do(left in any::<i64>(), right in any::<i64>()) {
        let number = |value: i64| Number::leading(&value.to_string()).unwrap();
        prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
        prop_assert_eq!(number(left).floor(), i128::from(left));
    }
}
