//! Runs real containers. Needs root and a static busybox, and says so when there is none.
//!
//! Without the usual harness, because this very program is also the shim and, in one test, the
//! agent that is killed. Everything made is unique to this process and removed at the end.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests, although not under the usual harness"
)]

mod adoption;
mod confinement;
mod life;
mod node;
mod sessions;

use std::env::args;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use node::Node;

fn main() {
    let arguments: Vec<String> = args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("shim") => gantry_runtime::shim_main(arguments[1].clone().into()),
        Some("agent") => runtime().block_on(adoption::agent(&arguments[1])),
        Some(filter) if !filter.starts_with('-') => run(filter),
        _ => run(""),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

macro_rules! tests {
    ($($module:ident: $($name:ident),* ;)*) => {
        [$($((
            concat!(stringify!($module), "::", stringify!($name)),
            |node| Box::pin($module::$name(node)),
        )),*),*]
    };
}

type Test = for<'n> fn(&'n Node) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'n>>;

fn run(filter: &str) {
    if let Some(reason) = missing() {
        eprintln!("skipped: {reason}");
        return;
    }
    let tests: &[(&str, Test)] = &tests![
        life: a_program_runs_and_its_exit_and_output_are_kept,
            what_an_image_lacks_is_a_start_error,
            stopping_asks_first_and_insists_later,
            two_containers_share_network_and_memory_but_not_processes,
            processes_are_shared_when_asked_for,
            the_last_words_of_a_container_are_kept,
            nothing_is_left_behind,
            creating_and_starting_is_quick;
        sessions: exec_returns_output_and_exit_code,
            exec_of_what_is_not_there_says_so,
            a_terminal_has_a_size_and_can_be_resized,
            leaving_an_exec_ends_it,
            attaching_shows_output_and_takes_input,
            a_port_inside_can_be_reached,
            a_container_on_a_terminal_is_attached_to;
        confinement: the_root_can_be_read_only,
            capabilities_are_bounded,
            system_calls_are_filtered_for_every_program,
            device_files_cannot_be_opened,
            a_user_of_the_image_runs_it,
            volumes_follow_no_link_out_of_the_root,
            memory_is_limited_and_its_end_noticed,
            a_privileged_container_is_not_confined,
            a_pod_may_use_the_nodes_namespaces,
            mounts_propagate_as_asked;
        adoption: pods_outlive_the_agent,
            a_lost_shim_is_noticed_and_its_containers_ended,
            a_newer_record_is_refused_and_a_torn_one_forgotten;
    ];
    let chosen = tests.iter().filter(|(name, _)| name.contains(filter));
    let failed = chosen.filter(|(name, test)| !passes(name, *test)).count();
    assert!(failed == 0, "{failed} failed");
}

/// Whatever becomes of a test, its node is emptied.
fn passes(name: &str, test: Test) -> bool {
    let begun = Instant::now();
    let runtime = runtime();
    let node = runtime.block_on(Node::new());
    let tested = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(&node))));
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(node.end())));
    let passed = tested.is_ok() && ended.is_ok();
    let verdict = if passed { "ok" } else { "FAILED" };
    eprintln!("{verdict} {name} ({} ms)", begun.elapsed().as_millis());
    passed
}

fn missing() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("containers can only be made by root");
    }
    (!Path::new(node::BUSYBOX).exists()).then_some("/bin/busybox is not installed")
}
