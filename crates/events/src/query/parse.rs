//! From text to conditions, in one pass without backtracking.

use super::{Condition, Number, Query, QueryError, Test};

/// A place in the text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Reads a whole query.
pub(super) fn query(text: &str) -> Result<Query, QueryError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut conditions = vec![cursor.condition()?];
    loop {
        cursor.skip_spaces();
        if cursor.rest().is_empty() {
            return Ok(Query { conditions });
        }
        if !cursor.word("AND") {
            return Err(cursor.expected("AND"));
        }
        conditions.push(cursor.condition()?);
    }
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> QueryError {
        QueryError::Syntax { at: self.at, expected, found: self.rest().chars().take(32).collect() }
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Steps over a symbol.
    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    /// Steps over a word that ends at a space, a quote or the end of the text.
    fn word(&mut self, word: &str) -> bool {
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || c == '\'');
        let found = self.rest().strip_prefix(word).is_some_and(ends);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn condition(&mut self) -> Result<Condition, QueryError> {
        let key = self.key()?.to_owned();
        self.skip_spaces();
        let test = if self.symbol("<=") {
            Test::AtMost(self.number()?)
        } else if self.symbol(">=") {
            Test::AtLeast(self.number()?)
        } else if self.symbol("<") {
            Test::Less(self.number()?)
        } else if self.symbol(">") {
            Test::Greater(self.number()?)
        } else if self.symbol("=") {
            Test::Equals(self.operand()?.to_owned())
        } else if self.word("CONTAINS") {
            Test::Contains(self.quoted()?.to_owned())
        } else if self.word("EXISTS") {
            Test::Exists
        } else {
            return Err(self.expected("one of = < <= > >= CONTAINS EXISTS"));
        };
        Ok(Condition { key, test })
    }

    fn key(&mut self) -> Result<&'a str, QueryError> {
        self.skip_spaces();
        let is_key = |c: char| !c.is_whitespace() && !c.is_control() && !"=<>'\"()\\".contains(c);
        let rest = self.rest();
        let key = rest.split_at(rest.find(|c| !is_key(c)).unwrap_or(rest.len())).0;
        if key.is_empty() || ["AND", "CONTAINS", "EXISTS"].contains(&key) {
            return Err(self.expected("a key such as transfer.recipient"));
        }
        self.at += key.len();
        Ok(key)
    }

    fn quoted(&mut self) -> Result<&'a str, QueryError> {
        self.skip_spaces();
        let text = self.rest().strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let (text, _) = text.ok_or_else(|| self.expected("a text in single quotes"))?;
        self.at += text.len() + 2;
        Ok(text)
    }

    fn number(&mut self) -> Result<Number, QueryError> {
        self.skip_spaces();
        let start = self.at;
        let number = Number::prefix(self.rest()).map(|(number, length)| {
            self.at += length;
            number
        });
        match number {
            Some(number) if self.at_end_of_operand() => Ok(number),
            _ => {
                self.at = start;
                Err(self.expected("a number"))
            }
        }
    }

    /// A quoted text, or a bare number as it is written.
    fn operand(&mut self) -> Result<&'a str, QueryError> {
        self.skip_spaces();
        if self.rest().starts_with('\'') {
            return self.quoted();
        }
        let start = self.at;
        self.number().map_err(|_| self.expected("a text in single quotes or a number"))?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn at_end_of_operand(&self) -> bool {
        self.rest().chars().next().is_none_or(char::is_whitespace)
    }
}
