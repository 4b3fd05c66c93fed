//! Building one netlink message: header, fixed part, attributes, nests.
//!
//! Lengths are filled in when a message or a nest is finished, so a message can be built in one
//! pass. Attribute numbers come from the callers.

use std::net::Ipv4Addr;

/// The size of a message's header.
pub(crate) const HEADER: usize = 16;

/// Set on the type of an attribute that contains attributes.
const NESTED: u16 = 0x8000;

/// Bits of a message's header that say what kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u16);

impl Flags {
    /// A request that is answered only when it goes wrong.
    pub(crate) const REQUEST: Self = Self(0x01);
    /// Asks for an answer also when all is well.
    pub(crate) const ACK: Self = Self(0x01 | 0x04);
    /// Makes what must not exist yet.
    pub(crate) const CREATE_NEW: Self = Self(0x01 | 0x04 | 0x400 | 0x200);
    /// Makes what may exist already, and puts it in place of that.
    pub(crate) const REPLACE: Self = Self(0x01 | 0x04 | 0x400 | 0x100);
    /// Makes what may exist already, at the end of a list; asks for no answer.
    pub(crate) const CREATE: Self = Self(0x01 | 0x400);
    /// Makes one more at the end of a list; asks for no answer.
    pub(crate) const APPEND: Self = Self(0x01 | 0x400 | 0x800);
    /// Asks for all there is.
    pub(crate) const DUMP: Self = Self(0x01 | 0x300);
}

/// A message that is being built.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Begins a message with its fixed part.
    pub(crate) fn new(kind: u16, flags: Flags, fixed: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&flags.0.to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(fixed);
        let mut message = Self { bytes };
        message.pad();
        message
    }

    /// Adds an attribute. It must be shorter than 64 KiB: callers that have more send several
    /// messages.
    pub(crate) fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(4 + value.len()).expect("callers keep attributes under 64 KiB");
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad();
        self
    }

    /// Adds a text with the zero byte that ends it.
    pub(crate) fn put_text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.put(kind, &bytes)
    }

    /// Adds a number in this machine's byte order.
    pub(crate) fn put_u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// Adds a number in network byte order.
    pub(crate) fn put_be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// Adds an address.
    pub(crate) fn put_address(&mut self, kind: u16, value: Ipv4Addr) -> &mut Self {
        self.put(kind, &value.octets())
    }

    /// Adds an attribute that contains what `fill` adds.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        fill(self);
        let length =
            u16::try_from(self.bytes.len() - start).expect("callers keep attributes under 64 KiB");
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    /// Adds bytes as they are; for the fixed part that some nests begin with.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self.pad();
        self
    }

    /// Has the kernel answer also when all is well.
    pub(crate) fn ask_for_answer(&mut self) {
        let flags = u16::from_ne_bytes([self.bytes[6], self.bytes[7]]) | Flags::ACK.0;
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
    }

    /// How long the message is so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The finished message under its number.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).expect("callers keep messages under 4 GiB");
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }

    fn pad(&mut self) {
        let padded = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(padded, 0);
    }
}
