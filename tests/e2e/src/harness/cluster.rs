//! One cluster under test, gone with the value.

use std::path::{Path, PathBuf};
use std::{fs, mem};

use anyhow::{Context, Result, ensure};
use gantry_base::ignore;
use serde_json::Value;

use super::lab::free_port;
use super::program::{Program, Said, contents};
use super::wait::until;
use super::{Kubectl, Lab};

/// A cluster with a data directory, a port and a kubeconfig of its own.
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    lab: &'a Lab,
    name: String,
    home: PathBuf,
    port: u16,
    kubectl: Kubectl,
}

impl<'a> Cluster<'a> {
    /// Prepares the places of a cluster; it is not up yet.
    pub(crate) fn prepare(lab: &'a Lab, name: &str) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix(name)
            .tempdir_in(lab.dir())?
            .keep();
        let cluster = Self {
            lab,
            name: name.to_owned(),
            home,
            port: free_port()?,
            kubectl: lab.usual(),
        };
        fs::create_dir(cluster.data_dir())?;
        fs::write(cluster.data_dir().join("registries.yaml"), lab.registries())?;
        Ok(cluster)
    }

    /// Speaks to it through another client from here on.
    pub(crate) fn through(mut self, kubectl: Kubectl) -> Self {
        self.kubectl = kubectl;
        self
    }

    /// `gantry up`; what it prints.
    pub(crate) fn up(&self) -> Result<String> {
        self.gantry("up")?.ok()
    }

    /// The cluster's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The API's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The client as a shell calls it.
    pub(crate) fn kubectl_line(&self) -> String {
        let first = self.kubectl.first.unwrap_or_default();
        format!("{} {first}", self.kubectl.program.display())
    }

    /// Where the cluster keeps its data.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.join("data")
    }

    /// A directory for the test's own files.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The file that `up` merges its context into.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.home.join("kubeconfig")
    }

    /// Runs the binary for this cluster.
    pub(crate) fn gantry(&self, words: &str) -> Result<Said> {
        self.gantry_program(words).run()
    }

    /// The binary, told which cluster is meant.
    pub(crate) fn gantry_program(&self, words: &str) -> Program {
        let port = self.port.to_string();
        let program = self
            .environment(Program::new(self.lab.gantry()))
            .words(words);
        let program = program.arg("--name").arg(&self.name);
        program
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--port")
            .arg(port)
    }

    /// The client, told what to do.
    pub(crate) fn kubectl_program(&self, words: &str) -> Program {
        let program = self.environment(Program::new(&self.kubectl.program));
        self.kubectl
            .first
            .into_iter()
            .fold(program, Program::arg)
            .words(words)
    }

    /// Does something with the client and takes what it prints.
    pub(crate) fn k(&self, words: &str) -> Result<String> {
        self.kubectl_program(words).run()?.ok()
    }

    /// Does something with the client that reads `input`.
    pub(crate) fn k_with(&self, words: &str, input: &str) -> Result<String> {
        self.kubectl_program(words).input(input).run()?.ok()
    }

    /// Does something that must be refused, and takes the complaint.
    pub(crate) fn refused(&self, words: &str, input: &str) -> Result<String> {
        self.kubectl_program(words).input(input).run()?.refused()
    }

    /// Gets something as a value.
    pub(crate) fn json(&self, words: &str) -> Result<Value> {
        let text = self.k(&format!("get {words} -o json"))?;
        serde_json::from_str(&text).with_context(|| format!("read {words}"))
    }

    /// Waits until a pod and all its containers are ready; the pod.
    pub(crate) fn ready(&self, pod: &str) -> Result<Value> {
        until(&format!("pod {pod} is ready"), || {
            let pod = self.json(&format!("pod {pod}"))?;
            ensure!(is_ready(&pod), "{}", pod["status"]);
            Ok(pod)
        })
    }

    /// Waits until as many pods of a selector are ready, and no others are there; the pods.
    pub(crate) fn ready_pods(&self, selector: &str, count: usize) -> Result<Vec<Value>> {
        until(&format!("{count} pods of {selector} are ready"), || {
            let list = self.json(&format!("pods -l {selector}"))?;
            let pods = list["items"].as_array().context("read the list")?;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            ensure!(
                ready == count && pods.len() == count,
                "{ready} of {} are",
                pods.len()
            );
            Ok(pods.clone())
        })
    }

    /// Waits until a pod has ended, well or not; its phase.
    pub(crate) fn ended(&self, pod: &str) -> Result<String> {
        until(&format!("pod {pod} has ended"), || {
            let pod = self.json(&format!("pod {pod}"))?;
            let phase = text(&pod["status"]["phase"]);
            ensure!(
                phase == "Succeeded" || phase == "Failed",
                "{}",
                pod["status"]
            );
            Ok(phase)
        })
    }

    /// Waits until something is gone.
    pub(crate) fn gone(&self, what: &str) -> Result<()> {
        until(&format!("{what} is gone"), || {
            let said = self.kubectl_program(&format!("get {what}")).run()?;
            ensure!(said.refused()?.contains("NotFound"), "it is still there");
            Ok(())
        })
    }

    /// The address that the node is known by.
    pub(crate) fn node_address(&self) -> Result<String> {
        let nodes = self.json("nodes")?;
        let addresses = nodes["items"][0]["status"]["addresses"].as_array().cloned();
        let internal = addresses
            .into_iter()
            .flatten()
            .find(|one| one["type"] == "InternalIP");
        Ok(text(
            &internal.context("find the node's address")?["address"],
        ))
    }

    /// The process that serves, if one does.
    pub(crate) fn server(&self) -> Result<i32> {
        let noted = contents(&self.data_dir().join("server.pid")).context("find the server")?;
        let (pid, _) = noted.trim().split_once(' ').context("read who serves")?;
        Ok(pid.parse()?)
    }

    /// `gantry down`, with which nothing may be left.
    pub(crate) fn down(&self, words: &str) -> Result<String> {
        self.gantry(&format!("down {words}"))?.ok()
    }

    fn environment(&self, program: Program) -> Program {
        program
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.home)
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        ignore(
            self.down("--purge"),
            "it may never have been up; what is left fails the test",
        );
        let home = mem::take(&mut self.home);
        ignore(
            fs::remove_dir_all(home),
            "the lab's directory goes in the end anyway",
        );
    }
}

/// A text, or nothing.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let is_so = |one: &Value| one["type"] == "Ready" && one["status"] == "True";
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions.is_some_and(|all| all.iter().any(is_so))
}
