//! Questions about the metadata that all kinds share.

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};

use gantry_base::selector::{Labels, Operator, Requirement, Selector};
use gantry_base::time::Timestamp;

use crate::key::{GroupResource, ObjectKey};

/// What can be asked of any typed object.
pub trait Meta: Metadata<Ty = ObjectMeta> {
    /// Its name.
    fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or("")
    }

    /// Its namespace; empty for cluster scope.
    fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or("")
    }

    /// Its uid.
    fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or("")
    }

    /// The revision it was read at, as the API writes it.
    fn resource_version(&self) -> &str {
        self.metadata().resource_version.as_deref().unwrap_or("")
    }

    /// Its labels.
    fn labels(&self) -> &Labels {
        static NONE: Labels = Labels::new();
        self.metadata().labels.as_ref().unwrap_or(&NONE)
    }

    /// Its annotations.
    fn annotations(&self) -> &Labels {
        static NONE: Labels = Labels::new();
        self.metadata().annotations.as_ref().unwrap_or(&NONE)
    }

    /// Whether deletion has begun.
    fn is_terminating(&self) -> bool {
        self.metadata().deletion_timestamp.is_some()
    }

    /// When it was created.
    fn created_at(&self) -> Option<Timestamp> {
        self.metadata()
            .creation_timestamp
            .as_ref()
            .map(|time| time.0)
    }

    /// The owner that manages it, if any.
    fn controller(&self) -> Option<&OwnerReference> {
        let owners = self.metadata().owner_references.as_deref().unwrap_or(&[]);
        owners.iter().find(|owner| owner.controller == Some(true))
    }

    /// Its address.
    fn key(&self) -> ObjectKey {
        ObjectKey::new(GroupResource::of::<Self>(), self.namespace(), self.name())
    }
}

impl<T: Metadata<Ty = ObjectMeta>> Meta for T {}

/// A label selector as objects carry it, in its deciding form. An absent one selects nothing in
/// the API's own convention; callers treat absence, this function treats contents.
#[must_use]
pub fn selector(from: &LabelSelector) -> Selector {
    let equal = from
        .match_labels
        .iter()
        .flatten()
        .map(|(key, value)| Requirement {
            key: key.clone(),
            operator: Operator::In(vec![value.clone()]),
        });
    let listed = from.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.clone().unwrap_or_default();
        let operator = match expression.operator.as_str() {
            "In" => Operator::In(values),
            "NotIn" => Operator::NotIn(values),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            // Validation admits only the four above; whatever else selects nothing.
            _ => Operator::In(Vec::new()),
        };
        Requirement {
            key: expression.key.clone(),
            operator,
        }
    });
    Selector::new(equal.chain(listed).collect())
}
