//! `explain`: what a kind's fields are, from the schema that the server publishes.

use clap::Args;
use serde_json::Value;

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::fields::{entries, items, shown, text};
use crate::session::Session;

/// Descriptions are broken at this column.
const WIDTH: usize = 80;

/// Get documentation for a resource
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// RESOURCE.FIELD.FIELD...
    path: String,
    /// Print the fields of fields
    #[arg(long)]
    recursive: bool,
    /// Use this version of the kind (API group/version)
    #[arg(long)]
    api_version: Option<String>,
    /// Format in which to render the schema: plaintext
    #[arg(short, long, default_value = "plaintext")]
    output: String,
}

/// The schemas of one group and version.
struct Schemas(Value);

/// What is being explained.
struct Place<'a> {
    schema: &'a Value,
    /// The field that led here, as its parent declares it; nothing for a kind.
    field: Option<(&'a str, &'a Value)>,
}

/// One field of a list of fields.
struct Row<'s> {
    name: &'s str,
    declared: &'s Value,
    is_required: bool,
}

impl Explain {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if self.output != "plaintext" {
            return said(format!(
                "unrecognized format: {}: only plaintext is supported",
                self.output
            ));
        }
        let mut words = self.path.split('.');
        let name = words.next().unwrap_or_default();
        let resource = self.resource(session, name).await?;
        let root = if resource.group.is_empty() {
            "api"
        } else {
            "apis"
        };
        let version = resource.api_version();
        let document = session.get(format!("/openapi/v3/{root}/{version}")).await?;
        let schemas = Schemas(document);
        let kind = schemas.of_kind(&resource)?;
        let mut place = Place {
            schema: kind,
            field: None,
        };
        for word in words.filter(|word| !word.is_empty()) {
            place = schemas.step(&place, word)?;
        }
        session.out.write(self.page(&schemas, &resource, &place))
    }

    async fn resource(&self, session: &Session, name: &str) -> Result<Resource, Failure> {
        let discovery = session.discovery().await?;
        let resource = discovery.find(name)?;
        match &self.api_version {
            None => Ok(resource.clone()),
            Some(version) => {
                let other = discovery.of_kind(version, &resource.kind).cloned();
                other.ok_or_else(|| {
                    Failure::Said(format!(
                        "couldn't find resource for \"{version}, Kind={}\"",
                        resource.kind
                    ))
                })
            }
        }
    }

    fn page(&self, schemas: &Schemas, resource: &Resource, place: &Place<'_>) -> String {
        let mut page = String::new();
        if !resource.group.is_empty() {
            page.push_str(&format!("GROUP:      {}\n", resource.group));
        }
        page.push_str(&format!(
            "KIND:       {}\nVERSION:    {}\n\n",
            resource.kind, resource.version
        ));
        let inner = schemas.inner(place.schema);
        let fields = entries(inner, "properties");
        if let Some((name, declared)) = place.field {
            page.push_str(&format!("FIELD: {name} <{}>\n", schemas.type_of(declared)));
            let values = enumeration(declared, "");
            page.push_str(if values.is_empty() { "\n" } else { &values });
            page.push('\n');
        }
        page.push_str("DESCRIPTION:\n");
        let own = place
            .field
            .map_or("", |(_, declared)| text(declared, "description"));
        let described = text(inner, "description");
        let words = if own.is_empty() || place.field.is_none() {
            described
        } else {
            own
        };
        page.push_str(&paragraph(
            if words.is_empty() { "<empty>" } else { words },
            4,
        ));
        if !own.is_empty()
            && !described.is_empty()
            && own != described
            && place.field.is_some()
            && !fields.is_empty()
        {
            page.push_str(&paragraph(described, 4));
        }
        page.push_str("    \n");
        if !fields.is_empty() {
            page.push_str("FIELDS:\n");
            let required = required(inner);
            for (name, declared) in fields {
                let is_required = required.contains(&name.as_str());
                let row = Row {
                    name,
                    declared,
                    is_required,
                };
                self.field(&mut page, schemas, &row, &mut Vec::new());
            }
        }
        page.push('\n');
        page
    }

    fn field<'s>(
        &self,
        page: &mut String,
        schemas: &'s Schemas,
        row: &Row<'s>,
        above: &mut Vec<&'s str>,
    ) {
        let Row {
            name,
            declared,
            is_required,
        } = *row;
        let indent = "  ".repeat(above.len() + 1);
        let mark = if is_required { " -required-" } else { "" };
        page.push_str(&format!(
            "{indent}{name}\t<{}>{mark}\n",
            schemas.type_of(declared)
        ));
        if self.recursive {
            let inner = schemas.inner(declared);
            let reference = reference(declared).unwrap_or_default();
            if above.contains(&reference) && !reference.is_empty() {
                return;
            }
            above.push(reference);
            let required = required(inner);
            for (name, declared) in entries(inner, "properties") {
                let is_required = required.contains(&name.as_str());
                self.field(
                    page,
                    schemas,
                    &Row {
                        name,
                        declared,
                        is_required,
                    },
                    above,
                );
            }
            above.pop();
            return;
        }
        page.push_str(&enumeration(declared, &indent));
        let words = text(declared, "description");
        let words = if words.is_empty() {
            text(schemas.inner(declared), "description")
        } else {
            words
        };
        page.push_str(&paragraph(
            if words.is_empty() {
                "<no description>"
            } else {
                words
            },
            indent.len() + 2,
        ));
        page.push('\n');
    }
}

impl Schemas {
    fn all(&self) -> &Value {
        &self.0["components"]["schemas"]
    }

    fn of_kind(&self, resource: &Resource) -> Result<&Value, Failure> {
        let is_kind = |schema: &&Value| {
            items(schema, "x-kubernetes-group-version-kind")
                .iter()
                .any(|kind| {
                    text(kind, "group") == resource.group
                        && text(kind, "version") == resource.version
                        && text(kind, "kind") == resource.kind
                })
        };
        let mut schemas = self
            .all()
            .as_object()
            .into_iter()
            .flat_map(|map| map.values());
        let found = schemas.find(is_kind);
        found.ok_or_else(|| {
            Failure::Said(format!(
                "the server publishes no schema for {}",
                resource.kind
            ))
        })
    }

    fn step<'s>(&'s self, place: &Place<'s>, name: &str) -> Result<Place<'s>, Failure> {
        let fields = &self.inner(place.schema)["properties"];
        let found = fields
            .as_object()
            .and_then(|fields| fields.get_key_value(name));
        match found {
            Some((name, declared)) => Ok(Place {
                schema: declared,
                field: Some((name.as_str(), declared)),
            }),
            None => said(format!("field {name:?} does not exist")),
        }
    }

    /// The schema in which the fields stand, behind lists, maps and references.
    fn inner<'s>(&'s self, schema: &'s Value) -> &'s Value {
        if let Some(name) = reference(schema) {
            return self.all().get(name).unwrap_or(schema);
        }
        let inside = [&schema["items"], &schema["additionalProperties"]];
        let inside = inside.into_iter().find(|inside| inside.is_object());
        inside.map_or(schema, |inside| self.inner(inside))
    }

    fn type_of(&self, schema: &Value) -> String {
        if schema["items"].is_object() {
            return format!("[]{}", self.type_of(&schema["items"]));
        }
        if schema["additionalProperties"].is_object() {
            return format!(
                "map[string]{}",
                self.type_of(&schema["additionalProperties"])
            );
        }
        if let Some(name) = reference(schema) {
            let target = &self.all()[name];
            if target["properties"].is_object() || text(target, "type") == "object" {
                return name.rsplit('.').next().unwrap_or(name).to_owned();
            }
            return self.type_of(target);
        }
        if !schema["oneOf"].is_null() {
            return text(schema, "format").to_owned();
        }
        match text(schema, "type") {
            "" | "object" => "Object".to_owned(),
            other => other.to_owned(),
        }
    }
}

fn reference(schema: &Value) -> Option<&str> {
    let direct = schema["$ref"].as_str();
    let one = items(schema, "allOf")
        .first()
        .and_then(|one| one["$ref"].as_str());
    direct.or(one)?.rsplit('/').next()
}

fn required(schema: &Value) -> Vec<&str> {
    items(schema, "required")
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

fn enumeration(schema: &Value, indent: &str) -> String {
    let values: Vec<String> = items(schema, "enum").iter().map(shown).collect();
    if values.is_empty() {
        return String::new();
    }
    if indent.is_empty() {
        return format!("ENUM:\n    {}\n", values.join("\n    "));
    }
    format!("{indent}enum: {}\n", values.join(", "))
}

/// Text broken into lines, each indented.
fn paragraph(words: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut lines = String::new();
    for part in words.split('\n') {
        let mut line = String::new();
        for word in part.split_whitespace() {
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH - indent {
                lines.push_str(&format!("{pad}{line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push_str(format!("{pad}{line}").trim_end());
        lines.push('\n');
    }
    lines
}
