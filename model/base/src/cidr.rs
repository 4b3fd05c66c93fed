//! Blocks of addresses such as `10.0.0.0/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    /// The block's first address, or any other in it.
    pub address: IpAddr,
    /// How many leading bits all addresses share.
    pub length: u8,
}

/// A block that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {text:?} as a block of addresses: write it as in 10.0.0.0/8")]
pub struct CidrError {
    /// What was given.
    pub text: String,
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let wrong = || CidrError {
            text: text.to_owned(),
        };
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let length: u8 = length.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        (length <= most)
            .then_some(Self { address, length })
            .ok_or_else(wrong)
    }
}

impl Cidr {
    /// The block's first address.
    #[must_use]
    pub fn first(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(self.length.into()).unwrap_or(0);
                IpAddr::V4((address.to_bits() & !rest).into())
            }
            IpAddr::V6(address) => {
                let rest = u128::MAX.checked_shr(self.length.into()).unwrap_or(0);
                IpAddr::V6((address.to_bits() & !rest).into())
            }
        }
    }

    /// Whether the block is a part of `whole`, and not all of it.
    #[must_use]
    pub fn is_within(self, whole: Self) -> bool {
        self.length > whole.length && whole.contains(self.address)
    }

    /// Whether `address` is one of the block.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let length = u32::from(self.length);
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= length
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= length
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_begins_like_it() {
        let block: Cidr = "10.96.0.0/12".parse().unwrap();
        assert!(block.contains("10.111.255.255".parse().unwrap()));
        assert!(!block.contains("10.112.0.0".parse().unwrap()));
        assert!(!block.contains("::1".parse().unwrap()));
        let everything: Cidr = "::/0".parse().unwrap();
        assert!(everything.contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_block_begins_where_its_own_bits_are_zero() {
        for (text, first) in [
            ("10.97.3.4/12", "10.96.0.0"),
            ("10.97.3.4/32", "10.97.3.4"),
            ("10.97.3.4/0", "0.0.0.0"),
            ("2001:db8:1::7/32", "2001:db8::"),
        ] {
            let block: Cidr = text.parse().unwrap();
            assert_eq!(block.first().to_string(), first);
        }
    }

    #[test]
    fn a_part_of_a_block_is_smaller_and_begins_like_it() {
        let block = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(block("10.1.0.0/16").is_within(block("10.0.0.0/8")));
        for other in ["10.1.0.0/16", "11.0.0.0/8", "10.1.0.0/24", "::/0"] {
            assert!(!block("10.1.0.0/16").is_within(block(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_block_is_not_read() {
        for text in ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129"] {
            let error = text.parse::<Cidr>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
