//! Which names expressions may use, and what becomes of a text that uses them.

use std::fmt;
use std::sync::Arc;

use crate::ast::Expr;
use crate::check::Checker;
use crate::error::CompileError;
use crate::parse;
use crate::types::Type;

/// The names that expressions may use.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    names: Vec<(String, Type)>,
    variables: Vec<Variable>,
    /// Whether `variables` is a name at all.
    has_variables: bool,
}

/// A name for an expression: others write `variables.name`.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) program: Option<Program>,
    pub(crate) of: Type,
}

/// An expression that can be evaluated.
#[derive(Clone)]
pub struct Program {
    pub(crate) root: Arc<Expr>,
    /// What it gives.
    pub(crate) gives: Type,
}

/// What an expression has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Anything.
    Anything,
    /// A truth.
    Bool,
    /// A text.
    Text,
    /// A text or null.
    TextOrNull,
}

impl Environment {
    /// No names.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            names: Vec::new(),
            variables: Vec::new(),
            has_variables: false,
        }
    }

    /// The same names, and `variables` for what is defined later.
    #[must_use]
    pub const fn with_variables(mut self) -> Self {
        self.has_variables = true;
        self
    }

    /// The same names and one more.
    #[must_use]
    pub fn with(mut self, name: &str, of: Type) -> Self {
        self.names.push((name.to_owned(), of));
        self
    }

    /// The same names but one, for expressions that may not use it. A machine for the one evaluates
    /// the programs of the other.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        for (own, _) in &mut self.names {
            if own == name {
                own.clear();
            }
        }
        self
    }

    /// Makes what `source` gives known as `variables.name` to all that is compiled later. It is
    /// evaluated when it is first asked for. One that cannot be compiled is known all the same, so
    /// that nobody is told twice.
    pub fn define(&mut self, name: &str, source: &str) -> Result<(), CompileError> {
        let compiled = self.compile(source, Returns::Anything);
        let (program, outcome) = match compiled {
            Ok(program) => (Some(program), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.variables.push(Variable {
            name: name.to_owned(),
            of: program.as_ref().map_or(Type::Dyn, |own| own.gives.clone()),
            program,
        });
        outcome
    }

    /// What `source` means with these names.
    pub fn compile(&self, source: &str, returns: Returns) -> Result<Program, CompileError> {
        let mut root = parse::parse(source)?;
        let gives = Checker::new(self).check(&mut root, source)?;
        if !returns.accepts(&gives) {
            return Err(CompileError::Returns { wanted: returns });
        }
        Ok(Program {
            root: Arc::new(root),
            gives,
        })
    }

    /// What a name is.
    #[must_use]
    pub fn type_of(&self, name: &str) -> Option<&Type> {
        self.find(name).map(|(_, of)| of)
    }

    /// The number and the type of a name.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, &Type)> {
        let number = self.names.iter().rposition(|(own, _)| own == name)?;
        Some((number, &self.names[number].1))
    }

    /// The number and the type of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<(usize, &Type)> {
        let number = self.variables.iter().rposition(|own| own.name == name)?;
        Some((number, &self.variables[number].of))
    }

    pub(crate) const fn has_variables(&self) -> bool {
        self.has_variables
    }

    pub(crate) const fn names(&self) -> &[(String, Type)] {
        self.names.as_slice()
    }

    pub(crate) const fn variables(&self) -> &[Variable] {
        self.variables.as_slice()
    }
}

impl Program {
    /// What it gives, as far as that is known.
    #[must_use]
    pub const fn gives(&self) -> &Type {
        &self.gives
    }
}

impl Returns {
    fn accepts(self, gives: &Type) -> bool {
        match self {
            Self::Anything => true,
            Self::Bool => *gives == Type::Bool,
            Self::Text => *gives == Type::Text,
            Self::TextOrNull => matches!(gives, Type::Text | Type::Null),
        }
    }
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anything => "anything",
            Self::Bool => "bool",
            Self::Text => "string",
            Self::TextOrNull => "one of [string null_type]",
        })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("gives", &self.gives)
            .finish_non_exhaustive()
    }
}
