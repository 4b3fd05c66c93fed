//! The binary: chooses what this process is, and runs it.
//!
//! A pod's shim and the demo page must not see an async runtime, so they are told apart first.
//! Called through a link named `kubectl`, the binary is that tool.

mod address;
mod agent;
mod audit;
mod backup;
mod check;
mod cluster;
mod config;
mod datastore;
mod demo;
mod down;
mod encryption;
mod identity;
mod image;
mod kubeconfig;
mod lane;
mod notice;
mod options;
mod output;
mod process;
mod renewal;
mod server;
mod service;
mod status;
mod up;
mod users;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use options::{Command, Options};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let word = |at: usize| {
        arguments
            .get(at)
            .and_then(|word| word.to_str())
            .unwrap_or("")
    };
    if word(1) == "shim" {
        gantry_oci::shim::main(PathBuf::from(arguments.get(2).cloned().unwrap_or_default()));
    }
    if word(1) == demo::WORD {
        return demo::serve();
    }
    let called = Path::new(word(0))
        .file_name()
        .and_then(|name| name.to_str());
    if called.is_some_and(|name| name.starts_with("kubectl")) {
        return run(gantry_cli::kubectl(arguments.into_iter().skip(1)));
    }
    if word(1) == "kubectl" {
        return run(gantry_cli::kubectl(arguments.into_iter().skip(2)));
    }
    let options = Options::parse();
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        output::warn("another TLS provider was installed first");
    }
    run(execute(options))
}

/// Runs on all processors; in a process that only asks, two threads are plenty.
fn run(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => output::fail("start the runtime", &error),
    }
}

async fn execute(options: Options) -> ExitCode {
    let outcome = match options.command {
        Command::Up(up) => up::run(&options.cluster, &up).await,
        Command::Down(down) => down::run(&options.cluster, &down).await,
        Command::Status => status::run(&options.cluster).await,
        Command::Kubeconfig(command) => users::run(&options.cluster, &command).await,
        Command::Backup(backup) => backup::backup(&options.cluster, &backup).await,
        Command::Restore(restore) => backup::restore(&options.cluster, &restore).await,
        Command::Datastore(command) => datastore::run(&options.cluster, &command).await,
        Command::Check(check) => check::run(&options.cluster, &check).await,
        Command::Encryption(command) => encryption::run(&options.cluster, &command).await,
        Command::Server(server) => server::run(&options.cluster, &server).await,
        Command::Service(service) => service::run(&options.cluster, &service).await,
        Command::Agent(agent) => agent::run(&agent).await,
        Command::Image(image) => image::run(&options.cluster, image).await,
        Command::Kubectl { arguments } => return gantry_cli::kubectl(arguments.into_iter()).await,
        Command::Shim { .. } | Command::DemoPage => {
            unreachable!("they were told apart before the options were read")
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::fail_with(&error),
    }
}
