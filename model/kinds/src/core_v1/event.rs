//! `Event`: what happened to an object, told to people. Served in two groups over one storage.

mod convert;
mod rules;
#[cfg(test)]
mod tests;
mod view;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::api::events;

use crate::column::Column;
use crate::cost::Counted;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::rules::Rules;

/// Events of the core group, which are also the stored form.
#[derive(Debug)]
pub struct Events;

impl Kind for Events {
    type Object = Event;

    const SHORT: &'static [&'static str] = &["ev"];
    const COLUMNS: &'static [Column<Event>] = view::Table::<Event>::COLUMNS;
    const RULES: Rules = Rules::new().created_by_update().counted(Counted::Never);
    const FIELDS: &'static [SelectableField] = &[
        field("involvedObject.kind", |event| {
            text(event, &["involvedObject", "kind"])
        }),
        field("involvedObject.namespace", |event| {
            text(event, &["involvedObject", "namespace"])
        }),
        field("involvedObject.name", |event| {
            text(event, &["involvedObject", "name"])
        }),
        field("involvedObject.uid", |event| {
            text(event, &["involvedObject", "uid"])
        }),
        field("involvedObject.apiVersion", |event| {
            text(event, &["involvedObject", "apiVersion"])
        }),
        field("involvedObject.resourceVersion", |event| {
            text(event, &["involvedObject", "resourceVersion"])
        }),
        field("involvedObject.fieldPath", |event| {
            text(event, &["involvedObject", "fieldPath"])
        }),
        field("reason", |event| text(event, &["reason"])),
        field("reportingComponent", |event| {
            text(event, &["reportingComponent"])
        }),
        field("source", source),
        field("type", |event| text(event, &["type"])),
    ];

    fn validate(event: &Event, old: Option<&Event>, errors: &mut FieldErrors) {
        rules::of_core(event, old, errors);
    }
}

/// The same events in the form of their own group.
#[derive(Debug)]
pub struct GroupedEvents;

impl Kind for GroupedEvents {
    type Object = events::v1::Event;

    const SHORT: &'static [&'static str] = &["ev"];
    const COLUMNS: &'static [Column<events::v1::Event>] = view::Table::<events::v1::Event>::COLUMNS;
    const RULES: Rules = Rules::new().created_by_update().counted(Counted::Never);
    const FIELDS: &'static [SelectableField] = &[
        field("regarding.kind", |event| {
            text(event, &["regarding", "kind"])
        }),
        field("regarding.namespace", |event| {
            text(event, &["regarding", "namespace"])
        }),
        field("regarding.name", |event| {
            text(event, &["regarding", "name"])
        }),
        field("regarding.uid", |event| text(event, &["regarding", "uid"])),
        field("regarding.apiVersion", |event| {
            text(event, &["regarding", "apiVersion"])
        }),
        field("regarding.resourceVersion", |event| {
            text(event, &["regarding", "resourceVersion"])
        }),
        field("regarding.fieldPath", |event| {
            text(event, &["regarding", "fieldPath"])
        }),
        field("reason", |event| text(event, &["reason"])),
        field("reportingController", |event| {
            text(event, &["reportingController"])
        }),
        field("type", |event| text(event, &["type"])),
    ];

    fn validate(
        event: &events::v1::Event,
        old: Option<&events::v1::Event>,
        errors: &mut FieldErrors,
    ) {
        rules::of_group(event, old, errors);
    }

    fn to_storage(object: Object) -> Object {
        convert::to_core(object)
    }

    fn restore(object: Object) -> Object {
        convert::to_group(object)
    }
}

const fn field(label: &'static str, read: fn(&Object) -> String) -> SelectableField {
    SelectableField { label, read }
}

fn text(object: &Object, path: &[&str]) -> String {
    object.text(path).to_owned()
}

/// Who reported the event: the field of the first years, or the one that replaced it.
fn source(event: &Object) -> String {
    let component = event.text(&["source", "component"]);
    if component.is_empty() {
        text(event, &["reportingComponent"])
    } else {
        component.to_owned()
    }
}
