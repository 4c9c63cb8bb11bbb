//! Typed reading of a YAML tree; every value read leaves its place behind for later checks.

use super::{
    MAX_NAME_BYTES, Rule, SdlError,
    error::nearest,
    model::Places,
    node::{Data, Entry, Node, Place},
    quantity::shown,
};
use std::{cell::RefCell, collections::BTreeMap};

/// Every path that was read, with its place.
#[derive(Default)]
pub(super) struct Seen(RefCell<BTreeMap<String, Place>>);

impl Seen {
    pub(super) fn into_places(self) -> Places {
        Places(self.0.into_inner())
    }
}

/// One value and its path.
#[derive(Clone)]
pub(super) struct Field<'a> {
    node: &'a Node,
    seen: &'a Seen,
    pub(super) path: String,
    place: Place,
}

impl<'a> Field<'a> {
    pub(super) fn root(node: &'a Node, seen: &'a Seen) -> Self {
        Self { node, seen, path: String::new(), place: node.place }
    }

    /// The value at `path`; an absent scalar is placed where its key is.
    fn child(&self, node: &'a Node, path: String, key: Option<Place>) -> Self {
        let place = match (key, node.is_null()) {
            (Some(key), true) => key,
            (Some(key), false) if matches!(node.data, Data::Map(_) | Data::List(_)) => key,
            _ => node.place,
        };
        self.seen.0.borrow_mut().insert(path.clone(), place);
        Self { node, seen: self.seen, path, place }
    }

    fn below(&self, entry: &'a Entry) -> Self {
        let path =
            if self.path.is_empty() { entry.key.clone() } else { format!("{}.{}", self.path, entry.key) };
        self.child(&entry.value, path, Some(entry.place))
    }

    pub(super) fn error(&self, rule: Rule) -> SdlError {
        self.place.error(&self.path, rule)
    }

    /// The line it stands on.
    pub(super) const fn line(&self) -> usize {
        self.place.line
    }

    fn wrong(&self, expected: &'static str) -> SdlError {
        let found = match &self.node.data {
            Data::Scalar { text, .. } if !self.node.is_null() => format!("{:?}", shown(text)),
            _ => format!("a {}", self.node.kind()),
        };
        self.error(Rule::Kind { expected, found })
    }

    /// Whether this is a list; else a mapping, a text or null.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.node.data, Data::List(_))
    }

    pub(super) const fn is_map(&self) -> bool {
        matches!(self.node.data, Data::Map(_))
    }

    /// A mapping of known fields.
    ///
    /// # Errors
    /// - `Kind` - not a mapping
    /// - `UnknownField` - a field that is not in `known`
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'a>, SdlError> {
        self.fields_without(&[], known)
    }

    /// A mapping of known fields, without those of other networks that are not supported here.
    ///
    /// # Errors
    /// As [`Field::fields`], and `Unsupported` - such a field is there with a value
    pub(super) fn fields_without(
        &self,
        unsupported: &[&'static str],
        known: &[&str],
    ) -> Result<Fields<'a>, SdlError> {
        let Data::Map(entries) = &self.node.data else { return Err(self.wrong("a mapping")) };
        for entry in entries {
            if let Some(&feature) = unsupported.iter().find(|name| **name == entry.key) {
                if !entry.value.is_null() {
                    return Err(self.below(entry).error(Rule::Unsupported { feature }));
                }
            } else if !known.contains(&entry.key.as_str()) {
                let field = self.below(entry);
                let suggestion = nearest(&entry.key, known.iter().copied());
                let (found, known) = (shown(&entry.key), known.join(", "));
                let rule = Rule::UnknownField { found, suggestion, known };
                return Err(entry.place.error(&field.path, rule));
            }
        }
        Ok(Fields { field: self.clone(), entries })
    }

    /// A mapping from names that the author chose.
    ///
    /// # Errors
    /// - `Kind` - not a mapping
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, SdlError> {
        let Data::Map(entries) = &self.node.data else { return Err(self.wrong("a mapping")) };
        Ok(entries.iter().map(|entry| (entry.key.as_str(), self.below(entry))).collect())
    }

    /// A list of at most `max` values; null is an empty one.
    ///
    /// # Errors
    /// - `Kind` - not a list
    /// - `TooMany` - more than `max`
    pub(super) fn list(&self, max: usize) -> Result<Vec<Self>, SdlError> {
        let items = match &self.node.data {
            Data::List(items) => items,
            _ if self.node.is_null() => return Ok(Vec::new()),
            _ => return Err(self.wrong("a list")),
        };
        if items.len() > max {
            return Err(self.error(Rule::TooMany { found: items.len(), max }));
        }
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, item)| self.child(item, format!("{}[{index}]", self.path), None))
            .collect())
    }

    /// Text as written; numbers and truth values are text too.
    ///
    /// # Errors
    /// - `Kind` - a list, a mapping or null
    pub(super) fn text(&self) -> Result<&'a str, SdlError> {
        match &self.node.data {
            Data::Scalar { text, .. } if !self.node.is_null() => Ok(text),
            _ => Err(self.wrong("text")),
        }
    }

    /// Text that is not blank.
    ///
    /// # Errors
    /// - `Kind` - a list, a mapping or null
    /// - `EmptyText` - nothing but space
    pub(super) fn filled(&self, expected: &'static str) -> Result<&'a str, SdlError> {
        let text = self.text()?;
        if text.trim().is_empty() { Err(self.error(Rule::EmptyText { expected })) } else { Ok(text) }
    }

    /// A whole number.
    ///
    /// # Errors
    /// - `Kind` - not a scalar
    /// - `Integer` - not a whole number from `min` to `max`
    pub(super) fn integer(&self, min: u32, max: u32) -> Result<u32, SdlError> {
        let text = self.text()?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number =
            digits.then(|| text.parse().ok()).flatten().filter(|number| (min..=max).contains(number));
        let rule = || Rule::Integer { found: shown(text), min: min.into(), max: max.into() };
        number.ok_or_else(|| self.error(rule()))
    }

    /// A port.
    ///
    /// # Errors
    /// - `Kind` - not a scalar
    /// - `Port` - not a whole number from 1 to 65535
    pub(super) fn port(&self) -> Result<u16, SdlError> {
        let text = self.text()?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse().ok().filter(|port| digits && *port > 0);
        port.ok_or_else(|| self.error(Rule::Port { found: shown(text) }))
    }

    /// A truth value in any of YAML's spellings.
    ///
    /// # Errors
    /// - `Kind` - not a scalar
    /// - `Bool` - another word
    pub(super) fn truth(&self) -> Result<bool, SdlError> {
        let text = self.text()?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(self.error(Rule::Bool { found: shown(text) })),
        }
    }

    /// A value that `read` makes of the text.
    ///
    /// # Errors
    /// - `Kind` - not a scalar
    /// - whatever `read` says
    pub(super) fn quantity<T>(&self, read: impl Fn(&str) -> Result<T, Rule>) -> Result<T, SdlError> {
        read(self.text()?).map_err(|rule| self.error(rule))
    }

    /// Checks a name that the author chose: up to [`MAX_NAME_BYTES`] letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    /// - `Name` - empty, too long or with another character
    pub(super) fn name(&self, name: &str) -> Result<String, SdlError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) {
            return Ok(name.to_owned());
        }
        let allowed = "1 to 64 letters, digits, '-', '_' and '.'";
        Err(self.error(Rule::Name { found: shown(name), allowed }))
    }
}

/// A mapping whose fields are known.
pub(super) struct Fields<'a> {
    field: Field<'a>,
    entries: &'a [Entry],
}

impl<'a> Fields<'a> {
    /// The field, unless it is absent or null.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        (!entry.value.is_null()).then(|| self.field.below(entry))
    }

    /// The field.
    ///
    /// # Errors
    /// - `Missing` - absent or null
    pub(super) fn need(&self, name: &str) -> Result<Field<'a>, SdlError> {
        self.get(name).ok_or_else(|| self.field.error(Rule::Missing { field: name.to_owned() }))
    }

    /// Whether the key is there, even without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == name)
    }

    /// A list of texts; absent is empty.
    ///
    /// # Errors
    /// - `Kind` - not a list of texts
    /// - `TooMany` - over the bound
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, SdlError> {
        let Some(field) = self.get(name) else { return Ok(Vec::new()) };
        field.list(super::MAX_ENTRIES)?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }
}
