//! Answers on stdout, as tables for people or JSON for programs.

use clap::{Args, ValueEnum, error::ErrorKind};
use comfy_table::{ContentArrangement, Table, presets};
use eyre::{Report, Result};
use serde_json::{Value, json};
use std::io::{self, Write as _};
use virtengine_types::Coins;

/// An error and what caused it in one line, without repeating causes that a text already holds.
pub(crate) fn causes(error: &Report) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let joint = if text.is_empty() { "" } else { ": " };
            text = [text.as_str(), joint, cause.as_str()].concat();
        }
    }
    printable(&text)
}

/// Text of strangers for a terminal: what would control it is shown instead.
pub(super) fn printable(text: &str) -> String {
    escaped(text, |char| char.escape_unicode().to_string())
}

/// The text with each character that controls a terminal escaped.
fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\t' | '\r' => shown.extend(char.escape_default()),
            _ if is_controlling(char) => shown.push_str(&escape(char)),
            _ => shown.push(char),
        }
    }
    shown
}

/// Whether a character moves, colours or reorders what is shown around it: control characters but the end of
/// a line, other ends of lines and paragraphs, and those that set the direction of writing.
fn is_controlling(char: char) -> bool {
    match char {
        '\n' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => char.is_control(),
    }
}

/// Tells the user on stderr what strangers may have written.
pub(super) fn note(text: &str) {
    eprintln!("{}", printable(text));
}

/// A refusal of flags that the parser cannot give, which ends the program as the parser's own do.
pub(super) fn wrong_usage(text: &str) -> Report {
    clap::Error::raw(ErrorKind::ArgumentConflict, format_args!("{text}\n")).into()
}

/// Heading of the flags that every verb of a kind takes, behind the verb's own.
pub(super) const GLOBAL: &str = "Global options";

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs: fields in snake_case, 64-bit numbers as texts.
    Json,
}

/// The format chosen.
#[derive(Args)]
pub(super) struct Output {
    /// How the answer is printed.
    #[arg(
        long,
        short,
        global = true,
        help_heading = GLOBAL,
        value_enum,
        env = "VIRTENGINE_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    output: Format,
}

/// A column of a table: its title and the path of its field, such as `price` or `spec.region`.
pub(super) type Column = (&'static str, &'static str);

impl Output {
    /// For programs.
    #[cfg(test)]
    pub(super) const fn json() -> Self {
        Self { output: Format::Json }
    }

    pub(super) const fn is_json(&self) -> bool {
        matches!(self.output, Format::Json)
    }

    /// Prints one thing: its fields below each other.
    pub(super) fn record(&self, value: &Value) -> Result<()> {
        if self.is_json() { json(value) } else { line(&record(value)) }
    }

    /// Prints an answer that holds a list in its field `list`: one line an entry.
    pub(super) fn list(&self, answer: &Value, list: &str, columns: &[Column]) -> Result<()> {
        if self.is_json() {
            return json(answer);
        }
        let entries = answer[list].as_array().map(Vec::as_slice).unwrap_or_default();
        let cells = |entry| {
            let entry = for_people(entry);
            columns.iter().map(|(_, path)| shown(field(&entry, path))).collect()
        };
        let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
        let rows: Vec<Vec<String>> = entries.iter().map(cells).collect();
        line(&rows_within(table().width(), &titles, &rows))?;
        if entries.is_empty() {
            eprintln!("(none)");
        }
        match answer["pagination"]["next_key"].as_str() {
            Some(key) if !key.is_empty() => {
                eprintln!("more: --page-key {key}");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// One thing as a table: its fields below each other.
pub(super) fn record(value: &Value) -> String {
    let mut table = table();
    let mut rows = Vec::new();
    flatten("", &for_people(value), &mut rows);
    for (name, cell) in rows {
        table.add_row([name, cell]);
    }
    table.to_string()
}

/// Rows below each other, or, where that is wider than the terminal, each row's cells below each other: an address
/// on two lines could not be copied.
fn rows_within(width: Option<u16>, titles: &[&str], rows: &[Vec<String>]) -> String {
    let mut wide = table();
    wide.set_content_arrangement(ContentArrangement::Disabled);
    wide.set_header(titles).add_rows(rows);
    let text = wide.to_string();
    let fits = |width: u16| text.lines().all(|line| line.chars().count() <= usize::from(width));
    if rows.is_empty() || width.is_none_or(fits) {
        return text;
    }
    let one = |row: &Vec<String>| {
        let mut table = table();
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.add_rows(titles.iter().zip(row).map(|(title, cell)| [*title, cell.as_str()]));
        table.to_string()
    };
    rows.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Coins as JSON: a list of `{"denom", "amount"}`.
pub(super) fn coins(coins: &Coins) -> Value {
    coins
        .iter()
        .map(|coin| json!({"denom": coin.denom.as_str(), "amount": coin.amount.to_string()}))
        .collect()
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Writes a line to stdout.
pub(super) fn line(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{}", printable(text))?)
}

/// Writes JSON to stdout.
pub(super) fn json(value: &Value) -> Result<()> {
    line(&printable_json(&serde_json::to_string_pretty(value)?))
}

/// Writes JSON to stdout, in one line.
pub(super) fn json_line(value: &Value) -> Result<()> {
    line(&printable_json(&value.to_string()))
}

/// JSON that means the same: what controls a terminal is only in its texts, and there escaped as JSON does.
fn printable_json(text: &str) -> String {
    escaped(text, |char| format!("\\u{:04x}", u32::from(char)))
}

/// Whether the reader of stdout went away, as `head` does.
pub(crate) fn is_closed_pipe(error: &Report) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(broken)
}

fn field<'a>(entry: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(entry, |value, name| &value[name])
}

/// What stands in a cell for a value, also for none.
fn shown(value: &Value) -> String {
    Some(cell(value)).filter(|text| !text.is_empty()).unwrap_or_else(|| ABSENT.to_owned())
}

/// A value in one cell: coins as `5uve`, lists with commas, enumerations as words.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => word(text),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            match (fields.get("amount"), fields.get("denom"), fields.get("key"), fields.get("value")) {
                (Some(Value::String(amount)), Some(Value::String(denom)), ..) => format!("{amount}{denom}"),
                (_, _, Some(Value::String(key)), Some(Value::String(value))) => format!("{key}={value}"),
                _ => fields
                    .iter()
                    .map(|(name, value)| format!("{name}={}", cell(value)))
                    .collect::<Vec<_>>()
                    .join(" "),
            }
        }
        other => other.to_string(),
    }
}

/// What stands in a cell for what is not there, such as the reason for closing a lease that runs.
const ABSENT: &str = "-";
/// A time that is not set.
const NO_TIME: &str = "1970-01-01T00:00:00Z";
/// Numbers of which 0 says that there is none yet.
const NONE_IF_ZERO: [&str; 4] = ["closed_height", "exhausted_height", "lease_id", "unbonding_height"];

/// `ORDER_STATUS_OPEN` as `open`, a decimal of 18 places without its last zeros; other texts as they are.
fn word(text: &str) -> String {
    match (constant(text), text.split_once('.')) {
        (Some("UNSPECIFIED"), _) => ABSENT.to_owned(),
        (Some(name), _) => name.to_lowercase().replace('_', " "),
        (None, Some((whole, rest)))
            if rest.len() == 18
                && [whole, rest].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) =>
        {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ if text == NO_TIME => ABSENT.to_owned(),
        _ => text.to_owned(),
    }
}

/// The name behind the kind of an enumeration's constant.
fn constant(text: &str) -> Option<&str> {
    let kinds = ["_STATUS_", "_REASON_", "SELECTION_", "ENDPOINT_KIND_"];
    let constant = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    kinds.iter().find_map(|kind| text.split_once(kind)).map(|(_, name)| name).filter(|_| constant)
}

/// Leaves out what does not count: the open bids of an order that is matched, which are 0 however many bid on
/// it; the lease of an order that has none running or ended with it, which is 0 or, where the order was opened
/// again, the one before; and other numbers of which 0 says that there is none.
fn for_people(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Value::Object(fields) = &mut entry {
        let status = fields.get("status").and_then(Value::as_str).unwrap_or_default();
        let is_open = status == "ORDER_STATUS_OPEN";
        let unleased =
            ["ORDER_STATUS_OPEN", "ORDER_STATUS_EXPIRED", "ORDER_STATUS_CANCELLED"].contains(&status);
        if !is_open && !status.is_empty() {
            fields.remove("open_bids");
        }
        for (name, value) in fields.iter_mut() {
            let is_none = NONE_IF_ZERO.contains(&name.as_str()) && *value == "0";
            if is_none || (unleased && name == "lease_id") {
                *value = Value::Null;
            }
            if value.is_object() {
                *value = for_people(value);
            }
        }
    }
    entry
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !(fields.contains_key("denom") && fields.contains_key("amount")) => {
            for (name, value) in fields {
                let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&path, value, rows);
            }
        }
        Value::Array(list) if list.iter().any(is_record) => {
            for (index, value) in list.iter().enumerate() {
                flatten(&format!("{prefix}[{index}]"), value, rows);
            }
        }
        Value::String(text) if constant(text) == Some("UNSPECIFIED") => {}
        other => rows.push((prefix.to_owned(), shown(other))),
    }
}

/// Whether a value needs more than one cell.
fn is_record(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| {
        !(fields.len() == 2 && (fields.contains_key("denom") || fields.contains_key("key")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_controls_no_terminal() {
        let given = "a\u{1b}[2J\u{7}\u{9b}b\r\nno\u{a0}control";
        assert_eq!(printable(given), "a\\u{1b}[2J\\u{7}\\u{9b}b\\r\nno\u{a0}control");
        assert_eq!(causes(&eyre::eyre!("red \u{1b}[31m")), "red \\u{1b}[31m");
        let turned = "a\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{2028}f";
        assert_eq!(printable(turned), "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}e\\u{2028}f");
        assert_eq!(
            printable("\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "right to left as such"
        );
    }

    #[test]
    fn json_for_a_terminal_means_the_same() {
        let value = json!({"moniker": "a\u{1b}b\u{9b}c\u{202e}d\u{2069}\t\n"});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let shown = printable_json(&text);
            assert!(!shown.chars().any(is_controlling), "{shown}");
            assert_eq!(
                (printable(&shown), serde_json::from_str::<Value>(&shown).unwrap()),
                (shown, value.clone())
            );
        }
    }

    #[test]
    fn cells_are_short() {
        assert_eq!(cell(&json!({"denom": "uve", "amount": "5"})), "5uve");
        assert_eq!(cell(&json!("CLOSE_REASON_UNFUNDED")), "unfunded");
        assert_eq!(cell(&json!("BOND_STATUS_BONDED")), "bonded");
        assert_eq!(
            cell(&json!([{"key": "region", "value": "eu"}, {"key": "tier", "value": "1"}])),
            "region=eu, tier=1"
        );
        assert_eq!(cell(&Value::Null), "");
    }

    #[test]
    fn a_record_has_one_row_a_leaf() {
        let mut rows = Vec::new();
        let value = json!({"id": "7", "spec": {"price": {"denom": "uve", "amount": "5"}}, "units": [{"cpu": 1, "gpu": 0}]});
        flatten("", &value, &mut rows);
        let rows: Vec<String> = rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(rows, ["id: 7", "spec.price: 5uve", "units[0].cpu: 1", "units[0].gpu: 0"]);
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(cell(&json!("CLOSE_REASON_UNSPECIFIED")), "-");
        let mut rows = Vec::new();
        flatten("", &json!({"id": "7", "close_reason": "CLOSE_REASON_UNSPECIFIED"}), &mut rows);
        assert_eq!(rows, [("id".to_owned(), "7".to_owned())]);
    }

    #[test]
    fn open_bids_are_those_of_an_open_order() {
        let order = |status: &str| json!({"order": {"status": status, "open_bids": 3}});
        assert_eq!(for_people(&order("ORDER_STATUS_OPEN"))["order"]["open_bids"], 3);
        assert_eq!(for_people(&order("ORDER_STATUS_MATCHED"))["order"].get("open_bids"), None);
    }

    #[test]
    fn what_is_not_there_yet_is_a_dash() {
        let order = |status: &str, lease: &str| {
            let order = for_people(&json!({"order": {"status": status, "lease_id": lease}}));
            shown(field(&order, "order.lease_id"))
        };
        assert_eq!(order("ORDER_STATUS_CANCELLED", "0"), "-");
        assert_eq!(order("ORDER_STATUS_OPEN", "7"), "-", "the lease before the order was opened again");
        assert_eq!(order("ORDER_STATUS_ACTIVE", "7"), "7");
        let mut rows = Vec::new();
        let lease = json!({"closed_height": "0", "settled_height": "0", "region": "", "attributes": []});
        flatten("", &for_people(&lease), &mut rows);
        let rows: Vec<String> = rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(rows, ["attributes: -", "closed_height: -", "region: -", "settled_height: 0"]);
        assert_eq!(cell(&json!("1970-01-01T00:00:00Z")), "-");
    }

    #[test]
    fn a_table_wider_than_the_terminal_is_turned() {
        let rows = [vec!["7".to_owned(), "a".repeat(60)], vec!["8".to_owned(), "b".repeat(60)]];
        let titles = ["order", "tenant"];
        let wide = rows_within(None, &titles, &rows);
        assert_eq!(rows_within(Some(70), &titles, &rows), wide);
        let turned = rows_within(Some(69), &titles, &rows);
        assert_ne!(turned, wide);
        for whole in ["order", "tenant", &rows[0][1], &rows[1][1]] {
            assert!(turned.contains(whole), "{whole}: {turned}");
        }
        assert!(rows_within(Some(5), &titles, &[]).contains("order"));
    }

    #[test]
    fn decimals_are_short() {
        assert_eq!(cell(&json!("0.050000000000000000")), "0.05");
        assert_eq!(cell(&json!("100.000000000000000000")), "100");
        assert_eq!(cell(&json!("127.0.0.1")), "127.0.0.1");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = Report::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_closed_pipe(&closed));
        assert!(!is_closed_pipe(&eyre::eyre!("failed to read")));
    }
}
