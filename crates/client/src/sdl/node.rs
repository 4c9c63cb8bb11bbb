//! A YAML document as a tree in which every node knows its place.

use super::{MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, MAX_KEY_BYTES, MAX_NODES, Rule, SdlError};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

/// Where a node begins; line and column count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    fn of(span: Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }

    pub(super) fn error(self, path: &str, rule: Rule) -> SdlError {
        SdlError { line: self.line, column: self.column, path: path.to_owned(), rule: Box::new(rule) }
    }
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) data: Data,
    /// Nodes below and including this one, aliases expanded.
    size: usize,
}

#[derive(Debug)]
pub(super) enum Data {
    Scalar { text: String, plain: bool },
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Rc<Node>,
}

impl Node {
    /// The word for its kind, as errors say it.
    pub(super) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Scalar { .. } if self.is_null() => "null",
            Data::Scalar { .. } => "text",
            Data::List(_) => "list",
            Data::Map(_) => "mapping",
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// A list or mapping that is still open.
struct Open {
    place: Place,
    anchor: usize,
    size: usize,
    items: Items,
}

enum Items {
    List(Vec<Rc<Node>>),
    Map {
        entries: Vec<Entry>,
        merged: Vec<Rc<Node>>,
        key: Option<(String, Place)>,
        lines: BTreeMap<String, usize>,
    },
}

/// Reads the one document of a file.
///
/// # Errors
/// - `TooLarge`, `TooDeep`, `TooManyNodes`, `TooMany` - a bound is passed
/// - `Syntax`, `Tag`, `Key`, `KeyTooLong`, `DuplicateKey`, `Merge` - the YAML is broken or means nothing here
/// - `Empty`, `SecondDocument` - not exactly one document
pub(super) fn load(text: &str) -> Result<Rc<Node>, SdlError> {
    if text.len() > MAX_BYTES {
        return Err(Place::default().error("", Rule::TooLarge { found: text.len(), max: MAX_BYTES }));
    }
    let mut tree = Tree::default();
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let place = Place { line: error.marker().line(), column: error.marker().col() + 1 };
            place.error("", Rule::Syntax { detail: error.info().to_owned() })
        })?;
        tree.take(event, Place::of(span))?;
    }
    match tree.root {
        Some(root) if !root.is_null() => Ok(root),
        _ => Err(Place { line: 1, column: 1 }.error("", Rule::Empty)),
    }
}

#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes: usize,
    root: Option<Rc<Node>>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), SdlError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text_tag = check_tag(tag, place)?;
                let plain = style == ScalarStyle::Plain && !text_tag;
                let data = Data::Scalar { text: text.into_owned(), plain };
                let node = Rc::new(Node { place, data, size: 1 });
                self.count(1, place)?;
                self.remember(anchor, &node);
                self.add(node, place)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag, place)?;
                self.begin(anchor, place, Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag, place)?;
                let items =
                    Items::Map { entries: Vec::new(), merged: Vec::new(), key: None, lines: BTreeMap::new() };
                self.begin(anchor, place, items)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let detail = "an alias stands inside the value that it names".to_owned();
                    return Err(place.error("", Rule::Syntax { detail }));
                };
                self.count(node.size, place)?;
                self.add(node, place)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, place: Place) -> Result<(), SdlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(place.error("", Rule::TooManyNodes { found: self.nodes, max: MAX_NODES }));
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, node: &Rc<Node>) {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(node));
        }
    }

    fn begin(&mut self, anchor: usize, place: Place, items: Items) -> Result<(), SdlError> {
        self.count(1, place)?;
        let found = self.open.len() + 1;
        if found > MAX_DEPTH {
            return Err(place.error("", Rule::TooDeep { found, max: MAX_DEPTH }));
        }
        self.open.push(Open { place, anchor, size: 1, items });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SdlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (data, size) = match open.items {
            Items::List(list) => (Data::List(list), open.size),
            Items::Map { mut entries, merged, .. } => {
                let before = entries.len();
                merge(&mut entries, &merged);
                let added: usize = entries.iter().skip(before).map(|entry| entry.value.size).sum();
                self.count(added, open.place)?;
                (Data::Map(entries), open.size.saturating_add(added))
            }
        };
        let node = Rc::new(Node { place: open.place, data, size });
        self.remember(open.anchor, &node);
        self.add(node, open.place)
    }

    /// Puts a finished node where it belongs: into the open list or mapping, or at the root.
    fn add(&mut self, node: Rc<Node>, place: Place) -> Result<(), SdlError> {
        let Some(open) = self.open.last_mut() else {
            return match &self.root {
                Some(_) if node.is_null() => Ok(()),
                Some(_) => Err(place.error("", Rule::SecondDocument)),
                None => {
                    self.root = Some(node);
                    Ok(())
                }
            };
        };
        open.size = open.size.saturating_add(node.size);
        let length = match &mut open.items {
            Items::List(list) => {
                list.push(node);
                list.len()
            }
            Items::Map { entries, merged, key, lines } => {
                match key.take() {
                    None => *key = Some((key_text(&node, place)?, place)),
                    Some((name, _)) if name == "<<" => merged.extend(mergeable(&node, place)?),
                    Some((name, place)) => {
                        if let Some(first_line) = lines.insert(name.clone(), place.line) {
                            return Err(place.error("", Rule::DuplicateKey { key: name, first_line }));
                        }
                        entries.push(Entry { key: name, place, value: node });
                    }
                }
                entries.len() + merged.len()
            }
        };
        if length > MAX_ENTRIES {
            return Err(place.error("", Rule::TooMany { found: length, max: MAX_ENTRIES }));
        }
        Ok(())
    }
}

/// Whether the tag says that a scalar is text.
fn check_tag(tag: Option<Cow<'_, Tag>>, place: Place) -> Result<bool, SdlError> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema() => Ok(tag.suffix == "str"),
        Some(tag) => Err(place.error("", Rule::Tag { tag: tag.to_string() })),
    }
}

fn key_text(node: &Node, place: Place) -> Result<String, SdlError> {
    match &node.data {
        Data::Scalar { text, .. } if text.len() > MAX_KEY_BYTES => {
            Err(place.error("", Rule::KeyTooLong { found: text.len(), max: MAX_KEY_BYTES }))
        }
        Data::Scalar { text, .. } if !node.is_null() => Ok(text.clone()),
        _ => Err(place.error("", Rule::Key { found: node.kind() })),
    }
}

fn mergeable(node: &Rc<Node>, place: Place) -> Result<Vec<Rc<Node>>, SdlError> {
    let wrong = |node: &Node| place.error("", Rule::Merge { found: node.kind() });
    match &node.data {
        Data::Map(_) => Ok(vec![Rc::clone(node)]),
        Data::List(list) => list
            .iter()
            .map(|item| match item.data {
                Data::Map(_) => Ok(Rc::clone(item)),
                _ => Err(wrong(item)),
            })
            .collect(),
        Data::Scalar { .. } => Err(wrong(node)),
    }
}

/// Adds what `<<` brings: own entries win, then the earlier source.
fn merge(entries: &mut Vec<Entry>, sources: &[Rc<Node>]) {
    if sources.is_empty() {
        return;
    }
    let mut known: std::collections::BTreeSet<String> =
        entries.iter().map(|entry| entry.key.clone()).collect();
    for source in sources {
        if let Data::Map(inherited) = &source.data {
            for entry in inherited {
                if known.insert(entry.key.clone()) {
                    entries.push(entry.clone());
                }
            }
        }
    }
}
