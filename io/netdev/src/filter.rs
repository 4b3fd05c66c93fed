//! The kernel's packet filter, in the words of its netlink protocol.
//!
//! A [`Batch`] collects tables, sets, chains, rules and elements, and is carried out as one
//! transaction: no packet ever sees half of it. [`Expression`]s are what rules are made of. Which
//! rules there are is said in [`crate::nft`].

use crate::netlink::{Flags, Message};

mod constants;
mod element;
mod expression;
mod set;

use constants::*;

pub(crate) use element::{Data, Element, Key};
pub(crate) use expression::{Expression, Field, Lot, Register, Rule};
pub(crate) use set::{Kind, Set, Value};

/// Where a base chain hooks in, and what it may do there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hook {
    pub(crate) kind: &'static str,
    pub(crate) number: u32,
    pub(crate) priority: i32,
}

/// Changes to one table that happen together.
#[derive(Debug)]
pub(crate) struct Batch {
    table: String,
    messages: Vec<Message>,
}

impl Batch {
    /// A batch about a table.
    pub(crate) fn new(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            messages: Vec::new(),
        }
    }

    /// Makes the table unless it exists.
    pub(crate) fn add_table(&mut self) {
        let mut message = message(NFT_MSG_NEWTABLE, Flags::CREATE);
        message.put_text(NFTA_TABLE_NAME, &self.table);
        self.messages.push(message);
    }

    /// Deletes the table and all within.
    pub(crate) fn delete_table(&mut self) {
        let mut message = message(NFT_MSG_DELTABLE, Flags::REQUEST);
        message.put_text(NFTA_TABLE_NAME, &self.table);
        self.messages.push(message);
    }

    /// Makes a set or a map.
    pub(crate) fn add_set(&mut self, set: &Set) {
        let number = u32::try_from(self.messages.len()).expect("a batch has few messages");
        let mut message = message(NFT_MSG_NEWSET, Flags::CREATE);
        set.put(&mut message, &self.table, number);
        self.messages.push(message);
    }

    /// Makes a chain that packets pass by themselves.
    pub(crate) fn add_base_chain(&mut self, name: &str, hook: Hook) {
        let mut message = message(NFT_MSG_NEWCHAIN, Flags::CREATE);
        message
            .put_text(NFTA_CHAIN_TABLE, &self.table)
            .put_text(NFTA_CHAIN_NAME, name);
        message.nest(NFTA_CHAIN_HOOK, |nest| {
            nest.put_be32(NFTA_HOOK_HOOKNUM, hook.number);
            nest.put(NFTA_HOOK_PRIORITY, &hook.priority.to_be_bytes());
        });
        message
            .put_be32(NFTA_CHAIN_POLICY, NF_ACCEPT)
            .put_text(NFTA_CHAIN_TYPE, hook.kind);
        self.messages.push(message);
    }

    /// Makes a chain that packets reach from other chains.
    pub(crate) fn add_chain(&mut self, name: &str) {
        self.chain(NFT_MSG_NEWCHAIN, Flags::CREATE, name);
    }

    /// Deletes a chain and its rules.
    pub(crate) fn delete_chain(&mut self, name: &str) {
        self.chain(NFT_MSG_DELCHAIN, Flags::REQUEST, name);
    }

    /// Adds a rule at the end of a chain.
    pub(crate) fn add_rule(&mut self, chain: &str, rule: &Rule) {
        let mut message = message(NFT_MSG_NEWRULE, Flags::APPEND);
        message
            .put_text(NFTA_RULE_TABLE, &self.table)
            .put_text(NFTA_RULE_CHAIN, chain);
        message.nest(NFTA_RULE_EXPRESSIONS, |nest| {
            rule.iter().for_each(|expression| expression.put(nest));
        });
        self.messages.push(message);
    }

    /// Puts elements into a set.
    pub(crate) fn add_elements(&mut self, set: &str, elements: impl Iterator<Item = Element>) {
        let blank = || self.elements_message(NFT_MSG_NEWSETELEM, Flags::CREATE, set);
        let messages = element::messages(blank, elements);
        self.messages.extend(messages);
    }

    /// Takes elements out of a set; they must be there.
    pub(crate) fn remove_elements(&mut self, set: &str, elements: impl Iterator<Item = Element>) {
        let blank = || self.elements_message(NFT_MSG_DELSETELEM, Flags::REQUEST, set);
        let messages = element::messages(blank, elements);
        self.messages.extend(messages);
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The batch as one piece of bytes, asking for one answer at its end.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if let Some(last) = self.messages.last_mut() {
            last.ask_for_answer();
        }
        let marker = |kind| Message::new(kind, Flags::REQUEST, &[0, 0, 0, NFNL_SUBSYS_NFTABLES]);
        let begin = std::iter::once(marker(NFNL_MSG_BATCH_BEGIN));
        let end = std::iter::once(marker(NFNL_MSG_BATCH_END));
        let messages = begin.chain(self.messages).chain(end);
        (0..)
            .zip(messages)
            .flat_map(|(number, message)| message.finish(number))
            .collect()
    }

    fn chain(&mut self, kind: u8, flags: Flags, name: &str) {
        let mut message = message(kind, flags);
        message
            .put_text(NFTA_CHAIN_TABLE, &self.table)
            .put_text(NFTA_CHAIN_NAME, name);
        self.messages.push(message);
    }

    fn elements_message(&self, kind: u8, flags: Flags, set: &str) -> Message {
        let mut message = message(kind, flags);
        message.put_text(NFTA_SET_ELEM_LIST_TABLE, &self.table);
        message.put_text(NFTA_SET_ELEM_LIST_SET, set);
        message
    }
}

/// A request that finds out whether a table exists.
pub(crate) fn find_table(name: &str) -> Message {
    let mut message = message(NFT_MSG_GETTABLE, Flags::ACK);
    message.put_text(NFTA_TABLE_NAME, name);
    message
}

fn message(kind: u8, flags: Flags) -> Message {
    let kind = u16::from(NFNL_SUBSYS_NFTABLES) << 8 | u16::from(kind);
    Message::new(kind, flags, &[NFPROTO_IPV4, 0, 0, 0])
}
