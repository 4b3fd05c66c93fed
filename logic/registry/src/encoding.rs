//! Answers in the encoding that was asked for, made from the bytes of their JSON.
//!
//! What is stored is JSON, and JSON is handed out as it is. Everything else is written from it, by
//! table and without knowing a kind: one object at a time, one event once for all who watch.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use gantry_api::watch::EventType;
use gantry_api::{Rejection, yaml};
use gantry_schema::encode::{self, EncodeError, Kind, List};

use crate::limits::LIST_PIECE_BYTES;

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// As it is stored.
    #[default]
    Json,
    /// For people.
    Yaml,
    /// In the messages of the built-in kinds.
    Protobuf,
}

impl Encoding {
    /// All there are; the first is the usual one.
    pub const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Protobuf];

    /// Its name in HTTP.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// Its name in HTTP where events follow one another.
    #[must_use]
    pub const fn stream_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        }
    }

    /// The names of several, as refusals list them.
    #[must_use]
    pub fn names(of: &[Self]) -> String {
        let names: Vec<&str> = of.iter().map(|known| known.media_type()).collect();
        names.join(", ")
    }

    /// Writes one object, which says in its JSON what it is.
    pub fn written(self, json: Bytes) -> Result<Bytes, Rejection> {
        match self {
            Self::Json => Ok(json),
            Self::Yaml => Ok(yaml::write(&read(&json)?).into()),
            Self::Protobuf => encode::object(&json).map(Bytes::from).map_err(unwritable),
        }
    }

    /// Writes the `Status` of a refusal.
    #[must_use]
    pub fn refusal(self, rejection: &Rejection) -> Bytes {
        let status = rejection.status().to_string();
        self.written(status.into())
            .expect("a Status is written in every encoding")
    }

    /// Writes what a watcher is told of an object, which says in its JSON what it is.
    pub(crate) fn event(self, event: EventType, json: &[u8]) -> Result<Bytes, Rejection> {
        match self {
            Self::Json | Self::Yaml => Ok(json_event(event, json)),
            Self::Protobuf => {
                let object = encode::object(json).map_err(unwritable)?;
                Ok(encode::event(event.as_str(), &object).into())
            }
        }
    }
}

/// An event in JSON, with a line break.
fn json_event(event: EventType, json: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(json.len() + 64);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(event.as_str().as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(json);
    out.extend_from_slice(b"}\n");
    out.freeze()
}

/// The JSON of a list up to its first object.
pub(crate) fn opening(api_version: &str, kind: &str, metadata: &Value) -> String {
    format!(
        "{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":["
    )
}

/// A list under way: objects are added one after the other, in pieces that are ready to be sent.
pub(crate) enum Listing {
    Json {
        pieces: Vec<Bytes>,
        piece: BytesMut,
        is_empty: bool,
        in_yaml: bool,
    },
    Protobuf {
        list: List,
        metadata: Value,
        json: BytesMut,
    },
}

impl Listing {
    /// A list of a kind, without objects as yet.
    pub(crate) fn new(
        encoding: Encoding,
        (api_version, kind): (&str, &str),
        metadata: Value,
    ) -> Result<Self, Rejection> {
        if encoding == Encoding::Protobuf {
            let list = List::new(api_version, kind, LIST_PIECE_BYTES).map_err(unwritable)?;
            let json = BytesMut::new();
            return Ok(Self::Protobuf {
                list,
                metadata,
                json,
            });
        }
        let opening = opening(api_version, kind, &metadata);
        Ok(Self::Json {
            pieces: Vec::new(),
            piece: BytesMut::from(opening.as_bytes()),
            is_empty: true,
            in_yaml: encoding == Encoding::Yaml,
        })
    }

    /// Adds the object whose JSON `write` appends.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut BytesMut)) -> Result<(), Rejection> {
        match self {
            Self::Json {
                pieces,
                piece,
                is_empty,
                ..
            } => {
                if !std::mem::take(is_empty) {
                    piece.extend_from_slice(b",");
                }
                write(piece);
                if piece.len() >= LIST_PIECE_BYTES {
                    pieces.push(piece.split().freeze());
                }
                Ok(())
            }
            Self::Protobuf { list, json, .. } => {
                json.clear();
                write(json);
                list.push(json).map_err(unwritable)
            }
        }
    }

    /// The pieces of the whole list.
    pub(crate) fn finish(self) -> Result<Vec<Bytes>, Rejection> {
        match self {
            Self::Json {
                mut pieces,
                mut piece,
                in_yaml,
                ..
            } => {
                piece.extend_from_slice(b"]}");
                pieces.push(piece.freeze());
                if in_yaml {
                    let whole = Encoding::Yaml.written(pieces.concat().into())?;
                    pieces = vec![whole];
                }
                Ok(pieces)
            }
            Self::Protobuf { list, metadata, .. } => {
                let rest = json!({"metadata": metadata}).to_string();
                let pieces = list.finish(rest.as_bytes()).map_err(unwritable)?;
                Ok(pieces.into_iter().map(Bytes::from).collect())
            }
        }
    }
}

/// Writes the events of one kind of objects.
#[derive(Clone, Debug)]
pub(crate) enum Events {
    Json,
    Protobuf(Box<Kind>),
}

impl Events {
    /// Of the kind that objects name so.
    pub(crate) fn of(
        encoding: Encoding,
        (api_version, kind): (&str, &str),
    ) -> Result<Self, Rejection> {
        match encoding {
            Encoding::Json => Ok(Self::Json),
            Encoding::Yaml => Err(Rejection::NotAcceptable {
                accepted: Encoding::names(&[Encoding::Json, Encoding::Protobuf]),
            }),
            Encoding::Protobuf => {
                let kind = Kind::of(api_version, kind).map_err(unwritable)?;
                Ok(Self::Protobuf(Box::new(kind)))
            }
        }
    }

    /// The encoding.
    pub(crate) const fn encoding(&self) -> Encoding {
        match self {
            Self::Json => Encoding::Json,
            Self::Protobuf(_) => Encoding::Protobuf,
        }
    }

    /// Writes what a watcher is told of the object whose JSON this is.
    pub(crate) fn event(&self, event: EventType, json: &[u8]) -> Result<Bytes, Rejection> {
        match self {
            Self::Json => Ok(json_event(event, json)),
            Self::Protobuf(kind) => {
                let object = kind.object(json).map_err(unwritable)?;
                Ok(encode::event(event.as_str(), &object).into())
            }
        }
    }
}

fn read(json: &[u8]) -> Result<Value, Rejection> {
    serde_json::from_slice(json).map_err(|error| Rejection::internal(error.to_string()))
}

/// A kind without a message was asked for in protobuf, or an object has not the form of its kind.
fn unwritable(error: EncodeError) -> Rejection {
    match error {
        EncodeError::NoMessage { .. } => Rejection::NotAcceptable {
            accepted: Encoding::names(&[Encoding::Json, Encoding::Yaml]),
        },
        EncodeError::Shape(_) => Rejection::internal(gantry_base::chain(&error)),
    }
}
