//! What is refused, filled in and shown.

use expect_test::expect;
use serde_json::{Value, json};

use super::*;
use crate::describe;
use crate::testing::{check_create, check_defaults, check_row, check_update, object};

fn asked() -> Value {
    json!({ "devices": { "requests": [
        { "name": "one", "exactly": { "deviceClassName": "gpu",
            "tolerations": [{ "key": "a", "value": "b" }] } },
        { "name": "two", "firstAvailable": [
            { "name": "big", "deviceClassName": "gpu", "allocationMode": "All" },
            { "name": "small", "deviceClassName": "gpu", "count": 2 } ] } ],
        "constraints": [{ "requests": ["one", "two/big"], "matchAttribute": "a.example.com/numa" }],
        "config": [{ "requests": ["two"], "opaque": { "driver": "a.example.com",
            "parameters": { "empty": [], "labels": {} } } }] } })
}

#[test]
fn a_claim_asks_for_one_of_each_unless_it_says_more() {
    let claim = json!({ "spec": asked() });
    check_create::<ResourceClaims>(claim.clone(), &expect![[r#""#]]);
    check_defaults::<ResourceClaims>(
        claim.clone(),
        &expect![[r#"
        spec.devices.requests[0].exactly.allocationMode = "ExactCount"
        spec.devices.requests[0].exactly.count = 1
        spec.devices.requests[0].exactly.tolerations[0].operator = "Equal"
        spec.devices.requests[1].firstAvailable[1].allocationMode = "ExactCount"
    "#]],
    );
    check_row::<ResourceClaims>(
        claim,
        &expect![[r#"
        Name: web
        State: pending
        Age: <unknown>
    "#]],
    );
    let template = json!({ "spec": { "spec": asked() } });
    check_create::<ResourceClaimTemplates>(template.clone(), &expect![[r#""#]]);
    check_defaults::<ResourceClaimTemplates>(
        template,
        &expect![[r#"
        spec.spec.devices.requests[0].exactly.allocationMode = "ExactCount"
        spec.spec.devices.requests[0].exactly.count = 1
        spec.spec.devices.requests[0].exactly.tolerations[0].operator = "Equal"
        spec.spec.devices.requests[1].firstAvailable[1].allocationMode = "ExactCount"
    "#]],
    );
}

#[test]
fn everything_wrong_with_a_claim_is_said() {
    let odd = json!({ "spec": { "devices": {
        "requests": [
            { "name": "A" },
            { "name": "one", "exactly": { "deviceClassName": "", "allocationMode": "All",
                "count": 1, "selectors": [{}, { "cel": { "expression": "" } }],
                "tolerations": [{ "operator": "Exists", "value": "x", "effect": "Odd" }] } },
            { "name": "one", "exactly": { "deviceClassName": "c", "count": -1 },
                "firstAvailable": [{ "name": "x", "deviceClassName": "c" }] } ],
        "constraints": [{ "requests": ["three"] }, { "matchAttribute": "numa-1" }],
        "config": [{}, { "opaque": { "driver": "a b", "parameters": 5 } }] } } });
    check_create::<ResourceClaims>(
        odd,
        &expect![[r#"
            spec.devices.requests[0].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required
            spec.devices.requests[1].exactly.deviceClassName: Required value
            spec.devices.requests[1].exactly.selectors[0].cel: Required value
            spec.devices.requests[1].exactly.selectors[1].cel.expression: Required value
            spec.devices.requests[1].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'
            spec.devices.requests[1].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`
            spec.devices.requests[1].exactly.tolerations[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule"
            spec.devices.requests[2]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set
            spec.devices.requests[2]: Duplicate value: "one"
            spec.devices.constraints[0].requests[0]: Invalid value: "three": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'
            spec.devices.constraints[0].matchAttribute: Required value
            spec.devices.constraints[1].matchAttribute: Invalid value: "numa-1": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')
            spec.devices.constraints[1].matchAttribute: Invalid value: "numa-1": a fully qualified name must be a domain and a name separated by a slash
            spec.devices.config[0].opaque: Required value
            spec.devices.config[1].opaque.driver: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a JSON object
        "#]],
    );
    let mut other = json!({ "spec": asked() });
    other["spec"]["devices"]["config"] = json!([]);
    check_update::<ResourceClaims>(
        json!({ "spec": {} }),
        other,
        &expect![[r#"
        spec: Invalid value: {"devices":{"constraints":[{"matchAttribute":"a.example.com/numa","requests":["one","two/big"]}],"requests":[{"exactly":{"allocationMode":"ExactCount","count":1,"deviceClassName":"gpu","tolerations":[{"key":"a","operator":"Equal","value":"b"}]},"name":"one"},{"firstAvailable":[{"allocationMode":"All","deviceClassName":"gpu","name":"big"},{"allocationMode":"ExactCount","count":2,"deviceClassName":"gpu","name":"small"}],"name":"two"}]}}: field is immutable
    "#]],
    );
}

fn faults_of_status(old: Value, new: Value) -> String {
    let status =
        |status: Value| object::<ResourceClaims>(json!({ "spec": asked(), "status": status }));
    let mut errors = gantry_api::field_error::FieldErrors::new();
    let hooks = describe::<ResourceClaims>().hooks;
    hooks
        .validate_status(&status(new), &status(old), &mut errors)
        .unwrap();
    let faults = errors.as_slice().iter();
    faults.map(|error| format!("{error}\n")).collect()
}

#[test]
fn what_was_given_is_what_was_asked_for_and_stays() {
    let given = |request: &str| {
        json!({ "allocation": { "devices": { "results": [{ "request": request,
            "driver": "a.example.com", "pool": "node-1", "device": "gpu-0" }],
            "config": [{ "source": "FromClaim", "opaque": { "driver": "a.example.com",
                "parameters": {} } }] } },
            "reservedFor": [{ "resource": "pods", "name": "p", "uid": "1" }] })
    };
    assert_eq!(faults_of_status(json!({}), given("one")), "");
    expect![[r#"
        status.allocation: Invalid value: {"devices":{"config":[{"opaque":{"driver":"a.example.com","parameters":{}},"source":"FromClaim"}],"results":[{"device":"gpu-0","driver":"a.example.com","pool":"node-1","request":"two"}]}}: field is immutable
    "#]].assert_eq(&faults_of_status(given("one"), given("two")));
    expect![[r#"
        status.allocation.devices.results[0].request: Invalid value: "three": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'
    "#]].assert_eq(&faults_of_status(json!({}), given("three")));
    let early = json!({ "reservedFor": [{ "resource": "", "name": "", "uid": "" }],
        "devices": [{ "driver": "a.example.com", "pool": "p", "device": "gpu-0" }] });
    expect![[r#"
        status.reservedFor[0].resource: Required value
        status.reservedFor[0].name: Required value
        status.reservedFor[0].uid: Required value
        status.reservedFor: Forbidden: may not be specified when `allocated` is not set
        status.devices[0]: Invalid value: "gpu-0": must be an allocated device in the claim
    "#]]
    .assert_eq(&faults_of_status(json!({}), early));
}

#[test]
fn the_row_of_a_claim_says_how_far_it_is() {
    let claim = json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" }, "spec": {},
        "status": { "allocation": {}, "reservedFor": [{ "resource": "pods", "name": "p",
            "uid": "1" }] } });
    check_row::<ResourceClaims>(
        claim,
        &expect![[r#"
        Name: web
        State: deleted,allocated,reserved
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_class_chooses_devices() {
    let class = json!({ "spec": { "selectors": [{ "cel": { "expression": "true" } }],
        "extendedResourceName": "example.com/gpu" } });
    check_create::<DeviceClasses>(class.clone(), &expect![[r#""#]]);
    check_row::<DeviceClasses>(
        class,
        &expect![[r#"
        Name: web
        Age: <unknown>
    "#]],
    );
    let odd = json!({ "spec": { "selectors": [{}], "config": [{}],
        "extendedResourceName": "cpu" } });
    check_create::<DeviceClasses>(
        odd,
        &expect![[r#"
        spec.selectors[0].cel: Required value
        spec.config[0].opaque: Required value
        spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name
    "#]],
    );
}

fn slice(more: &Value) -> Value {
    let mut spec = json!({ "driver": "a.example.com", "nodeName": "node-1",
        "pool": { "name": "node-1", "generation": 1, "resourceSliceCount": 1 },
        "devices": [{ "name": "gpu-0", "attributes": { "model": { "string": "x" },
            "driver": { "version": "1.2.3-rc.1+b" } }, "capacity": { "memory": { "value": "1Gi" } } }] });
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({ "spec": spec })
}

#[test]
fn a_slice_tells_where_its_devices_are() {
    check_create::<ResourceSlices>(slice(&json!({})), &expect![[r#""#]]);
    check_row::<ResourceSlices>(
        slice(&json!({})),
        &expect![[r#"
        Name: web
        Node: node-1
        Driver: a.example.com
        Pool: node-1
        Age: <unknown>
    "#]],
    );
    let hooks = describe::<ResourceSlices>().hooks;
    let fields = hooks.fields(&object::<ResourceSlices>(slice(&json!({}))));
    assert_eq!(fields["spec.nodeName"], "node-1");
    assert_eq!(fields["spec.driver"], "a.example.com");
    check_update::<ResourceSlices>(
        slice(&json!({})),
        slice(&json!({ "driver": "b.example.com", "nodeName": "node-2" })),
        &expect![[r#"
            spec.driver: Invalid value: "b.example.com": field is immutable
            spec.nodeName: Invalid value: "node-2": field is immutable
        "#]],
    );
}

#[test]
fn everything_wrong_with_a_slice_is_said() {
    let device = json!({ "name": "A", "allNodes": false, "attributes": { "a-b": {},
        "x/y/z": { "bool": true, "int": 1 }, "v": { "version": "1.2" } },
        "capacity": { "m": { "value": "1", "requestPolicy": {} } },
        "taints": [{ "key": "", "effect": "Odd" }],
        "consumesCounters": [{ "counterSet": "", "counters": {} }] });
    let odd = slice(
        &json!({ "driver": "", "allNodes": true, "perDeviceNodeSelection": false,
        "pool": { "name": "A//", "generation": -1, "resourceSliceCount": 0 },
        "devices": [device.clone(), device] }),
    );
    check_create::<ResourceSlices>(
        odd,
        &expect![[r#"
            spec.driver: Required value
            spec.pool.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.pool.name: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.pool.name: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero
            spec.pool.generation: Invalid value: -1: must be greater than or equal to zero
            spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true
            spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set
            spec.devices[0].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.devices[0].attributes[a-b]: Invalid value: "a-b": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')
            spec.devices[0].attributes[a-b]: Invalid value: "": exactly one value must be specified
            spec.devices[0].attributes[v].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0
            spec.devices[0].attributes[x/y/z]: Invalid value: "x/y/z": must not contain more than one slash
            spec.devices[0].attributes[x/y/z]: Invalid value: {"bool":true,"int":1}: exactly one value must be specified
            spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true
            spec.devices[0].taints[0].key: Invalid value: "": name part must be non-empty
            spec.devices[0].taints[0].key: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
            spec.devices[0].taints[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule"
            spec.devices[0].consumesCounters[0].counterSet: Required value
            spec.devices[0].consumesCounters[0].counters: Required value
            spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec
            spec.devices[1].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.devices[1].attributes[a-b]: Invalid value: "a-b": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')
            spec.devices[1].attributes[a-b]: Invalid value: "": exactly one value must be specified
            spec.devices[1].attributes[v].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0
            spec.devices[1].attributes[x/y/z]: Invalid value: "x/y/z": must not contain more than one slash
            spec.devices[1].attributes[x/y/z]: Invalid value: {"bool":true,"int":1}: exactly one value must be specified
            spec.devices[1].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true
            spec.devices[1].taints[0].key: Invalid value: "": name part must be non-empty
            spec.devices[1].taints[0].key: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
            spec.devices[1].taints[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule"
            spec.devices[1].consumesCounters[0].counterSet: Required value
            spec.devices[1].consumesCounters[0].counters: Required value
            spec.devices[1]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec
            spec.devices[1]: Duplicate value: "A"
        "#]],
    );
    let chooses = slice(&json!({ "nodeName": "", "perDeviceNodeSelection": true,
        "sharedCounters": [{ "name": "A", "counters": { "B": { "value": "1" } } }],
        "devices": [{ "name": "a" }, { "name": "b", "nodeName": "n", "allNodes": true },
            { "name": "c", "allowMultipleAllocations": true, "capacity": { "m": { "value": "1",
                "requestPolicy": { "validValues": ["1"] } } }, "allNodes": true }] }));
    check_create::<ResourceSlices>(
        chooses,
        &expect![[r#"
            spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string
            spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed
            spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec
            spec.devices[1]: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec
            spec.devices[2].capacity[m].requestPolicy.default: Required value: required when validValues is defined
            spec.sharedCounters[0].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.sharedCounters[0].counters[B]: Invalid value: "B": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
        "#]],
    );
}
