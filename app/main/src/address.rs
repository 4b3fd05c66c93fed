//! The addresses that this machine has.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

/// All IPv4 addresses of this machine, loopback left out, as the kernel's routing table knows them.
pub(crate) fn local() -> Result<Vec<Ipv4Addr>> {
    let path = "/proc/net/fib_trie";
    let text = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    Ok(local_in(&text))
}

/// The addresses that a table marks as the host's own.
fn local_in(table: &str) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut last = None;
    for line in table.lines() {
        let words = line.trim_start_matches([' ', '|', '-', '+']);
        if words.starts_with("/32 host LOCAL") {
            found.extend(last.filter(|address: &Ipv4Addr| !address.is_loopback()));
        } else {
            last = words
                .split_whitespace()
                .next()
                .and_then(|word| word.parse().ok());
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The address by which this machine is best known: the one it would use to reach others.
pub(crate) fn primary() -> Ipv4Addr {
    let outward = || -> std::io::Result<std::net::IpAddr> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // Connecting a datagram socket sends nothing; it only asks the routing table.
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    match outward() {
        Ok(std::net::IpAddr::V4(address)) if !address.is_unspecified() => address,
        Ok(_) | Err(_) => local()
            .ok()
            .and_then(|all| all.first().copied())
            .unwrap_or(Ipv4Addr::LOCALHOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_own_addresses_count() {
        let table = "Main:\n  +-- 10.0.0.0/8 2 0 2\n     |-- 10.1.2.0\n        /24 link UNICAST\n     \
                     |-- 10.1.2.3\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n";
        assert_eq!(local_in(table), [Ipv4Addr::new(10, 1, 2, 3)]);
    }
}
