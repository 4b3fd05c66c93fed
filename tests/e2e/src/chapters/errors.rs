//! Bad input and faults: each gets a clear error with the next step, and nothing is half done.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use gantry_base::ignore;

use super::tests;
use crate::harness::{Cluster, Lab, Program, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    malformed_manifests_are_refused_with_a_place,
    wrong_kinds_and_fields_are_refused_by_name,
    an_oversized_body_is_refused,
    a_missing_image_shows_the_real_cause,
    an_unreachable_registry_shows_the_real_cause,
    a_port_in_use_is_named,
    only_root_may_and_is_told_so,
    a_second_server_on_the_same_data_is_refused,
    more_nodes_are_refused,
    a_full_disk_loses_nothing,
];

fn malformed_manifests_are_refused_with_a_place(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let yaml = cluster.refused("create -f -", "apiVersion: v1\nkind: Pod\n  metadata: [\n")?;
    ensure!(yaml.contains("line"), "name the line: {yaml}");
    cluster.refused("create -f -", "{\"apiVersion\": \"v1\", \"kind\": ")?;
    let raw = cluster.refused(
        "create --raw /api/v1/namespaces/default/pods -f -",
        "{\"kind\": ",
    )?;
    ensure!(!raw.is_empty(), "say something");
    ensure!(
        cluster.json("pods")?["items"]
            .as_array()
            .is_some_and(Vec::is_empty),
        "make nothing"
    );
    Ok(())
}

fn wrong_kinds_and_fields_are_refused_by_name(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let wrong = "apiVersion: v1\nkind: Pdo\nmetadata: {name: x}\n";
    cluster.refused("create -f -", wrong)?;
    let raw = "{\"apiVersion\":\"v1\",\"kind\":\"Pdo\",\"metadata\":{\"name\":\"x\"}}";
    let kind = cluster.refused("create --raw /api/v1/namespaces/default/pods -f -", raw)?;
    ensure!(kind.contains("Pdo"), "name the kind: {kind}");
    let field = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - {name: a, image: b, imag: c}\n";
    let complaint = cluster.refused("create -f -", field)?;
    ensure!(complaint.contains("imag"), "name the field: {complaint}");
    let name = cluster.refused(
        "create -f -",
        &field
            .replace(", imag: c", "")
            .replace("name: x", "name: X_y"),
    )?;
    ensure!(name.contains("metadata.name"), "name the path: {name}");
    let port = cluster.refused("create service nodeport x --tcp=80 --node-port=80", "")?;
    ensure!(port.contains("30000-32767"), "name the range: {port}");
    Ok(())
}

fn an_oversized_body_is_refused(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let file = cluster.home().join("large");
    fs::write(&file, vec![b'x'; 4 << 20])?;
    let words = format!("create configmap large --from-file={}", file.display());
    let complaint = cluster.refused(&words, "")?;
    ensure!(
        complaint.to_lowercase().contains("too l"),
        "say that it is too large: {complaint}"
    );
    cluster.k("get nodes")?;
    Ok(())
}

fn a_missing_image_shows_the_real_cause(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("run missing --image=nginx:no-such-tag")?;
    shows_cause(&cluster, "missing", "no-such-tag")
}

fn an_unreachable_registry_shows_the_real_cause(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    // Nobody listens here any more.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    cluster.k(&format!("run far --image={address}/x:1"))?;
    shows_cause(&cluster, "far", "refused")
}

fn shows_cause(cluster: &Cluster<'_>, pod: &str, cause: &str) -> Result<()> {
    until("the pod backs off", || {
        let table = cluster.k(&format!("get pod {pod}"))?;
        ensure!(
            table.contains("ImagePullBackOff") || table.contains("ErrImagePull"),
            "{table}"
        );
        Ok(())
    })?;
    until("the events tell the cause", || {
        let text = cluster.k(&format!("describe pod {pod}"))?;
        ensure!(text.contains("Failed") && text.contains(cause), "{text}");
        Ok(())
    })
}

fn a_port_in_use_is_named(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let _taken = TcpListener::bind(("0.0.0.0", cluster.port()))?;
    let complaint = cluster.gantry("up")?.refused()?;
    let port = cluster.port().to_string();
    ensure!(
        complaint.contains(&port) && complaint.contains("--port"),
        "say what to do: {complaint}"
    );
    Ok(())
}

fn only_root_may_and_is_told_so(lab: &Lab) -> Result<()> {
    // The lab belongs to root alone, so the binary goes where others may run it.
    let dir = tempfile::tempdir()?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    let copy = dir.path().join("gantry");
    fs::copy(lab.gantry(), &copy)?;
    let program = Program::new("setpriv").words("--reuid=65534 --regid=65534 --clear-groups");
    let complaint = program
        .arg(&copy)
        .words("up --data-dir /var/lib/gantry")
        .run()?
        .refused()?;
    ensure!(
        complaint.contains("root") && complaint.contains("sudo"),
        "say what to do: {complaint}"
    );
    Ok(())
}

fn a_second_server_on_the_same_data_is_refused(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let complaint = cluster.gantry("server")?.refused()?;
    ensure!(
        complaint.contains("already") || complaint.contains("in use"),
        "say why: {complaint}"
    );
    cluster.k("get nodes")?;
    Ok(())
}

fn more_nodes_are_refused(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let complaint = cluster.gantry("up --nodes 3")?.refused()?;
    ensure!(complaint.contains("node"), "say why: {complaint}");
    Ok(())
}

/// A small disk of its own, unmounted with the value.
struct SmallDisk<'a>(&'a Cluster<'a>);

impl<'a> SmallDisk<'a> {
    fn mount(cluster: &'a Cluster<'a>, lab: &Lab) -> Result<Self> {
        let mount = Program::new("mount")
            .words("-t tmpfs -o size=64m tmpfs")
            .arg(cluster.data_dir());
        mount.run()?.ok().context("mount a small disk")?;
        fs::write(cluster.data_dir().join("registries.yaml"), lab.registries())?;
        Ok(Self(cluster))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        ignore(self.0.down(""), "it may be down already");
        let unmount = Program::new("umount").arg(self.0.data_dir()).run();
        ignore(unmount, "what is left fails the test");
    }
}

fn a_full_disk_loses_nothing(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let _disk = SmallDisk::mount(&cluster, lab)?;
    cluster.up()?;
    cluster.k("create configmap before --from-literal=a=b")?;
    let ballast = cluster.data_dir().join("ballast");
    let fill = Program::new("dd")
        .words("if=/dev/zero bs=1M")
        .arg(format!("of={}", ballast.display()));
    fill.run()?.refused()?;
    let text = format!(
        "create configmap large --from-literal=a={}",
        "x".repeat(60_000)
    );
    let complaint = until("a write is refused", || cluster.refused(&text, ""))?;
    ensure!(
        complaint.to_lowercase().contains("space"),
        "say why: {complaint}"
    );
    cluster.k("get configmap before")?;
    fs::remove_file(&ballast)?;
    until("writing goes on", || {
        cluster.k("create configmap after --from-literal=a=b")
    })?;
    cluster.k("get configmap before after")?;
    Ok(())
}
