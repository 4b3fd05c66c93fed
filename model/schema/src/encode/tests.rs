//! Objects as the original writes them, and objects that come back as they went.

use std::io::Read;

use expect_test::{Expect, expect};
use flate2::read::GzDecoder;
use gantry_base::entropy::{Entropy, Seeded, below};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::*;
use crate::decode::{self, Format};
use crate::proto::table::{Field, Many, Scalar, Table, Type};

const JSON: &[u8] = include_bytes!("../proto/examples/json.gz");
const PROTO: &[u8] = include_bytes!("../proto/examples/proto.gz");
const FACTS: &str = include_str!("../facts/table.tsv");

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut content).unwrap();
    content
}

/// The published examples of all kinds, in both encodings.
fn published() -> Vec<(Value, Vec<u8>)> {
    let (json, proto) = (unpacked(JSON), unpacked(PROTO));
    let lines = std::str::from_utf8(&json).unwrap().lines();
    let mut rest = proto.as_slice();
    let example = |line| {
        let (length, behind) = rest.split_first_chunk().unwrap();
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
        let (message, others) = behind.split_at(length);
        rest = others;
        (serde_json::from_str(line).unwrap(), message.to_vec())
    };
    lines.map(example).collect()
}

/// What is read of an object in protobuf.
fn read(message: &[u8]) -> Value {
    let document = decode::parse(message, Format::Protobuf).unwrap();
    document.untyped().value
}

fn written(object: &Value) -> Vec<u8> {
    super::object(object.to_string().as_bytes()).unwrap()
}

fn name(object: &Value) -> String {
    format!("{} {}", object["apiVersion"], object["kind"])
}

#[test]
fn every_kind_is_written_byte_by_byte_as_the_original_writes_it() {
    let published = published();
    assert!(published.len() > 70, "{}", published.len());
    for (object, message) in published {
        let own = written(&object);
        assert_eq!(read(&own), read(&message), "{}", name(&object));
        // Its schemas hold empty ones, whose zeros only the original writes.
        let has_zeros = object["kind"] == "CustomResourceDefinition";
        assert!(
            own == message || has_zeros,
            "{}: the bytes differ",
            name(&object)
        );
    }
}

#[test]
fn every_kind_is_read_as_the_original_means_it() {
    for (object, message) in published() {
        assert_eq!(read(&message), object, "{}", name(&object));
    }
}

/// All stable kinds, as objects name them.
fn kinds() -> Vec<(String, &'static str)> {
    let cells = |line: &'static str| line.split('\t').collect::<Vec<_>>();
    let kind = |line| match cells(line)[..] {
        ["kind", "", version, kind] => Some((version.to_owned(), kind)),
        ["kind", group, version, kind]
            if !version.contains("alpha") && !version.contains("beta") =>
        {
            Some((format!("{group}/{version}"), kind))
        }
        _ => None,
    };
    FACTS.lines().filter_map(kind).collect()
}

/// Makes up objects, field by field.
struct Inventor {
    chance: Seeded,
    /// How many objects more may stand within one another.
    depth: usize,
}

impl Inventor {
    fn yes(&mut self) -> bool {
        below(&mut self.chance, 2) == 1
    }

    fn object(&mut self, message: &Message) -> Map<String, Value> {
        self.depth = self.depth.saturating_sub(1);
        let mut object = Map::new();
        for field in &message.fields {
            if let (Many::Inline, Type::Message(id)) = (field.many, field.of) {
                object.extend(self.object(Table::builtin().message(id)));
                continue;
            }
            let is_collection = matches!(field.many, Many::List | Many::Map);
            let must_be_there = is_collection && !field.omits_zero;
            let is_too_deep = self.depth == 0 && matches!(field.of, Type::Message(_));
            if must_be_there && is_too_deep {
                object.insert(field.name.into(), Value::Null);
            } else if must_be_there || !is_too_deep && self.yes() {
                object.insert(field.name.into(), self.field(field));
            }
        }
        self.depth += 1;
        object
    }

    fn field(&mut self, field: &Field) -> Value {
        let count = below(&mut self.chance, 3) + 1;
        match field.many {
            Many::One | Many::Inline => self.value(field.of, field.omits_zero),
            Many::List => (0..count).map(|_| self.value(field.of, false)).collect(),
            Many::Map => {
                let entry = |at| (format!("k{at}"), self.value(field.of, false));
                Value::Object((0..count).map(entry).collect())
            }
        }
    }

    fn value(&mut self, of: Type, is_something: bool) -> Value {
        match of {
            Type::Json => {
                json!({"a": [self.chance.next_u64(), null, "\"\u{e9}"], "b": {"c": true}})
            }
            Type::Scalar(of) => self.scalar(of, is_something),
            Type::Message(id) => {
                let message = Table::builtin().message(id);
                if !message.is_bare {
                    return Value::Object(self.object(message));
                }
                let is_deep = self.depth < 2;
                let simple = |field: &&Field| !matches!(field.of, Type::Message(_));
                let fields: Vec<&Field> = message
                    .fields
                    .iter()
                    .filter(|f| !is_deep || simple(f))
                    .collect();
                let Some(at) = fields.len().checked_sub(1) else {
                    return Value::Object(Map::new());
                };
                let at = below(&mut self.chance, at + 1);
                self.field(fields[at])
            }
        }
    }

    fn scalar(&mut self, of: Scalar, is_something: bool) -> Value {
        let random = self.chance.next_u64();
        let low = i32::from_le_bytes(random.to_le_bytes()[..4].try_into().unwrap());
        match of {
            Scalar::Text if !is_something && self.yes() => "".into(),
            Scalar::Text => format!("t\u{1F600}\n\"{random}").into(),
            Scalar::Bytes => "AAEC/w==".into(),
            Scalar::Bool => (is_something || self.yes()).into(),
            Scalar::Int32 if is_something => low.saturating_abs().max(1).into(),
            Scalar::Int32 => low.into(),
            Scalar::Int64 => random.cast_signed().into(),
            Scalar::Number => Number::from_f64(f64::from(low) + 0.5).into(),
            Scalar::Quantity => ["500m", "2Gi", "0", "-1"][below(&mut self.chance, 4)].into(),
            Scalar::IntOrText if self.yes() => low.into(),
            Scalar::IntOrText => "25%".into(),
            Scalar::Time => {
                ["1970-01-01T00:00:00Z", "2026-02-03T04:05:06Z"][below(&mut self.chance, 2)].into()
            }
            Scalar::MicroTime => ["1969-12-31T23:59:59.999999Z", "2026-02-03T04:05:06.000007Z"]
                [below(&mut self.chance, 2)]
            .into(),
        }
    }
}

/// An object of a kind, made up.
fn invented(api_version: &str, kind: &str, seed: u64) -> Value {
    let mut inventor = Inventor {
        chance: Seeded::new(seed),
        depth: 7,
    };
    let known = Kind::of(api_version, kind).unwrap();
    let mut object = inventor.object(known.message);
    object.insert("apiVersion".into(), api_version.into());
    object.insert("kind".into(), kind.into());
    Value::Object(object)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn an_object_of_any_kind_comes_back_as_it_went(seed in any::<u64>()) {
        for (api_version, kind) in kinds() {
            let object = invented(&api_version, kind, seed);
            prop_assert_eq!(read(&written(&object)), object);
        }
    }
}

/// The message of an object, without its envelope, in hexadecimal digits.
fn check(object: &Value, expected: &Expect) {
    let own = written(object);
    let around = written(&json!({"apiVersion": object["apiVersion"], "kind": object["kind"]}));
    // The tag stays; the length of the message is one byte.
    let head = around.len() - 5;
    let digits = own[head + 1..own.len() - 4]
        .iter()
        .map(|byte| format!("{byte:02x}"));
    expected.assert_eq(&digits.collect::<String>());
}

#[test]
fn zeros_that_are_there_are_written_and_nothing_is_not() {
    check(
        &json!({"apiVersion": "v1", "kind": "Pod", "spec": {
            "terminationGracePeriodSeconds": 0,
            "hostname": "",
            "enableServiceLinks": false,
            "securityContext": null,
            "containers": [null],
        }}),
        &expect!["120a12002000820100f00100"],
    );
}

#[test]
fn pieces_that_stand_inline_in_json_are_gathered() {
    check(
        &json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "webhooks": [{"rules": [{"apiGroups": ["a"], "operations": ["*"], "resources": ["r"]}]}]}),
        &expect!["120d1a0b0a012a12060a01611a0172"],
    );
}

#[test]
fn what_the_table_does_not_know_is_left_out() {
    check(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "unknown": [1, {"a": 2}], "data": {"a": "b"}}),
        &expect!["12060a0161120162"],
    );
}

#[test]
fn lists_are_joined_from_their_objects() {
    let pod = |name: &str| json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name}});
    let mut list = List::new("v1", "PodList", 4).unwrap();
    for name in ["a", "b", "c"] {
        list.push(pod(name).to_string().as_bytes()).unwrap();
    }
    let metadata = json!({"metadata": {"resourceVersion": "7"}});
    let pieces = list.finish(metadata.to_string().as_bytes()).unwrap();
    assert_eq!(pieces.len(), 4);
    let whole = json!({"apiVersion": "v1", "kind": "PodList", "metadata": metadata["metadata"],
        "items": [pod("a"), pod("b"), pod("c")]});
    assert_eq!(pieces.concat(), written(&whole));
}

#[test]
fn a_list_whose_metadata_comes_last_is_joined_too() {
    let (version, kind) = ("meta.k8s.io/v1beta1", "PartialObjectMetadataList");
    let mut list = List::new(version, kind, 100).unwrap();
    list.push(br#"{"metadata":{"name":"a"}}"#).unwrap();
    let pieces = list
        .finish(br#"{"metadata":{"resourceVersion":"7"}}"#)
        .unwrap();
    let whole = json!({"apiVersion": version, "kind": kind, "metadata": {"resourceVersion": "7"},
        "items": [{"metadata": {"name": "a"}}]});
    assert_eq!(pieces.concat(), written(&whole));
}

#[test]
fn an_event_stands_behind_its_length() {
    let frame = event("ADDED", b"k8s");
    assert_eq!(frame, b"\0\0\0\x0e\x0a\x05ADDED\x12\x05\x0a\x03k8s");
}

#[test]
fn what_does_not_fit_its_field_is_an_error() {
    let shown = |object: Value| {
        let error = super::object(object.to_string().as_bytes()).unwrap_err();
        gantry_base::chain(&error)
    };
    let replicas = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3_000_000_000_u32}});
    expect!["write an object as protobuf: invalid value: integer `3000000000`, expected a value of the type Int32 at line 1 column 73"].assert_eq(&shown(replicas));
    expect![[r#"write "Thing" of "example.com/v1" as protobuf: no message is known"#]].assert_eq(
        &shown(json!({"apiVersion": "example.com/v1", "kind": "Thing"})),
    );
}
