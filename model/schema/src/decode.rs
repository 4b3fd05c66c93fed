//! From bytes to values: JSON and YAML, strictly, with positions; and protobuf.
//!
//! A body is parsed into a [`Document`], which is then taken as it is ([`Document::untyped`]) or
//! fitted to a type ([`Document::typed`]). Unknown and duplicate fields are findings, for the
//! caller to refuse, warn about or ignore; wrong types are errors. Malformed input never panics,
//! and every allocation is bounded by [`crate::limits`].

mod conform;
mod json;
mod node;
mod proto;
mod scalar;
mod yaml;

#[cfg(test)]
mod tests;

use std::fmt;

use gantry_base::FieldPath;
use serde_json::Value;

use crate::limits;
use crate::schema::TypeRef;
use crate::trail::Trail;
use node::{Node, Source};
pub use proto::Malformed;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 8259.
    Json,
    /// YAML, as manifests are written.
    Yaml,
    /// Protobuf in the envelope that clients put around built-in kinds.
    Protobuf,
}

/// A parsed body that still knows where everything was written.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    node: Node<'a>,
    source: Source<'a>,
}

/// A value, and what was odd about how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The value; unknown fields are not in it.
    pub value: Value,
    /// Unknown fields first, then duplicates, each in the order written.
    pub findings: Vec<Finding>,
}

/// Something that strict decoding refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is odd.
    pub problem: Problem,
    /// Which field.
    pub path: FieldPath,
    /// The field's own name, the last part of the path.
    pub name: String,
    /// The line, counted from 1, when the body has more than one.
    pub line: Option<usize>,
}

/// What can be odd about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The type has no such field.
    Unknown {
        /// The field that was probably meant.
        suggestion: Option<String>,
    },
    /// The field is given twice; the last one counts.
    Duplicate,
}

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is longer than [`limits::BODY_BYTES_MAX`], or [`limits::FILE_BYTES_MAX`] for files.
    #[error("read {bytes} bytes: at most {most} are accepted")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// The body is not UTF-8.
    #[error("read the body as UTF-8: byte {offset} does not belong")]
    NotUtf8 {
        /// Where it stops being UTF-8.
        offset: usize,
    },
    /// The body is not well formed.
    #[error("parse line {line}, column {column}: {detail}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What was expected.
        detail: String,
    },
    /// A field has a value of another type.
    #[error("{path}: expected {expected}, got {found}{}", at_line(*.line))]
    Type {
        /// Which field.
        path: FieldPath,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
        /// The line, counted from 1, when the body has more than one.
        line: Option<usize>,
    },
    /// A body in protobuf does not keep to its form.
    #[error("{}{problem}", at_field(.path))]
    Protobuf {
        /// Which field; empty for the whole body.
        path: FieldPath,
        /// What is wrong with it.
        problem: Malformed,
    },
    /// The kind has no encoding in protobuf.
    #[error("read {kind:?} of {api_version:?} as protobuf: no message is known, send JSON")]
    NoMessage {
        /// The version that the body names.
        api_version: String,
        /// The kind that the body names.
        kind: String,
    },
    /// Lists and objects are nested deeper than [`limits::DEPTH_MAX`].
    #[error("read values nested deeper than {}", limits::DEPTH_MAX)]
    TooDeep,
    /// There are more values than [`limits::NODES_MAX`].
    #[error("read more than {} values, aliases included", limits::NODES_MAX)]
    TooManyValues,
    /// There is more text than [`limits::TEXT_BYTES_MAX`].
    #[error(
        "read more than {} bytes of text, aliases included",
        limits::TEXT_BYTES_MAX
    )]
    TooMuchText,
    /// There are more documents than [`limits::DOCUMENTS_MAX`].
    #[error("read more than {} documents", limits::DOCUMENTS_MAX)]
    TooManyDocuments,
    /// There is not exactly one document.
    #[error("read one document: there are {found}")]
    NotOneDocument {
        /// How many there are.
        found: usize,
    },
}

/// Parses a body that holds one document.
pub fn parse(body: &[u8], format: Format) -> Result<Document<'_>, DecodeError> {
    let most = limits::BODY_BYTES_MAX;
    // Protobuf has no lines to point at.
    let lines = if format == Format::Protobuf {
        b""
    } else {
        body
    };
    let node = match format {
        Format::Json => json::parse(text_of(body, most)?)?,
        Format::Yaml => one_of(yaml::parse(text_of(body, most)?)?)?,
        Format::Protobuf => proto::parse(short(body, most)?)?,
    };
    Ok(Document {
        node,
        source: Source::new(lines),
    })
}

/// Parses a file of manifests: JSON, or YAML with any number of documents. Empty documents are
/// left out.
pub fn documents(body: &[u8]) -> Result<Vec<Document<'_>>, DecodeError> {
    let text = text_of(body, limits::FILE_BYTES_MAX)?;
    let source = Source::new(body);
    // What begins with a brace is nearly always JSON, which may be indented by tabs.
    let is_json = text.trim_start().starts_with('{');
    let nodes = match is_json.then(|| json::parse(text)) {
        Some(Ok(node)) => vec![node],
        _ => yaml::parse(text)?,
    };
    Ok(nodes
        .into_iter()
        .map(|node| Document { node, source })
        .collect())
}

/// Fits a value that is already a tree to a type, as a patched object has to be.
pub fn value(value: Value, ty: TypeRef<'_>) -> Result<Decoded, DecodeError> {
    conform::typed(Node::unwritten(value), Source::new(b""), ty)
}

fn one_of(mut nodes: Vec<Node<'_>>) -> Result<Node<'_>, DecodeError> {
    let found = nodes.len();
    let only = nodes.pop().filter(|_| found == 1);
    only.ok_or(DecodeError::NotOneDocument { found })
}

fn text_of(body: &[u8], most: usize) -> Result<&str, DecodeError> {
    std::str::from_utf8(short(body, most)?).map_err(|error| DecodeError::NotUtf8 {
        offset: error.valid_up_to(),
    })
}

fn short(body: &[u8], most: usize) -> Result<&[u8], DecodeError> {
    if body.len() > most {
        return Err(DecodeError::TooLong {
            bytes: body.len(),
            most,
        });
    }
    Ok(body)
}

impl<'a> Document<'a> {
    /// A text at the top level, such as `apiVersion` or `kind`.
    #[must_use]
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.node.text_at(key)
    }

    /// The line it begins on, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.position(self.node.offset).0
    }

    /// The value as written: nulls kept, nothing dropped, only duplicates noted.
    #[must_use]
    pub fn untyped(self) -> Decoded {
        conform::untyped(self.node, self.source)
    }

    /// The value fitted to a type.
    pub fn typed(self, ty: TypeRef<'_>) -> Result<Decoded, DecodeError> {
        conform::typed(self.node, self.source, ty)
    }
}

impl Finding {
    pub(crate) fn new(problem: Problem, at: &Trail<'_>, name: &str, line: Option<usize>) -> Self {
        Self {
            problem,
            path: at.path(),
            name: name.into(),
            line,
        }
    }

    /// The same in the words used for objects whose fields are declared by users.
    #[must_use]
    pub fn undeclared(&self) -> String {
        match self.problem {
            Problem::Unknown { .. } => format!(".{}: field not declared in schema", self.path),
            Problem::Duplicate => self.to_string(),
        }
    }

    /// The same in the words used for duplicates in bodies that are YAML.
    #[must_use]
    pub fn already_set(&self) -> String {
        match (&self.problem, self.line) {
            (Problem::Duplicate, Some(line)) => {
                format!("line {line}: key {:?} already set in map", self.name)
            }
            _ => self.to_string(),
        }
    }
}

impl Finding {
    /// What is odd, in the words that clients know, and nothing more.
    #[must_use]
    pub fn plain(&self) -> String {
        let word = match &self.problem {
            Problem::Unknown { .. } => "unknown",
            Problem::Duplicate => "duplicate",
        };
        format!("{word} field \"{}\"", self.path)
    }

    /// Where it is and what was probably meant, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let line = self.line.map(|line| format!("line {line}"));
        let hints: Vec<String> = line.into_iter().chain(self.question()).collect();
        (!hints.is_empty()).then(|| format!("{}: {}", self.name, hints.join(", ")))
    }

    fn question(&self) -> Option<String> {
        match &self.problem {
            Problem::Unknown { suggestion } => suggestion
                .as_ref()
                .map(|name| format!("did you mean {name:?}?")),
            Problem::Duplicate => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.plain(), at_line(self.line))?;
        let question = self.question();
        question.map_or(Ok(()), |question| write!(f, ", {question}"))
    }
}

fn at_field(path: &FieldPath) -> String {
    let path = path.as_str();
    if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})"))
        .unwrap_or_default()
}
