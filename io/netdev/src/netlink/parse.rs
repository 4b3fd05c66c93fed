//! Reading what the kernel sent.
//!
//! Iterators over messages in a datagram and over attributes in a message. Both end at the first
//! length that does not fit.

use std::net::Ipv4Addr;

use super::message::HEADER;

/// Message types that mean the same everywhere.
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// One message as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    /// What it is about, in the words of its protocol.
    pub(crate) kind: u16,
    /// The number of the request that it answers.
    pub(crate) sequence: u32,
    /// What follows the header.
    pub(crate) body: &'a [u8],
}

/// What a message says about the request it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It carries something that was asked for.
    Content,
    /// A list has come to its end, or a request was carried out.
    Finished,
    /// The request failed with this error number.
    Failed(i32),
}

impl<'a> Received<'a> {
    /// All messages of a datagram.
    pub(crate) fn all(mut datagram: &'a [u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let length = usize::try_from(u32_at(datagram, 0)?).ok()?;
            let message = datagram
                .get(..length)
                .filter(|message| HEADER <= message.len())?;
            datagram = datagram
                .get(length.next_multiple_of(4)..)
                .unwrap_or_default();
            Some(Self {
                kind: u16_at(message, 4)?,
                sequence: u32_at(message, 8)?,
                body: &message[HEADER..],
            })
        })
    }

    /// What the message says about its request.
    pub(crate) fn answer(&self) -> Answer {
        if self.kind != ERROR && self.kind != DONE {
            return Answer::Content;
        }
        // The kernel reports error numbers as negative; a list may end without any.
        match u32_at(self.body, 0).map_or(0, u32::cast_signed) {
            0.. => Answer::Finished,
            code => Answer::Failed(-code),
        }
    }

    /// The attributes after a fixed part of `fixed` bytes.
    pub(crate) fn attributes(&self, fixed: usize) -> Attributes<'a> {
        Attributes {
            bytes: self.body.get(fixed..).unwrap_or_default(),
        }
    }
}

/// A run of attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a> {
    bytes: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// The value of the first attribute of this kind.
    pub(crate) fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.into_iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value)
    }

    /// The attributes within the first attribute of this kind.
    pub(crate) fn nest(self, kind: u16) -> Option<Attributes<'a>> {
        self.get(kind).map(|bytes| Attributes { bytes })
    }

    /// A text, without the zero byte that ends it.
    pub(crate) fn text(self, kind: u16) -> Option<&'a str> {
        let value = self.get(kind)?;
        std::str::from_utf8(value.strip_suffix(&[0]).unwrap_or(value)).ok()
    }

    /// A number in this machine's byte order.
    pub(crate) fn u32(self, kind: u16) -> Option<u32> {
        u32_at(self.get(kind)?, 0)
    }

    /// A port in network byte order.
    pub(crate) fn port(self, kind: u16) -> Option<u16> {
        Some(u16::from_be_bytes(self.get(kind)?.try_into().ok()?))
    }

    /// An address.
    pub(crate) fn address(self, kind: u16) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.get(kind)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_at(self.bytes, 0)?);
        let kind = u16_at(self.bytes, 2)? & 0x3fff;
        let value = self.bytes.get(4..length)?;
        self.bytes = self
            .bytes
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some((kind, value))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::message::{Flags, Message};
    use super::*;

    #[test]
    fn what_was_built_is_read_back() {
        let mut message = Message::new(77, Flags::REQUEST, &[1, 2, 3, 4]);
        message.put_text(1, "odd");
        message.nest(2, |nest| {
            nest.put_u32(5, 6);
        });
        let bytes = message.finish(9);
        let read: Vec<_> = Received::all(&bytes).collect();
        assert_eq!((read.len(), read[0].kind, read[0].sequence), (1, 77, 9));
        let attributes = read[0].attributes(4);
        assert_eq!(attributes.text(1), Some("odd"));
        assert_eq!(attributes.nest(2).unwrap().u32(5), Some(6));
        assert_eq!(attributes.get(3), None);
    }

    #[test]
    fn a_datagram_cut_anywhere_is_read_without_panic() {
        let mut message = Message::new(77, Flags::REQUEST, &[]);
        message.put_text(1, "text").put_u32(2, 3);
        let bytes = message.finish(1);
        for end in 0..bytes.len() {
            for read in Received::all(&bytes[..end]) {
                assert_eq!(read.attributes(0).count(), 0);
            }
        }
        assert_eq!(
            Attributes {
                bytes: &[3, 0, 1, 0, 9, 9]
            }
            .count(),
            0,
            "shorter than itself"
        );
    }
}
