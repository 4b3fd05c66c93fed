//! The paths that tell what is served.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    APIGroup, APIGroupList, APIResourceList, APIVersions,
};
use k8s_openapi::apimachinery::pkg::version::Info;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use gantry_api::GroupVersion;
use gantry_kinds::Descriptor;

use super::{capital, group_label};
use crate::openapi::dialect::Dialect;
use crate::openapi::root;

/// The paths of discovery for `kinds`; `all` of them, or those of their versions alone.
pub(in crate::openapi) fn paths(
    kinds: &[&Descriptor],
    dialect: Dialect,
    all: bool,
) -> Map<String, Value> {
    let mut paths = Map::new();
    let mut tell = |path: String, id: String, name: &str| {
        paths.insert(path, described(&id, &dialect.schema_of(name), dialect));
    };
    for kind in kinds {
        let version = kind.names.group_version();
        let id = format!("get{}APIResources", label(&version));
        let path = format!("/{}/", root(&version));
        tell(path, id, &APIResourceList::schema_name());
        if all && !version.group.is_empty() {
            let id = format!("get{}APIGroup", group_label(&version.group));
            let path = format!("/apis/{}/", version.group);
            tell(path, id, &APIGroup::schema_name());
        }
    }
    if all {
        for (path, id, name) in [
            ("/api/", "getCoreAPIVersions", APIVersions::schema_name()),
            ("/apis/", "getAPIVersions", APIGroupList::schema_name()),
            ("/version/", "getCodeVersion", Info::schema_name()),
        ] {
            tell(path.to_owned(), id.to_owned(), &name);
        }
    }
    paths
}

/// Adds what these paths answer to what is published.
pub(in crate::openapi) fn publish(generator: &mut SchemaGenerator) {
    generator.subschema_for::<APIGroupList>();
    generator.subschema_for::<APIResourceList>();
    generator.subschema_for::<APIVersions>();
    generator.subschema_for::<Info>();
}

fn label(version: &GroupVersion) -> String {
    format!(
        "{}{}",
        group_label(&version.group),
        capital(&version.version)
    )
}

fn described(id: &str, schema: &Value, dialect: Dialect) -> Value {
    let mut get = json!({
        "operationId": id,
        "responses": {
            "200": dialect.response("OK", schema),
            "401": {"description": "Unauthorized"},
        },
    });
    if dialect == Dialect::Second {
        get["consumes"] = json!(["application/json"]);
        get["produces"] = json!(["application/json"]);
        get["schemes"] = json!(["https"]);
    }
    json!({ "get": get })
}
