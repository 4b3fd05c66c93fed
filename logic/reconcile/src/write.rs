//! What a controller may do: writes to the API, each with its precondition.
//!
//! A stale plan can fail; it cannot do harm, because every write names what it saw.

use std::fmt;

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey, Revision};

/// One write to the API.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Create an object. A taken name is not an error if a controller made the same before.
    Create {
        /// Where; the name is empty when the object has a `generateName`.
        key: ObjectKey,
        /// What.
        object: Object,
    },
    /// Replace an object; its resourceVersion is the precondition.
    Update {
        /// Which.
        key: ObjectKey,
        /// With what.
        object: Object,
        /// `status`, `finalize`, ... or nothing for the object itself.
        subresource: Option<&'static str>,
        /// What it was decided on: it counts only if nothing of these resources in the namespace is
        /// newer.
        seen: Vec<(GroupResource, Revision)>,
    },
    /// Merge-patch an object that still has this uid.
    Patch {
        /// Which.
        key: ObjectKey,
        /// The uid it must still have.
        uid: String,
        /// An RFC 7396 patch.
        patch: Value,
        /// `status` or nothing.
        subresource: Option<&'static str>,
    },
    /// Delete an object that still has this uid.
    Delete {
        /// Which.
        key: ObjectKey,
        /// The uid it must still have.
        uid: String,
        /// Seconds of grace, where the default is not meant.
        grace: Option<u32>,
        /// `Background`, `Foreground` or `Orphan`, where the default is not meant.
        propagation: Option<&'static str>,
    },
    /// Make sure that no object of a resource is in a namespace, seen or not: what is there is
    /// deleted, and the plan ends, since it was made for a world without it.
    DeleteAll {
        /// Which resource.
        resource: GroupResource,
        /// In which namespace.
        namespace: String,
    },
    /// Bind a pod that still has this uid to a node.
    Bind {
        /// The pod.
        key: ObjectKey,
        /// The uid it must still have.
        uid: String,
        /// The node's name.
        node: String,
    },
    /// Tell people what happened. Repetitions are counted on one Event.
    Note(EventNote),
}

/// An Event to be recorded about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventNote {
    /// What it is about.
    pub about: ObjectKey,
    /// Its kind and apiVersion.
    pub kind: String,
    /// See `kind`.
    pub api_version: String,
    /// Its uid.
    pub uid: String,
    /// A part of it, such as `spec.containers{web}`.
    pub field_path: String,
    /// Whether people should worry.
    pub warning: bool,
    /// One word: `Scheduled`, `SuccessfulCreate`, ...
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// The component that reports, such as `kubelet`; empty for the controller's own name.
    pub component: String,
}

impl fmt::Display for Write {
    /// What is done, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: Option<&str>| name.map(|name| format!("/{name}")).unwrap_or_default();
        match self {
            Self::Create { key, .. } => write!(f, "create {key}"),
            Self::Update {
                key, subresource, ..
            } => write!(f, "update {key}{}", part(*subresource)),
            Self::Patch {
                key,
                patch,
                subresource,
                ..
            } => write!(f, "patch {key}{} {patch}", part(*subresource)),
            Self::Delete { key, uid, .. } => write!(f, "delete {key} (uid {uid})"),
            Self::DeleteAll {
                resource,
                namespace,
            } => write!(f, "delete all {resource} in {namespace}"),
            Self::Bind { key, node, .. } => write!(f, "bind {key} to {node}"),
            Self::Note(EventNote {
                about,
                reason,
                message,
                ..
            }) => write!(f, "note {about} {reason}: {message}"),
        }
    }
}

impl Write {
    /// The object that it is about, if it is about one.
    #[must_use]
    pub const fn key(&self) -> Option<&ObjectKey> {
        match self {
            Self::Create { key, .. }
            | Self::Update { key, .. }
            | Self::Patch { key, .. }
            | Self::Delete { key, .. }
            | Self::Bind { key, .. } => Some(key),
            Self::Note(note) => Some(&note.about),
            Self::DeleteAll { .. } => None,
        }
    }

    /// Creates `typed`, whose metadata says where.
    pub fn create<T>(typed: &T) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize,
    {
        Self::Create {
            key: key_of(typed),
            object: tree(typed),
        }
    }

    /// Replaces the object itself.
    pub fn update<T>(typed: &T) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize,
    {
        Self::Update {
            key: key_of(typed),
            object: tree(typed),
            subresource: None,
            seen: Vec::new(),
        }
    }

    /// Replaces its status.
    pub fn update_status<T>(typed: &T) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize,
    {
        Self::Update {
            key: key_of(typed),
            object: tree(typed),
            subresource: Some("status"),
            seen: Vec::new(),
        }
    }

    /// Deletes `typed` as it was seen, with the defaults of its kind.
    pub fn delete<T>(typed: &T) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta>,
    {
        let uid = typed.metadata().uid.clone().unwrap_or_default();
        Self::Delete {
            key: key_of(typed),
            uid,
            grace: None,
            propagation: None,
        }
    }
}

impl EventNote {
    /// An unremarkable event about `typed`.
    pub fn normal<T>(typed: &T, reason: &str, message: impl Into<String>) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta>,
    {
        Self {
            about: key_of(typed),
            kind: T::KIND.to_owned(),
            api_version: T::API_VERSION.to_owned(),
            uid: typed.metadata().uid.clone().unwrap_or_default(),
            field_path: String::new(),
            warning: false,
            reason: reason.to_owned(),
            message: message.into(),
            component: String::new(),
        }
    }

    /// A worrying event about `typed`.
    pub fn warning<T>(typed: &T, reason: &str, message: impl Into<String>) -> Self
    where
        T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta>,
    {
        Self {
            warning: true,
            ..Self::normal(typed, reason, message)
        }
    }
}

fn key_of<T>(typed: &T) -> ObjectKey
where
    T: k8s_openapi::Resource + Metadata<Ty = ObjectMeta>,
{
    gantry_api::views::Meta::key(typed)
}

fn tree<T: Serialize>(typed: &T) -> Object {
    Object::from_typed(typed).expect("typed API objects are JSON objects")
}
