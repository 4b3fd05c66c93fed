//! Everything that a request can do to objects.
//!
//! Pure: a request, a snapshot, the time and a source of chance go in; the next step comes out. No
//! kind is named outside of the steps of admission, the subresources and the reviews, where each
//! has its file.

mod admission;
mod call;
pub mod catalog;
mod continuation;
mod conversion;
mod decode;
mod deletion;
mod destination;
pub mod discovery;
mod encoding;
pub mod endpoints;
pub mod errand;
pub mod extensions;
pub mod freshness;
pub mod limits;
mod managers;
mod metadata;
mod notes;
pub mod openapi;
pub mod options;
pub mod permission;
pub mod pieces;
pub mod question;
pub mod registry;
mod render;
pub mod request;
pub mod reviews;
mod revision;
mod selection;
pub mod settings;
pub mod shown;
pub mod step;
pub mod subresources;
#[cfg(test)]
mod tests;
mod validate;
pub mod verbs;

pub use catalog::Catalog;
pub use conversion::Converted;
pub use encoding::Encoding;
pub use errand::{Errand, Todo};
pub use notes::Notes;
pub use pieces::Pieces;
pub use question::{Answer, Answers, Destination, Question};
pub use registry::{Around, Registry};
pub use request::{Body, Format, Options, PatchType, Request, Resource, Verb, View};
pub use settings::{Ipv4Range, Settings};
pub use step::{Payload, Reply, Step};
pub use verbs::watch::{Event, Form, WatchPlan};
