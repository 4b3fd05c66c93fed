//! From method, path and query to a request. Routes are derived from the shape of paths; no kind is
//! known here.

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method, Request};
use percent_encoding::percent_decode_str;

use gantry_api::{Caller, GroupVersion, Rejection};
use gantry_registry::request::{Format, PatchType, Resource, Verb};

use crate::negotiate::{Offer, Wanted};
use crate::query::Query;

/// Where a request leads.
#[derive(Debug)]
pub(crate) enum Route {
    /// To something that is no object: health, discovery, schemas.
    Fixed,
    /// To objects.
    Object(Box<gantry_registry::Request>),
    /// To a running pod or service, through a subresource that is a conversation.
    Stream(Box<StreamCall>),
}

/// A conversation with something that runs.
#[derive(Clone, Debug)]
pub(crate) struct StreamCall {
    /// Who asks.
    pub(crate) caller: Caller,
    /// Of which resource, such as pods.
    pub(crate) resource: Resource,
    /// In which namespace.
    pub(crate) namespace: String,
    /// Which one; for a proxy it may carry a scheme and a port.
    pub(crate) name: String,
    /// `log`, `exec`, `attach`, `portforward` or `proxy`.
    pub(crate) subresource: String,
    /// What follows the subresource, as it was sent; begins with a slash unless empty.
    pub(crate) rest: String,
    /// The query.
    pub(crate) query: Query,
}

/// The subresources that are conversations.
const CONVERSATIONS: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];
/// What stands behind a namespace's own name and is no resource within it.
const OF_NAMESPACES: [&str; 2] = ["finalize", "status"];

/// Where the request leads.
pub(crate) fn route<B>(
    request: &Request<B>,
    caller: &Caller,
    wanted: &Wanted,
    has_message: impl Fn(&Resource) -> bool,
) -> Result<Route, Rejection> {
    let path = request.uri().path();
    let Some((version, parts)) = split(path) else {
        return Ok(Route::Fixed);
    };
    let query = Query::parse(request.uri().query());
    let (by_path, parts) = match parts.split_first() {
        Some((first, rest)) if first == "watch" && !rest.is_empty() => (true, rest.to_vec()),
        _ => (false, parts),
    };
    let place = place(&version, parts)?;
    if place.is_deep && place.subresource != "proxy" {
        return Err(Rejection::NoSuchPath);
    }
    // A query makes a watch of a list; one object is read whatever the query says.
    let by_query = place.name.is_none() && query.get("watch").is_some() && query.flag("watch");
    let watches = by_path || by_query;
    let behind = if version.group.is_empty() { 2 } else { 3 };
    if CONVERSATIONS.contains(&place.subresource.as_str()) {
        return Ok(Route::Stream(Box::new(StreamCall {
            caller: caller.clone(),
            resource: Resource {
                version,
                plural: place.plural,
            },
            rest: rest(path, behind, place.namespace.is_some()).to_owned(),
            namespace: place.namespace.unwrap_or_default(),
            name: place.name.unwrap_or_default(),
            subresource: place.subresource,
            query,
        })));
    }
    let verb = verb(request, &place, watches)?;
    let mut call = gantry_registry::Request::new(
        verb,
        Resource {
            version,
            plural: place.plural,
        },
    );
    call.options = query.options(verb)?;
    if verb == Verb::Watch
        && let Some(name) = &place.name
    {
        call.options.field_selector = Some(format!("metadata.name={name}"));
    }
    call.namespace = place.namespace;
    call.name = place.name.filter(|_| verb != Verb::Watch);
    call.subresource = Some(place.subresource).filter(|subresource| !subresource.is_empty());
    let offer = Offer {
        include: query.include(),
        is_watch: verb == Verb::Watch,
        has_message: has_message(&call.resource),
    };
    (call.view, call.encoding) = wanted.form(offer)?;
    call.caller = caller.clone();
    call.user_agent = header(request.headers(), &USER_AGENT).to_owned();
    call.options.pretty |= query.get("pretty").is_none() && is_read_by_people(&call.user_agent);
    Ok(Route::Object(Box::new(call)))
}

/// Whether the program shows answers to people as they come.
fn is_read_by_people(user_agent: &str) -> bool {
    let known = ["Mozilla/5.0", "Wget", "curl"];
    known.iter().any(|name| user_agent.starts_with(name))
}

/// The version and what comes after it; nothing for paths that lead to no resource.
pub(crate) fn split(path: &str) -> Option<(GroupVersion, Vec<String>)> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    let (version, behind) = match parts.first()?.as_str() {
        "api" => (GroupVersion::new("", parts.get(1)?.clone()), 2),
        "apis" => (
            GroupVersion::new(parts.get(1)?.clone(), parts.get(2)?.clone()),
            3,
        ),
        _ => return None,
    };
    let rest = parts.split_off(behind);
    let leads_somewhere = !rest.first()?.is_empty() && !version.version.is_empty();
    leads_somewhere.then_some((version, rest))
}

/// The parts of a path to an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: Option<String>,
    pub(crate) plural: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: String,
    /// Whether more stands behind the subresource.
    is_deep: bool,
}

/// What stands behind namespace, resource, name and subresource, without decoding it: it is somebody
/// else's path. The first `behind` parts name the version.
fn rest(path: &str, behind: usize, is_namespaced: bool) -> &str {
    let parts = behind + if is_namespaced { 5 } else { 3 };
    let start = path.match_indices('/').nth(parts);
    start.map_or("", |(start, _)| &path[start..])
}

/// The parts of a path to an object of a version.
pub(crate) fn place(version: &GroupVersion, parts: Vec<String>) -> Result<Place, Rejection> {
    let mut parts = parts.into_iter();
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let first = next().ok_or(Rejection::NoSuchPath)?;
    let is_core = version.group.is_empty();
    let (namespace, plural, name) = if first == "namespaces" {
        match (next(), next()) {
            (Some(own), Some(inside)) if is_core && OF_NAMESPACES.contains(&inside.as_str()) => {
                return Ok(Place {
                    plural: first,
                    name: Some(own),
                    subresource: inside,
                    ..Place::default()
                });
            }
            (Some(namespace), Some(plural)) => (Some(namespace), plural, next()),
            (own, _) => (None, first, own),
        }
    } else {
        (None, first, next())
    };
    let subresource = next().unwrap_or_default();
    Ok(Place {
        namespace,
        plural,
        name,
        subresource,
        is_deep: parts.next().is_some(),
    })
}

fn verb<B>(request: &Request<B>, place: &Place, watches: bool) -> Result<Verb, Rejection> {
    let named = place.name.is_some();
    Ok(match *request.method() {
        Method::GET | Method::HEAD if watches => Verb::Watch,
        Method::GET | Method::HEAD if named => Verb::Get,
        Method::GET | Method::HEAD => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT | Method::PATCH if !named => return Err(Rejection::MethodNotAllowed),
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch(patch_type(request.headers())?),
        Method::DELETE if named => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => return Err(Rejection::MethodNotAllowed),
    })
}

const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";
const BODIES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

fn patch_type(headers: &HeaderMap) -> Result<PatchType, Rejection> {
    match media_type(headers).as_str() {
        "application/json-patch+json" => Ok(PatchType::Json),
        "application/merge-patch+json" => Ok(PatchType::Merge),
        "application/strategic-merge-patch+json" => Ok(PatchType::StrategicMerge),
        "application/apply-patch+yaml" => Ok(PatchType::Apply),
        _ => Err(Rejection::UnsupportedMediaType {
            accepted: PATCHES.to_owned(),
        }),
    }
}

/// In which encoding the body comes; nothing when the verb has none.
pub(crate) fn body_format(
    call: &gantry_registry::Request,
    headers: &HeaderMap,
) -> Result<Option<Format>, Rejection> {
    match call.verb {
        Verb::Get | Verb::List | Verb::Watch => return Ok(None),
        Verb::Patch(PatchType::Apply) => return Ok(Some(Format::Yaml)),
        Verb::Patch(_) => return Ok(Some(Format::Json)),
        Verb::Create | Verb::Update | Verb::Delete | Verb::DeleteCollection => {}
    }
    match media_type(headers).as_str() {
        "" | "application/json" | "text/json" | "*/*" => Ok(Some(Format::Json)),
        "application/yaml" | "application/x-yaml" | "text/yaml" => Ok(Some(Format::Yaml)),
        "application/vnd.kubernetes.protobuf" => Ok(Some(Format::Protobuf)),
        _ => Err(Rejection::UnsupportedMediaType {
            accepted: BODIES.to_owned(),
        }),
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let text = header(headers, &CONTENT_TYPE);
    text.split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase()
}

fn header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(method: &str, uri: &str, expected: &Expect) {
        let content = if method == "PATCH" {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, content)
            .body(())
            .unwrap();
        let found = route(&request, &Caller::anonymous(), &Wanted::default(), |_| true);
        let shown = match found {
            Ok(Route::Fixed) => "fixed".to_owned(),
            Ok(Route::Object(call)) => format!(
                "{} {} {} {:?} {:?} {:?}",
                call.verb.as_str(),
                call.resource.version,
                call.resource.plural,
                call.namespace(),
                call.name(),
                call.subresource()
            ),
            Ok(Route::Stream(call)) => format!(
                "{} of {} {:?} {:?} {:?}",
                call.subresource, call.resource.plural, call.namespace, call.name, call.rest
            ),
            Err(rejection) => rejection.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn paths_lead_where_their_shape_says() {
        check(
            "GET",
            "/api/v1/pods",
            &expect![[r#"list v1 pods "" "" """#]],
        );
        check(
            "GET",
            "/api/v1/namespaces",
            &expect![[r#"list v1 namespaces "" "" """#]],
        );
        check(
            "GET",
            "/api/v1/namespaces/a",
            &expect![[r#"get v1 namespaces "" "a" """#]],
        );
        check(
            "PUT",
            "/api/v1/namespaces/a/finalize",
            &expect![[r#"update v1 namespaces "" "a" "finalize""#]],
        );
        check(
            "GET",
            "/apis/apps/v1/namespaces/a/deployments?watch=true",
            &expect![[r#"watch apps/v1 deployments "a" "" """#]],
        );
        check(
            "GET",
            "/api/v1/watch/pods",
            &expect![[r#"watch v1 pods "" "" """#]],
        );
        check(
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/b/scale",
            &expect![[r#"patch apps/v1 deployments "a" "b" "scale""#]],
        );
        check(
            "DELETE",
            "/api/v1/namespaces/a/pods",
            &expect![[r#"deletecollection v1 pods "a" "" """#]],
        );
        check(
            "GET",
            "/api/v1/namespaces/a/pods/b/log?follow=true",
            &expect![[r#"log of pods "a" "b" """#]],
        );
        check(
            "GET",
            "/api/v1/namespaces/a/services/http:b:80/proxy/x//y%20z/",
            &expect![[r#"proxy of services "a" "http:b:80" "/x//y%20z/""#]],
        );
        check(
            "GET",
            "/api/v1/nodes/a/proxy/x",
            &expect![[r#"proxy of nodes "" "a" "/x""#]],
        );
        check(
            "GET",
            "/api/v1/namespaces/a/pods/b?watch=true",
            &expect![[r#"get v1 pods "a" "b" """#]],
        );
        check(
            "GET",
            "/api/v1/watch/namespaces/a/pods/b",
            &expect![[r#"watch v1 pods "a" "" """#]],
        );
        check(
            "PUT",
            "/api/v1/namespaces/a/pods",
            &expect!["the server does not allow this method on the requested resource"],
        );
        check("GET", "/api/v1", &expect!["fixed"]);
        check("GET", "/apis/apps/v1/", &expect!["fixed"]);
        check("GET", "/healthz", &expect!["fixed"]);
        check(
            "GET",
            "/api/v1/namespaces/a/pods/b/status/c",
            &expect!["the server could not find the requested resource"],
        );
    }
}
