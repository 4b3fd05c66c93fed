//! Runs real pods on a real node: a control plane and an agent in this process, shims beside it.
//!
//! Needs root and a static busybox, and says so when there is none. Without the usual harness,
//! because this very program is also the shim. Everything made has names and ranges of its own, and
//! is removed at the end.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are tests, although not under the usual harness"
)]

mod lab;
mod life;
mod network;
mod streams;

use std::env::args;
use std::path::Path;

use lab::Lab;

fn main() {
    let arguments: Vec<String> = args().skip(1).collect();
    if arguments.first().map(String::as_str) == Some("shim") {
        gantry_runtime::shim_main(arguments[1].clone().into());
    }
    if let Some(reason) = missing() {
        eprintln!("skipped: {reason}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let filter = arguments.first().filter(|word| !word.starts_with('-'));
    runtime.block_on(run(filter.map_or("", String::as_str)));
}

fn missing() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("running pods needs root");
    }
    (!Path::new(lab::BUSYBOX).exists()).then_some("there is no /bin/busybox")
}

macro_rules! tests {
    ($($module:ident: $($name:ident),* ;)*) => {
        [$($((
            concat!(stringify!($module), "::", stringify!($name)),
            |lab| Box::pin($module::$name(lab)),
        )),*),*]
    };
}

type Test = for<'l> fn(&'l mut Lab) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'l>>;

async fn run(filter: &str) {
    let tests: &[(&str, Test)] = &tests![
        life: a_pod_runs_and_is_told_of_and_goes,
            volumes_and_variables_reach_the_container,
            a_container_that_fails_is_restarted_and_then_waits,
            what_is_missing_is_said_and_awaited,
            a_pod_outlives_its_agent,
            probes_decide_about_readiness,
            thirty_pods_start_together;
        network: services_lead_to_ready_pods_by_name_and_by_port,
            a_config_map_that_changes_reaches_the_pod;
        streams: logs_are_followed_and_programs_run;
    ];
    let mut lab = Lab::new().await;
    for (name, test) in tests.iter().filter(|(name, _)| name.contains(filter)) {
        let begun = std::time::Instant::now();
        test(&mut lab).await;
        println!("{name}: ok, {} ms", begun.elapsed().as_millis());
    }
    lab.end().await;
}
