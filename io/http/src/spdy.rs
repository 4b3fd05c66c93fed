//! SPDY/3.1, the server's side: what `kubectl` before 1.30 and many client libraries speak for
//! exec, attach and port-forward.
//!
//! The codec is pure; the connection turns frames into byte streams. Every stream's input has a
//! bounded buffer, and a full one stops the reading of the whole connection. What we send is not
//! held back by the peer's windows: the clients that exist never open them, so the transport's own
//! back pressure counts. Push streams and priorities do not exist here.

mod connection;
mod dictionary;
mod frame;
mod headers;

#[cfg(test)]
pub(crate) mod peer;
#[cfg(test)]
mod tests;

pub(crate) use connection::{Stream, serve};

/// The codec alone.
pub(crate) mod codec {
    pub(crate) use super::frame::{Frame, SpdyError, decode, encode};
    pub(crate) use super::headers::{Packer, Unpacker};
}
