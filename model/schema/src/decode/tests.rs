use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::schema::Schema;

fn kind(group: &str, version: &str, name: &str) -> TypeRef<'static> {
    Schema::builtin().kind(group, version, name).unwrap()
}

/// Decodes a body and shows the value, then the findings, or the error.
fn check(body: &str, format: Format, ty: TypeRef<'_>, shown: Expect) {
    let decoded = parse(body.as_bytes(), format).and_then(|document| document.typed(ty));
    let text = match decoded {
        Ok(Decoded { value, findings }) => {
            let findings: Vec<String> = findings.iter().map(|f| format!("{f}\n")).collect();
            format!("{value}\n{}", findings.concat())
        }
        Err(error) => format!("error: {error}\n"),
    };
    shown.assert_eq(&text);
}

#[test]
fn an_unknown_field_is_dropped_and_the_right_one_suggested() {
    let body = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    NodePort: 30080\n  selektor: {}\n";
    check(
        body,
        Format::Yaml,
        kind("", "v1", "Service"),
        expect![[r#"
            {"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80}]}}
            unknown field "spec.ports[0].NodePort" (line 6), did you mean "nodePort"?
            unknown field "spec.selektor" (line 7), did you mean "selector"?
        "#]],
    );
}

#[test]
fn one_line_bodies_do_not_speak_of_lines_and_duplicates_come_last() {
    check(
        r#"{"spec":{"replicas":1,"replicas":2,"zzz":3},"metadata":{"unknownMeta":"x","labels":{"a":"1","a":"2"}}}"#,
        Format::Json,
        kind("apps", "v1", "Deployment"),
        expect![[r#"
            {"metadata":{"labels":{"a":"2"}},"spec":{"replicas":2}}
            unknown field "spec.zzz"
            unknown field "metadata.unknownMeta"
            duplicate field "spec.replicas"
            duplicate field "metadata.labels.a"
        "#]],
    );
}

#[test]
fn a_wrong_type_is_an_error_with_path_and_line() {
    let deployment = kind("apps", "v1", "Deployment");
    check(
        "kind: Deployment\n\n\nspec:\n  replicas: \"three\"\n",
        Format::Yaml,
        deployment,
        expect![[r#"
            error: spec.replicas: expected integer, got string "three" (line 5)
        "#]],
    );
    check(
        r#"{"metadata":{"labels":{"a":1}}}"#,
        Format::Json,
        deployment,
        expect![[r#"
            error: metadata.labels.a: expected string, got number 1
        "#]],
    );
    check(
        r#"{"spec":{"replicas":3000000000}}"#,
        Format::Json,
        deployment,
        expect![[r#"
            error: spec.replicas: expected integer, got number 3000000000
        "#]],
    );
}

#[test]
fn quantities_times_and_octal_modes_become_canonical() {
    let pod = r"
metadata: {creationTimestamp: 2024-01-01T02:00:00+02:00}
spec:
  containers:
  - name: a
    resources: {limits: {cpu: 0.5, memory: 1024Mi}}
    env: null
  volumes:
  - name: v
    configMap: {defaultMode: 0644}
";
    check(
        pod,
        Format::Yaml,
        kind("", "v1", "Pod"),
        expect![[r#"
            {"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}],"volumes":[{"configMap":{"defaultMode":420},"name":"v"}]}}
        "#]],
    );
}

#[test]
fn null_is_absent_for_a_field_and_empty_for_an_entry() {
    check(
        r#"{"data":{"a":null},"immutable":null,"metadata":{"creationTimestamp":null}}"#,
        Format::Json,
        kind("", "v1", "ConfigMap"),
        expect![[r#"
            {"data":{"a":""},"metadata":{}}
        "#]],
    );
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    let body = "base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nsame: *b\n";
    let value = parse(body.as_bytes(), Format::Yaml)
        .unwrap()
        .untyped()
        .value;
    let base = json!({"x": 1, "y": 2});
    assert_eq!(
        value,
        json!({"base": base, "more": {"x": 1, "y": 3}, "same": base})
    );
}

#[test]
fn an_alias_bomb_runs_out_of_budget() {
    let mut body = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        body.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_eq!(
        parse(body.as_bytes(), Format::Yaml).unwrap_err(),
        DecodeError::TooManyValues
    );
}

#[test]
fn many_unknown_fields_are_cheap_and_reported_up_to_a_limit() {
    let fields: Vec<String> = (0..50_000)
        .map(|n| format!("\"unknown{}\":1", n % 40_000))
        .collect();
    let body = format!("{{{}}}", fields.join(","));
    let document = parse(body.as_bytes(), Format::Json).unwrap();
    let findings = document.typed(kind("", "v1", "Pod")).unwrap().findings;
    assert_eq!(findings.len(), limits::FINDINGS_MAX);
}

#[test]
fn a_field_whose_name_is_too_long_to_show_is_still_reported() {
    let body = format!("{{\"{}\": 1, \"other\": 2}}", "x".repeat(100_000));
    let document = parse(body.as_bytes(), Format::Json).unwrap();
    assert_eq!(
        document
            .typed(kind("", "v1", "Pod"))
            .unwrap()
            .findings
            .len(),
        1
    );
}

#[test]
fn deep_nesting_is_refused_in_both_formats() {
    let deep = "[".repeat(100_000);
    assert_eq!(
        parse(deep.as_bytes(), Format::Json).unwrap_err(),
        DecodeError::TooDeep
    );
    assert!(parse(deep.as_bytes(), Format::Yaml).is_err());
}

#[test]
fn what_is_accepted_is_read_again_from_wherever_it_comes_to_stand() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let deepest = nested(limits::DEPTH_MAX);
    assert!(parse(deepest.as_bytes(), Format::Json).is_ok());
    let deeper = nested(limits::DEPTH_MAX + 1);
    assert!(parse(deeper.as_bytes(), Format::Json).is_err());
    // In the list of objects of an event, with a few levels to spare: owned fields are told deeper
    // than they stand.
    let shown = format!(
        r#"{{"object":{{"items":[{}]}}}}"#,
        nested(limits::DEPTH_MAX + 10)
    );
    serde_json::from_str::<serde_json::Value>(&shown).unwrap();
}

#[test]
fn malformed_bodies_say_where() {
    let said = |body: &str, format| parse(body.as_bytes(), format).unwrap_err().to_string();
    assert_eq!(
        said("{\n  \"a\": 1,\n}", Format::Json),
        "parse line 3, column 1: expected a key in double quotes"
    );
    assert_eq!(
        said("{} x", Format::Json),
        "parse line 1, column 4: expected the end of the body"
    );
    assert!(said("a: [1\nb: 2\n", Format::Yaml).starts_with("parse line 2"));
    assert_eq!(said("", Format::Yaml), "read one document: there are 0");
}

#[test]
fn a_stream_of_documents_keeps_its_lines() {
    let body = "---\nkind: A\n---\n# nothing\n---\nkind: B\nx: 1\nx: 2\n";
    let documents = documents(body.as_bytes()).unwrap();
    let kinds: Vec<_> = documents
        .iter()
        .map(|d| d.text_at("kind").unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["A", "B"]);
    let last = documents.into_iter().next_back().unwrap();
    assert_eq!(last.line(), 6);
    let findings = last.untyped().findings;
    assert_eq!(findings[0].to_string(), "duplicate field \"x\" (line 8)");
    assert_eq!(
        findings[0].already_set(),
        "line 8: key \"x\" already set in map"
    );
}

#[test]
fn escapes_are_read_and_lone_surrogates_replaced() {
    let body = r#""a\n\u00e9\ud83d\ude00\ud800x""#;
    let value = parse(body.as_bytes(), Format::Json)
        .unwrap()
        .untyped()
        .value;
    assert_eq!(value, json!("a\né😀\u{fffd}x"));
}

proptest::proptest! {
    #[test]
    fn no_input_panics(body in ".{0,200}") {
        for format in [Format::Json, Format::Yaml] {
            if let Ok(document) = parse(body.as_bytes(), format) {
                drop(document.typed(kind("", "v1", "Pod")));
            }
        }
    }

    #[test]
    fn what_is_written_as_json_reads_back(text in ".{0,40}", number in proptest::num::i64::ANY) {
        let value = json!({"text": text, "list": [number, null, true], "map": {text.clone(): 1.5}});
        let body = value.to_string();
        for format in [Format::Json, Format::Yaml] {
            let read = parse(body.as_bytes(), format).map(|document| document.untyped().value);
            if format == Format::Json {
                proptest::prop_assert_eq!(read, Ok(value.clone()));
            }
        }
    }
}

#[test]
fn manifests_may_have_windows_line_ends_comments_and_blocks() {
    let body = "# top\r\nkind: ConfigMap\r\ndata:\r\n  a: |\r\n    one\r\n    two\r\n  b: >-\r\n    x\r\n    y # not a comment\r\n  on: 'yes' # key stays text\r\n  'n': \"1\"\r\n";
    check(
        body,
        Format::Yaml,
        kind("", "v1", "ConfigMap"),
        expect![[r#"
            {"data":{"a":"one\ntwo\n","b":"x y # not a comment","n":"1","on":"yes"},"kind":"ConfigMap"}
        "#]],
    );
}

#[test]
fn unquoted_values_that_are_no_text_are_refused_where_text_belongs() {
    check(
        "metadata:\n  labels:\n    version: 1.0\n",
        Format::Yaml,
        kind("", "v1", "ConfigMap"),
        expect![[r#"
            error: metadata.labels.version: expected string, got number 1 (line 3)
        "#]],
    );
}

#[test]
fn a_file_in_json_is_one_document_even_with_tabs() {
    let found = documents(b"{\n\t\"kind\": \"A\"\n}\n").unwrap();
    assert_eq!(found.len(), 1);
    let flow = documents(b"{kind: A}\n---\nkind: B\n").unwrap();
    assert_eq!(flow.len(), 2);
}
