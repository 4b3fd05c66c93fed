//! Results in the form the user asked for.

pub(crate) mod columns;
pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod tabs;

use gantry_api::jsonpath::Template;
use serde_json::{Value, json};

use crate::failure::{Failure, said};
use crate::fields::{items, text};
use columns::Columns;

/// What `-o` asks for.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Table { wide: bool },
    Json,
    Yaml,
    Name,
    JsonPath(Template),
    JsonPathAsJson(Template),
    Columns(Columns),
}

const ALLOWED: &str = "custom-columns,custom-columns-file,json,jsonpath,jsonpath-as-json,\
                       jsonpath-file,name,wide,yaml";

impl Format {
    /// Reads the value of `-o`; nothing given means a table.
    pub(crate) fn parse(flag: Option<&str>) -> Result<Self, Failure> {
        let Some(flag) = flag.filter(|flag| !flag.is_empty()) else {
            return Ok(Self::Table { wide: false });
        };
        let (word, rest) = flag.split_once('=').unwrap_or((flag, ""));
        Ok(match word {
            "wide" => Self::Table { wide: true },
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "name" => Self::Name,
            "jsonpath" => Self::JsonPath(Template::parse(rest)?),
            "jsonpath-as-json" => Self::JsonPathAsJson(Template::parse(rest)?),
            "jsonpath-file" => Self::JsonPath(Template::parse(&read(rest)?)?),
            "custom-columns" => Self::Columns(Columns::parse(rest)?),
            "custom-columns-file" => Self::Columns(Columns::parse_file(&read(rest)?)?),
            "go-template" | "go-template-file" | "template" | "templatefile" => {
                return said("Go templates are not supported yet: use -o jsonpath=... instead");
            }
            _ => {
                return said(format!(
                    "unable to match a printer suitable for the output format {word:?}, allowed \
                     formats are: {ALLOWED}"
                ));
            }
        })
    }

    /// One object, or a list, in this form. Tables are printed elsewhere: the server makes them.
    pub(crate) fn render(&self, value: &Value, label: &str) -> String {
        match self {
            Self::Json => json::pretty(value),
            Self::Yaml => gantry_api::yaml::write(value),
            Self::JsonPath(template) => template.render(value),
            Self::JsonPathAsJson(template) => json::pretty(&Value::Array(template.find(value))),
            Self::Columns(columns) => {
                let single = [value.clone()];
                let is_list = value["items"].is_array();
                let objects = if is_list {
                    items(value, "items")
                } else {
                    &single
                };
                columns.render(objects)
            }
            Self::Name | Self::Table { .. } => {
                format!("{label}/{}\n", text(value, "metadata.name"))
            }
        }
    }

    /// Whether whole objects are needed.
    pub(crate) const fn is_table(&self) -> bool {
        matches!(self, Self::Table { .. })
    }
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Said(format!("error reading template {path}: {error}")))
}

/// Several objects as one list.
pub(crate) fn list_of(objects: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// The object without the bookkeeping that only machines read.
pub(crate) fn without_managers(mut value: Value) -> Value {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        for item in items {
            *item = without_managers(item.take());
        }
    }
    value
}
