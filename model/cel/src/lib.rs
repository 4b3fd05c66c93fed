//! The expression language: parse, check, cost, evaluate.
//!
//! An [`Environment`] says which names an expression may use and what they are; it compiles texts
//! to [`Program`]s, once. A [`Machine`] gives the names their values and evaluates the programs of
//! one request:
//!
//! ```
//! use gantry_cel::{Environment, Machine, Returns, Type, Value};
//!
//! let environment = Environment::new().with("object", Type::Dyn);
//! let program = environment.compile("object.spec.replicas <= 5", Returns::Bool)?;
//!
//! let object = serde_json::json!({"spec": {"replicas": 3}});
//! let mut machine = Machine::new(&environment);
//! machine.set("object", Value::tree(&object));
//! assert_eq!(machine.evaluate(&program)?.as_bool(), Some(true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Expressions are written by people who are not trusted: depth is bounded when they are compiled,
//! what they cost is counted while they are evaluated, and regular expressions take linear time.
//! Nothing here reads a clock, opens anything or depends on the order of a hash.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what an operation does not take is every value and type but those it names"
)]

mod ast;
pub mod authority;
mod check;
mod environment;
mod error;
mod escape;
mod estimate;
mod eval;
mod functions;
mod lex;
pub mod limits;
mod parse;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use authority::Authority;
pub use environment::{Environment, Program, Returns};
pub use error::{CompileError, Issue, Problem};
pub use escape::escaped;
pub use estimate::Extent;
pub use eval::Machine;
pub use parse::is_identifier;
pub use types::{ObjectType, Type, Unordered};
pub use value::{Key, List, Map, Text, Value};
