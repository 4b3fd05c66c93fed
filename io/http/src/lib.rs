//! The API server's front: listens, tells who asks, and turns HTTP into requests and answers into
//! HTTP.
//!
//! It decides nothing about objects and knows no kind; what may be done is the gateway's to say.

mod about;
mod aggregate;
mod body;
mod coalesce;
mod endpoints;
mod filters;
mod front;
mod lane;
pub mod limits;
mod metrics;
mod mortal;
mod negotiate;
pub mod nodes;
mod pods;
mod proxy;
mod query;
mod respond;
mod route;
mod server;
mod spdy;
mod streams;
mod tasks;
#[cfg(test)]
mod tests;
#[doc(hidden)]
pub mod wire;

pub use lane::Lane;
pub use nodes::Nodes;
pub use server::{Bounds, Server, ServerConfig, ServerError, shown};
