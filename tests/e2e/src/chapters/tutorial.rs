//! Every step of a beginner's tutorial, with its slips corrected, as one walk for each client.

mod deployments;
mod orientation;
mod replicas;
mod services;
mod single_pods;

use anyhow::{Context, Result};

use super::tests;
use crate::harness::{Kubectl, Lab, Test};

pub(crate) const TESTS: &[Test] = tests![
    with_the_oldest_kubectl,
    with_the_newest_kubectl,
    with_the_built_in_kubectl,
];

fn with_the_oldest_kubectl(lab: &Lab) -> Result<()> {
    walk(lab, lab.oldest())
}

fn with_the_newest_kubectl(lab: &Lab) -> Result<()> {
    walk(lab, lab.newest())
}

fn with_the_built_in_kubectl(lab: &Lab) -> Result<()> {
    walk(lab, lab.builtin())
}

fn walk(lab: &Lab, kubectl: Kubectl) -> Result<()> {
    let name = kubectl.name.clone();
    let cluster = lab.cluster()?.through(kubectl);
    orientation::look_around(&cluster).with_context(|| format!("{name}: look around"))?;
    single_pods::run_redis(&cluster).with_context(|| format!("{name}: run a pod"))?;
    single_pods::from_a_file(&cluster).with_context(|| format!("{name}: write a pod down"))?;
    replicas::controller(&cluster).with_context(|| format!("{name}: replicate the old way"))?;
    replicas::set(&cluster).with_context(|| format!("{name}: replicate"))?;
    services::node_port(&cluster).with_context(|| format!("{name}: open a port"))?;
    deployments::roll_out_and_back(&cluster).with_context(|| format!("{name}: deploy"))?;
    deployments::by_command(&cluster).with_context(|| format!("{name}: deploy by command"))
}
