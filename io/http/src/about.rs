//! What a request is about, as permissions and records name it, before anybody looks whether there
//! is such a thing. A path that leads to no resource is about itself.

use http::{Method, Request};

use gantry_access::attributes::{Attributes, ResourceTarget, Target};
use gantry_api::{Caller, GroupVersion};

use crate::query::Query;
use crate::route;

/// What a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// The permission's word for what is asked.
    pub(crate) verb: String,
    /// The path, when it leads to no resource.
    pub(crate) path: Option<String>,
    /// The group and version that the path names.
    pub(crate) version: GroupVersion,
    /// The plural name of the resource.
    pub(crate) resource: String,
    /// The part of the object.
    pub(crate) subresource: String,
    /// The namespace; empty for cluster scope and for all namespaces.
    pub(crate) namespace: String,
    /// The name; empty for collections.
    pub(crate) name: String,
    /// Which objects of a collection are meant.
    pub(crate) field_selector: String,
}

impl About {
    /// What `request` is about.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let path = request.uri().path();
        let of_path = || Self {
            verb: request.method().as_str().to_ascii_lowercase(),
            path: Some(path.to_owned()),
            ..Self::default()
        };
        let Some((version, mut parts)) = route::split(path) else {
            return of_path();
        };
        let by_path = parts.len() > 1 && parts[0] == "watch";
        if by_path {
            parts.remove(0);
        }
        let Ok(place) = route::place(&version, parts) else {
            return of_path();
        };
        let query = Query::parse(request.uri().query());
        let field_selector = query.get("fieldSelector").unwrap_or("").to_owned();
        let named = place.name.is_some();
        let watches = by_path || (!named && query.get("watch").is_some() && query.flag("watch"));
        let verb = verb(request.method(), named, watches);
        // A collection that can hold one object only is as good as that object.
        let only = field_selector
            .strip_prefix("metadata.name=")
            .map(|name| name.trim_start_matches('='))
            .filter(|name| !named && verb != "create" && !name.contains([',', '!']));
        let name = place.name.or(only.map(str::to_owned)).unwrap_or_default();
        Self {
            verb: verb.to_owned(),
            path: None,
            version,
            resource: place.plural,
            subresource: place.subresource,
            namespace: place.namespace.unwrap_or_default(),
            name,
            field_selector,
        }
    }

    /// What has to be allowed to `caller`.
    pub(crate) fn attributes<'a>(&'a self, caller: &'a Caller) -> Attributes<'a> {
        let target = match &self.path {
            Some(path) => Target::Path(path),
            None => Target::Resource(ResourceTarget {
                group: &self.version.group,
                resource: &self.resource,
                subresource: &self.subresource,
                namespace: &self.namespace,
                name: &self.name,
                field_selector: &self.field_selector,
            }),
        };
        Attributes {
            caller,
            verb: &self.verb,
            target,
        }
    }
}

fn verb(method: &Method, named: bool, watches: bool) -> &str {
    match method.as_str() {
        "GET" | "HEAD" if watches => "watch",
        "GET" | "HEAD" if named => "get",
        "GET" | "HEAD" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if named => "delete",
        "DELETE" => "deletecollection",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(method: &str, uri: &str, expected: &Expect) {
        let request = Request::builder().method(method).uri(uri).body(());
        let about = About::of(&request.unwrap());
        let caller = Caller::anonymous();
        expected.assert_eq(&about.attributes(&caller).denial());
    }

    #[test]
    fn what_a_request_is_about_is_said_as_permissions_say_it() {
        check(
            "GET",
            "/apis/example.com/v1/namespaces/a/flunders/x/scale/deeper",
            &expect![[
                r#"User "system:anonymous" cannot get resource "flunders/scale" in API group "example.com" in the namespace "a""#
            ]],
        );
        check(
            "GET",
            "/apis/example.com/v1/flunders?watch=1",
            &expect![[
                r#"User "system:anonymous" cannot watch resource "flunders" in API group "example.com" at the cluster scope"#
            ]],
        );
        check(
            "DELETE",
            "/apis/example.com/v1/flunders",
            &expect![[
                r#"User "system:anonymous" cannot deletecollection resource "flunders" in API group "example.com" at the cluster scope"#
            ]],
        );
        check(
            "GET",
            "/apis/example.com/v1",
            &expect![[r#"User "system:anonymous" cannot get path "/apis/example.com/v1""#]],
        );
        check(
            "POST",
            "/apis/example.com/v1/watch/flunders",
            &expect![[
                r#"User "system:anonymous" cannot create resource "flunders" in API group "example.com" at the cluster scope"#
            ]],
        );
    }

    #[test]
    fn a_collection_of_one_is_that_one() {
        let request = Request::get("/api/v1/pods?fieldSelector=metadata.name=web").body(());
        assert_eq!(About::of(&request.unwrap()).name, "web");
        let request = Request::get("/api/v1/pods?fieldSelector=metadata.name!=web").body(());
        assert_eq!(About::of(&request.unwrap()).name, "");
    }
}
