//! What nodes can do for pods beyond running them.

mod runtime_class;

pub use runtime_class::RuntimeClasses;
