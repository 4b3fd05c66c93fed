//! Which images an entry of a pull secret is for: a host, perhaps with `*` for whole or partial
//! labels, perhaps with a port, perhaps with the beginning of the repository's path.

use super::usual_registry;

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    host: String,
    port: Option<String>,
    path: Vec<String>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Self {
        let bare = text
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        let (registry, path) = bare.split_once('/').unwrap_or((bare, ""));
        let (host, port) = split_port(registry);
        let mut path: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        // The address of the registry's interface, as older tools wrote it, is not a repository.
        if path
            .first()
            .is_some_and(|part| part == "v1" || part == "v2")
        {
            path.remove(0);
        }
        let host = usual_registry(&host.to_ascii_lowercase()).to_owned();
        Self {
            host,
            port: port.map(str::to_owned),
            path,
        }
    }

    /// More parts fit fewer images.
    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    pub(super) fn matches(&self, (registry, repository): (&str, &str)) -> bool {
        let (host, port) = split_port(registry);
        let begins = |parts: &[String]| {
            let mut actual = repository.split('/');
            parts.iter().all(|part| actual.next() == Some(part))
        };
        self.port.as_deref() == port && host_matches(&self.host, host) && begins(&self.path)
    }
}

fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

fn host_matches(pattern: &str, host: &str) -> bool {
    let (patterns, labels) = (pattern.split('.'), host.split('.'));
    patterns.clone().count() == labels.clone().count()
        && patterns
            .zip(labels)
            .all(|(pattern, label)| label_matches(pattern, label))
}

/// `*` stands for any characters within one label.
fn label_matches(pattern: &str, label: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == label;
    };
    let Some(mut remaining) = label.strip_prefix(first) else {
        return false;
    };
    let Some((middle, last)) = rest.rsplit_once('*') else {
        return remaining.ends_with(rest);
    };
    for piece in middle.split('*') {
        let Some(position) = remaining.find(piece) else {
            return false;
        };
        remaining = &remaining[position + piece.len()..];
    }
    remaining.ends_with(last)
}
