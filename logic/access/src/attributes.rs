//! What is to be authorized: who wants to do what, to what.

use gantry_api::{Caller, GroupResource, Rejection};

/// A question to the authorizer. Empty texts mean "none".
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The permission's word for what is asked: `get`, `list`, `escalate`.
    pub verb: &'a str,
    /// To what.
    pub target: Target<'a>,
}

/// What a permission is about.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An object or a collection.
    Resource(ResourceTarget<'a>),
    /// A path that is no resource, such as `/healthz`.
    Path(&'a str),
}

/// An object or a collection, in parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceTarget<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The plural name.
    pub resource: &'a str,
    /// The part of the object, such as `status`.
    pub subresource: &'a str,
    /// The namespace; empty for cluster scope and for all namespaces.
    pub namespace: &'a str,
    /// The name; empty for collections.
    pub name: &'a str,
    /// The field selector of a list or a watch, which may narrow what is asked for.
    pub field_selector: &'a str,
}

impl ResourceTarget<'_> {
    /// Resource and subresource as rules name them: `pods/log`.
    #[must_use]
    pub fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

impl Attributes<'_> {
    /// The sentence that tells the caller what they may not do.
    #[must_use]
    pub fn denial(&self) -> String {
        let user = &self.caller.user;
        let verb = self.verb;
        match self.target {
            Target::Path(path) => format!("User {user:?} cannot {verb} path {path:?}"),
            Target::Resource(target) => {
                let scope = if target.namespace.is_empty() {
                    "at the cluster scope".to_owned()
                } else {
                    format!("in the namespace {:?}", target.namespace)
                };
                format!(
                    "User {user:?} cannot {verb} resource {:?} in API group {:?} {scope}",
                    target.combined(),
                    target.group
                )
            }
        }
    }

    /// The refusal, with `reason` on which rule was missing.
    #[must_use]
    pub fn rejection(&self, reason: &str) -> Rejection {
        let why = if reason.is_empty() {
            self.denial()
        } else {
            format!("{}: {reason}", self.denial())
        };
        match self.target {
            Target::Path(_) => Rejection::forbidden(GroupResource::default(), "", why),
            Target::Resource(target) => {
                let resource = GroupResource::new(target.group, target.resource);
                Rejection::forbidden(resource, target.name, why)
            }
        }
    }
}
