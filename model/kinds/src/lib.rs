//! What is particular to each kind, and the descriptor through which the rest sees it.
//!
//! A kind is one file in the folder of its group and one line in [`builtin`]. Everything that kinds
//! share is elsewhere: the registry for verbs, the schema for shapes. Nothing here keeps state.

pub mod column;
pub mod core_v1;
pub mod describe;
pub mod descriptor;
pub mod kind;
pub mod parts;
pub mod rules;
pub mod subresource;
mod tidy;

pub use describe::describe;
pub use descriptor::{Descriptor, Hooks, Names, ScalePaths, Scope, SelectableField, Verbs};
pub use kind::Kind;
pub use rules::{Generation, Rules, StatusRule};
pub use subresource::Subresource;

/// All built-in kinds, in alphabetical order within their group.
#[must_use]
pub fn builtin() -> Vec<Descriptor> {
    vec![describe::<core_v1::ConfigMaps>()]
}
