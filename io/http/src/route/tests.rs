//! The routes, as text.

use expect_test::expect;

use super::*;

fn shown(line: &str) -> String {
    let (method, uri) = line.split_once(' ').unwrap();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let place = match route(path) {
        Route::Resource(place) => place,
        other => return format!("{other:?}"),
    };
    let query = Query::parse(query);
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let verb = verb(&method, &place, &query, || Ok(PatchType::Merge));
    let verb = verb.map_or_else(|error| error.reason(), Verb::as_str);
    let Place { resource, namespace, name, subresource, rest, .. } = place;
    let parts = [namespace, name, subresource, rest];
    let parts: Vec<String> = parts.map(|part| part.unwrap_or("-".into())).into();
    format!("{verb} {} {} {}", resource.version, resource.plural, parts.join(" "))
}

#[test]
fn every_shape_of_path_leads_somewhere() {
    let asked = "GET /api
GET /api/
GET /apis
GET /apis/apps
GET /api/v1
GET /apis/apps/v1/
GET /api/v1/pods
GET /api/v1/pods?watch=true
GET /api/v1/watch/pods
GET /api/v1/watch/namespaces/a/pods/b
GET /api/v1/namespaces
GET /api/v1/namespaces/a
GET /api/v1/namespaces/a/
PUT /api/v1/namespaces/a/finalize
GET /api/v1/namespaces/a/pods
POST /api/v1/namespaces/a/pods
DELETE /api/v1/namespaces/a/pods
DELETE /api/v1/namespaces/a/pods/b
PATCH /apis/apps/v1/namespaces/a/deployments/b/scale
PATCH /apis/apps/v1/namespaces/a/deployments
GET /api/v1/namespaces/a/pods/b/log
GET /api/v1/namespaces/a/services/http:b:80/proxy/x/y%20z
GET /api/v1/nodes/a%2Fb
OPTIONS /api/v1/pods
GET /
GET /healthz/ping
GET /apiss";
    let told: Vec<String> = asked.lines().map(|line| format!("{line}\n    {}", shown(line))).collect();
    expect![[r#""#]].assert_eq(&told.join("\n"));
}
