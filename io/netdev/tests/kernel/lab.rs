//! A machine in a network namespace: its clusters, their pods, and programs within them.
//!
//! The host's own network is never touched. Namespaces live as long as the files that refer to
//! them, so nothing is left behind however a test ends.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use gantry_netdev::{
    Applied, BridgeNetwork, Dataplane, Network, NetworkConfig, NftDataplane, Sandbox,
};
use gantry_routing::{Balance, Endpoint, Frontend, Masquerade, Protocol, Ruleset, Treatment};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, netlink};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::sys::leave_network;

/// How long a test waits for an answer that should come at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// A network namespace.
#[derive(Clone, Debug)]
pub(crate) struct Namespace(Arc<File>);

impl Namespace {
    pub(crate) fn new() -> Self {
        let make = || {
            leave_network().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        };
        Self(Arc::new(std::thread::spawn(make).join().unwrap()))
    }

    /// Runs a function on a thread that is in this namespace.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter_and_work = || {
            self.enter();
            work()
        };
        std::thread::scope(|scope| scope.spawn(enter_and_work).join()).unwrap()
    }

    fn enter(&self) {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }

    fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

/// A machine, and the one runtime whose threads are all in it.
pub(crate) struct Machine {
    pub(crate) namespace: Namespace,
    runtime: tokio::runtime::Runtime,
}

impl Machine {
    /// A machine whose loopback interface works, or none (with the reason printed) without root.
    pub(crate) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: network namespaces need root");
            return None;
        }
        let namespace = Namespace::new();
        namespace.run(bring_loopback_up);
        let enter = namespace.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || enter.enter())
            .build()
            .unwrap();
        Some(Self { namespace, runtime })
    }

    /// A cluster on this machine, with its bridge up.
    pub(crate) fn cluster(&self, name: &str, number: u8) -> Cluster<'_> {
        let range = |text: String| text.parse().unwrap();
        let config = NetworkConfig::new(
            name,
            range(format!("10.{number}.0.0/16")),
            range(format!("10.{number}.0.0/24")),
            range(format!("10.{}.0.0/16", number + 100)),
        )
        .unwrap();
        let network = BridgeNetwork::new(config.clone());
        let cluster = Cluster {
            machine: self,
            network,
            dataplane: NftDataplane::new(config),
        };
        cluster.wait(|cluster| cluster.network.set_up()).unwrap();
        cluster
    }

    /// Names of the links there are.
    pub(crate) fn links(&self) -> Vec<String> {
        let table = self
            .namespace
            .run(|| std::fs::read_to_string("/proc/thread-self/net/dev"));
        let table = table.unwrap();
        table
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
            .collect()
    }

    /// How many packet-filter tables there are.
    pub(crate) fn tables(&self) -> usize {
        const LIST_TABLES: [u8; 20] =
            [20, 0, 0, 0, 1, 10, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        self.namespace.run(|| {
            let answer = ask(Some(netlink::NETFILTER), &LIST_TABLES);
            let mut rest = answer.as_slice();
            let mut tables = 0;
            while let [a, b, c, d, kind, ..] = *rest {
                tables += usize::from(kind == 0);
                let length = u32::from_ne_bytes([a, b, c, d]);
                rest = &rest[usize::try_from(length).unwrap().min(rest.len())..];
            }
            tables
        })
    }
}

fn bring_loopback_up() {
    const SET_UP: [u8; 32] = [
        32, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0,
        0, // header: change a link, acknowledged
        0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, // link 1, flag "up"
    ];
    ask(None, &SET_UP);
}

/// Takes the loopback address from this thread's namespace: to it such addresses are then foreign.
pub(crate) fn forget_loopback() {
    const DELETE_ADDRESS: [u8; 32] = [
        32, 0, 0, 0, 21, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, // header: delete an address
        2, 8, 0, 0, 1, 0, 0, 0, // 8 bits of IPv4, link 1
        8, 0, 2, 0, 127, 0, 0, 1, // the address itself
    ];
    ask(None, &DELETE_ADDRESS);
}

fn ask(protocol: Option<rustix::net::Protocol>, request: &[u8]) -> Vec<u8> {
    let socket = rustix::net::socket(AddressFamily::NETLINK, SocketType::RAW, protocol).unwrap();
    rustix::net::send(&socket, request, SendFlags::empty()).unwrap();
    let mut answer = vec![0; 32 * 1024];
    let (length, _) =
        rustix::net::recv(&socket, answer.as_mut_slice(), RecvFlags::empty()).unwrap();
    answer.truncate(length);
    answer
}

/// A cluster's part of a machine.
pub(crate) struct Cluster<'a> {
    machine: &'a Machine,
    pub(crate) network: BridgeNetwork,
    pub(crate) dataplane: NftDataplane,
}

impl Cluster<'_> {
    /// Waits for a call over one of the seams.
    pub(crate) fn wait<'b, F: Future>(&'b self, call: impl FnOnce(&'b Self) -> F) -> F::Output {
        self.machine.runtime.block_on(async { call(self).await })
    }

    /// A new pod with the address that ends in `last`.
    pub(crate) fn pod(&self, last: u8) -> Pod {
        let [a, b, ..] = self.network.config().gateway().octets();
        let pod = Pod {
            namespace: Namespace::new(),
            address: Ipv4Addr::new(a, b, 0, last),
        };
        self.attach(&pod);
        pod
    }

    /// Connects a pod, for the first time or again.
    pub(crate) fn attach(&self, pod: &Pod) {
        let sandbox = Sandbox {
            id: format!("pod-{}", pod.address),
            namespace: pod.namespace.path().into(),
            address: pod.address,
        };
        self.wait(|cluster| cluster.network.attach(sandbox))
            .unwrap();
    }

    /// Makes these the rules.
    pub(crate) fn replace(&self, rules: Ruleset) -> Applied {
        self.wait(|cluster| cluster.dataplane.replace(rules))
            .unwrap()
    }
}

/// A pod: a namespace with an address.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: Namespace,
    pub(crate) address: Ipv4Addr,
}

impl Pod {
    /// Starts a server on TCP port 80 that tells every client its own address and the client's, and
    /// says the same again for every byte it gets.
    pub(crate) fn serve(&self) -> Endpoint {
        serve(&self.namespace, SocketAddr::from((self.address, 80)));
        Endpoint {
            address: self.address,
            port: 80,
        }
    }

    /// Starts the same on UDP port 53.
    pub(crate) fn serve_udp(&self) -> Endpoint {
        let address = self.address;
        let socket = self
            .namespace
            .run(|| UdpSocket::bind((address, 53)))
            .unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 16];
            while let Ok((_, client)) = socket.recv_from(&mut buffer) {
                socket
                    .send_to(address.to_string().as_bytes(), client)
                    .unwrap();
            }
        });
        Endpoint { address, port: 53 }
    }
}

/// Starts the TCP server of [`Pod::serve`] anywhere.
pub(crate) fn serve(namespace: &Namespace, at: SocketAddr) {
    let listener = namespace.run(|| TcpListener::bind(at)).unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, client)) = listener.accept() {
            let answer = format!("{} {}\n", at.ip(), client.ip());
            std::thread::spawn(move || converse(stream, &answer));
        }
    });
}

fn converse(mut stream: TcpStream, answer: &str) {
    let mut byte = [0];
    while stream.write_all(answer.as_bytes()).is_ok() && stream.read_exact(&mut byte).is_ok() {}
}

/// A connection to a server of this laboratory.
pub(crate) struct Talk(TcpStream);

impl Talk {
    pub(crate) fn start(from: &Namespace, to: &str) -> std::io::Result<Self> {
        let to: SocketAddr = to.parse().unwrap();
        let stream = from.run(|| TcpStream::connect_timeout(&to, PATIENCE))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// The next answer: the server's address and the client's as the server sees it.
    pub(crate) fn hear(&mut self) -> String {
        let mut text = Vec::new();
        let mut byte = [0];
        while self.0.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    pub(crate) fn ask_again(&mut self) -> String {
        self.0.write_all(b"x").unwrap();
        self.hear()
    }
}

/// What a new connection hears, or why there is none.
pub(crate) fn ask_once(from: &Namespace, to: &str) -> String {
    match Talk::start(from, to) {
        Ok(mut talk) => talk.hear(),
        Err(error) => error.kind().to_string(),
    }
}

/// A ruleset of one frontend.
pub(crate) fn rules(frontend: &str, endpoints: &[Endpoint]) -> Ruleset {
    balanced(frontend, endpoints, |_| ())
}

/// A ruleset of one frontend that balances in a certain way.
pub(crate) fn balanced(
    frontend: &str,
    endpoints: &[Endpoint],
    edit: impl FnOnce(&mut Balance),
) -> Ruleset {
    let mut balance = Balance {
        endpoints: endpoints.iter().copied().collect(),
        affinity: None,
        masquerade: Masquerade::Outsiders,
    };
    edit(&mut balance);
    let treatment = if endpoints.is_empty() {
        Treatment::Reject
    } else {
        Treatment::Balance(balance)
    };
    Ruleset {
        frontends: [(parse(frontend), treatment)].into(),
        local: endpoints.iter().map(|endpoint| endpoint.address).collect(),
        ..Ruleset::default()
    }
}

/// A frontend as it prints: `10.1.2.3:80/tcp`, `*:30008/udp`.
fn parse(text: &str) -> Frontend {
    let (address, rest) = text.split_once(':').unwrap();
    let (port, protocol) = rest.split_once('/').unwrap();
    Frontend {
        address: (address != "*").then(|| address.parse().unwrap()),
        protocol: Protocol::named(Some(&protocol.to_uppercase())).unwrap(),
        port: port.parse().unwrap(),
    }
}
