//! The smallest parts: literals, names, lists, maps, and what is said of them behind a point.

use crate::ast::{Access, Call, Entry, Expr, Literal, Node, Place};
use crate::error::Issue;
use crate::lex::{Kind, Token};

use super::{Parser, macros, node};

/// Words that are kept for the language.
pub(crate) const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];
/// Words that stand for a value.
pub(crate) const VALUES: [&str; 3] = ["false", "null", "true"];

/// Whether a variable can be called `name`.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| begins(c) || c.is_ascii_digit();
    let is_word = name.starts_with(begins) && name.chars().all(goes_on);
    is_word && !RESERVED.contains(&name) && !VALUES.contains(&name)
}

impl Parser {
    /// A number behind the sign at `at`, if there is one.
    pub(super) fn negative(&mut self, at: usize) -> Result<Option<Expr>, Issue> {
        let literal = match *self.peek() {
            Kind::Int(number) => {
                let negative = i64::try_from(-i128::from(number)).map_err(|_| too_large(at))?;
                Literal::Int(negative)
            }
            Kind::Double(number) => Literal::Double(-number),
            _ => return Ok(None),
        };
        self.take();
        node(at, Node::Literal(literal)).map(Some)
    }

    pub(super) fn member(&mut self) -> Result<Expr, Issue> {
        let first = self.primary()?;
        self.members(first)
    }

    /// Whatever is said of `operand` behind points and in brackets.
    pub(super) fn members(&mut self, mut operand: Expr) -> Result<Expr, Issue> {
        loop {
            if let Some(at) = self.accept(".") {
                operand = self.selection(at, operand)?;
            } else if let Some(at) = self.accept("[") {
                let access = self.access();
                let index = self.expression()?;
                self.expect("]")?;
                operand = node(at, Node::Index(Box::new((operand, index)), access))?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn access(&mut self) -> Access {
        match self.accept("?") {
            Some(_) => Access::Optional,
            None => Access::Required,
        }
    }

    fn selection(&mut self, at: usize, operand: Expr) -> Result<Expr, Issue> {
        let access = self.access();
        let Token { kind, .. } = match self.peek() {
            Kind::Name(_) => self.take(),
            _ => return Err(self.unexpected("IDENTIFIER")),
        };
        let Kind::Name(name) = kind else {
            unreachable!("it was looked at");
        };
        if access == Access::Required
            && let Some(open) = self.accept("(")
        {
            let arguments = self.arguments()?;
            return macros::expand(open, Some(operand), name, arguments);
        }
        node(at, Node::Select(Box::new(operand), name, access))
    }

    /// Up to the closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Expr>, Issue> {
        let mut arguments = Vec::new();
        if self.accept(")").is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.accept(",").is_none() {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Issue> {
        let Token { at, kind } = self.take();
        let literal = match kind {
            Kind::Int(number) => Literal::Int(i64::try_from(number).map_err(|_| too_large(at))?),
            Kind::Uint(number) => Literal::Uint(number),
            Kind::Double(number) => Literal::Double(number),
            Kind::Text(text) => Literal::Text(text),
            Kind::Bytes(bytes) => Literal::Bytes(bytes),
            Kind::Name(name) => return self.named(at, name),
            Kind::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Sign("[") => return self.list(at),
            Kind::Sign("{") => return self.map(at),
            // A leading point names something outermost; there is nothing else here.
            Kind::Sign(".") if matches!(self.peek(), Kind::Name(_)) => return self.primary(),
            kind @ (Kind::Sign(_) | Kind::End) => {
                let message = format!("Syntax error: mismatched input {}", kind.shown());
                return Err(Issue { at, message });
            }
        };
        node(at, Node::Literal(literal))
    }

    fn named(&mut self, at: usize, name: String) -> Result<Expr, Issue> {
        let literal = match name.as_str() {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "null" => Literal::Null,
            word if RESERVED.contains(&word) => {
                return Err(Issue {
                    at,
                    message: format!("reserved identifier: {word}"),
                });
            }
            _ => {
                let Some(open) = self.accept("(") else {
                    return node(at, Node::Name(name, Place::Unknown));
                };
                let arguments = self.arguments()?;
                return macros::expand(open, None, name, arguments);
            }
        };
        node(at, Node::Literal(literal))
    }

    fn list(&mut self, at: usize) -> Result<Expr, Issue> {
        let mut entries = Vec::new();
        while self.accept("]").is_none() {
            let is_optional = self.accept("?").is_some();
            let value = self.expression()?;
            entries.push(Entry { value, is_optional });
            if self.accept(",").is_none() {
                self.expect("]")?;
                break;
            }
        }
        node(at, Node::List(entries))
    }

    fn map(&mut self, at: usize) -> Result<Expr, Issue> {
        let mut entries = Vec::new();
        while self.accept("}").is_none() {
            let is_optional = self.accept("?").is_some();
            let key = self.expression()?;
            self.expect(":")?;
            let value = (key, self.expression()?);
            entries.push(Entry { value, is_optional });
            if self.accept(",").is_none() {
                self.expect("}")?;
                break;
            }
        }
        node(at, Node::Map(entries))
    }
}

fn too_large(at: usize) -> Issue {
    Issue {
        at,
        message: "Syntax error: invalid int literal".to_owned(),
    }
}

/// A call that is nothing more than that.
pub(super) fn call(
    at: usize,
    target: Option<Expr>,
    name: String,
    arguments: Vec<Expr>,
) -> Result<Expr, Issue> {
    node(
        at,
        Node::Call(Box::new(Call {
            name,
            target,
            arguments,
            function: None,
            pattern: None,
        })),
    )
}
