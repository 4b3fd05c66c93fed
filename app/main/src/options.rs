//! What can be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use gantry_base::Quantity;

use crate::backup::{Backup, Restore};
use crate::check::Check;
use crate::config::Settings;
use crate::{datastore, encryption, users};

/// Kubernetes in one binary: a cluster in a second.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, about, long_about = None, propagate_version = true)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) cluster: Which,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which cluster of this machine is meant.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The cluster's name; several may live on one machine.
    #[arg(long, global = true, default_value = crate::cluster::DEFAULT_NAME)]
    pub(crate) name: String,
    /// Where the cluster keeps its data [default: /var/lib/gantry, or /var/lib/gantry-NAME].
    #[arg(long, global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// The port of the API [default: 6443, or the next free one for further clusters].
    #[arg(long, global = true)]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the cluster in the background and wait until it is ready.
    Up(Up),
    /// Stop the cluster and everything it started.
    Down(Down),
    /// Tell what runs, where, and what is wrong.
    Status,
    /// Make users of the cluster, or end their certificates.
    #[command(subcommand)]
    Kubeconfig(users::Command),
    /// Check the running cluster against the CIS Kubernetes Benchmark and the guidance of NSA and CISA.
    Check(Check),
    /// Write everything that the cluster keeps, and its keys, to one file. It may run meanwhile.
    Backup(Backup),
    /// Make a backup the state of a cluster that is down.
    Restore(Restore),
    /// Work with the state of a cluster that is down.
    #[command(subcommand)]
    Datastore(datastore::Command),
    /// Work with the keys that what is secret is sealed with.
    #[command(subcommand)]
    Encryption(encryption::Command),
    /// Run the cluster in the foreground, for service managers.
    Server(Server),
    /// Run nodes for a server that is somewhere else; for now hollow ones, which carry load tests.
    Agent(Box<Agent>),
    /// Work with the images that pods are started from.
    #[command(subcommand)]
    Image(Image),
    /// Find the addresses of a service.
    Service(Service),
    /// Be kubectl.
    #[command(disable_help_flag = true)]
    Kubectl {
        /// What kubectl is told.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Watch over the containers of one pod.
    #[command(hide = true)]
    Shim {
        /// The pod's directory.
        directory: PathBuf,
    },
    /// Serve the page of the demo.
    #[command(hide = true, name = crate::demo::WORD)]
    DemoPage,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Also deploy a small web page, from an image that is made of this binary.
    #[arg(long)]
    pub(crate) demo: bool,
    /// How many nodes the cluster shall have.
    #[arg(long, default_value_t = 1)]
    pub(crate) nodes: u32,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Also delete the cluster's data and its kubeconfig context.
    #[arg(long)]
    pub(crate) purge: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Report progress on standard output until ready, then let go of it.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

/// Run nodes for a server that is somewhere else.
///
/// With --hollow, nodes register, renew their leases, follow the pods that are bound to them and
/// report these Running and Ready without any container, until SIGINT or SIGTERM. So a server is put
/// under load. Nothing is routed to hollow pods; they have no logs and cannot be entered. Their
/// containers run until they are stopped, whatever they are for; init containers end at once. Started
/// again, hollow nodes are like machines that were switched off and on: containers are restarted.
///
/// The scheduler treats hollow nodes like others. They carry the label gantry.io/hollow=true: select
/// them with a nodeSelector, or cordon the nodes that shall not get pods.
///
/// Requests are made as the kubeconfig's user, who has to be an administrator: permissions of nodes
/// (the node authorizer, NodeRestriction) do not apply. All requests share one HTTP/2 connection. The
/// server must know streaming lists (sendInitialEvents), as Gantry and Kubernetes 1.32 or later do.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Agent {
    /// How many hollow nodes to run, 1 to 5000.
    #[arg(long, value_name = "N")]
    pub(crate) hollow: Option<u32>,
    /// How to reach the server, and as whom [default: as kubectl: $KUBECONFIG, ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context to use [default: the file's current one].
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// What nodes are called, before their number.
    #[arg(long, value_name = "TEXT", default_value = "hollow-")]
    pub(crate) name_prefix: String,
    /// The first node's number. Several processes for one cluster need different numbers, from which
    /// addresses follow too; the last is 16383.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) first_number: u32,
    /// How many pods each node announces room for, 1 to 250.
    #[arg(long, value_name = "N", default_value_t = 110)]
    pub(crate) pods_per_node: u32,
    /// How many processors each node announces.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) cpus: u32,
    /// How much memory each node announces.
    #[arg(long, value_name = "QUANTITY", default_value = "128Gi")]
    pub(crate) memory: Quantity,
    /// Remove the Node objects at the end; the server then removes their pods. Else they stay, and
    /// the server finds them unreachable, as it would machines that were switched off.
    #[arg(long)]
    pub(crate) remove: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Service {
    /// The service's name.
    pub(crate) service: String,
    /// The service's namespace.
    #[arg(long, short, default_value = "default")]
    pub(crate) namespace: String,
    /// Print the addresses alone.
    #[arg(long)]
    pub(crate) url: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Take images out of an archive (OCI layout or docker save).
    #[command(alias = "load")]
    Import {
        /// The archive.
        archive: PathBuf,
        /// What to call the image, when the archive does not say.
        #[arg(long)]
        tag: Option<String>,
    },
    /// Fetch an image from its registry.
    Pull {
        /// The image, such as `nginx` or `registry.example/app:1.2`.
        reference: String,
    },
    /// List the images on this machine.
    #[command(alias = "list")]
    Ls,
    /// Forget a name of an image; what nothing uses is deleted when space is needed.
    #[command(alias = "remove")]
    Rm {
        /// The image's name or id.
        reference: String,
    },
}
