//! An etcd of a test's own, and a connection to it that can be cut.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::EtcdConfig;

/// The program, and what to say where it is missing.
const PROGRAM: &str = "etcd";
/// Longer than anything takes here.
const NUDGE: Duration = Duration::from_secs(30);

/// A member alone in its cluster; killed when dropped.
pub(super) struct Server {
    child: Option<Child>,
    directory: TempDir,
    port: u16,
    peer: u16,
    has_tls: bool,
}

impl Server {
    /// Starts one, where the program is there.
    pub(super) fn start() -> Option<Self> {
        Self::begin(false)
    }

    /// Starts one that asks for certificates.
    pub(super) fn start_with_tls() -> Option<Self> {
        Self::begin(true)
    }

    fn begin(has_tls: bool) -> Option<Self> {
        let mut asked = Command::new(PROGRAM);
        if asked.arg("--version").output().is_err() {
            println!("skipped: there is no {PROGRAM} here; the package etcd-server has it");
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        if has_tls {
            make_certificates(&directory);
        }
        let mut server = Self {
            child: None,
            directory,
            port: free_port(),
            peer: free_port(),
            has_tls,
        };
        server.spawn();
        Some(server)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts the program, on what there is.
    pub(super) fn spawn(&mut self) {
        let scheme = if self.has_tls { "https" } else { "http" };
        let client = format!("{scheme}://127.0.0.1:{}", self.port);
        let peer = format!("http://127.0.0.1:{}", self.peer);
        let mut command = Command::new(PROGRAM);
        command.args(["--name", "one", "--log-level", "error"]);
        command
            .arg("--data-dir")
            .arg(self.directory.path().join("data"));
        command.args([
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ]);
        command.args([
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ]);
        command.args(["--initial-cluster", &format!("one={peer}")]);
        // Another cluster in the same place is another one.
        command.args(["--initial-cluster-token", &self.token()]);
        if self.has_tls {
            for (flag, file) in [
                ("--cert-file", "server.pem"),
                ("--key-file", "server-key.pem"),
                ("--trusted-ca-file", "ca.pem"),
            ] {
                command.arg(flag).arg(self.directory.path().join(file));
            }
            command.arg("--client-cert-auth");
        }
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("the program was there a moment ago"));
    }

    fn token(&self) -> String {
        let marker = self.directory.path().join("forgot");
        format!("token-{}", marker.exists())
    }

    /// Kills the program without warning.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours to kill");
            child.wait().expect("it was started here");
        }
    }

    /// Loses everything.
    pub(super) fn forget(&self) {
        let path = self.directory.path();
        std::fs::remove_dir_all(path.join("data")).expect("it was written");
        std::fs::write(path.join("forgot"), "").expect("the directory is ours");
    }

    /// How to reach it.
    pub(super) fn config(&self) -> EtcdConfig {
        let scheme = if self.has_tls { "https" } else { "http" };
        let endpoint = format!("{scheme}://127.0.0.1:{}", self.port);
        let file = |name: &str| self.has_tls.then(|| self.directory.path().join(name));
        let config = EtcdConfig::new(
            &endpoint,
            file("ca.pem"),
            file("client.pem"),
            file("client-key.pem"),
        );
        let mut config = config.expect("it is well formed");
        // Nobody else writes here, so silence only means that the machine is busy.
        config.nudge = NUDGE;
        config
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

fn make_certificates(directory: &TempDir) {
    let write = |name: &str, text: String| {
        std::fs::write(directory.path().join(name), text).expect("the directory is ours");
    };
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write(
        "ca.pem",
        authority.self_signed(&key).expect("an authority").pem(),
    );
    let issuer = Issuer::new(authority, key);
    for name in ["server", "client"] {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        write(&format!("{name}.pem"), certificate.pem());
        write(&format!("{name}-key.pem"), key.serialize_pem());
    }
}

/// A way to a server that can be cut and mended.
pub(super) struct Proxy {
    port: u16,
    is_whole: watch::Sender<bool>,
    /// Connections that are open.
    open: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(super) async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let (is_whole, whole) = watch::channel(true);
        let (count, open) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (whole, count) = (whole.clone(), count.clone());
                connections.spawn(async move {
                    if *whole.borrow() {
                        count.send_modify(|open| *open += 1);
                        carry(near, port, whole).await;
                        count.send_modify(|open| *open -= 1);
                    }
                });
            }
        });
        Self {
            port: address.port(),
            is_whole,
            open,
            _tasks: tasks,
        }
    }

    pub(super) fn config(&self) -> EtcdConfig {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let config = EtcdConfig::new(&endpoint, None, None, None);
        let mut config = config.expect("it is well formed");
        config.nudge = NUDGE;
        config
    }

    /// Ends all connections, and every new one at once.
    pub(super) async fn cut(&self) {
        self.is_whole.send_replace(false);
        let mut open = self.open.clone();
        open.wait_for(|open| *open == 0)
            .await
            .expect("the proxy runs");
    }

    pub(super) fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, port: u16, mut whole: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    tokio::select! {
        ended = copy_bidirectional(&mut near, &mut far) => drop(ended),
        cut = whole.wait_for(|is_whole| !is_whole) => drop(cut),
    }
}
