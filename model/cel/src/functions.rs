//! All functions, one file per family. Each is a row: its name, what it takes and gives, and what
//! it does.
//!
//! A function that is given what it does not take says so, and the next one of its name is asked.

pub(crate) mod authorizer;
pub(crate) mod convert;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod opaque;
pub(crate) mod optional;
pub(crate) mod pattern;
pub(crate) mod quantity;
pub(crate) mod semver;
pub(crate) mod sets;
pub(crate) mod strings;
pub(crate) mod time;
pub(crate) mod url;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::eval::{Machine, Outcome};
use crate::types::Signature;
use crate::value::Value;

/// What a function does with values; the first of them is what stands before its name, if anything
/// does.
pub(crate) type Run = for<'a> fn(&mut Machine<'a>, &[Value<'a>]) -> Outcome<'a>;

/// A row of a family: name, signatures, and what it does.
pub(crate) type Row = (&'static str, &'static [&'static str], Run);

/// All functions of one name.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) signatures: Vec<Signature>,
    pub(crate) runs: Vec<Run>,
}

const FAMILIES: &[&[Row]] = &[
    authorizer::ROWS,
    convert::ROWS,
    format::ROWS,
    lists::ROWS,
    names::ROWS,
    network::ROWS,
    optional::ROWS,
    pattern::ROWS,
    quantity::ROWS,
    semver::ROWS,
    sets::ROWS,
    strings::ROWS,
    time::ROWS,
    url::ROWS,
];

/// The functions called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static TABLE: OnceLock<BTreeMap<&'static str, Function>> = OnceLock::new();
    TABLE.get_or_init(table).get(name)
}

fn table() -> BTreeMap<&'static str, Function> {
    let mut table = BTreeMap::new();
    for (name, signatures, run) in FAMILIES.iter().copied().flatten() {
        let function = table.entry(*name).or_insert_with(|| Function {
            signatures: Vec::new(),
            runs: Vec::new(),
        });
        let read = signatures.iter().map(|text| Signature::read(text));
        function.signatures.extend(read);
        function.runs.push(*run);
    }
    table
}
