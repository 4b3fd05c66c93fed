//! A real registry on loopback: Debian's `docker-registry`, ended with the value.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use gantry_images::{Digest, ImageBuilder, Images, Reference, Registries};

use super::lab::free_port;
use super::program::{Background, Program};
use super::wait::until;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A running registry.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    dir: PathBuf,
    _process: Background,
}

impl Registry {
    /// Starts one that keeps its content in `dir`.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        fs::create_dir_all(dir)?;
        let config = dir.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: '{address}'}}\n",
            dir.join("content").display()
        );
        fs::write(&config, text)?;
        let process = Program::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .start()?;
        until("the registry answers", || Ok(TcpStream::connect(address)?))?;
        Ok(Self {
            address,
            dir: dir.to_owned(),
            _process: process,
        })
    }

    /// Publishes an image under a repository and tag.
    pub(crate) fn push(
        &self,
        image: &ImageBuilder,
        name: &Reference,
        repository: &str,
        tag: &str,
    ) -> Result<()> {
        let store = tempfile::tempdir_in(&self.dir)?;
        let images = Images::open(store.path(), Registries::default())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let id = runtime
            .block_on(image.clone().save_into(&images, name))?
            .to_string();
        let mut manifest = None;
        for entry in fs::read_dir(store.path().join("blobs/sha256"))? {
            let bytes = fs::read(entry?.path())?;
            if config_of(&bytes).as_ref() == Some(&id) {
                manifest = Some(bytes);
            } else {
                self.push_blob(repository, &bytes)?;
            }
        }
        let path = format!("/v2/{repository}/manifests/{tag}");
        self.request(
            "PUT",
            &path,
            MANIFEST,
            &manifest.context("find the manifest")?,
        )?;
        Ok(())
    }

    fn push_blob(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let begin = format!("/v2/{repository}/blobs/uploads/");
        let answer = self.request("POST", &begin, "text/plain", b"")?;
        let location = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location")
                .then(|| value.trim().to_owned())
        });
        let location = location.context("find where to upload")?;
        let path = location.trim_start_matches(&format!("http://{}", self.address));
        let path = format!("{path}&digest={}", Digest::of(bytes));
        self.request("PUT", &path, "application/octet-stream", bytes)?;
        Ok(())
    }

    fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        let (host, length) = (self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(
            answer.starts_with("HTTP/1.1 20"),
            "{method} {path}: {answer}"
        );
        Ok(answer)
    }
}

/// The image's id, if these bytes are its manifest.
fn config_of(bytes: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    Some(value["config"]["digest"].as_str()?.to_owned())
}
