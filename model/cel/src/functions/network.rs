//! Addresses and blocks of them.

use std::net::IpAddr;

use gantry_base::Cidr;

use super::opaque::Opaque;
use super::{Row, strings};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    ("cidr", &["cidr(string) -> cidr"], |machine, values| {
        let text = strings::text(machine, values)?;
        let block = read_block(text).ok_or_else(|| unread("CIDR", text))?;
        Ok(Value::opaque(Opaque::Cidr(block)))
    }),
    (
        "containsCIDR",
        &[
            "cidr.containsCIDR(string) -> bool",
            "cidr.containsCIDR(cidr) -> bool",
        ],
        contains_block,
    ),
    (
        "containsIP",
        &[
            "cidr.containsIP(string) -> bool",
            "cidr.containsIP(ip) -> bool",
        ],
        contains_address,
    ),
    ("family", &["ip.family() -> int"], |_, values| {
        address(&values[0]).map(|own| Value::Int(if own.is_ipv4() { 4 } else { 6 }))
    }),
    ("ip", &["ip(string) -> ip", "cidr.ip() -> ip"], ip),
    (
        "ip.isCanonical",
        &[":ip.isCanonical(string) -> bool"],
        |machine, values| {
            let text = strings::text(machine, values)?;
            let own = read_address(text).ok_or_else(|| unread("IP Address", text))?;
            Ok(Value::Bool(own.to_string() == text))
        },
    ),
    ("isCIDR", &["isCIDR(string) -> bool"], |machine, values| {
        let text = strings::text(machine, values)?;
        Ok(Value::Bool(read_block(text).is_some()))
    }),
    (
        "isGlobalUnicast",
        &["ip.isGlobalUnicast() -> bool"],
        |_, values| test(values, is_global_unicast),
    ),
    ("isIP", &["isIP(string) -> bool"], |machine, values| {
        let text = strings::text(machine, values)?;
        Ok(Value::Bool(read_address(text).is_some()))
    }),
    (
        "isLinkLocalMulticast",
        &["ip.isLinkLocalMulticast() -> bool"],
        |_, values| test(values, is_link_local_multicast),
    ),
    (
        "isLinkLocalUnicast",
        &["ip.isLinkLocalUnicast() -> bool"],
        |_, values| test(values, is_link_local_unicast),
    ),
    ("isLoopback", &["ip.isLoopback() -> bool"], |_, values| {
        test(values, |own| own.is_loopback())
    }),
    (
        "isUnspecified",
        &["ip.isUnspecified() -> bool"],
        |_, values| test(values, |own| own.is_unspecified()),
    ),
    ("masked", &["cidr.masked() -> cidr"], |_, values| {
        let own = block(&values[0])?;
        let address = own.first();
        Ok(Value::opaque(Opaque::Cidr(Cidr { address, ..own })))
    }),
    (
        "prefixLength",
        &["cidr.prefixLength() -> int"],
        |_, values| block(&values[0]).map(|own| Value::Int(own.length.into())),
    ),
];

fn unread(what: &str, text: &str) -> Problem {
    Problem::invalid(format!(
        "{what} {text:?} parse error during conversion from string"
    ))
}

/// An address, which is neither one of the other version in disguise nor bound to a link.
fn read_address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    match address {
        IpAddr::V6(own) if own.to_ipv4_mapped().is_some() => None,
        own => Some(own),
    }
}

fn read_block(text: &str) -> Option<Cidr> {
    let (address, length) = text.split_once('/')?;
    read_address(address)?;
    let is_plain = length == "0" || !length.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

fn address(value: &Value<'_>) -> Result<IpAddr, Problem> {
    match value {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Ip(own) => Ok(*own),
            _ => Err(Problem::NoSuchOverload),
        },
        _ => Err(Problem::NoSuchOverload),
    }
}

fn block(value: &Value<'_>) -> Result<Cidr, Problem> {
    match value {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Cidr(own) => Ok(*own),
            _ => Err(Problem::NoSuchOverload),
        },
        _ => Err(Problem::NoSuchOverload),
    }
}

fn ip<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let own = match block(&values[0]) {
        Ok(own) => own.address,
        Err(_) => {
            let text = strings::text(machine, values)?;
            read_address(text).ok_or_else(|| unread("IP Address", text))?
        }
    };
    Ok(Value::opaque(Opaque::Ip(own)))
}

fn contains_address<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let own = block(&values[0])?;
    let other = match &values[1] {
        Value::Text(_) => {
            let text = strings::text(machine, &values[1..])?;
            read_address(text).ok_or_else(|| unread("IP Address", text))?
        }
        other => address(other)?,
    };
    Ok(Value::Bool(own.contains(other)))
}

fn contains_block<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let own = block(&values[0])?;
    let other = match &values[1] {
        Value::Text(_) => {
            let text = strings::text(machine, &values[1..])?;
            read_block(text).ok_or_else(|| unread("CIDR", text))?
        }
        other => block(other)?,
    };
    let is_within = own.length <= other.length && own.contains(other.first());
    Ok(Value::Bool(is_within))
}

fn test<'a>(values: &[Value<'a>], test: fn(IpAddr) -> bool) -> Outcome<'a> {
    address(&values[0]).map(|own| Value::Bool(test(own)))
}

fn is_link_local_unicast(own: IpAddr) -> bool {
    match own {
        IpAddr::V4(own) => own.is_link_local(),
        IpAddr::V6(own) => own.is_unicast_link_local(),
    }
}

fn is_link_local_multicast(own: IpAddr) -> bool {
    match own {
        IpAddr::V4(own) => own.octets()[..3] == [224, 0, 0],
        IpAddr::V6(own) => own.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_global_unicast(own: IpAddr) -> bool {
    let is_broadcast = matches!(own, IpAddr::V4(own) if own.is_broadcast());
    let is_other = own.is_unspecified() || own.is_loopback() || own.is_multicast();
    !is_broadcast && !is_other && !is_link_local_unicast(own)
}
