//! The columns of a custom kind's tables: the name, and what its definition says; the age when it
//! says nothing.

use gantry_api::jsonpath::{Template, shown};
use gantry_api::table::ColumnDefinition;
use gantry_base::time::Timestamp;
use serde_json::Value;

use super::definition::Column;
use crate::parts::cell;

/// The columns beside the name.
#[derive(Debug)]
pub(super) struct Columns(Vec<(ColumnDefinition, Option<Template>)>);

impl Columns {
    /// The columns that a definition names.
    pub(super) fn of(columns: &[Column]) -> Self {
        if columns.is_empty() {
            return Self(vec![age()]);
        }
        Self(columns.iter().map(column).collect())
    }

    /// The heads of all columns.
    pub(super) fn heads(&self) -> Vec<ColumnDefinition> {
        let name = ColumnDefinition {
            name: "Name".to_owned(),
            data_type: "string".to_owned(),
            format: "name".to_owned(),
            description: "The name, unique within its kind and namespace.".to_owned(),
            priority: 0,
        };
        let own = self.0.iter().map(|(head, _)| head.clone());
        std::iter::once(name).chain(own).collect()
    }

    /// The cells of one object; null where there is nothing.
    pub(super) fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let name = object["metadata"]["name"].clone();
        let own = self.0.iter().map(|(head, path)| {
            let found = path.as_ref().and_then(|path| path.first(object));
            found.map_or(Value::Null, |found| filled(&head.data_type, found, now))
        });
        std::iter::once(name).chain(own).collect()
    }
}

fn column(column: &Column) -> (ColumnDefinition, Option<Template>) {
    let description = match column.description.as_str() {
        "" => format!(
            "Custom resource definition column (in JSONPath format): {}",
            column.json_path
        ),
        own => own.to_owned(),
    };
    let head = ColumnDefinition {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        format: column.format.clone(),
        description,
        priority: column.priority,
    };
    (
        head,
        Template::parse(&format!("{{{}}}", column.json_path)).ok(),
    )
}

fn age() -> (ColumnDefinition, Option<Template>) {
    column(&Column {
        name: "Age".to_owned(),
        data_type: "date".to_owned(),
        format: String::new(),
        description: "The time since it was created.".to_owned(),
        priority: 0,
        json_path: ".metadata.creationTimestamp".to_owned(),
    })
}

fn filled(data_type: &str, found: &Value, now: Timestamp) -> Value {
    match data_type {
        "string" if found.is_null() => Value::Null,
        "string" => shown(found).into(),
        "boolean" => found.as_bool().into(),
        "integer" if found.is_f64() => {
            let text = shown(found);
            let whole = text.split('.').next().unwrap_or("");
            whole.parse::<i64>().ok().into()
        }
        "integer" => found.as_i64().into(),
        "number" => found
            .as_number()
            .map_or(Value::Null, |own| own.clone().into()),
        "date" => match found.as_str() {
            None => Value::Null,
            Some(text) => match text.parse::<Timestamp>() {
                Ok(then) => cell::age(Some(then), now),
                Err(_) => "<invalid>".into(),
            },
        },
        _ => Value::Null,
    }
}
