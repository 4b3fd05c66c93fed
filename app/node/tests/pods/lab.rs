//! A cluster of one node, with one image.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_client::{Api, requests};
use gantry_control::{Control, ControlConfig};
use gantry_images::{ImageBuilder, Images, Registries, Source};
use gantry_kubelet::node_status::Reserved;
use gantry_netdev::NetworkConfig;
use gantry_node::{Doors, Node, NodeConfig};
use gantry_registry::request::Verb;
use gantry_registry::settings::{Admission, Ipv4Range};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A cluster of one node.
pub(crate) struct Lab {
    dir: TempDir,
    control: Option<Control>,
    node: Option<Node>,
    images: Images,
    pub(crate) api: Arc<dyn Api>,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gantry-node-")
            .tempdir()
            .unwrap();
        let images = Images::open(&dir.path().join("images"), Registries::default()).unwrap();
        build_image(&images).await;
        let mut control = Control::open(control_config(dir.path()), drop)
            .await
            .unwrap();
        control.start_controllers();
        let api = control.api(Caller::authenticated("admin", &["system:masters"]), "test");
        let mut lab = Self {
            dir,
            control: Some(control),
            node: None,
            images,
            api,
        };
        lab.start_node().await;
        lab.until("nodes", "", "node", |node| {
            let conditions = node["status"]["conditions"].as_array();
            conditions.is_some_and(|all| {
                all.iter()
                    .any(|c| c["type"] == "Ready" && c["status"] == "True")
            })
        })
        .await;
        lab.until("serviceaccounts", "default", "default", |_| true)
            .await;
        lab
    }

    pub(crate) async fn start_node(&mut self) {
        let control = self.control.as_ref().unwrap();
        let caller = Caller::authenticated("system:node:node", &["system:nodes"]);
        let api = control.api(caller, "kubelet");
        let config = node_config(self.dir.path());
        let doors = Doors {
            api,
            clock: control.clock().clone(),
            record: control.record().clone(),
        };
        let started = Node::start(config, self.images.clone(), doors);
        self.node = Some(started.await.unwrap());
    }

    pub(crate) async fn stop_node(&mut self) {
        self.node.take().unwrap().stop().await;
    }

    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().unwrap()
    }

    pub(crate) async fn end(mut self) {
        self.stop_node().await;
        self.control.take().unwrap().stop().await;
        Node::purge(&node_config(self.dir.path()), self.images.clone())
            .await
            .unwrap();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let ours = self.dir.path().to_str().unwrap();
        assert!(!mounts.contains(ours), "mounts were left behind");
    }

    /// Creates an object in the default namespace.
    pub(crate) async fn create(&self, resource: &str, object: Value) -> Value {
        let mut request = requests::request(Verb::Create, &at(resource, "default", ""), "v1");
        request.body = requests::body(&object);
        requests::decode(&self.api.call(request).await.unwrap()).unwrap()
    }

    pub(crate) async fn update(&self, key: &ObjectKey, object: Value) {
        let mut request = requests::request(Verb::Update, key, "v1");
        request.body = requests::body(&object);
        self.api.call(request).await.unwrap();
    }

    pub(crate) async fn delete(&self, resource: &str, name: &str) {
        let request = requests::request(Verb::Delete, &at(resource, "default", name), "v1");
        self.api.call(request).await.unwrap();
    }

    /// Waits until an object is as wanted.
    pub(crate) async fn until(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let mut request = requests::request(Verb::Watch, &at(resource, namespace, ""), "v1");
        request.options.field_selector = Some(format!("metadata.name={name}"));
        let mut frames = self.api.watch(request).await.unwrap();
        loop {
            let frame = tokio::time::timeout(PATIENCE, frames.next()).await;
            let frame = frame.unwrap_or_else(|_| panic!("{name} is still {last:#}"));
            let event: Value = serde_json::from_slice(&frame.unwrap()).unwrap();
            last = event["object"].clone();
            if event["type"] != "DELETED" && wanted(&last) {
                return last;
            }
        }
    }

    /// Waits until a pod is gone.
    pub(crate) async fn until_gone(&self, name: &str) {
        let begun = std::time::Instant::now();
        let request = requests::request(Verb::Watch, &at("pods", "default", ""), "v1");
        let mut frames = self.api.watch(request).await.unwrap();
        while self.get("pods", name).await.is_some() {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let frame = tokio::time::timeout(left, frames.next()).await;
            frame.unwrap_or_else(|_| panic!("{name} does not go"));
        }
    }

    pub(crate) async fn get(&self, resource: &str, name: &str) -> Option<Value> {
        let request = requests::request(Verb::Get, &at(resource, "default", name), "v1");
        let answer = self.api.call(request).await.ok()?;
        requests::decode(&answer).ok()
    }

    /// The reasons of a pod's events, in order.
    pub(crate) async fn reasons(&self, pod: &str) -> Vec<String> {
        let request = requests::request(Verb::List, &at("events", "default", ""), "v1");
        let list: Value = requests::decode(&self.api.call(request).await.unwrap()).unwrap();
        let mut events: Vec<&Value> = list["items"].as_array().unwrap().iter().collect();
        events.retain(|event| event["involvedObject"]["name"] == pod);
        events
            .iter()
            .map(|event| event["reason"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A pod of one container that runs a script.
pub(crate) fn pod(name: &str, script: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 2,
            "containers": [{
                "name": "main", "image": "busybox", "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", script],
            }],
        },
    })
}

fn at(resource: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new(GroupResource::new("", resource), namespace, name)
}

async fn build_image(images: &Images) {
    let mut builder = ImageBuilder::new()
        .file("bin/busybox", 0o755, Source::File(BUSYBOX.into()))
        .directory("tmp", 0o1777);
    for applet in [
        "sh", "sleep", "cat", "echo", "id", "httpd", "nc", "wget", "ls", "stat", "hostname",
        "nslookup", "seq", "test", "true", "grep", "touch", "mount",
    ] {
        builder = builder.symlink(&format!("bin/{applet}"), "busybox");
    }
    builder
        .save_into(images, &"busybox".parse().unwrap())
        .await
        .unwrap();
}

fn control_config(dir: &Path) -> ControlConfig {
    ControlConfig {
        data_dir: dir.join("control"),
        etcd: None,
        sealer: None,
        candidate: None,
        patience: None,
        advertise: IpAddr::V4(Ipv4Addr::new(10, 199, 0, 1)),
        port: 6443,
        further_names: Vec::new(),
        service_range: Ipv4Range {
            first: Ipv4Addr::new(10, 198, 0, 0),
            prefix: 16,
        },
        node_ports: 30_000..=32_767,
        admission: Admission::default(),
        authn: gantry_control::AuthnConfig::default(),
        version: "v1.35.0".to_owned(),
    }
}

fn node_config(dir: &Path) -> NodeConfig {
    let id = std::process::id();
    let ranges = ["10.199.0.0/16", "10.199.0.0/24", "10.198.0.0/16"];
    let [cluster, node, services] = ranges.map(|range| range.parse().unwrap());
    NodeConfig {
        name: "node".to_owned(),
        data_dir: dir.join("node"),
        addresses: vec![Ipv4Addr::new(10, 199, 0, 1)],
        network: NetworkConfig::new(&format!("n{id}"), cluster, node, services).unwrap(),
        cluster_dns: Ipv4Addr::new(10, 198, 0, 10),
        domain: "cluster.local".to_owned(),
        cgroup_root: format!("gantry-node-{id}"),
        shim_program: std::env::current_exe().unwrap(),
        shim_args: vec!["shim".into()],
        port: 10250,
        version: "v1.35.0".to_owned(),
        max_pods: 110,
        reserved: Reserved::default(),
    }
}
