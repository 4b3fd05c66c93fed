//! An object as stored: its bytes, encoded once, and the little that lists and watches ask of it.
//!
//! The bytes leave a gap for the revision, which is known only after the commit. Readers write
//! head, revision, tail; nobody decodes in order to read. What an object says of its kind comes
//! first, so that lists, which say it once for all, can leave it out.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use gantry_base::Pairs;

use crate::key::Revision;
use crate::object::Object;

/// What selectors, owners and deletion need to know about an object without decoding it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// `metadata.uid`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// `metadata.labels`.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub labels: Pairs,
    /// The uids of all owners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// Whether deletion has begun.
    #[serde(default)]
    pub terminating: bool,
    /// The fields that field selectors of this kind may name, with their values.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub fields: Pairs,
    /// What it was completed by when it was stored; zero where nothing is ever added later.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub form: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_zero(form: &u64) -> bool {
    *form == 0
}

/// An encoded object with a gap where its revision goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    bytes: Bytes,
    /// Where the revision goes.
    gap: usize,
    summary: Summary,
}

/// What stands before the revision, behind the kind.
const METADATA: &str = r#""metadata":{"resourceVersion":""#;

/// A record that is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a stored object: the record is damaged")]
pub struct RecordError;

impl Encoded {
    /// Encodes `object`; `fields` are those that field selectors of its kind may name.
    #[must_use]
    pub fn new(object: &Object, fields: impl Into<Pairs>) -> Self {
        let (bytes, gap) = with_gap(object);
        let owners = object
            .at(&["metadata", "ownerReferences"])
            .and_then(Value::as_array);
        let uid = |owner: &Value| Some(owner.get("uid")?.as_str()?.to_owned());
        let summary = Summary {
            uid: object.uid().to_owned(),
            labels: object.labels().into(),
            owners: owners.into_iter().flatten().filter_map(uid).collect(),
            terminating: object.is_terminating(),
            fields: fields.into(),
            form: 0,
        };
        Self::from_parts(bytes, gap, summary)
    }

    /// The same, completed by what `form` stands for.
    #[must_use]
    pub const fn in_form(mut self, form: u64) -> Self {
        self.summary.form = form;
        self
    }

    fn from_parts(bytes: Vec<u8>, gap: usize, summary: Summary) -> Self {
        Self {
            // A million of them stay: none takes more than it needs.
            bytes: bytes.into_boxed_slice().into(),
            gap,
            summary,
        }
    }

    fn head(&self) -> &[u8] {
        &self.bytes[..self.gap]
    }

    fn tail(&self) -> &[u8] {
        &self.bytes[self.gap..]
    }

    /// What is known without decoding.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The number of bytes, the revision not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: even an empty object has braces.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Appends the object's JSON at `revision` to `out`.
    pub fn write(&self, revision: Revision, out: &mut BytesMut) {
        out.reserve(self.len() + 20);
        out.put_slice(self.head());
        out.put_slice(revision.to_string().as_bytes());
        out.put_slice(self.tail());
    }

    /// Appends the object's JSON at `revision` as an item of a list, which says the kind for all.
    pub fn write_item(&self, revision: Revision, out: &mut BytesMut) {
        out.reserve(self.len() + 20);
        out.put_u8(b'{');
        out.put_slice(METADATA.as_bytes());
        out.put_slice(revision.to_string().as_bytes());
        out.put_slice(self.tail());
    }

    /// The object's JSON at `revision`.
    #[must_use]
    pub fn json(&self, revision: Revision) -> Bytes {
        let mut out = BytesMut::new();
        self.write(revision, &mut out);
        out.freeze()
    }

    /// The decoded object at `revision`.
    #[must_use]
    pub fn object(&self, revision: Revision) -> Object {
        serde_json::from_slice(&self.json(revision)).expect("we encoded these bytes ourselves")
    }

    /// Whether two encodings are the same but for their revisions.
    #[must_use]
    pub fn same_bytes(&self, other: &Self) -> bool {
        self.gap == other.gap && self.bytes == other.bytes
    }

    /// The form kept on disk; [`from_record`](Self::from_record) reads it.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let summary = serde_json::to_vec(&self.summary).expect("a summary is plain data");
        let mut out = Vec::with_capacity(summary.len() + self.len() + 8);
        out.put_u32(u32::try_from(summary.len()).expect("a summary is smaller than an object"));
        out.put_u32(u32::try_from(self.gap).expect("an object is at most some megabytes"));
        out.put_slice(&summary);
        out.put_slice(&self.bytes);
        out
    }

    /// Reads what [`record`](Self::record) wrote.
    pub fn from_record(record: &Bytes) -> Result<Self, RecordError> {
        let number = |at: usize| -> Option<usize> {
            let bytes: [u8; 4] = record.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let read = || {
            let (summary_end, gap) = (8 + number(0)?, number(4)?);
            let summary = serde_json::from_slice(record.get(8..summary_end)?).ok()?;
            let bytes = record.slice(summary_end..);
            (gap <= bytes.len()).then_some(Self {
                bytes,
                gap,
                summary,
            })
        };
        read().and_then(Self::adopted).ok_or(RecordError)
    }

    /// The same with its kind in front, where it was not always; nothing of what is damaged.
    fn adopted(self) -> Option<Self> {
        if self.gap > METADATA.len() + 1 {
            return Some(self);
        }
        let object = serde_json::from_slice(&self.json(Revision(0))).ok()?;
        let (bytes, gap) = with_gap(&object);
        Some(Self::from_parts(bytes, gap, self.summary))
    }
}

/// The JSON of `object` without its resourceVersion, and the place where that belongs.
fn with_gap(object: &Object) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(1024);
    let empty = Map::new();
    out.push(b'{');
    for name in ["kind", "apiVersion"] {
        if let Some(value) = object.0.get(name) {
            member(name, value, &mut out);
            out.push(b',');
        }
    }
    out.extend_from_slice(METADATA.as_bytes());
    let gap = out.len();
    out.push(b'"');
    let metadata = object
        .0
        .get("metadata")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    members(metadata, &["resourceVersion"], &mut out);
    out.push(b'}');
    members(&object.0, &["kind", "apiVersion", "metadata"], &mut out);
    out.push(b'}');
    (out, gap)
}

/// Appends every member but some, each behind a comma.
fn members(map: &Map<String, Value>, except: &[&str], out: &mut Vec<u8>) {
    for (name, value) in map
        .iter()
        .filter(|(name, _)| !except.contains(&name.as_str()))
    {
        out.push(b',');
        member(name, value, out);
    }
}

fn member(name: &str, value: &Value, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, name).expect("writing to memory succeeds");
    out.push(b':');
    serde_json::to_writer(&mut *out, value).expect("writing to memory succeeds");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn object(json: &str) -> Object {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_revision_appears_where_clients_look_for_it() {
        let given = object(
            r#"{"kind":"A","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"3"},"spec":{}}"#,
        );
        let encoded = Encoded::new(&given, BTreeMap::new());
        let read = encoded.object(Revision(42));
        assert_eq!(read.resource_version(), "42");
        assert_eq!(read.name(), "x");
        assert!(read.at(&["spec"]).is_some());
    }

    #[test]
    fn an_item_of_a_list_does_not_say_its_kind() {
        let given = object(r#"{"apiVersion":"v1","data":{},"kind":"A","metadata":{"name":"x"}}"#);
        let encoded = Encoded::new(&given, BTreeMap::new());
        let mut item = BytesMut::new();
        encoded.write_item(Revision(7), &mut item);
        assert_eq!(
            [item.freeze(), encoded.json(Revision(7))],
            [
                r#"{"metadata":{"resourceVersion":"7","name":"x"},"data":{}}"#,
                r#"{"kind":"A","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"x"},"data":{}}"#,
            ]
        );
    }

    #[test]
    fn a_record_that_says_the_kind_last_is_adopted() {
        let given = object(r#"{"kind":"A","metadata":{"name":"x"},"spec":{"kind":"B"}}"#);
        let encoded = Encoded::new(&given, BTreeMap::new());
        let head = br#"{"metadata":{"resourceVersion":""#;
        let tail = br#"","name":"x"},"kind":"A","spec":{"kind":"B"}}"#;
        let mut old = vec![0, 0, 0, 2, 0, 0, 0, u8::try_from(head.len()).unwrap()];
        for part in [&b"{}"[..], head, tail] {
            old.extend_from_slice(part);
        }
        assert_eq!(Encoded::from_record(&old.into()), Ok(encoded));
    }

    #[test]
    fn a_record_leads_back_to_what_was_encoded() {
        let given = object(r#"{"metadata":{"name":"x","labels":{"a":"b"},"uid":"u"}}"#);
        let fields = BTreeMap::from([("spec.nodeName".to_owned(), "n".to_owned())]);
        let encoded = Encoded::new(&given, fields);
        assert_eq!(Encoded::from_record(&encoded.record().into()), Ok(encoded));
        assert_eq!(
            Encoded::from_record(&Bytes::from_static(b"torn")),
            Err(RecordError)
        );
    }

    #[test]
    fn an_object_without_metadata_still_has_a_revision() {
        let encoded = Encoded::new(&Object::default(), BTreeMap::new());
        assert_eq!(
            encoded.json(Revision(1)),
            r#"{"metadata":{"resourceVersion":"1"}}"#.as_bytes()
        );
    }
}
