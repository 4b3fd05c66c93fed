//! Names to answers.
//!
//! [`wire`] reads and writes DNS messages, [`Zone`] knows the cluster's names, and [`fn@answer`] says
//! what a query gets: an answer, or that somebody else must be asked. Nothing here sends or
//! receives anything; that is `io/resolver`.

mod answer;
mod name;
pub mod wire;
mod zone;

pub use answer::{Answer, answer};
pub use name::{Name, NameError};
pub use zone::{Zone, ZoneConfig};
