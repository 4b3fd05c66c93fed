//! A registry on loopback for the tests, and what puts images into it.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use gantry_images::{Digest, Image};

/// Where the Debian package puts the registry.
const PROGRAM: &str = "/usr/bin/docker-registry";

/// A running registry, ended and removed with the value.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    process: Child,
    dir: tempfile::TempDir,
}

impl Registry {
    /// Starts a registry, or says why not.
    pub(crate) fn start(users: Option<&str>) -> Option<Self> {
        if !rustix::process::geteuid().is_root() || !Path::new(PROGRAM).exists() {
            println!("skipped: needs root and Debian's docker-registry package");
            return None;
        }
        let address = free_address();
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), address, users);
        let path = dir.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let process = Command::new(PROGRAM)
            .args(["serve".as_ref(), path.as_os_str()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self {
            address,
            process,
            dir,
        };
        registry.wait_until_it_answers();
        Some(registry)
    }

    /// Where the registry keeps a blob.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let blobs = self.dir.path().join("data/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    /// Pushes all content of a store that holds one image, as this repository and tag.
    pub(crate) fn push(&self, store: &Path, image: &Image, repository: &str, tag: &str) {
        let mut manifest = None;
        for entry in fs::read_dir(store.join("blobs/sha256")).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            if is_manifest_of(&bytes, image) {
                manifest = Some(bytes);
            } else {
                self.push_blob(repository, &bytes);
            }
        }
        self.push_manifest(repository, tag, OCI_MANIFEST, &manifest.unwrap());
    }

    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) {
        let (status, head) =
            self.request("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
        assert_eq!(status, 202, "{head}");
        let location = header(&head, "location");
        let path = location
            .trim_start_matches(&format!("http://{}", self.address))
            .to_owned();
        let path = format!("{path}&digest={}", Digest::of(bytes));
        let (status, head) = self.request("PUT", &path, "application/octet-stream", bytes);
        assert_eq!(status, 201, "{head}");
    }

    pub(crate) fn push_manifest(
        &self,
        repository: &str,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
    ) {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let (status, head) = self.request("PUT", &path, media_type, bytes);
        assert_eq!(status, 201, "{head}");
    }

    fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let (host, length) = (self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    fn wait_until_it_answers(&self) {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "the registry did not start"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        gantry_base::ignore(self.process.kill(), "it may have ended already");
        gantry_base::ignore(self.process.wait(), "it may have been waited for already");
    }
}

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An address where nobody listens at this moment.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}

/// The layers of a store.
pub(crate) fn layers(store: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(store.join("layers")).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn config(dir: &Path, address: SocketAddr, users: Option<&str>) -> String {
    let data = dir.join("data");
    let mut config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n\
         http: {{addr: '{address}'}}\n",
        data.display()
    );
    if let Some(users) = users {
        let path = dir.join("users");
        fs::write(&path, users).unwrap();
        config += &format!(
            "auth:\n  htpasswd: {{realm: test, path: {}}}\n",
            path.display()
        );
    }
    config
}

fn is_manifest_of(bytes: &[u8], image: &Image) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let config = value.and_then(|value| Some(value["config"]["digest"].as_str()?.to_owned()));
    config == Some(image.id.to_string())
}

fn header(answer: &str, name: &str) -> String {
    let line = answer
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.unwrap().split_once(':').unwrap().1.trim().to_owned()
}
