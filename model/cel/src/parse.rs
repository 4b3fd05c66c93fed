//! From tokens to a tree.
//!
//! What looks like a call and takes names apart, such as `list.all(x, ...)`, is recognized here.
//! Depth is bounded on the way: neither this nor anything that walks a tree runs out of stack.

mod macros;
mod primary;

pub use primary::is_identifier;
pub(crate) use primary::{RESERVED, VALUES};

use crate::ast::{Expr, Node, Operator};
use crate::error::{CompileError, Issue};
use crate::lex::{self, Kind, Token};
use crate::limits::{CHARACTERS, DEPTH};

/// The tree of an expression.
pub(crate) fn parse(source: &str) -> Result<Expr, CompileError> {
    let wrong = |issue: Issue| CompileError::new(vec![issue], source);
    let size = source.chars().count();
    if size > CHARACTERS {
        let message =
            format!("expression code point size exceeds limit: size: {size}, limit {CHARACTERS}");
        return Err(CompileError::new(vec![Issue { at: 0, message }], ""));
    }
    let mut parser = Parser {
        tokens: lex::tokens(source).map_err(wrong)?,
        next: 0,
        depth: 0,
    };
    let tree = parser.expression().map_err(wrong)?;
    match parser.peek() {
        Kind::End => Ok(tree),
        _ => Err(wrong(parser.unexpected("<EOF>"))),
    }
}

/// A place in the tokens.
struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// How many expressions around the present one are not complete.
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Kind {
        &self.tokens[self.next].kind
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    /// Takes the next token. The end stays where it is.
    fn take(&mut self) -> Token {
        let token = self.tokens[self.next].clone();
        if token.kind != Kind::End {
            self.next += 1;
        }
        token
    }

    fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(own) if *own == sign)
    }

    /// Takes the sign if it is next, and says where it was.
    fn accept(&mut self, sign: &str) -> Option<usize> {
        self.is_next(sign).then(|| self.take().at)
    }

    fn expect(&mut self, sign: &str) -> Result<usize, Issue> {
        self.accept(sign).ok_or_else(|| self.unexpected(sign))
    }

    fn unexpected(&self, wanted: &str) -> Issue {
        let found = self.peek().shown();
        Issue {
            at: self.at(),
            message: format!("Syntax error: mismatched input {found} expecting '{wanted}'"),
        }
    }

    /// One more expression around what is read next, if there may be.
    fn enter(&mut self) -> Result<(), Issue> {
        if self.depth == DEPTH {
            return Err(too_deep(self.at()));
        }
        self.depth += 1;
        Ok(())
    }

    fn expression(&mut self) -> Result<Expr, Issue> {
        self.enter()?;
        let mut whole = self.operation(0)?;
        if let Some(at) = self.accept("?") {
            let yes = self.operation(0)?;
            self.expect(":")?;
            let no = self.expression()?;
            whole = node(at, Node::Conditional(Box::new([whole, yes, no])))?;
        }
        self.depth -= 1;
        Ok(whole)
    }

    /// Operands between signs that bind at least as strongly as `level`.
    fn operation(&mut self, level: usize) -> Result<Expr, Issue> {
        let mut left = self.unary()?;
        while let Some((sign, own)) = self.sign().filter(|(_, own)| *own >= level) {
            let at = self.take().at;
            let right = self.operation(own + 1)?;
            left = joined(at, sign, left, right)?;
        }
        Ok(left)
    }

    /// The sign between operands that is next, and how strongly it binds.
    fn sign(&self) -> Option<(Sign, usize)> {
        let sign = match self.peek() {
            Kind::Sign(sign) => *sign,
            Kind::Name(name) if name == "in" => "in",
            _ => return None,
        };
        let found = SIGNS.iter().find(|(own, ..)| *own == sign);
        found.map(|(_, sign, level)| (*sign, *level))
    }

    fn unary(&mut self) -> Result<Expr, Issue> {
        if let Some(at) = self.accept("!") {
            let operand = self.inner_unary()?;
            return node(at, Node::Not(operand));
        }
        let Some(at) = self.accept("-") else {
            return self.member();
        };
        if let Some(literal) = self.negative(at)? {
            return self.members(literal);
        }
        let operand = self.inner_unary()?;
        node(at, Node::Negate(operand))
    }

    fn inner_unary(&mut self) -> Result<Box<Expr>, Issue> {
        self.enter()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Box::new(operand))
    }
}

/// A sign between two operands.
#[derive(Clone, Copy)]
enum Sign {
    Or,
    And,
    Other(Operator),
}

/// All signs between operands, and how strongly they bind.
const SIGNS: [(&str, Sign, usize); 14] = [
    ("||", Sign::Or, 0),
    ("&&", Sign::And, 1),
    ("==", Sign::Other(Operator::Equal), 2),
    ("!=", Sign::Other(Operator::Different), 2),
    ("<", Sign::Other(Operator::Less), 2),
    ("<=", Sign::Other(Operator::LessOrEqual), 2),
    (">", Sign::Other(Operator::Greater), 2),
    (">=", Sign::Other(Operator::GreaterOrEqual), 2),
    ("in", Sign::Other(Operator::In), 2),
    ("+", Sign::Other(Operator::Add), 3),
    ("-", Sign::Other(Operator::Subtract), 3),
    ("*", Sign::Other(Operator::Multiply), 4),
    ("/", Sign::Other(Operator::Divide), 4),
    ("%", Sign::Other(Operator::Modulo), 4),
];

/// Two operands with a sign between them. However many are joined by the same word, they are one
/// level.
fn joined(at: usize, sign: Sign, left: Expr, right: Expr) -> Result<Expr, Issue> {
    let joined = match (sign, left) {
        (
            Sign::And,
            Expr {
                node: Node::And(mut all),
                ..
            },
        ) => {
            all.push(right);
            Node::And(all)
        }
        (
            Sign::Or,
            Expr {
                node: Node::Or(mut all),
                ..
            },
        ) => {
            all.push(right);
            Node::Or(all)
        }
        (Sign::And, left) => Node::And(vec![left, right]),
        (Sign::Or, left) => Node::Or(vec![left, right]),
        (Sign::Other(operator), left) => Node::Binary(operator, Box::new((left, right))),
    };
    node(at, joined)
}

/// A part of the tree, if it is not too deep.
fn node(at: usize, node: Node) -> Result<Expr, Issue> {
    let depth = 1 + below(&node);
    if depth > DEPTH {
        return Err(too_deep(at));
    }
    Ok(Expr { at, depth, node })
}

fn too_deep(at: usize) -> Issue {
    Issue {
        at,
        message: format!("expression recursion limit exceeded: {DEPTH}"),
    }
}

/// How deep the deepest part below is.
fn below(node: &Node) -> usize {
    let deepest = |parts: &[&Expr]| parts.iter().map(|part| part.depth).max().unwrap_or(0);
    let of_all = |parts: &[Expr]| parts.iter().map(|part| part.depth).max().unwrap_or(0);
    match node {
        Node::Literal(_) | Node::Name(..) | Node::Variable(_) => 0,
        Node::Select(one, ..) | Node::Not(one) | Node::Negate(one) | Node::Has(one, _) => one.depth,
        Node::Index(pair, _) | Node::Binary(_, pair) => deepest(&[&pair.0, &pair.1]),
        Node::And(all) | Node::Or(all) => of_all(all),
        Node::Conditional(parts) => of_all(&parts[..]),
        Node::List(entries) => {
            let depths = entries.iter().map(|entry| entry.value.depth);
            depths.max().unwrap_or(0)
        }
        Node::Map(entries) => {
            let depths = entries.iter().map(|entry| {
                let (key, value) = &entry.value;
                key.depth.max(value.depth)
            });
            depths.max().unwrap_or(0)
        }
        Node::Call(call) => {
            let target = call.target.as_ref().map_or(0, |target| target.depth);
            target.max(of_all(&call.arguments))
        }
        Node::Loop(own) => {
            let filter = own.filter.as_ref().map_or(0, |filter| filter.depth);
            filter.max(deepest(&[&own.range, &own.body]))
        }
        Node::Bind(own) => deepest(&[&own.value, &own.body]),
    }
}
