//! What both forms of an event have in common, and the table made from it.

use std::marker::PhantomData;

use gantry_base::time::Timestamp;
use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::api::events;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::column::Column;
use crate::parts::cell;

/// Questions that both forms can answer.
pub(super) trait EventView: Metadata<Ty = ObjectMeta> + 'static {
    fn about(&self) -> Option<&ObjectReference>;
    fn kind_of_event(&self) -> &str;
    fn reason(&self) -> &str;
    fn message(&self) -> &str;
    fn source(&self) -> Option<&EventSource>;
    fn reporter(&self) -> (&str, &str);
    fn first_seen(&self) -> Option<Timestamp>;
    fn last_seen(&self) -> Option<Timestamp>;
    fn count(&self) -> i32;
}

impl EventView for Event {
    fn about(&self) -> Option<&ObjectReference> {
        Some(&self.involved_object)
    }

    fn kind_of_event(&self) -> &str {
        self.type_.as_deref().unwrap_or("")
    }

    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or("")
    }

    fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("")
    }

    fn source(&self) -> Option<&EventSource> {
        self.source.as_ref()
    }

    fn reporter(&self) -> (&str, &str) {
        let component = self.reporting_component.as_deref().unwrap_or("");
        (component, self.reporting_instance.as_deref().unwrap_or(""))
    }

    fn first_seen(&self) -> Option<Timestamp> {
        let exact = self.event_time.as_ref().map(|time| time.0);
        cell::moment(self.first_timestamp.as_ref()).or(exact)
    }

    fn last_seen(&self) -> Option<Timestamp> {
        let series = self
            .series
            .as_ref()
            .and_then(|series| series.last_observed_time.as_ref());
        let repeated = series.map(|time| time.0);
        repeated
            .or(cell::moment(self.last_timestamp.as_ref()))
            .or(self.first_seen())
    }

    fn count(&self) -> i32 {
        let series = self.series.as_ref().and_then(|series| series.count);
        series.or(self.count).unwrap_or(0).max(1)
    }
}

impl EventView for events::v1::Event {
    fn about(&self) -> Option<&ObjectReference> {
        self.regarding.as_ref()
    }

    fn kind_of_event(&self) -> &str {
        self.type_.as_deref().unwrap_or("")
    }

    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or("")
    }

    fn message(&self) -> &str {
        self.note.as_deref().unwrap_or("")
    }

    fn source(&self) -> Option<&EventSource> {
        self.deprecated_source.as_ref()
    }

    fn reporter(&self) -> (&str, &str) {
        let component = self.reporting_controller.as_deref().unwrap_or("");
        (component, self.reporting_instance.as_deref().unwrap_or(""))
    }

    fn first_seen(&self) -> Option<Timestamp> {
        let exact = self.event_time.as_ref().map(|time| time.0);
        cell::moment(self.deprecated_first_timestamp.as_ref()).or(exact)
    }

    fn last_seen(&self) -> Option<Timestamp> {
        let repeated = self
            .series
            .as_ref()
            .map(|series| series.last_observed_time.0);
        repeated
            .or(cell::moment(self.deprecated_last_timestamp.as_ref()))
            .or(self.first_seen())
    }

    fn count(&self) -> i32 {
        let series = self.series.as_ref().map(|series| series.count);
        series.or(self.deprecated_count).unwrap_or(0).max(1)
    }
}

/// The table of either form.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: EventView> Table<T> {
    pub(super) const COLUMNS: &'static [Column<T>] = &[
        Column::text("Last Seen", "When it happened last.", |event, now| {
            cell::age(event.last_seen(), now)
        }),
        Column::text("Type", "Whether all is well.", |event, _| {
            event.kind_of_event().into()
        }),
        Column::text("Reason", "In one word, what happened.", |event, _| {
            event.reason().into()
        }),
        Column::text("Object", "What it happened to.", |event, _| object(event)),
        Column::text("Subobject", "Which part of it.", |event, _| part(event)).wide(),
        Column::text("Source", "Who reports it.", |event, _| source(event)).wide(),
        Column::text("Message", "What happened.", |event, _| {
            event.message().trim().into()
        }),
        Column::text("First Seen", "When it happened first.", |event: &T, now| {
            cell::age(event.first_seen(), now)
        })
        .wide(),
        Column::text("Count", "How often it happened.", |event: &T, _| {
            event.count().into()
        })
        .wide(),
        Column::NAME.wide(),
    ];
}

fn object<T: EventView>(event: &T) -> Value {
    let Some(about) = event.about() else {
        return cell::NONE.into();
    };
    let kind = about.kind.as_deref().unwrap_or("").to_lowercase();
    match about.name.as_deref().unwrap_or("") {
        "" => kind.into(),
        name => format!("{kind}/{name}").into(),
    }
}

fn part<T: EventView>(event: &T) -> Value {
    let path = event.about().and_then(|about| about.field_path.as_deref());
    path.unwrap_or("").into()
}

fn source<T: EventView>(event: &T) -> Value {
    let old = event.source();
    let component = old
        .and_then(|source| source.component.as_deref())
        .filter(|text| !text.is_empty());
    let host = old
        .and_then(|source| source.host.as_deref())
        .filter(|text| !text.is_empty());
    let component = component.unwrap_or(event.reporter().0);
    match host.unwrap_or(event.reporter().1) {
        "" => component.into(),
        host => format!("{component}, {host}").into(),
    }
}
