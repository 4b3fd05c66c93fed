//! Elements of sets and maps, and how many go into one message.

use std::net::Ipv4Addr;

use gantry_routing::{Endpoint, Frontend};

use super::constants::*;
use crate::limits::ELEMENT_BYTES;
use crate::netlink::Message;

/// An element's key: parts of four bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key(Vec<u8>);

/// What an element yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    Nothing,
    Endpoint(Endpoint),
    Number(u32),
    Goto(String),
    Drop,
}

/// A key and what it yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) key: Key,
    pub(crate) data: Data,
}

impl Key {
    pub(crate) fn address(mut self, address: Ipv4Addr) -> Self {
        self.0.extend(address.octets());
        self
    }

    pub(crate) fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_ne_bytes());
        self
    }

    /// A frontend; one of any address has the address zero.
    pub(crate) fn frontend(self, frontend: &Frontend) -> Self {
        let address = frontend.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mut key = self.address(address);
        key.0.extend([frontend.protocol.number(), 0, 0, 0]);
        key.port(frontend.port)
    }

    fn endpoint(self, endpoint: &Endpoint) -> Self {
        self.address(endpoint.address).port(endpoint.port)
    }

    fn port(mut self, port: u16) -> Self {
        self.0.extend(port.to_be_bytes());
        self.0.extend([0, 0]);
        self
    }
}

/// Spreads elements over as many messages as they need, each begun by `blank`.
pub(super) fn messages(
    blank: impl Fn() -> Message,
    elements: impl Iterator<Item = Element>,
) -> Vec<Message> {
    let mut elements = elements.peekable();
    let mut messages = Vec::new();
    while elements.peek().is_some() {
        let mut message = blank();
        message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, |list| {
            let end = list.len() + ELEMENT_BYTES;
            while let Some(element) = elements.next_if(|_| list.len() < end) {
                list.nest(NFTA_LIST_ELEM, |nest| element.put(nest));
            }
        });
        messages.push(message);
    }
    messages
}

impl Element {
    fn put(&self, nest: &mut Message) {
        nest.nest(NFTA_SET_ELEM_KEY, |key| {
            key.put(NFTA_DATA_VALUE, &self.key.0);
        });
        if self.data != Data::Nothing {
            nest.nest(NFTA_SET_ELEM_DATA, |data| self.data.put(data));
        }
    }
}

impl Data {
    fn put(&self, nest: &mut Message) {
        match self {
            Self::Nothing => {}
            Self::Endpoint(endpoint) => {
                nest.put(NFTA_DATA_VALUE, &Key::default().endpoint(endpoint).0);
            }
            Self::Number(number) => {
                nest.put(NFTA_DATA_VALUE, &number.to_ne_bytes());
            }
            Self::Goto(chain) => put_verdict(nest, NFT_GOTO, Some(chain)),
            Self::Drop => put_verdict(nest, NF_DROP, None),
        }
    }
}

/// Writes what happens to a packet next.
pub(super) fn put_verdict(data: &mut Message, code: u32, chain: Option<&str>) {
    data.nest(NFTA_DATA_VERDICT, |verdict| {
        verdict.put_be32(NFTA_VERDICT_CODE, code);
        if let Some(chain) = chain {
            verdict.put_text(NFTA_VERDICT_CHAIN, chain);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::Flags;

    #[test]
    fn many_elements_go_into_several_messages_and_none_is_lost() {
        let element = |number| Element {
            key: Key::default().number(number),
            data: Data::Nothing,
        };
        let blank = || Message::new(0, Flags::REQUEST, &[]);
        let bytes = |count: u32| -> Vec<usize> {
            messages(blank, (0..count).map(element))
                .iter()
                .map(Message::len)
                .collect()
        };
        assert_eq!(bytes(0), Vec::<usize>::new());
        let lengths = bytes(10_000);
        assert!(lengths.iter().all(|&length| length < 0xffff), "{lengths:?}");
        let per_element = bytes(2)[0] - bytes(1)[0];
        let payload: usize = lengths
            .iter()
            .map(|length| length - (bytes(1)[0] - per_element))
            .sum();
        assert_eq!(payload, 10_000 * per_element);
    }
}
