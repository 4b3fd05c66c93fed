//! Whether the server lives and is ready, check by check.

use http::{Response, StatusCode};

use crate::body::Body;
use crate::front::Front;
use crate::query::Query;
use crate::respond;

/// One check: its name, and whether it passes.
type Check = (&'static str, fn(&Front) -> bool);

/// All checks. That a request is answered at all is what `ping` proves; the store is what every
/// other request depends on.
const CHECKS: [Check; 2] = [
    ("ping", |_| true),
    ("store", |front| front.gateway.store_is_open()),
];

/// Answers the health paths; nothing for all others.
pub(super) fn answer(front: &Front, path: &str, query: Option<&str>) -> Option<Response<Body>> {
    let (name, single) = match path.strip_prefix('/')?.split_once('/') {
        Some((name, check)) => (name, Some(check)),
        None => (path.strip_prefix('/')?, None),
    };
    if !matches!(name, "healthz" | "livez" | "readyz") {
        return None;
    }
    let checks: Vec<&Check> = CHECKS
        .iter()
        .filter(|check| single.is_none_or(|single| single == check.0))
        .collect();
    if checks.is_empty() {
        return None;
    }
    let query = Query::parse(query);
    let verbose = query.all("verbose").next().is_some();
    let failed = checks.iter().any(|check| !check.1(front));
    let text = match (failed, verbose) {
        (false, false) => "ok".to_owned(),
        (_, _) => report(front, name, &checks, failed),
    };
    let mut response = respond::with_type(text, "text/plain; charset=utf-8");
    if failed {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Some(response)
}

fn report(front: &Front, name: &str, checks: &[&Check], failed: bool) -> String {
    let lines = checks.iter().map(|(check, passes)| {
        if passes(front) {
            format!("[+]{check} ok\n")
        } else {
            format!("[-]{check} failed\n")
        }
    });
    let verdict = if failed { "failed" } else { "passed" };
    lines.chain([format!("{name} check {verdict}\n")]).collect()
}
