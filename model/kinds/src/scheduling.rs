//! Priorities.

pub(crate) mod priority_class;

pub use priority_class::PriorityClasses;
