//! Questions that expressions put to the authorizer, and who answers them.

use std::fmt;

/// Who knows what callers may do.
pub trait Authority {
    /// Whether this is allowed, and why.
    fn decide(&self, question: &Question) -> Verdict;
}

/// A question to the authorizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// How much of the question is there.
    pub stage: Stage,
    /// About whom; the caller of the request when absent.
    pub service_account: Option<(String, String)>,
    /// The path, for what is not a resource.
    pub path: String,
    /// The group of the resource.
    pub group: String,
    /// The resource.
    pub resource: String,
    /// The part of it.
    pub subresource: String,
    /// In which namespace.
    pub namespace: String,
    /// The object.
    pub name: String,
    /// Which objects, by their fields.
    pub field_selector: String,
    /// Which objects, by their labels.
    pub label_selector: String,
    /// What to do.
    pub verb: String,
    /// The answer, once there is one.
    pub verdict: Verdict,
}

/// How much of a question is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing but whom it is about.
    #[default]
    Authorizer,
    /// A path.
    Path,
    /// A group of resources.
    Group,
    /// A resource.
    Resource,
    /// All of it, and the answer.
    Decision,
}

/// What the authorizer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The rule that says so.
    pub reason: String,
    /// Why there is no answer, if there is none.
    pub error: String,
}

impl Question {
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.stage {
            Stage::Authorizer => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
            Stage::Decision => "kubernetes.authorization.Decision",
        }
    }
}

impl fmt::Debug for dyn Authority + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}
