//! An etcd of a test's own, which asks everybody for a certificate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gantry_base::ignore;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use super::lab::free_port;
use super::program::{Background, Program};
use super::wait::until;
use super::{Lab, not_tried};

/// A member alone in its cluster, gone with the value.
#[derive(Debug)]
pub(crate) struct Etcd {
    home: PathBuf,
    port: u16,
    peer: u16,
    member: Option<Background>,
}

impl Etcd {
    /// Starts one, where the program is there.
    pub(crate) fn start(lab: &Lab) -> Result<Option<Self>> {
        if Program::new("etcd").arg("--version").run().is_err() {
            not_tried("there is no etcd here; the package etcd-server has it");
            return Ok(None);
        }
        let home = tempfile::Builder::new()
            .prefix("etcd")
            .tempdir_in(lab.dir())?
            .keep();
        write_certificates(&home)?;
        let mut etcd = Self {
            home,
            port: free_port()?,
            peer: free_port()?,
            member: None,
        };
        etcd.run()?;
        Ok(Some(etcd))
    }

    /// Runs the member on what there is.
    pub(crate) fn run(&mut self) -> Result<()> {
        let client = self.endpoint();
        let peer = format!("http://127.0.0.1:{}", self.peer);
        let member = Program::new("etcd")
            .words("--name one --log-level error --client-cert-auth --data-dir")
            .arg(self.home.join("data"))
            .words(&format!(
                "--listen-client-urls {client} --advertise-client-urls {client}"
            ))
            .words(&format!(
                "--listen-peer-urls {peer} --initial-advertise-peer-urls {peer}"
            ))
            .words(&format!("--initial-cluster one={peer} --trusted-ca-file"))
            .arg(self.home.join("ca.pem"))
            .arg("--cert-file")
            .arg(self.home.join("server.pem"))
            .arg("--key-file")
            .arg(self.home.join("server-key.pem"));
        self.member = Some(member.start()?);
        Ok(())
    }

    /// Kills the member without warning.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let member = self.member.take();
        drop(member.context("find the member: it does not run")?);
        Ok(())
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// How to show a certificate to it, on a command line.
    pub(crate) fn keys(&self) -> String {
        let file = |name: &str| self.home.join(name).display().to_string();
        format!(
            "--datastore-cafile {} --datastore-certfile {} --datastore-keyfile {}",
            file("ca.pem"),
            file("client.pem"),
            file("client-key.pem")
        )
    }

    /// Waits until somebody listens.
    pub(crate) fn listens(&self) -> Result<()> {
        until("etcd listens", || {
            let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.port));
            std::net::TcpStream::connect(address)?;
            Ok(())
        })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        drop(self.member.take());
        ignore(
            fs::remove_dir_all(&self.home),
            "the lab's directory goes in the end anyway",
        );
    }
}

/// An authority, and what it says of the member and of its clients.
fn write_certificates(home: &Path) -> Result<()> {
    let write = |name: &str, text: String| fs::write(home.join(name), text);
    let key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", authority.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(authority, key);
    for name in ["server", "client"] {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = params.signed_by(&key, &issuer)?;
        write(&format!("{name}.pem"), certificate.pem())?;
        write(&format!("{name}-key.pem"), key.serialize_pem())?;
    }
    Ok(())
}
