//! Sets and maps: what their keys are made of, and what they yield.

use super::constants::*;
use crate::netlink::Message;

/// One part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Address,
    Protocol,
    Port,
    /// A number in this machine's byte order.
    Number,
}

/// What a set yields for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Only whether it is there.
    Presence,
    /// An address and a port.
    Endpoint,
    /// A number in this machine's byte order.
    Number,
    /// What happens to the packet.
    Verdict,
}

/// A set or map to be made.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [Kind],
    pub(crate) value: Value,
    /// For one that rules fill by themselves: how many elements it may have.
    pub(crate) filled_by_rules: Option<u32>,
}

impl Kind {
    /// The number by which listing tools know the type.
    fn number(self) -> u32 {
        match self {
            Self::Address => 7,
            Self::Protocol => 12,
            Self::Port => 13,
            Self::Number => 19,
        }
    }

    fn length(self) -> u32 {
        match self {
            Self::Address | Self::Number => 4,
            Self::Protocol => 1,
            Self::Port => 2,
        }
    }
}

impl Set {
    /// Writes the description of the set; `number` tells it from others of its batch.
    pub(super) fn put(&self, message: &mut Message, table: &str, number: u32) {
        message
            .put_text(NFTA_SET_TABLE, table)
            .put_text(NFTA_SET_NAME, self.name);
        message.put_be32(NFTA_SET_FLAGS, self.flags());
        message.put_be32(NFTA_SET_KEY_TYPE, concatenated(self.key));
        message.put_be32(NFTA_SET_KEY_LEN, padded_length(self.key));
        match self.value {
            Value::Presence => {}
            Value::Endpoint => put_data(message, &[Kind::Address, Kind::Port]),
            Value::Number => put_data(message, &[Kind::Number]),
            Value::Verdict => {
                message.put_be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
            }
        }
        message.put_be32(NFTA_SET_ID, number);
        message.nest(NFTA_SET_DESC, |description| {
            self.put_description(description)
        });
    }

    fn flags(&self) -> u32 {
        let map = if self.value == Value::Presence {
            0
        } else {
            NFT_SET_MAP
        };
        let concatenation = if self.key.len() < 2 {
            0
        } else {
            NFT_SET_CONCAT
        };
        let dynamic = if self.filled_by_rules.is_some() {
            NFT_SET_TIMEOUT | NFT_SET_EVAL
        } else {
            0
        };
        map | concatenation | dynamic
    }

    fn put_description(&self, description: &mut Message) {
        if let Some(size) = self.filled_by_rules {
            description.put_be32(NFTA_SET_DESC_SIZE, size);
        }
        if self.key.len() < 2 {
            return;
        }
        description.nest(NFTA_SET_DESC_CONCAT, |fields| {
            for kind in self.key {
                fields.nest(NFTA_LIST_ELEM, |field| {
                    field.put_be32(NFTA_SET_FIELD_LEN, kind.length());
                });
            }
        });
    }
}

fn put_data(message: &mut Message, kinds: &[Kind]) {
    message.put_be32(NFTA_SET_DATA_TYPE, concatenated(kinds));
    message.put_be32(NFTA_SET_DATA_LEN, padded_length(kinds));
}

fn concatenated(kinds: &[Kind]) -> u32 {
    kinds
        .iter()
        .fold(0, |number, kind| number << 6 | kind.number())
}

fn padded_length(kinds: &[Kind]) -> u32 {
    kinds
        .iter()
        .map(|kind| kind.length().next_multiple_of(4))
        .sum()
}
