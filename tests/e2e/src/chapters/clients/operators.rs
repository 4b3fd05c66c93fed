//! Operators as people write them: with kube-rs in Rust, with controller-runtime in Go. Each is a
//! program of its own, built from what lies beside this file, and knows nothing of Gantry.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{INSTALLING, control_plane, tools};
use crate::harness::{Cluster, Lab, Program, not_tried, until};

/// What a program is built from, and where below its folder each part lies.
type Sources = &'static [(&'static str, &'static str)];

const KUBE_RS: Sources = &[
    ("Cargo.toml", include_str!("kube-rs/Cargo.toml")),
    ("Cargo.lock", include_str!("kube-rs/Cargo.lock")),
    ("src/main.rs", include_str!("kube-rs/src/main.rs")),
    ("src/shelf.rs", include_str!("kube-rs/src/shelf.rs")),
    (
        "src/controller.rs",
        include_str!("kube-rs/src/controller.rs"),
    ),
];
const CONTROLLER_RUNTIME: Sources = &[
    ("go.mod", include_str!("controller-runtime/go.mod")),
    ("go.sum", include_str!("controller-runtime/go.sum")),
    ("main.go", include_str!("controller-runtime/main.go")),
    ("shelf.go", include_str!("controller-runtime/shelf.go")),
];
/// The kind that the second one is about.
const SHELVES: &str = include_str!("controller-runtime/shelves.yaml");
const FIRST: &str = "\
apiVersion: operator.example/v1
kind: Shelf
metadata: {name: first}
spec: {books: [a, b]}
";

pub(super) fn kube_rs_derives_watches_patches_and_controls(lab: &Lab) -> Result<()> {
    let home = laid_out("kube-rs", KUBE_RS)?;
    let build = Program::new("cargo").words("build --quiet --locked --manifest-path");
    let build = build.arg(home.join("Cargo.toml"));
    let build = build.env("CARGO_TARGET_DIR", home.join("target"));
    if !built(build, "kube-rs")? {
        return Ok(());
    }
    let cluster = control_plane(lab)?;
    let program = Program::new(home.join("target/debug/shelves"));
    let said = program.arg(cluster.kubeconfig()).run()?.ok()?;
    ensure!(said.contains("all of it works"), "{said}");
    Ok(())
}

pub(super) fn an_operator_of_controller_runtime_runs_as_it_is(lab: &Lab) -> Result<()> {
    let home = laid_out("controller-runtime", CONTROLLER_RUNTIME)?;
    let build = Program::new("go").words("build -C").arg(&home);
    if !built(build.words("-o shelves ."), "controller-runtime")? {
        return Ok(());
    }
    let cluster = control_plane(lab)?;
    cluster.k_with("apply -f -", SHELVES)?;
    cluster.k("wait --for=condition=established crd/shelves.operator.example --timeout=10s")?;
    let operator = Program::new(home.join("shelves"));
    let mut running = operator.env("KUBECONFIG", cluster.kubeconfig()).start()?;
    let tended = tended(&cluster);
    ensure!(tended.is_ok(), "{tended:?}: {}", running.said()?);
    Ok(())
}

/// What the operator of shelves does for one, from its first day to its last.
fn tended(cluster: &Cluster<'_>) -> Result<()> {
    let books = |expected: &str| {
        until("the books are in the map", || {
            let books = cluster.k("get cm first -o jsonpath={.data.books}")?;
            ensure!(books == expected, "{books:?}");
            Ok(())
        })
    };
    cluster.k_with("apply -f -", FIRST)?;
    cluster.k("wait --for=condition=Ready shelf/first --timeout=30s")?;
    books("a\nb")?;
    cluster.k("delete cm first")?;
    books("a\nb")?;
    cluster.k_with("apply -f -", &FIRST.replace("[a, b]", "[a, b, c]"))?;
    books("a\nb\nc")?;
    cluster.k("wait --for=jsonpath={.status.count}=3 shelf/first --timeout=30s")?;
    cluster.k("delete shelf first --timeout=30s")?;
    cluster.k("get cm first-cleared")?;
    cluster.gone("cm first")?;
    until("there is an event", || {
        let events = cluster.k("get events --field-selector reason=Cleared")?;
        ensure!(events.contains("shelf/first"), "{events}");
        Ok(())
    })?;
    let lease =
        cluster.k("get lease shelves.operator.example -o jsonpath={.spec.holderIdentity}")?;
    ensure!(!lease.is_empty(), "see who leads");
    Ok(())
}

/// Lays a program's sources where they are kept, so that a second build has little to do.
fn laid_out(name: &str, sources: Sources) -> Result<PathBuf> {
    let home = tools().join(name);
    for (path, text) in sources {
        let path = home.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)?;
    }
    Ok(home)
}

/// Builds it, or says why it could not be tried.
fn built(build: Program, what: &str) -> Result<bool> {
    let reason = match build.patience(INSTALLING).run() {
        Ok(said) if said.status.success() => return Ok(true),
        Ok(said) => said.stderr,
        Err(error) => format!("{error:#}"),
    };
    // Only what cannot be fetched is excused: what does not compile is a mistake of ours. So say
    // cargo, and go above the errors of a package.
    let mistakes = ["could not compile", "# operator.example/shelves"];
    let is_ours = mistakes.iter().any(|said| reason.contains(said));
    ensure!(!is_ours, "build the program with {what}: {reason}");
    not_tried(&format!(
        "the program with {what} cannot be built: {reason}"
    ));
    Ok(false)
}
