//! What a client asks for, after the path and the query have been read and before anything is
//! decided.
//!
//! Nothing here knows a kind. Selectors, tokens and revisions are kept as the client wrote them;
//! the verb that uses one reads it, and says what is wrong with it.

use bytes::Bytes;

use gantry_api::{Caller, GroupResource, GroupVersion, Revision};
pub use gantry_schema::Format;

pub use crate::encoding::Encoding;

/// One request, as the registry understands it.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// To which resource.
    pub resource: Resource,
    /// In which namespace; absent for cluster scope and for lists over all namespaces.
    pub namespace: Option<String>,
    /// To which object; absent for whole collections.
    pub name: Option<String>,
    /// To which part of it, such as `status`.
    pub subresource: Option<String>,
    /// The options of the query.
    pub options: Options,
    /// What was sent.
    pub body: Option<Body>,
    /// Who asks.
    pub caller: Caller,
    /// Whether it came over root's own lane: neither webhooks nor policies are asked about it.
    pub is_repair: bool,
    /// The client's name for itself; its part before the first slash names it in managed fields.
    pub user_agent: String,
    /// In which form objects are to be answered.
    pub view: View,
    /// In which encoding.
    pub encoding: Encoding,
}

impl Request {
    /// A request without options, by nobody, for an object's own form.
    #[must_use]
    pub fn new(verb: Verb, resource: Resource) -> Self {
        Self {
            verb,
            resource,
            namespace: None,
            name: None,
            subresource: None,
            options: Options::default(),
            body: None,
            caller: Caller::anonymous(),
            is_repair: false,
            user_agent: String::new(),
            view: View::Object,
            encoding: Encoding::Json,
        }
    }

    /// The name, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
    }

    /// The namespace, or nothing.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("")
    }

    /// The subresource, or nothing.
    #[must_use]
    pub fn subresource(&self) -> &str {
        self.subresource.as_deref().unwrap_or("")
    }
}

/// A resource at the version the client speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Group and version, such as `apps/v1`.
    pub version: GroupVersion,
    /// The plural name, such as `deployments`.
    pub plural: String,
}

impl Resource {
    /// The resource `plural` of `api_version`, which is written as in manifests.
    #[must_use]
    pub fn new(api_version: &str, plural: &str) -> Self {
        Self {
            version: GroupVersion::parse(api_version),
            plural: plural.to_owned(),
        }
    }

    /// The resource without its version.
    #[must_use]
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.version.group.clone(), self.plural.clone())
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read a collection.
    List,
    /// Follow a collection's changes.
    Watch,
    /// Make an object.
    Create,
    /// Replace an object.
    Update,
    /// Change parts of an object.
    Patch(PatchType),
    /// Remove an object.
    Delete,
    /// Remove a collection's objects.
    DeleteCollection,
}

impl Verb {
    /// The word that permissions use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch(_) => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// A list of operations (RFC 6902).
    Json,
    /// A tree laid over the object (RFC 7396).
    Merge,
    /// A tree laid over the object, with lists merged by key.
    StrategicMerge,
    /// What the caller wants to be true, merged by field ownership.
    Apply,
}

/// The options of a request's query.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Decide everything and keep nothing.
    pub dry_run: bool,
    /// In whose name fields are managed.
    pub field_manager: Option<String>,
    /// What to do about fields that nobody knows.
    pub field_validation: FieldValidation,
    /// Take fields over from other managers.
    pub force: bool,
    /// Which labels objects must carry.
    pub label_selector: Option<String>,
    /// Which fields objects must have.
    pub field_selector: Option<String>,
    /// The revision to read at, or to follow from.
    pub resource_version: Option<String>,
    /// How to understand that revision: `Exact` or `NotOlderThan`.
    pub resource_version_match: Option<String>,
    /// At most so many objects.
    pub limit: Option<usize>,
    /// Where the previous part of a list ended.
    pub continue_token: Option<String>,
    /// End a watch after so many seconds.
    pub timeout_seconds: Option<u64>,
    /// Whether a watcher wants to be told revisions at which nothing happened to it.
    pub allow_bookmarks: bool,
    /// Whether a watch begins with what is there.
    pub send_initial_events: Option<bool>,
    /// Indent the answer for people.
    pub pretty: bool,
    /// What the caller has seen: the request counts only if nothing of these resources in its
    /// namespace is newer. For those who decide in this process; no query says it.
    pub seen: Vec<(GroupResource, Revision)>,
    /// The options of a delete that came in the query; a body's come before these.
    pub delete: DeleteOptions,
}

/// What to do about fields that nobody knows, and about fields given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and say so.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

/// How to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// How long to wait for an orderly end.
    pub grace_period_seconds: Option<i64>,
    /// What happens to dependents: `Orphan`, `Background` or `Foreground`.
    pub propagation_policy: Option<String>,
    /// The older form of the same question.
    pub orphan_dependents: Option<bool>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The revision the object must be at.
    pub resource_version: Option<String>,
    /// Decide everything and keep nothing.
    pub dry_run: bool,
}

/// What a client sent.
#[derive(Clone, Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Bytes,
    /// Their encoding.
    pub format: Format,
}

/// In which form objects are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// As they are.
    #[default]
    Object,
    /// As rows that people read.
    Table {
        /// How much of the object comes with each row.
        include: Include,
    },
    /// Only their metadata.
    PartialMetadata,
}

/// How much of an object comes with its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}
