//! Bodies that stock clients wrote, and bodies that nobody should write.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::decode::{self, Format};
use crate::limits;
use crate::schema::Schema;

const BODIES: &str = include_str!("tests/bodies.tsv");

/// The recorded body with this name.
fn body(name: &str) -> Vec<u8> {
    let mut lines = BODIES.lines().filter_map(|line| line.split_once('\t'));
    let (_, hex) = lines.find(|(known, _)| *known == name).unwrap();
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// A field of bytes: its tag, their length, and they.
fn field(tag: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut field = tag.to_vec();
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).unwrap());
    field.extend(bytes);
    field
}

/// A body around the message of a pod.
fn pod(message: &[u8]) -> Vec<u8> {
    let head = b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod";
    [head, &*field(b"\x12", message)].concat()
}

/// What strict decoding makes of a body.
fn shown(body: &[u8]) -> String {
    let document = match decode::parse(body, Format::Protobuf) {
        Ok(document) => document,
        Err(error) => return error.to_string(),
    };
    let version = document.text_at("apiVersion").unwrap().to_owned();
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let kind = document.text_at("kind").unwrap().to_owned();
    let ty = Schema::builtin().kind(group, version, &kind).unwrap();
    let decoded = document.typed(ty).unwrap();
    assert_eq!(decoded.findings, []);
    decoded.value.to_string()
}

fn check(name: &str, expected: &Expect) {
    expected.assert_eq(&shown(&body(name)));
}

#[test]
fn what_create_sends_reads_as_the_same_manifest() {
    check(
        "deployment",
        &expect![[
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"zero"},"name":"zero"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"zero"}},"strategy":{},"template":{"metadata":{"labels":{"app":"zero"}},"spec":{"containers":[{"image":"nginx","name":"nginx","ports":[{"containerPort":80}],"resources":{}}]}}},"status":{}}"#
        ]],
    );
    check(
        "namespace",
        &expect![[
            r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"},"spec":{},"status":{}}"#
        ]],
    );
    check(
        "secret",
        &expect![[
            r#"{"apiVersion":"v1","data":{"a":"Yg==","empty":""},"kind":"Secret","metadata":{"name":"s"}}"#
        ]],
    );
    check(
        "service",
        &expect![[
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"labels":{"app":"svc"},"name":"svc"},"spec":{"ports":[{"name":"80-http","port":80,"protocol":"TCP","targetPort":"http"}],"selector":{"app":"svc"},"type":"ClusterIP"},"status":{"loadBalancer":{}}}"#
        ]],
    );
    check(
        "quota",
        &expect![[
            r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"cpu":"1","memory":"1G"}},"status":{}}"#
        ]],
    );
}

#[test]
fn reviews_and_requests_for_tokens_are_read() {
    check(
        "access",
        &expect![[
            r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{},"spec":{"resourceAttributes":{"namespace":"default","resource":"pods","verb":"create"}},"status":{"allowed":false}}"#
        ]],
    );
    check(
        "whoami",
        &expect![[
            r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","metadata":{},"status":{"userInfo":{}}}"#
        ]],
    );
    check(
        "token",
        &expect![[
            r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","metadata":{},"spec":{"audiences":[],"expirationSeconds":600},"status":{"token":""}}"#
        ]],
    );
}

#[test]
fn options_of_a_delete_keep_a_grace_period_of_zero() {
    check(
        "delete",
        &expect![[
            r#"{"apiVersion":"v1","dryRun":["All"],"gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{"resourceVersion":"7"},"propagationPolicy":"Foreground"}"#
        ]],
    );
}

#[test]
fn pieces_that_are_inline_in_json_are_put_in_their_place() {
    check(
        "pod",
        &expect![[
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"1970-01-01T00:00:00Z","managedFields":[{"fieldsV1":{"f:spec":{}},"manager":"m","operation":"Update"}],"name":"p"},"spec":{"containers":[{"env":[{"name":"K","valueFrom":{"configMapKeyRef":{"key":"k","name":"conf"}}}],"livenessProbe":{"httpGet":{"port":"web"}},"name":"a","resources":{}}],"enableServiceLinks":false,"terminationGracePeriodSeconds":0,"tolerations":[{"key":"x","tolerationSeconds":-1}],"volumes":[{"configMap":{"defaultMode":420,"name":"conf"},"name":"c"}]},"status":{}}"#
        ]],
    );
}

#[test]
fn moments_and_pieces_of_json_read_as_they_are_written_in_json() {
    check(
        "lease",
        &expect![[
            r#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"","renewTime":"2023-11-14T22:13:20.000120Z"}}"#
        ]],
    );
    check(
        "revision",
        &expect![[
            r#"{"apiVersion":"apps/v1","data":{"spec":[1,null]},"kind":"ControllerRevision","metadata":{},"revision":0}"#
        ]],
    );
    check(
        "definition",
        &expect![[
            r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{},"spec":{"group":"","names":{"kind":"","plural":""},"scope":"","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"additionalProperties":false,"minimum":0.5,"properties":{"a":{"items":{"default":"d","type":"string"},"type":"array"}},"type":"object"}},"served":false,"storage":false}]},"status":{"acceptedNames":{"kind":"","plural":""}}}"#
        ]],
    );
}

#[test]
fn the_error_names_the_field() {
    // A container whose name is not UTF-8, the second of two.
    let bad = b"\x12\x0a\x12\x00\x12\x06\x0a\x04\x61\xff\x61\x61";
    expect!["spec.containers[1].name: the text is not UTF-8"].assert_eq(&shown(&pod(bad)));
    // A grace period written as text.
    expect!["spec.terminationGracePeriodSeconds: the field is not written as its type is"]
        .assert_eq(&shown(&pod(b"\x12\x03\x22\x01a")));
    // A label whose value ends too early.
    expect!["metadata.labels: the body ends within the field"]
        .assert_eq(&shown(&pod(b"\x0a\x07\x5a\x05\x0a\x01k\x12\x05")));
}

#[test]
fn a_body_that_is_no_envelope_of_a_known_kind_is_refused() {
    expect!["expected the body to begin with `k8s` and a zero byte"].assert_eq(&shown(b"{}"));
    expect!["expected an apiVersion and a kind in the envelope"].assert_eq(&shown(b"k8s\0"));
    expect![[r#"read "Thing" of "a/v1" as protobuf: no message is known, send JSON"#]]
        .assert_eq(&shown(b"k8s\0\x0a\x0d\x0a\x04a/v1\x12\x05Thing"));
    expect!["expected plain protobuf in the envelope"]
        .assert_eq(&shown(b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x1a\x04gzip"));
}

#[test]
fn fields_that_the_table_does_not_know_are_skipped() {
    // Number 1000, as each of the ways to write a field.
    let unknown = b"\xc0\x3e\x01\xc1\x3e12345678\xc2\x3e\x01a\xc5\x3e1234";
    expect![[r#"{"apiVersion":"v1","kind":"Pod"}"#]].assert_eq(&shown(&pod(unknown)));
}

#[test]
fn messages_that_nest_too_deep_are_refused() {
    /// The tags of `not` and `allOf`, by which a schema holds another, and a list of others.
    const NOT: &[u8] = b"\xe2\x01";
    const ALL_OF: &[u8] = b"\xca\x01";
    let table = Table::builtin();
    let name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let message = table.named(name).unwrap();
    let read = |tag, depth| {
        let within = |schema: Vec<u8>, _| field(tag, &schema);
        let schema = (1..depth).fold(Vec::new(), within);
        let result = Walk::new(table).object(&schema, message, &Trail::Root);
        result.map(drop)
    };
    assert_eq!(read(NOT, limits::DEPTH_MAX), Ok(()));
    assert_eq!(read(NOT, limits::DEPTH_MAX + 1), Err(DecodeError::TooDeep));
    assert_eq!(read(ALL_OF, limits::DEPTH_MAX / 2), Ok(()));
    assert_eq!(
        read(ALL_OF, limits::DEPTH_MAX / 2 + 1),
        Err(DecodeError::TooDeep)
    );
}

#[test]
fn many_small_values_are_refused_before_they_fill_the_memory() {
    let containers = b"\x12\x00".repeat(limits::NODES_MAX);
    let message = field(b"\x12", &containers);
    assert_eq!(
        decode::parse(&pod(&message), Format::Protobuf).unwrap_err(),
        DecodeError::TooManyValues
    );
}

proptest! {
    #[test]
    fn bytes_without_meaning_never_panic(message in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(decode::parse(&message, Format::Protobuf));
        drop(decode::parse(&pod(&message), Format::Protobuf));
    }

    #[test]
    fn a_damaged_body_never_panics(
        name in prop::sample::select(vec!["deployment", "pod", "definition", "lease", "quota"]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut body = body(name);
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        drop(decode::parse(&body, Format::Protobuf));
        drop(decode::parse(&body[..end.index(body.len())], Format::Protobuf));
    }
}
