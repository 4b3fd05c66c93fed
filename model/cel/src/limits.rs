//! Bounds on expressions and on what evaluating one may cost, each with what an author sees when it
//! is reached.

/// How deeply an expression may be nested, and how deeply evaluation may go. A deeper one is
/// refused when it is compiled; variables that lean on each other beyond it fail when evaluated.
pub const DEPTH: usize = 250;

/// Characters of one expression. A longer one is refused when it is compiled.
pub const CHARACTERS: usize = 100_000;

/// Remarks that one compilation makes before it gives up.
pub const ISSUES: usize = 20;

/// What one evaluation of one expression may cost. A costlier one fails.
pub const CALL_COST: u64 = 1_000_000;

/// What all expressions of one policy, or of one object's schema, may cost together in one request.
pub const REQUEST_COST: u64 = 10_000_000;

/// What one rule of a custom kind can cost at most, for all values of one object. A definition with
/// a costlier one is refused.
pub const RULE_COST: u64 = 10_000_000;

/// What all rules of one version of a custom kind can cost together. A costlier definition is
/// refused.
pub const DEFINITION_COST: u64 = 100_000_000;

/// What all match conditions of one webhook or policy may cost together in one request.
pub const CONDITIONS_COST: u64 = REQUEST_COST / 4;

/// Bytes of a compiled regular expression. A larger one is refused.
pub const REGEX_BYTES: usize = 1 << 18;

/// What compiling a regular expression costs that is put together while it is evaluated: a few
/// hundred of them use up a call's budget, and that is all the time they can take.
pub const PATTERN_COST: u64 = 4000;

/// Compiled patterns that one request keeps. Others are compiled again each time.
pub const PATTERNS: usize = 64;

/// Digits behind the point that a format may ask for. More are an error.
pub const PRECISION: usize = 1000;
