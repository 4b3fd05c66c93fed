//! A range of IPv4 addresses in prefix notation.
//!
//! Knows arithmetic on addresses and nothing of who owns a range. The stored address is always the
//! first of the range, so two equal ranges compare equal however they were written.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A range such as `10.244.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    first: Ipv4Addr,
    prefix: u8,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {text:?} as an address range such as 10.244.0.0/16")]
pub struct CidrError {
    /// What was given.
    pub text: String,
}

impl Cidr {
    /// The range of `prefix` bits that contains `address`. A prefix beyond 32 counts as 32.
    #[must_use]
    pub fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self {
            first: Ipv4Addr::from(u32::from(address) & mask_bits(prefix)),
            prefix,
        }
    }

    /// The first address of the range, which no host may use.
    #[must_use]
    pub fn first(self) -> Ipv4Addr {
        self.first
    }

    /// The last address of the range: its broadcast address.
    #[must_use]
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.first) | !mask_bits(self.prefix))
    }

    /// How many leading bits the addresses of the range share.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The mask that keeps the shared bits of an address.
    #[must_use]
    pub fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from(mask_bits(self.prefix))
    }

    /// Whether `address` lies within.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        self.first <= address && address <= self.last()
    }

    /// Whether the two ranges share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }

    /// The address `offset` places after the first, if it lies within.
    #[must_use]
    pub fn nth(self, offset: u32) -> Option<Ipv4Addr> {
        let address = Ipv4Addr::from(u32::from(self.first).checked_add(offset)?);
        self.contains(address).then_some(address)
    }
}

fn mask_bits(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        parse(text).ok_or_else(|| CidrError {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<Cidr> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    (prefix <= 32).then_some(Cidr::new(address.parse().ok()?, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_forgets_the_host_bits_it_was_written_with() {
        let range: Cidr = "10.244.3.7/24".parse().unwrap();
        assert_eq!(range.to_string(), "10.244.3.0/24");
        assert_eq!(range.last(), Ipv4Addr::new(10, 244, 3, 255));
    }

    #[test]
    fn the_whole_internet_and_a_single_host_are_ranges() {
        let all: Cidr = "1.2.3.4/0".parse().unwrap();
        assert!(all.contains(Ipv4Addr::BROADCAST) && all.contains(Ipv4Addr::UNSPECIFIED));
        let one: Cidr = "1.2.3.4/32".parse().unwrap();
        assert_eq!(
            (one.first(), one.last()),
            (one.nth(0).unwrap(), one.nth(0).unwrap())
        );
        assert_eq!(one.nth(1), None);
    }

    #[test]
    fn nonsense_is_no_range() {
        for text in [
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0/8",
            "/8",
            "10.0.0.0/-1",
            "::/64",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_overlap_when_one_contains_the_other() {
        let range = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(range("10.0.0.0/8").overlaps(range("10.96.0.0/16")));
        assert!(range("10.96.0.0/16").overlaps(range("10.0.0.0/8")));
        assert!(!range("10.96.0.0/16").overlaps(range("10.97.0.0/16")));
    }
}
