//! JSON with positions.
//!
//! Accepts exactly RFC 8259 within the limits. Duplicate keys are kept for the caller to judge.

use std::borrow::Cow;

use serde_json::Number;

use super::DecodeError;
use super::node::{Budget, Entry, Node, NodeKind, Source};
use crate::limits;

/// Parses a body that holds exactly one value.
pub(super) fn parse(text: &str) -> Result<Node<'_>, DecodeError> {
    parse_within(text, 0)
}

/// Parses exactly one value that stands in others, `depth` deep.
pub(super) fn parse_within(text: &str, depth: usize) -> Result<Node<'_>, DecodeError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth,
        budget: Budget::full(),
    };
    let node = parser.value()?;
    parser.skip_space();
    if parser.at < text.len() {
        Err(parser.wrong("expected the end of the body"))
    } else {
        Ok(node)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    budget: Budget,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Node<'a>, DecodeError> {
        self.skip_space();
        let offset = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => NodeKind::Text(self.string()?),
            Some(b't') => self.word("true", NodeKind::Bool(true))?,
            Some(b'f') => self.word("false", NodeKind::Bool(false))?,
            Some(b'n') => self.word("null", NodeKind::Null)?,
            Some(b'-' | b'0'..=b'9') => NodeKind::Number(self.number()?),
            Some(_) => return Err(self.wrong("expected a value")),
            None => return Err(self.wrong("expected a value, found the end of the body")),
        };
        // The text is no longer than the body, which is bounded already.
        self.budget.charge(0)?;
        Ok(Node { offset, kind })
    }

    fn nested(
        &mut self,
        inner: fn(&mut Self) -> Result<NodeKind<'a>, DecodeError>,
    ) -> Result<NodeKind<'a>, DecodeError> {
        if self.depth == limits::DEPTH_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.depth += 1;
        let kind = inner(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn object(&mut self) -> Result<NodeKind<'a>, DecodeError> {
        let mut entries = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(NodeKind::Object(entries));
        }
        loop {
            self.skip_space();
            let offset = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("expected a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.wrong("expected a colon after the key"));
            }
            let value = self.value()?;
            entries.push(Entry { key, offset, value });
            self.skip_space();
            if self.take(b'}') {
                return Ok(NodeKind::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected a comma or a closing brace"));
            }
        }
    }

    fn list(&mut self) -> Result<NodeKind<'a>, DecodeError> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(NodeKind::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(NodeKind::List(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected a comma or a closing bracket"));
            }
        }
    }

    fn word(&mut self, word: &str, kind: NodeKind<'a>) -> Result<NodeKind<'a>, DecodeError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("expected a value"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<Number, DecodeError> {
        let rest = &self.text.as_bytes()[self.at..];
        let belongs = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest
            .iter()
            .position(|byte| !belongs(byte))
            .unwrap_or(rest.len());
        let text = &self.text[self.at..self.at + length];
        let number = text.parse().ok().and_then(|number| exact(number, text));
        let number = number.ok_or_else(|| self.wrong("expected a number"))?;
        self.at += length;
        Ok(number)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.at += 1;
        let mut start = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[start..self.at]);
                    let character = self.escape()?;
                    unescaped.get_or_insert_default().push(character);
                    start = self.at;
                }
                Some(0..0x20) => return Err(self.wrong("a text may not hold control characters")),
                Some(_) => self.at += 1,
                None => return Err(self.wrong("expected the end of the text")),
            }
        }
        let last = &self.text[start..self.at];
        self.at += 1;
        Ok(match unescaped {
            None => Cow::Borrowed(last),
            Some(text) => Cow::Owned(text + last),
        })
    }

    fn escape(&mut self) -> Result<char, DecodeError> {
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("unknown escape in a text")),
        })
    }

    /// A `\u` escape, or a pair of them. Half a pair becomes the replacement character.
    fn unicode(&mut self) -> Result<char, DecodeError> {
        let first = self.hex()?;
        let is_high = (0xD800..0xDC00).contains(&first);
        if is_high && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, DecodeError> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.wrong("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn wrong(&self, detail: &'static str) -> DecodeError {
        let (line, column) = Source::new(self.text.as_bytes()).position(self.at);
        DecodeError::Syntax {
            line,
            column,
            detail: detail.into(),
        }
    }
}

/// The float that is nearest to what is written; the usual reader may miss it by the last bit.
fn exact(number: Number, text: &str) -> Option<Number> {
    if !number.is_f64() {
        return Some(number);
    }
    text.parse().ok().and_then(Number::from_f64)
}
