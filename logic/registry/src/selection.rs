//! Which objects of a collection a request means: one name, labels, fields.
//!
//! Labels and the fields of the stored kind are matched on summaries, without decoding.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gantry_api::{Encoded, ObjectKey, Rejection};
use gantry_base::selector::{FieldSelector, Selector};
use gantry_kinds::Descriptor;
use gantry_store::Key;

use crate::request::Request;

/// Which objects of a collection a request means.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    name: Option<String>,
    labels: Selector,
    fields: FieldSelector,
}

impl Selection {
    /// The selection that `request` writes down.
    pub(crate) fn of(request: &Request, kind: &Descriptor) -> Result<Self, Rejection> {
        let labels = match request.options.label_selector.as_deref().unwrap_or("") {
            "" => Selector::everything(),
            text => Selector::parse(text).map_err(|error| bad("labelSelector", text, &error))?,
        };
        let text = request.options.field_selector.as_deref().unwrap_or("");
        let fields =
            FieldSelector::parse(text).map_err(|error| bad("fieldSelector", text, &error))?;
        let own = |path: &str| matches!(path, "metadata.name" | "metadata.namespace");
        let unknown = fields.terms().iter().find(|term| {
            !own(&term.path) && !kind.selectable.iter().any(|known| *known == term.path)
        });
        if let Some(term) = unknown {
            return Err(Rejection::bad_request(format!(
                "field label not supported: {}",
                term.path
            )));
        }
        let is_converted = kind.converter.is_some() && !kind.native;
        if let Some(term) = fields.terms().iter().find(|term| !own(&term.path))
            && is_converted
        {
            return Err(Rejection::bad_request(format!(
                "field label {} is not supported in a version that a webhook converts to: use the \
                 version in which objects are stored",
                term.path
            )));
        }
        Ok(Self {
            name: request.name.clone(),
            labels,
            fields,
        })
    }

    /// Whether everything is meant.
    pub(crate) fn is_everything(&self) -> bool {
        self.name.is_none() && self.labels.is_everything() && self.fields.is_everything()
    }

    /// What is asked of labels.
    pub(crate) const fn labels(&self) -> &Selector {
        &self.labels
    }

    /// The one name that can be meant, if only one can.
    pub(crate) fn only_name(&self) -> Option<&str> {
        let named =
            |term: &&gantry_base::selector::FieldTerm| term.path == "metadata.name" && term.equal;
        let term = self.fields.terms().iter().find(named);
        self.name
            .as_deref()
            .or_else(|| term.map(|term| term.value.as_str()))
    }

    /// Whether the object of a kind that is stored in its own form is meant.
    pub(crate) fn means(&self, key: &Key, encoded: &Encoded) -> bool {
        if self.name.is_none() && self.fields.is_everything() {
            return self.labels.is_everything() || self.labels.matches(&encoded.summary().labels);
        }
        let is_selected = |key: ObjectKey| self.selects(&key, encoded, None);
        key.object().is_some_and(is_selected)
    }

    /// Whether the object stored at `key` is meant; `fields` are those of the kind asked for when
    /// it is not the stored one.
    pub(crate) fn selects(
        &self,
        key: &ObjectKey,
        encoded: &Encoded,
        fields: Option<&BTreeMap<Cow<'static, str>, String>>,
    ) -> bool {
        if self.name.as_ref().is_some_and(|name| *name != key.name) {
            return false;
        }
        let summary = encoded.summary();
        self.labels.matches(&summary.labels)
            && self.fields.matches(|path| match path {
                "metadata.name" => Some(&key.name),
                "metadata.namespace" => Some(&key.namespace),
                path => Some(match fields {
                    Some(fields) => fields.get(path).map_or("", String::as_str),
                    None => summary.fields.get(path).unwrap_or(""),
                }),
            })
    }
}

fn bad(name: &str, text: &str, error: &dyn std::error::Error) -> Rejection {
    Rejection::bad_request(format!(
        "could not read {name} {text:?}: {}",
        gantry_base::chain(error)
    ))
}
