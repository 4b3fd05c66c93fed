//! Where a webhook listens: at a URL, or behind a service. A service is reached at one of its
//! endpoints.

use std::sync::Arc;

use gantry_base::{Entropy, entropy};
use gantry_kinds::parts::remote::ServiceTarget;
use gantry_store::Snapshot;

use crate::endpoints::{self, ServicePlace};
use crate::question::Destination;

const HTTPS: u16 = 443;

/// Whom a configuration names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) url: Option<&'a str>,
    pub(crate) service: Option<ServiceTarget<'a>>,
    /// The certificates to trust, in PEM.
    pub(crate) authority: Option<&'a [u8]>,
}

/// Where a webhook is asked that has so many seconds to answer, or why it cannot be asked.
pub(crate) fn find(
    target: &Target<'_>,
    snapshot: &Snapshot,
    chance: &mut dyn Entropy,
    seconds: u32,
) -> Result<Destination, String> {
    let authority = target.authority.filter(|own| !own.is_empty());
    let place = match (target.url, &target.service) {
        (_, Some(service)) => behind(service, snapshot, chance, seconds)?,
        (Some(url), None) => {
            at(url, seconds).ok_or_else(|| format!("{url:?} is no URL of a server"))?
        }
        (None, None) => {
            return Err(
                "could not get REST client: neither a URL nor a service is given".to_owned(),
            );
        }
    };
    Ok(Destination {
        authority: authority.map(Arc::from),
        ..place
    })
}

/// The place that a URL names.
fn at(url: &str, seconds: u32) -> Option<Destination> {
    let rest = url.strip_prefix("https://")?;
    let split = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Some(HTTPS), |port| port.parse().ok())?;
    let path = if path.is_empty() { "/" } else { path };
    (!host.is_empty()).then(|| place(host, (host.to_owned(), port), (authority, path), seconds))
}

fn place(
    host: &str,
    connect: (String, u16),
    (authority, path): (&str, &str),
    seconds: u32,
) -> Destination {
    let path = format!("{path}?timeout={seconds}s");
    Destination {
        url: format!("https://{authority}{path}"),
        host: host.to_owned(),
        path,
        connect,
        authority: None,
    }
}

/// One of the endpoints of a service.
fn behind(
    service: &ServiceTarget<'_>,
    snapshot: &Snapshot,
    chance: &mut dyn Entropy,
    seconds: u32,
) -> Result<Destination, String> {
    let number = service.port.unwrap_or(i32::from(HTTPS));
    let host = format!("{}.{}.svc", service.name, service.namespace);
    let path = service.path.unwrap_or("/");
    let path = format!("/{}", path.strip_prefix('/').unwrap_or(path));
    let authority = format!("{host}:{number}");
    let found = endpoint(service, snapshot, chance, number);
    let name = host.clone();
    let made = |connect| place(&name, connect, (&authority, &path), seconds);
    found.map(made).map_err(|why| {
        let url = format!("https://{host}:{number}{path}?timeout={seconds}s");
        format!("Post \"{url}\": {why}")
    })
}

fn endpoint(
    wanted: &ServiceTarget<'_>,
    snapshot: &Snapshot,
    chance: &mut dyn Entropy,
    number: i32,
) -> Result<(String, u16), String> {
    let place = ServicePlace {
        namespace: wanted.namespace.to_owned(),
        name: wanted.name.to_owned(),
        port: number,
    };
    let mut places = endpoints::places(snapshot, &place).map_err(|why| why.to_string())?;
    let chosen = entropy::below(chance, places.len());
    Ok(places.swap_remove(chosen))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn a_url_names_a_place() {
        for (url, expected) in [
            (
                "https://hook.example",
                "hook.example:443 https://hook.example/?timeout=5s",
            ),
            (
                "https://127.0.0.1:8443/a/b",
                "127.0.0.1:8443 https://127.0.0.1:8443/a/b?timeout=5s",
            ),
            ("https://[::1]:9/x", "::1:9 https://[::1]:9/x?timeout=5s"),
            ("http://hook.example", "nowhere"),
            ("https://:80/", "nowhere"),
            ("https://a:b/", "nowhere"),
        ] {
            let place = at(url, 5).map_or("nowhere".to_owned(), |place| {
                format!("{}:{} {}", place.connect.0, place.connect.1, place.url)
            });
            assert_eq!(place, expected, "{url}");
        }
    }
}
