//! Where nothing lies, and what cannot be done where something does.

use serde_json::json;

use super::{Server, config_map, request};

#[track_caller]
fn check(line: &str, code: u16) {
    let mut server = Server::new();
    let body = config_map("a", json!({}));
    assert_eq!(server.send(request(line), Some(body)).0, code, "{line}");
}

#[test]
fn a_path_that_leads_nowhere_is_not_found() {
    check("get v1 configmaps a", 404);
    check("get v1 nodes default/a", 404);
    check("list v1 nodes default/", 404);
    check("list v1 gadgets default/", 404);
    check("list v2 configmaps default/", 404);
    check("get v1 configmaps/status default/a", 404);
}

#[test]
fn what_is_done_to_one_object_names_it() {
    check("update v1 configmaps default/", 405);
    check("merge-patch v1 configmaps default/", 405);
    check("update coordination.k8s.io/v1 leases default/", 405);
    check("create v1 configmaps", 405);
    check("deletecollection v1 configmaps", 405);
    check("create v1 configmaps default/a", 405);
}
