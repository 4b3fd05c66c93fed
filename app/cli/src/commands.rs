//! The commands: one file each, all listed here.

mod annotate;
mod api;
mod apply;
mod attach;
mod auth;
mod cluster_info;
mod config;
mod cordon;
mod create;
mod delete;
mod describe;
mod drain;
mod edit;
mod events;
mod exec;
mod explain;
mod expose;
mod get;
mod label;
mod logs;
mod patch;
mod port_forward;
mod replace;
mod rollout;
mod run;
mod scale;
mod set;
mod version;
mod wait;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, said};
use crate::session::{Globals, Session};

/// kubectl controls the Kubernetes cluster manager.
#[derive(Debug, Parser)]
#[command(name = "kubectl", disable_version_flag = true, max_term_width = 100)]
pub(crate) struct Root {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Everything that can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Update the annotations on a resource
    Annotate(annotate::Annotate),
    /// Print the supported API resources on the server
    ApiResources(api::ApiResources),
    /// Print the supported API versions on the server, in the form of "group/version"
    ApiVersions,
    /// Apply a configuration to a resource by file name or stdin
    Apply(apply::Apply),
    /// Attach to a running container
    Attach(attach::Attach),
    /// Inspect authorization
    Auth(auth::Auth),
    /// Display cluster information
    ClusterInfo,
    /// Modify kubeconfig files
    Config(config::Config),
    /// Mark node as unschedulable
    Cordon(cordon::Cordon),
    /// Create a resource from a file or from stdin
    Create(create::Create),
    /// Delete resources by file names, stdin, resources and names, or by label selector
    Delete(delete::Delete),
    /// Show details of a specific resource or group of resources
    Describe(describe::Describe),
    /// Drain node in preparation for maintenance
    Drain(drain::Drain),
    /// Edit a resource on the server
    Edit(edit::Edit),
    /// List events
    #[command(alias = "event")]
    Events(events::Events),
    /// Execute a command in a container
    Exec(exec::Exec),
    /// Get documentation for a resource
    Explain(explain::Explain),
    /// Expose a resource as a new Kubernetes service
    Expose(expose::Expose),
    /// Display one or many resources
    Get(get::Get),
    /// Update the labels on a resource
    Label(label::Label),
    /// Print the logs for a container in a pod
    #[command(alias = "log")]
    Logs(logs::Logs),
    /// Update fields of a resource
    Patch(patch::Patch),
    /// Forward one or more local ports to a pod
    PortForward(port_forward::PortForward),
    /// Replace a resource by file name or stdin
    Replace(replace::Replace),
    /// Manage the rollout of a resource
    Rollout(rollout::Rollout),
    /// Run a particular image on the cluster
    Run(run::Run),
    /// Set a new size for a deployment, replica set, or replication controller
    Scale(scale::Scale),
    /// Set specific features on objects
    Set(set::Set),
    /// Display resource (CPU/memory) usage: not supported yet
    Top {
        /// What to measure
        rest: Vec<String>,
    },
    /// Mark node as schedulable
    Uncordon(cordon::Cordon),
    /// Print the client and server version information
    Version(version::Version),
    /// Wait for a specific condition on one or many resources
    Wait(wait::Wait),
}

/// Runs one command.
pub(crate) async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Annotate(command) => command.run(session).await,
        Command::ApiResources(command) => command.run(session).await,
        Command::ApiVersions => api::versions(session).await,
        Command::Apply(command) => Box::pin(command.run(session)).await,
        Command::Attach(command) => command.run(session).await,
        Command::Auth(command) => command.run(session).await,
        Command::ClusterInfo => cluster_info::run(session).await,
        Command::Config(command) => command.run(session),
        Command::Cordon(command) => command.run(session, true).await,
        Command::Create(command) => Box::pin(command.run(session)).await,
        Command::Delete(command) => command.run(session).await,
        Command::Describe(command) => command.run(session).await,
        Command::Drain(command) => Box::pin(command.run(session)).await,
        Command::Edit(command) => command.run(session).await,
        Command::Events(command) => command.run(session).await,
        Command::Exec(command) => command.run(session).await,
        Command::Explain(command) => command.run(session).await,
        Command::Expose(command) => command.run(session).await,
        Command::Get(command) => Box::pin(command.run(session)).await,
        Command::Label(command) => command.run(session).await,
        Command::Logs(command) => command.run(session).await,
        Command::Patch(command) => command.run(session).await,
        Command::PortForward(command) => command.run(session).await,
        Command::Replace(command) => Box::pin(command.run(session)).await,
        Command::Rollout(command) => Box::pin(command.run(session)).await,
        Command::Run(command) => Box::pin(command.run(session)).await,
        Command::Scale(command) => command.run(session).await,
        Command::Set(command) => command.run(session).await,
        Command::Top { .. } => said("Metrics API not available"),
        Command::Uncordon(command) => command.run(session, false).await,
        Command::Version(command) => command.run(session).await,
        Command::Wait(command) => command.run(session).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_of_all_commands_agree_with_each_other() {
        Root::command().debug_assert();
    }
}
