//! What is refused, filled in, kept and shown.

use expect_test::expect;
use serde_json::{Value, json};

use super::*;
use crate::testing::{check_create, check_defaults, check_row, check_update, created};

fn definition(schema: &Value) -> Value {
    json!({ "metadata": { "name": "webs.example.com" }, "spec": {
        "group": "example.com", "scope": "Namespaced",
        "names": { "plural": "webs", "kind": "Web" },
        "versions": [{ "name": "v1", "served": true, "storage": true,
            "schema": { "openAPIV3Schema": schema } }] } })
}

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

#[test]
fn names_and_conversion_follow_from_the_kind() {
    let small = definition(&object(&json!({})));
    check_create::<CustomResourceDefinitions>(small.clone(), &expect![[r#""#]]);
    check_defaults::<CustomResourceDefinitions>(
        small.clone(),
        &expect![[r#"
        spec.conversion.strategy = "None"
        spec.names.listKind = "WebList"
        spec.names.singular = "web"
        status.storedVersions[0] = "v1"
    "#]],
    );
    check_row::<CustomResourceDefinitions>(
        small,
        &expect![[r#"
        Name: webs.example.com
        Created At: <unknown>
    "#]],
    );
}

#[test]
fn a_schema_is_kept_as_it_was_written() {
    let schema = object(&json!({ "limits": {
        "type": "object", "default": {}, "x-kubernetes-preserve-unknown-fields": true },
        "list": { "type": "array", "default": [], "enum": [[], null], "items": {
            "type": "number", "maximum": 10, "minimum": 0.5 } } }));
    let kept = created::<CustomResourceDefinitions>(definition(&schema));
    let versions = kept.at(&["spec", "versions"]).unwrap();
    assert_eq!(versions[0]["schema"]["openAPIV3Schema"], schema);
}

#[test]
fn an_empty_definition_says_what_it_needs() {
    check_create::<CustomResourceDefinitions>(
        json!({}),
        &expect![[r#"
        metadata.name: Invalid value: "web": must be spec.names.plural+"."+spec.group
        spec.group: Required value
        spec.scope: Required value
        spec.versions: Invalid value: []: must have exactly one version marked as storage version
        spec.names.plural: Required value
        spec.names.singular: Required value
        spec.names.kind: Required value
        spec.names.listKind: Required value
    "#]],
    );
}

#[test]
fn everything_wrong_with_a_definition_is_said() {
    let column = json!({ "name": "", "type": "text", "format": "odd", "jsonPath": "" });
    let version = json!({ "name": "V", "served": true, "storage": true,
        "deprecationWarning": "",
        "additionalPrinterColumns": [column],
        "selectableFields": [{ "jsonPath": ".spec.a[0]" }, { "jsonPath": ".metadata.name" }],
        "subresources": { "status": {}, "scale": { "specReplicasPath": ".status.x",
            "statusReplicasPath": "", "labelSelectorPath": ".x" } } });
    let odd = json!({ "metadata": { "name": "web.example.com" }, "spec": {
        "group": "x.k8s.io", "scope": "Everywhere", "preserveUnknownFields": true,
        "names": { "plural": "We", "kind": "Web", "listKind": "Web", "shortNames": ["W"] },
        "conversion": { "strategy": "Webhook", "webhook": { "conversionReviewVersions": ["v3"],
            "clientConfig": { } } },
        "versions": [version.clone(), version] } });
    check_create::<CustomResourceDefinitions>(
        odd,
        &expect![[r#"
            metadata.name: Invalid value: "web.example.com": must be spec.names.plural+"."+spec.group
            metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111
            spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"
            spec.versions[0].name: Invalid value: "V": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.versions[0].deprecationWarning: Invalid value: "": can only be set for deprecated versions
            spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string
            spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required
            spec.versions[1].name: Invalid value: "V": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.versions[1].deprecationWarning: Invalid value: "": can only be set for deprecated versions
            spec.versions[1].deprecationWarning: Invalid value: "": must not be an empty string
            spec.versions[1].schema.openAPIV3Schema: Required value: schemas are required
            spec.versions: Invalid value: [{"additionalPrinterColumns":[{"format":"odd","jsonPath":"","name":"","type":"text"}],"deprecationWarning":"","name":"V","selectableFields":[{"jsonPath":".spec.a[0]"},{"jsonPath":".metadata.name"}],"served":true,"storage":true,"subresources":{"scale":{"labelSelectorPath":".x","specReplicasPath":".status.x","statusReplicasPath":""},"status":{}}},{"additionalPrinterColumns":[{"format":"odd","jsonPath":"","name":"","type":"text"}],"deprecationWarning":"","name":"V","selectableFields":[{"jsonPath":".spec.a[0]"},{"jsonPath":".metadata.name"}],"served":true,"storage":true,"subresources":{"scale":{"labelSelectorPath":".x","specReplicasPath":".status.x","statusReplicasPath":""},"status":{}}}]: must contain unique version names
            spec.versions: Invalid value: [{"additionalPrinterColumns":[{"format":"odd","jsonPath":"","name":"","type":"text"}],"deprecationWarning":"","name":"V","selectableFields":[{"jsonPath":".spec.a[0]"},{"jsonPath":".metadata.name"}],"served":true,"storage":true,"subresources":{"scale":{"labelSelectorPath":".x","specReplicasPath":".status.x","statusReplicasPath":""},"status":{}}},{"additionalPrinterColumns":[{"format":"odd","jsonPath":"","name":"","type":"text"}],"deprecationWarning":"","name":"V","selectableFields":[{"jsonPath":".spec.a[0]"},{"jsonPath":".metadata.name"}],"served":true,"storage":true,"subresources":{"scale":{"labelSelectorPath":".x","specReplicasPath":".status.x","statusReplicasPath":""},"status":{}}}]: must have exactly one version marked as storage version
            spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec
            spec.subresources.scale.statusReplicasPath: Required value
            spec.subresources.scale.labelSelectorPath: Invalid value: ".x": should be a json path under either .spec or .status
            spec.additionalPrinterColumns[0].name: Required value
            spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string
            spec.additionalPrinterColumns[0].format: Invalid value: "odd": must be one of byte,date,date-time,double,float,int32,int64,password
            spec.additionalPrinterColumns[0].jsonPath: Required value
            spec.selectableFields[0].jsonPath: Invalid value: ".spec.a[0]": must be a simple json path with . notation
            spec.selectableFields[1].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata
            spec.names.plural: Invalid value: "We": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.names.listKind: Invalid value: "Web": kind and listKind may not be the same
            spec.names.shortNames[0]: Invalid value: "W": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required
            spec.conversion.conversionReviewVersions: Invalid value: ["v3"]: must include at least one of v1, v1beta1
            spec.preserveUnknownFields: Invalid value: true: must be false
        "#]],
    );
}

#[test]
fn a_schema_must_be_structural() {
    let odd = json!({
        "additionalProperties": true,
        "properties": {
            "metadata": { "type": "object", "properties": { "labels": { "type": "object" } } },
            "a": {},
            "b": { "type": "array" },
            "c": { "type": "array", "items": {}, "x-kubernetes-list-type": "map" },
            "d": { "type": "text" },
            "e": { "type": "integer", "x-kubernetes-int-or-string": true },
            "f": { "type": "object", "x-kubernetes-embedded-resource": true },
            "g": { "type": "object", "additionalProperties": { "type": "string" },
                "properties": { "x": { "type": "string" } } },
            "h": { "type": "array", "uniqueItems": true, "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["x", "y"],
                "items": { "type": "object", "properties": { "x": { "type": "object" } } } },
            "i": { "type": "string", "anyOf": [{ "type": "string", "pattern": "x" }],
                "$ref": "#/x", "x-kubernetes-validations": [{ "rule": "" }] },
        },
    });
    check_create::<CustomResourceDefinitions>(
        definition(&odd),
        &expect![[r#"
            spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root
            spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified
            spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root
            spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields
            spec.validation.openAPIV3Schema.properties[b].items: Required value: must be specified
            spec.validation.openAPIV3Schema.properties[c].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map
            spec.validation.openAPIV3Schema.properties[c].items.type: Required value: must not be empty for specified array items
            spec.validation.openAPIV3Schema.properties[d].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"
            spec.validation.openAPIV3Schema.properties[e].type: Invalid value: "integer": must be empty if x-kubernetes-int-or-string is true
            spec.validation.openAPIV3Schema.properties[f].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields
            spec.validation.openAPIV3Schema.properties[g].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive
            spec.validation.openAPIV3Schema.properties[h].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic
            spec.validation.openAPIV3Schema.properties[h].items.properties[x].type: Invalid value: "object": must be a scalar type if parent array's x-kubernetes-list-type is map
            spec.validation.openAPIV3Schema.properties[h].items.properties[x].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property
            spec.validation.openAPIV3Schema.properties[h].x-kubernetes-list-map-keys[1]: Invalid value: "y": entries must all be names of item properties
            spec.validation.openAPIV3Schema.properties[i].$ref: Forbidden: $ref is not supported
            spec.validation.openAPIV3Schema.properties[i].x-kubernetes-validations[0].rule: Required value: rule is not specified
            spec.validation.openAPIV3Schema.properties[i].anyOf[0].type: Forbidden: must be empty to be structural
        "#]],
    );
}

#[test]
fn a_number_or_a_text_may_say_so_in_alternatives() {
    let port = json!({ "port": { "x-kubernetes-int-or-string": true,
        "anyOf": [{ "type": "integer" }, { "type": "string" }] } });
    check_create::<CustomResourceDefinitions>(definition(&object(&port)), &expect![[r#""#]]);
}

#[test]
fn a_version_that_may_be_stored_stays_known() {
    let old = definition(&object(&json!({})));
    let mut new = old.clone();
    new["spec"]["versions"][0]["name"] = "v2".into();
    new["spec"]["names"]["plural"] = "others".into();
    new["spec"]["scope"] = "Cluster".into();
    check_update::<CustomResourceDefinitions>(
        old,
        new,
        &expect![[r#"
        metadata.name: Invalid value: "webs.example.com": must be spec.names.plural+"."+spec.group
        spec.names.plural: Invalid value: "others": field is immutable
        status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions
    "#]],
    );
}
