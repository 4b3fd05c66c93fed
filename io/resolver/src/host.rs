//! Which servers and search domains the node itself uses.
//!
//! Behind systemd-resolved the usual file names only its stub on loopback, which means nothing inside
//! a pod; then the file with the real servers counts. Files are small and are read again whenever
//! they have changed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The addresses on which systemd-resolved answers its own machine.
const STUBS: [&str; 2] = ["127.0.0.53", "127.0.0.54"];

/// Where the node's resolver configuration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFiles {
    /// The file that programs on the node read.
    pub usual: PathBuf,
    /// The file in which systemd-resolved names its servers.
    pub resolved: PathBuf,
}

impl Default for HostFiles {
    fn default() -> Self {
        Self {
            usual: PathBuf::from("/etc/resolv.conf"),
            resolved: PathBuf::from("/run/systemd/resolve/resolv.conf"),
        }
    }
}

/// A resolver configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostConfig {
    /// Servers, in the order in which they are asked.
    pub servers: Vec<IpAddr>,
    /// Domains in which short names are looked for.
    pub searches: Vec<String>,
    /// Options, as written.
    pub options: Vec<String>,
}

impl HostConfig {
    /// The configuration that the node really uses; empty when there is none.
    #[must_use]
    pub fn read(files: &HostFiles) -> Self {
        let usual = read(&files.usual);
        if !usual.is_only_a_stub() {
            return usual;
        }
        let real = read(&files.resolved);
        if real.servers.is_empty() { usual } else { real }
    }

    /// Reads the text of a configuration; what is not understood is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut config = Self::default();
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(keyword) = words.next() else {
                continue;
            };
            let words = words.map(str::to_owned);
            match keyword {
                "nameserver" => config.servers.extend(words.take(1).filter_map(|word| {
                    // A zone such as %eth0 belongs to a link-local address; it cannot be kept.
                    word.parse::<IpAddr>().ok()
                })),
                // The last of these lines counts.
                "search" | "domain" => config.searches = words.collect(),
                "options" => config.options.extend(words),
                _ => {}
            }
        }
        config
    }

    fn is_only_a_stub(&self) -> bool {
        let is_stub = |server: &IpAddr| STUBS.contains(&server.to_string().as_str());
        !self.servers.is_empty() && self.servers.iter().all(is_stub)
    }
}

/// A configuration that is read again when its files have changed.
#[derive(Debug)]
pub(crate) struct Fresh {
    files: HostFiles,
    seen: [Option<SystemTime>; 2],
    config: HostConfig,
}

impl Fresh {
    pub(crate) fn new(files: HostFiles) -> Self {
        let config = HostConfig::read(&files);
        Self {
            seen: changed(&files),
            files,
            config,
        }
    }

    /// The configuration as it is now.
    pub(crate) fn get(&mut self) -> &HostConfig {
        let seen = changed(&self.files);
        if seen != self.seen {
            self.config = HostConfig::read(&self.files);
            self.seen = seen;
        }
        &self.config
    }
}

fn changed(files: &HostFiles) -> [Option<SystemTime>; 2] {
    let changed = |path: &Path| std::fs::metadata(path).ok()?.modified().ok();
    [changed(&files.usual), changed(&files.resolved)]
}

fn read(path: &Path) -> HostConfig {
    std::fs::read_to_string(path)
        .map(|text| HostConfig::parse(&text))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path, usual: &str, resolved: Option<&str>) -> HostFiles {
        let files = HostFiles {
            usual: folder.join("usual"),
            resolved: folder.join("resolved"),
        };
        std::fs::write(&files.usual, usual).unwrap();
        if let Some(text) = resolved {
            std::fs::write(&files.resolved, text).unwrap();
        }
        files
    }

    fn servers(config: &HostConfig) -> Vec<String> {
        config.servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_configuration_is_read_with_all_its_oddities() {
        let config = HostConfig::parse(
            "# comment\nnameserver 192.0.2.1 # first\n\tnameserver 2001:db8::1\nnameserver nonsense\n\
             domain old.example\nsearch example.com  lan\noptions ndots:2 edns0\nsortlist 1.2.3.4\n",
        );
        assert_eq!(servers(&config), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(config.searches, ["example.com", "lan"]);
        assert_eq!(config.options, ["ndots:2", "edns0"]);
    }

    #[test]
    fn behind_a_stub_the_real_servers_count() {
        let folder = tempfile::tempdir().unwrap();
        let stub = "nameserver 127.0.0.53\nsearch lan\n";
        let real = "nameserver 192.0.2.9\nsearch lan\n";
        let config = HostConfig::read(&files(folder.path(), stub, Some(real)));
        assert_eq!(servers(&config), ["192.0.2.9"]);
    }

    #[test]
    fn a_server_on_loopback_that_is_no_stub_is_used_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(
            folder.path(),
            "nameserver 127.0.0.1\n",
            Some("nameserver 192.0.2.9\n"),
        );
        assert_eq!(servers(&HostConfig::read(&files)), ["127.0.0.1"]);
    }

    #[test]
    fn a_change_of_the_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), "nameserver 192.0.2.1\n", None);
        let mut fresh = Fresh::new(files.clone());
        assert_eq!(servers(fresh.get()), ["192.0.2.1"]);
        std::fs::write(&files.usual, "nameserver 192.0.2.2\n").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let file = std::fs::File::options()
            .write(true)
            .open(&files.usual)
            .unwrap();
        file.set_modified(later).unwrap();
        assert_eq!(servers(fresh.get()), ["192.0.2.2"]);
    }

    #[test]
    fn without_any_file_there_are_no_servers() {
        let folder = tempfile::tempdir().unwrap();
        let files = HostFiles {
            usual: folder.path().join("none"),
            resolved: folder.path().join("neither"),
        };
        assert_eq!(HostConfig::read(&files), HostConfig::default());
    }
}
