//! REST paths with captured fields.

use crate::router::Route;
use axum::http::Method;

/// A REST path of a method: `GET /a/{field}/b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    method: Method,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(&'static str),
    Field(&'static str),
}

/// Names of fields with the path parts that they take.
pub(super) type Captures = Vec<(&'static str, String)>;

/// A route that a path names.
pub(super) struct Matched<'a> {
    pub(super) route: &'a Route,
    pub(super) captures: Captures,
}

impl Pattern {
    /// Reads `GET /a/{field}/b` or `POST /a`.
    pub(crate) fn new(text: &'static str) -> Self {
        let (verb, path) = text.split_once(' ').unwrap_or(("GET", text));
        let method = if verb == "POST" { Method::POST } else { Method::GET };
        let part = |part: &'static str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(field) => Part::Field(field),
            None => Part::Literal(part),
        };
        Self { method, parts: path.trim_start_matches('/').split('/').map(part).collect() }
    }

    /// Names of the fields that the path captures.
    #[cfg(test)]
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(field) => Some(*field),
            Part::Literal(_) => None,
        })
    }

    fn captures(&self, method: &Method, segments: &[String]) -> Option<Captures> {
        if self.method != *method || self.parts.len() != segments.len() {
            return None;
        }
        let mut captures = Vec::new();
        for (part, segment) in self.parts.iter().zip(segments) {
            match part {
                Part::Literal(literal) if literal == segment => {}
                Part::Literal(_) => return None,
                Part::Field(_) if segment.is_empty() => return None,
                Part::Field(field) => captures.push((*field, segment.clone())),
            }
        }
        Some(captures)
    }
}

/// The route of a path; the one with most literal parts if several match.
pub(super) fn find<'a>(
    routes: impl Iterator<Item = &'a Route>,
    method: &Method,
    segments: &[String],
) -> Option<Matched<'a>> {
    let matches = |route: &'a Route| {
        route.patterns.iter().filter_map(move |pattern| {
            let captures = pattern.captures(method, segments)?;
            Some(Matched { route, captures })
        })
    };
    routes.flat_map(matches).min_by_key(|matched| matched.captures.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn a_pattern_captures_its_fields() {
        let pattern = Pattern::new("GET /a/{x}/b/{y}");
        let captures = pattern.captures(&Method::GET, &parts("a/1/b/2"));
        assert_eq!(captures, Some(vec![("x", "1".to_owned()), ("y", "2".to_owned())]));
        for path in ["a/1/b", "a/1/c/2", "a//b/2", "a/1/b/2/3"] {
            assert_eq!(pattern.captures(&Method::GET, &parts(path)), None, "{path}");
        }
        assert_eq!(pattern.captures(&Method::POST, &parts("a/1/b/2")), None);
    }
}
