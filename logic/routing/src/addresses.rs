//! Which address a new pod gets.
//!
//! Remembers what is taken and what was given last, and nothing else: the caller rebuilds it from
//! the sandboxes that exist. An address that has just become free is given out again only after
//! all others had their turn, because somebody may still be talking to its last owner.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::Cidr;

/// The addresses that a node may give to its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressPool {
    range: Cidr,
    taken: BTreeSet<Ipv4Addr>,
    last: Option<Ipv4Addr>,
}

/// All addresses of the node's range belong to live pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("find a free address in {range}: all of them are in use")]
pub struct Exhausted {
    /// The range that is used up.
    pub range: Cidr,
}

impl AddressPool {
    /// A pool over `range` in which `taken` are in use and `last` was the newest one given out.
    #[must_use]
    pub fn new(range: Cidr, taken: BTreeSet<Ipv4Addr>, last: Option<Ipv4Addr>) -> Self {
        Self {
            range,
            taken,
            last: last.filter(|&address| range.contains(address)),
        }
    }

    /// The node's own address in the range: the first one that a host may use.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        self.range.nth(1).unwrap_or(self.range.first())
    }

    /// The newest address given out; to be remembered across a restart.
    #[must_use]
    pub fn last(&self) -> Option<Ipv4Addr> {
        self.last
    }

    /// Takes the next free address, going round the range.
    ///
    /// # Errors
    /// When every address is taken.
    pub fn take(&mut self) -> Result<Ipv4Addr, Exhausted> {
        let start = self.last.unwrap_or_else(|| self.gateway());
        let address = self.after(start).ok_or(Exhausted { range: self.range })?;
        self.taken.insert(address);
        self.last = Some(address);
        Ok(address)
    }

    /// Gives an address back. Giving back what is free changes nothing.
    pub fn release(&mut self, address: Ipv4Addr) {
        self.taken.remove(&address);
    }

    fn after(&self, start: Ipv4Addr) -> Option<Ipv4Addr> {
        let first = u32::from(self.gateway()) + 1;
        let end = u32::from(self.range.last());
        let start = u32::from(start) + 1;
        (start..end)
            .chain(first..end.min(start))
            .map(Ipv4Addr::from)
            .find(|address| !self.taken.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(range: &str, taken: &[&str], last: Option<&str>) -> AddressPool {
        let taken = taken.iter().map(|text| text.parse().unwrap()).collect();
        AddressPool::new(
            range.parse().unwrap(),
            taken,
            last.map(|text| text.parse().unwrap()),
        )
    }

    fn take(pool: &mut AddressPool) -> String {
        pool.take()
            .map_or_else(|error| error.to_string(), |address| address.to_string())
    }

    #[test]
    fn the_first_pod_comes_after_the_gateway() {
        let mut pool = pool("10.244.0.0/24", &[], None);
        assert_eq!(pool.gateway().to_string(), "10.244.0.1");
        assert_eq!(take(&mut pool), "10.244.0.2");
    }

    #[test]
    fn an_address_just_released_waits_for_its_turn() {
        let mut pool = pool("10.244.0.0/29", &[], None);
        assert_eq!(take(&mut pool), "10.244.0.2");
        pool.release(Ipv4Addr::new(10, 244, 0, 2));
        let rest: Vec<_> = (0..5).map(|_| take(&mut pool)).collect();
        assert_eq!(
            rest,
            [
                "10.244.0.3",
                "10.244.0.4",
                "10.244.0.5",
                "10.244.0.6",
                "10.244.0.2"
            ]
        );
    }

    #[test]
    fn an_exhausted_range_says_so_and_never_gives_gateway_or_broadcast() {
        let mut pool = pool("10.244.0.0/30", &[], None);
        assert_eq!(take(&mut pool), "10.244.0.2");
        assert_eq!(
            take(&mut pool),
            "find a free address in 10.244.0.0/30: all of them are in use"
        );
    }

    #[test]
    fn what_lives_after_a_restart_is_not_given_again() {
        let mut pool = pool(
            "10.244.0.0/24",
            &["10.244.0.2", "10.244.0.4"],
            Some("10.244.0.2"),
        );
        assert_eq!(take(&mut pool), "10.244.0.3");
        assert_eq!(take(&mut pool), "10.244.0.5");
    }

    #[test]
    fn a_last_address_of_another_range_is_forgotten() {
        let mut pool = pool("10.244.0.0/24", &[], Some("10.9.9.9"));
        assert_eq!(take(&mut pool), "10.244.0.2");
    }
}
