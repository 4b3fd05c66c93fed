//! Columns of the tables that `get` shows.

use gantry_api::table::ColumnDefinition;
use gantry_api::views::Meta;
use gantry_base::time::{Timestamp, rfc3339};
use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::parts::cell;

/// One column of a kind's table, with the function that fills it.
#[derive(Debug)]
pub struct Column<T> {
    /// The heading.
    pub name: &'static str,
    /// `string`, `integer`, `boolean`, `number` or `date`.
    pub data_type: &'static str,
    /// `name` for the column that names the object; else empty.
    pub format: &'static str,
    /// One sentence on what it shows.
    pub description: &'static str,
    /// Zero is always shown; the rest only in wide output.
    pub priority: i32,
    /// The value for one object at one moment.
    pub cell: fn(&T, Timestamp) -> Value,
}

impl<T: 'static> Column<T> {
    /// A column of text.
    #[must_use]
    pub const fn text(
        name: &'static str,
        description: &'static str,
        cell: fn(&T, Timestamp) -> Value,
    ) -> Self {
        Self {
            name,
            data_type: "string",
            format: "",
            description,
            priority: 0,
            cell,
        }
    }

    /// A column of whole numbers.
    #[must_use]
    pub const fn integer(
        name: &'static str,
        description: &'static str,
        cell: fn(&T, Timestamp) -> Value,
    ) -> Self {
        Self {
            data_type: "integer",
            ..Self::text(name, description, cell)
        }
    }

    /// A column of truth values.
    #[must_use]
    pub const fn boolean(
        name: &'static str,
        description: &'static str,
        cell: fn(&T, Timestamp) -> Value,
    ) -> Self {
        Self {
            data_type: "boolean",
            ..Self::text(name, description, cell)
        }
    }

    /// The same column, which names an object as well.
    #[must_use]
    pub const fn naming(self) -> Self {
        Self {
            name: self.name,
            data_type: self.data_type,
            format: "name",
            description: self.description,
            priority: self.priority,
            cell: self.cell,
        }
    }

    /// The same column, shown only in wide output.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self {
            name: self.name,
            data_type: self.data_type,
            format: self.format,
            description: self.description,
            priority: 1,
            cell: self.cell,
        }
    }

    /// The head of the column, as clients see it.
    #[must_use]
    pub fn definition(&self) -> ColumnDefinition {
        ColumnDefinition {
            name: self.name.to_owned(),
            data_type: self.data_type.to_owned(),
            format: self.format.to_owned(),
            description: self.description.to_owned(),
            priority: self.priority,
        }
    }
}

impl<T: Metadata<Ty = ObjectMeta> + 'static> Column<T> {
    /// The object's name, with something to be said of it.
    #[must_use]
    pub const fn called(cell: fn(&T, Timestamp) -> Value) -> Self {
        let description = "The name, unique within its kind and namespace.";
        Self::text("Name", description, cell).naming()
    }

    /// The object's name.
    pub const NAME: Self = Self::called(|object, _| object.name().into());
    /// How long ago the object was created.
    pub const AGE: Self = Self::text("Age", "The time since it was created.", |object, now| {
        cell::age(object.created_at(), now)
    });
    /// When the object was created.
    pub const CREATED_AT: Self = Self {
        data_type: "date",
        ..Self::text("Created At", "When it was created.", |object, _| {
            object
                .created_at()
                .map_or_else(|| cell::UNKNOWN.into(), |time| rfc3339(time).into())
        })
    };
    /// What a kind with nothing else to show has.
    pub const NAME_AND_CREATED_AT: &'static [Self] = &[Self::NAME, Self::CREATED_AT];
}
