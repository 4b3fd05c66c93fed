//! What must hold for events: little for the old form, more for the new one.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Event, ObjectReference};
use k8s_openapi::api::events;

use super::view::EventView;
use crate::parts::check;

const WORD_MAX: usize = 128;
const NOTE_MAX: usize = 1024;
const TYPES: [&str; 2] = ["Normal", "Warning"];

/// Checks an event of the core group.
pub(super) fn of_core(event: &Event, _old: Option<&Event>, errors: &mut FieldErrors) {
    let path = FieldPath::new("involvedObject");
    namespaces(event, Some(&event.involved_object), &path, errors);
}

/// Checks an event of the events' own group.
pub(super) fn of_group(
    event: &events::v1::Event,
    old: Option<&events::v1::Event>,
    errors: &mut FieldErrors,
) {
    namespaces(event, event.regarding.as_ref(), &"regarding".into(), errors);
    if event.event_time.is_none() {
        errors.required(&"eventTime".into(), "");
    }
    reporter(event, errors);
    words(event, errors);
    if event.message().len() > NOTE_MAX {
        errors.invalid(&"note".into(), "", "can have at most 1024 characters");
    }
    let kind = Some(event.kind_of_event()).filter(|kind| !TYPES.contains(kind));
    if let Some(kind) = kind {
        errors.invalid(&"type".into(), "", format!("has invalid value: {kind}"));
    }
    if let Some(series) = &event.series {
        series_makes_sense(series.count, errors);
    }
    if let Some(old) = old {
        unchanged(event, old, errors);
    }
}

fn namespaces<T: EventView>(
    event: &T,
    about: Option<&ObjectReference>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let within = about
        .and_then(|about| about.namespace.as_deref())
        .unwrap_or("");
    let fits = match within {
        "" => matches!(event.namespace(), "" | "default"),
        within => event.namespace() == within,
    };
    if !fits {
        errors.invalid(
            &path.field("namespace"),
            within,
            "does not match event.namespace",
        );
    }
}

fn reporter(event: &events::v1::Event, errors: &mut FieldErrors) {
    let (controller, instance) = event.reporter();
    if controller.is_empty() {
        errors.required(&"reportingController".into(), "");
    } else {
        errors.named(&"reportingController".into(), controller, name::qualified);
    }
    check::given(Some(instance), &"reportingInstance".into(), errors);
    short("reportingInstance", instance, errors);
}

fn words(event: &events::v1::Event, errors: &mut FieldErrors) {
    let action = event.action.as_deref().unwrap_or("");
    for (field, word) in [("action", action), ("reason", event.reason())] {
        check::given(Some(word), &field.into(), errors);
        short(field, word, errors);
    }
}

fn short(field: &str, word: &str, errors: &mut FieldErrors) {
    if word.len() > WORD_MAX {
        let detail = format!("can have at most {WORD_MAX} characters");
        errors.invalid(&field.into(), "", detail);
    }
}

fn series_makes_sense(count: i32, errors: &mut FieldErrors) {
    if count < 2 {
        errors.invalid(
            &FieldPath::new("series").field("count"),
            count,
            "should be at least 2",
        );
    }
}

/// An event tells what happened; only how often, and notes on it, may change.
fn unchanged(event: &events::v1::Event, old: &events::v1::Event, errors: &mut FieldErrors) {
    errors.require_same(&"regarding".into(), &event.regarding, &old.regarding);
    errors.require_same(&"reason".into(), &event.reason, &old.reason);
    errors.require_same(&"note".into(), &event.note, &old.note);
    errors.require_same(&"type".into(), &event.type_, &old.type_);
    errors.require_same(&"eventTime".into(), &event.event_time, &old.event_time);
    errors.require_same(&"action".into(), &event.action, &old.action);
    errors.require_same(&"related".into(), &event.related, &old.related);
    let controller = (&event.reporting_controller, &old.reporting_controller);
    errors.require_same(&"reportingController".into(), controller.0, controller.1);
    let instance = (&event.reporting_instance, &old.reporting_instance);
    errors.require_same(&"reportingInstance".into(), instance.0, instance.1);
}
