//! What can be done at each kind of path, as tables: methods, actions, options.

/// The types of bodies that hold an object.
const JSON: &[&str] = &["application/json", "application/yaml"];
/// The patch that only built-in kinds know.
pub(super) const MERGING_LISTS: &str = "application/strategic-merge-patch+json";
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    MERGING_LISTS,
    "application/apply-patch+yaml",
];

/// An option of the query: its name, its type, what it does.
pub(super) type Query = (&'static str, &'static str, &'static str);

const BOOKMARKS: Query = (
    "allowWatchBookmarks",
    "boolean",
    "Whether a watcher wants bookmarks.",
);
const CONTINUE: Query = (
    "continue",
    "string",
    "Where the previous part of the list ended.",
);
const DRY_RUN: Query = (
    "dryRun",
    "string",
    "All: decide everything and keep nothing.",
);
const FIELD_SELECTOR: Query = (
    "fieldSelector",
    "string",
    "Which fields the objects must have.",
);
const FORCE: Query = (
    "force",
    "boolean",
    "Whether to take fields over from other managers.",
);
const GRACE: Query = (
    "gracePeriodSeconds",
    "integer",
    "How long to wait for an orderly end.",
);
const INITIAL_EVENTS: Query = (
    "sendInitialEvents",
    "boolean",
    "Whether a watch begins with what is there.",
);
const LABEL_SELECTOR: Query = (
    "labelSelector",
    "string",
    "Which labels the objects must carry.",
);
const LIMIT: Query = ("limit", "integer", "At most so many objects.");
const MANAGER: Query = (
    "fieldManager",
    "string",
    "In whose name the fields are managed.",
);
const ORPHAN: Query = (
    "orphanDependents",
    "boolean",
    "The older form of propagationPolicy.",
);
const PROPAGATION: Query = (
    "propagationPolicy",
    "string",
    "What happens to dependents: Orphan, Background, Foreground.",
);
const REVISION: Query = (
    "resourceVersion",
    "string",
    "The revision to read at, or to follow from.",
);
const REVISION_MATCH: Query = (
    "resourceVersionMatch",
    "string",
    "How that revision is meant: Exact or NotOlderThan.",
);
const TIMEOUT: Query = (
    "timeoutSeconds",
    "integer",
    "End the watch after so many seconds.",
);
const VALIDATION: Query = (
    "fieldValidation",
    "string",
    "What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.",
);
const WATCH: Query = ("watch", "boolean", "Follow the changes instead of listing.");

const READS: &[Query] = &[];
const WRITES: &[Query] = &[DRY_RUN, MANAGER, VALIDATION];
const PATCHING: &[Query] = &[DRY_RUN, MANAGER, VALIDATION, FORCE];
const LISTS: &[Query] = &[
    BOOKMARKS,
    CONTINUE,
    FIELD_SELECTOR,
    LABEL_SELECTOR,
    LIMIT,
    REVISION,
    REVISION_MATCH,
    INITIAL_EVENTS,
    TIMEOUT,
    WATCH,
];
const DELETES: &[Query] = &[DRY_RUN, GRACE, ORPHAN, PROPAGATION];
const DELETES_MANY: &[Query] = &[
    CONTINUE,
    DRY_RUN,
    FIELD_SELECTOR,
    GRACE,
    LABEL_SELECTOR,
    LIMIT,
    ORPHAN,
    PROPAGATION,
    REVISION,
    REVISION_MATCH,
    INITIAL_EVENTS,
    TIMEOUT,
];

/// What an operation is, in the words that published schemas use.
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// The verb that a kind must have for it.
    pub(super) verb: &'static str,
    pub(super) action: &'static str,
    pub(super) query: &'static [Query],
    pub(super) body: Option<&'static [&'static str]>,
}

/// An operation without a body.
const fn bare(
    method: &'static str,
    verb: &'static str,
    action: &'static str,
    query: &'static [Query],
) -> Operation {
    Operation {
        method,
        verb,
        action,
        query,
        body: None,
    }
}

const fn with_body(operation: Operation, types: &'static [&'static str]) -> Operation {
    Operation {
        body: Some(types),
        ..operation
    }
}

/// A conversation, which begins with any method.
const fn conversation(method: &'static str, verb: &'static str) -> Operation {
    bare(method, verb, "connect", READS)
}

const GET: Operation = bare("get", "get", "get", READS);
const POST: Operation = with_body(bare("post", "create", "post", WRITES), JSON);
const PUT: Operation = with_body(bare("put", "update", "put", WRITES), JSON);
const PATCH: Operation = with_body(bare("patch", "patch", "patch", PATCHING), PATCHES);
const DELETE: Operation = with_body(bare("delete", "delete", "delete", DELETES), JSON);
const DELETE_MANY: Operation = with_body(
    bare(
        "delete",
        "deletecollection",
        "deletecollection",
        DELETES_MANY,
    ),
    JSON,
);

pub(super) const LIST: &[Operation] = &[bare("get", "list", "list", LISTS)];
pub(super) const WATCH_MANY: &[Operation] = &[bare("get", "watch", "watchlist", LISTS)];
pub(super) const WATCH_ONE: &[Operation] = &[bare("get", "watch", "watch", LISTS)];
pub(super) const ON_COLLECTION: &[Operation] =
    &[bare("get", "list", "list", LISTS), POST, DELETE_MANY];
pub(super) const ON_OBJECT: &[Operation] = &[GET, PUT, PATCH, DELETE];
pub(super) const ON_PART: &[Operation] = &[GET, POST, PUT, PATCH];
pub(super) const ON_CONVERSATION: &[Operation] =
    &[conversation("get", "get"), conversation("post", "create")];
pub(super) const ON_PROXY: &[Operation] = &[
    conversation("delete", "delete"),
    conversation("get", "get"),
    conversation("head", "get"),
    conversation("options", "get"),
    conversation("patch", "patch"),
    conversation("post", "create"),
    conversation("put", "update"),
];
