//! What tells requests apart: the verb and the resource, never a name.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use prometheus_client::encoding::EncodeLabelSet;

use crate::query::Query;

/// What tells requests apart. All of it comes from what is served, never from what a client made up,
/// so that the number of labels is bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Labels {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    component: &'static str,
}

impl Labels {
    /// Whether the answer goes on for as long as the client wants.
    pub(super) fn is_long(&self) -> bool {
        matches!(self.verb, "CONNECT" | "WATCH")
    }

    /// Whether nothing is changed.
    pub(super) fn reads(&self) -> bool {
        matches!(self.verb, "GET" | "LIST" | "WATCH")
    }
}

/// What a path seems to be about, as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) resource: &'a str,
    subresource: &'a str,
    is_named: bool,
    is_namespaced: bool,
    is_watched: bool,
}

/// What the path seems to be about; empty for all that is about no resource.
pub(crate) fn asked(path: &str) -> Asked<'_> {
    let mut parts = path.split('/').skip(1).filter(|part| !part.is_empty());
    let mut next = || parts.next().unwrap_or("");
    let (group, version) = match next() {
        "api" => ("", next()),
        "apis" => (next(), next()),
        _ => return Asked::default(),
    };
    let mut first = next();
    let is_watched = first == "watch";
    if is_watched {
        first = next();
    }
    let (is_namespaced, resource, name, subresource) = match (first, next(), next()) {
        ("namespaces", namespace, "") => (false, first, namespace, ""),
        ("namespaces", namespace, own @ ("finalize" | "status")) => (false, first, namespace, own),
        ("namespaces", _, resource) => (true, resource, next(), next()),
        (resource, name, subresource) => (false, resource, name, subresource),
    };
    Asked {
        group,
        version,
        resource,
        subresource,
        is_named: !name.is_empty(),
        is_namespaced,
        is_watched,
    }
}

/// The labels of a request for what was `asked`, if that is served at all.
pub(crate) fn labels<B>(request: &Request<B>, asked: &Asked<'_>, is_served: bool) -> Labels {
    let served = if is_served { *asked } else { Asked::default() };
    let scope = match (served.resource, served.is_named, served.is_namespaced) {
        ("", ..) => "",
        (_, true, _) => "resource",
        (_, false, true) => "namespace",
        (_, false, false) => "cluster",
    };
    Labels {
        verb: verb(request, &served),
        group: served.group.to_owned(),
        version: served.version.to_owned(),
        resource: served.resource.to_owned(),
        subresource: known(served.subresource).to_owned(),
        scope,
        component: "apiserver",
    }
}

/// A subresource that some kind has; nothing for what a client made up.
fn known(subresource: &str) -> &str {
    match subresource {
        "approval"
        | "attach"
        | "binding"
        | "ephemeralcontainers"
        | "eviction"
        | "exec"
        | "finalize"
        | "log"
        | "portforward"
        | "proxy"
        | "resize"
        | "scale"
        | "status"
        | "token" => subresource,
        _ => "",
    }
}

fn verb<B>(request: &Request<B>, asked: &Asked<'_>) -> &'static str {
    if matches!(
        asked.subresource,
        "attach" | "exec" | "log" | "portforward" | "proxy"
    ) {
        return "CONNECT";
    }
    let is_object = !asked.resource.is_empty();
    match request.method().as_str() {
        "GET" | "HEAD" if is_object && (asked.is_watched || watches(request)) => "WATCH",
        "GET" | "HEAD" if is_object && !asked.is_named => "LIST",
        "GET" | "HEAD" => "GET",
        "DELETE" if is_object && !asked.is_named => "DELETECOLLECTION",
        "DELETE" => "DELETE",
        "PATCH" if applies(request.headers()) => "APPLY",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "OTHER",
    }
}

fn watches<B>(request: &Request<B>) -> bool {
    let query = request.uri().query();
    query.is_some_and(|query| query.contains("watch=")) && Query::parse(query).flag("watch")
}

fn applies(headers: &HeaderMap) -> bool {
    let content = headers.get(CONTENT_TYPE);
    content.is_some_and(|content| content.as_bytes().starts_with(b"application/apply-patch"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use http::Method;

    fn check(method: &[u8], uri: &str, expected: &Expect) {
        let request = Request::builder()
            .method(Method::from_bytes(method).unwrap())
            .uri(uri)
            .header(CONTENT_TYPE, "application/apply-patch+yaml")
            .body(())
            .unwrap();
        let asked = asked(request.uri().path());
        let labels = labels(
            &request,
            &asked,
            matches!(asked.resource, "pods" | "namespaces"),
        );
        let shown = [
            labels.verb,
            &labels.group,
            &labels.version,
            &labels.resource,
            &labels.subresource,
            labels.scope,
        ];
        expected.assert_eq(&shown.join(" "));
    }

    #[test]
    fn requests_are_told_apart_by_verb_and_resource() {
        check(
            b"GET",
            "/api/v1/namespaces/a/pods/b",
            &expect!["GET  v1 pods  resource"],
        );
        check(
            b"GET",
            "/api/v1/namespaces/a/pods",
            &expect!["LIST  v1 pods  namespace"],
        );
        check(
            b"GET",
            "/api/v1/pods?watch=1",
            &expect!["WATCH  v1 pods  cluster"],
        );
        check(
            b"GET",
            "/api/v1/pods?watch=false",
            &expect!["LIST  v1 pods  cluster"],
        );
        check(
            b"GET",
            "/api/v1/watch/namespaces/a/pods",
            &expect!["WATCH  v1 pods  namespace"],
        );
        check(
            b"GET",
            "/api/v1/namespaces/a",
            &expect!["GET  v1 namespaces  resource"],
        );
        check(
            b"PUT",
            "/api/v1/namespaces/a/finalize",
            &expect!["PUT  v1 namespaces finalize resource"],
        );
        check(
            b"PATCH",
            "/api/v1/namespaces/a/pods/b/status",
            &expect!["APPLY  v1 pods status resource"],
        );
        check(
            b"DELETE",
            "/api/v1/namespaces/a/pods",
            &expect!["DELETECOLLECTION  v1 pods  namespace"],
        );
        check(
            b"POST",
            "/api/v1/namespaces/a/pods/b/exec",
            &expect!["CONNECT  v1 pods exec resource"],
        );
    }

    #[test]
    fn what_clients_make_up_is_no_label() {
        check(
            b"MADEUP",
            "/apis/x/v1/nonsense/n/sub",
            &expect!["OTHER     "],
        );
        check(
            b"GET",
            "/api/v1/namespaces/a/pods/b/madeup",
            &expect!["GET  v1 pods  resource"],
        );
        check(b"GET", "/healthz", &expect!["GET     "]);
    }
}
