//! Bounds on what this crate accepts, each with what a user sees when it is reached.

/// Bytes in one body. Upstream accepts three mebibytes in a request; longer ones are refused.
pub const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Bytes in one file of manifests, which may hold many documents. Bundles of definitions run to
/// several mebibytes; longer files are refused.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Lists and objects within one another. Deeper bodies are refused; real ones stay below 40. What is
/// stored is read again from within lists and events, by a reader that gives up at 128.
pub const DEPTH_MAX: usize = 100;

/// Values in one document, aliases written out. Bounds the memory that a small body can ask for.
pub const NODES_MAX: usize = 500_000;

/// Bytes of text in one document, aliases written out. Keeps an alias bomb from expanding.
pub const TEXT_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// Documents in one stream. A file with more is refused; it should be several files.
pub const DOCUMENTS_MAX: usize = 10_000;

/// Unknown and duplicate fields reported for one body. Further ones are dropped silently: a
/// hundred are more than anybody reads.
pub const FINDINGS_MAX: usize = 100;

/// Bytes of paths in the findings for one body. Keeps long keys from being repeated in each.
pub const FINDINGS_BYTES_MAX: usize = 64 * 1024;

/// Bytes in an unknown field's name for which a known one is suggested; longer is not a slip.
pub const SUGGESTION_BYTES_MAX: usize = 64;

/// Operations in one JSON patch, as upstream bounds them. Longer patches are refused.
pub const PATCH_OPERATIONS_MAX: usize = 10_000;

/// `Update` entries in `managedFields`. When there are more, the oldest are folded into one that
/// is called `ancient-changes`.
pub const UPDATE_MANAGERS_MAX: usize = 10;

/// Bytes that one JSON patch may copy and move. Keeps repeated copies from doubling an object
/// until memory runs out; upstream bounds them alike.
pub const PATCH_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// Things that are found wrong with one object. Nothing more is looked for then: a hundred are more
/// than anybody reads.
pub const FAULTS_MAX: usize = 100;

/// Bytes of words and values in what is found wrong with one object. Keeps a long value from being
/// repeated for each thing that is wrong with it.
pub const FAULTS_BYTES_MAX: usize = 1 << 20;

/// Bytes of the values that are listed when a value is none of them. The rest is left out.
pub const ALLOWED_BYTES_MAX: usize = 4 * 1024;

/// Bytes that one pattern may take once it is built. A definition with a larger one is refused.
pub const PATTERN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that a pattern takes once it is built without counting as a large one.
pub const PATTERN_BYTES_USUAL: usize = 64 * 1024;
