//! Reads the two halves of a message's description: the interface file says numbers and types, the
//! tags beside the fields of structures say how each is called in JSON and when it is left out.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Messages;

/// The modules that define built-in kinds.
pub(crate) const MODULES: [&str; 4] = [
    "api@v0.35.0",
    "apiextensions-apiserver@v0.35.0",
    "apimachinery@v0.35.0",
    "kube-aggregator@v0.35.0",
];
const INTERFACE: &str = "generated.proto";

/// A message: its fields by number.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) fields: BTreeMap<u32, Field>,
    /// In JSON it is the value of whichever field it has, without the braces.
    pub(crate) is_bare: bool,
}

/// A field of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name in JSON, where it has one.
    pub(crate) name: String,
    /// `[]` for a list, `{}` for a map from texts, else nothing.
    pub(crate) many: &'static str,
    /// The name of a scalar, or `@` and the name of a message.
    pub(crate) of: String,
    pub(crate) presence: Presence,
}

/// What a field on the wire means in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there, whatever its value.
    Kept,
    /// It is there unless it is zero or empty.
    Omitted,
    /// Its own fields are there in its place.
    Inline,
}

impl Field {
    fn is_untagged(&self) -> bool {
        self.name.is_empty() && self.presence != Presence::Inline
    }
}

/// The JSON side of a field.
struct Tag {
    name: String,
    presence: Presence,
}

/// The tags of structures, by structure and number.
type Tags = BTreeMap<String, BTreeMap<u32, Tag>>;

/// All messages of the modules in `folder`.
pub(crate) fn read(folder: &Path) -> Result<Messages> {
    let mut messages = Messages::new();
    for module in MODULES {
        let folder = folder.join(module);
        visit(&folder, &mut messages).with_context(|| format!("read {}", folder.display()))?;
    }
    Ok(messages)
}

fn visit(folder: &Path, messages: &mut Messages) -> Result<()> {
    let mut structures = String::new();
    let mut interface = None;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            visit(&path, messages)?;
        } else if name == INTERFACE {
            interface = Some(std::fs::read_to_string(&path)?);
        } else if name.ends_with(".go") && !name.ends_with("_test.go") {
            structures.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    if let Some(interface) = interface {
        messages.extend(package(&interface, &structures)?);
    }
    Ok(())
}

/// The messages of one package.
pub(crate) fn package(interface: &str, structures: &str) -> Result<Messages> {
    let tags = tags(structures)?;
    let mut messages = Messages::new();
    let mut package = "";
    let mut open: Option<(&str, Message)> = None;
    for line in interface.lines() {
        if let Some(name) = line.strip_prefix("package ") {
            package = name.trim_end_matches(';');
        } else if let Some(rest) = line.strip_prefix("message ") {
            open = Some((rest.trim_end_matches([' ', '{']), Message::default()));
        } else if line == "}" {
            let (name, mut message) = open.take().context("find what a brace closes")?;
            let mut fields = message.fields.values();
            message.is_bare = !message.fields.is_empty() && fields.all(Field::is_untagged);
            messages.insert(definition(package, name), message);
        } else if let Some((name, message)) = &mut open
            && let Some((number, mut field)) = field(line, package)?
        {
            let tag = tags.get(*name).and_then(|tags| tags.get(&number));
            tag.into_iter().for_each(|tag| apply(&mut field, tag));
            message.fields.insert(number, field);
        }
    }
    Ok(messages)
}

/// Takes over what a field's tag says.
fn apply(field: &mut Field, tag: &Tag) {
    field.name.clone_from(&tag.name);
    // Structures are never left out.
    let has_zero = matches!(
        &*field.of,
        "string" | "bytes" | "bool" | "int32" | "int64" | "number"
    );
    let is_structure = !has_zero && field.many.is_empty();
    field.presence = if tag.presence == Presence::Omitted && is_structure {
        Presence::Kept
    } else {
        tag.presence
    };
}

/// A line of a message, such as `optional int32 replicas = 1;`; nothing for remarks.
fn field(line: &str, package: &str) -> Result<Option<(u32, Field)>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("//") {
        return Ok(None);
    }
    let (left, number) = line
        .trim_end_matches(';')
        .split_once(" = ")
        .context("find a number")?;
    let (declared, _) = left.rsplit_once(' ').context("find a name")?;
    let (many, of) = if let Some(of) = declared.strip_prefix("optional ") {
        ("", of)
    } else if let Some(of) = declared.strip_prefix("repeated ") {
        ("[]", of)
    } else if let Some(of) = declared.strip_prefix("map<string, ") {
        ("{}", of.trim_end_matches('>'))
    } else {
        bail!("read the field {line:?}");
    };
    let (name, presence, of) = (String::new(), Presence::Kept, one(of, package)?);
    Ok(Some((
        number.parse()?,
        Field {
            name,
            many,
            of,
            presence,
        },
    )))
}

/// The type of one value.
fn one(declared: &str, package: &str) -> Result<String> {
    match declared {
        "string" | "bytes" | "bool" | "int32" | "int64" => return Ok(declared.into()),
        "double" => return Ok("number".into()),
        _ => {}
    }
    if declared.starts_with(|first: char| first.is_ascii_lowercase()) {
        bail!("know the type {declared}");
    }
    let name = declared.strip_prefix('.').map_or_else(
        || definition(package, declared),
        |full| definition("", full).trim_start_matches('.').to_owned(),
    );
    Ok(scalar(&name).map_or_else(|| format!("@{name}"), String::from))
}

/// The name that the table of facts has for a message.
fn definition(package: &str, name: &str) -> String {
    let full = format!("{package}.{name}");
    let full = full.trim_start_matches('.').replace('_', "-");
    full.strip_prefix("k8s.io.")
        .map_or_else(|| full.clone(), |rest| format!("io.k8s.{rest}"))
}

/// Messages that are one value in JSON, other than that of their only field.
fn scalar(definition: &str) -> Option<&'static str> {
    let (package, name) = definition.rsplit_once('.')?;
    Some(match (package, name) {
        ("io.k8s.apimachinery.pkg.api.resource", "Quantity") => "quantity",
        ("io.k8s.apimachinery.pkg.util.intstr", "IntOrString") => "int-or-string",
        ("io.k8s.apimachinery.pkg.apis.meta.v1", "Time") => "time",
        ("io.k8s.apimachinery.pkg.apis.meta.v1", "MicroTime") => "microtime",
        ("io.k8s.apimachinery.pkg.apis.meta.v1", "FieldsV1") => "json",
        ("io.k8s.apimachinery.pkg.runtime", "RawExtension") => "json",
        ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1", "JSON") => "json",
        ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1", "JSON") => "json",
        _ => return None,
    })
}

fn tags(structures: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    let mut open = None;
    for line in structures.lines() {
        if let Some(rest) = line.strip_prefix("type ") {
            open = rest.strip_suffix(" struct {");
        } else if line == "}" {
            open = None;
        } else if let Some(name) = open
            && let Some((number, tag)) = tag(line)?
        {
            tags.entry(name.into()).or_default().insert(number, tag);
        }
    }
    Ok(tags)
}

/// What is written beside a structure's field; nothing when it is not on the wire.
fn tag(line: &str) -> Result<Option<(u32, Tag)>> {
    let line = line.trim();
    let Some((declared, text)) = line.split_once('`').filter(|_| !line.starts_with("//")) else {
        return Ok(None);
    };
    let Some(wire) = quoted(text, "protobuf").filter(|wire| *wire != "-") else {
        return Ok(None);
    };
    let number = wire.split(',').nth(1).context("find a number")?.parse()?;
    let mut words = quoted(text, "json").unwrap_or("-").split(',');
    let (name, words) = (words.next().unwrap_or(""), words.collect::<Vec<_>>());
    let is_pointer = declared
        .split_whitespace()
        .next_back()
        .is_some_and(|of| of.starts_with('*'));
    let is_zero_left_out = words.contains(&"omitempty") && !is_pointer;
    let presence = match name {
        "-" => return Ok(None),
        "" if words.contains(&"inline") => Presence::Inline,
        "" => bail!("find a name in {line:?}"),
        _ if is_zero_left_out => Presence::Omitted,
        _ => Presence::Kept,
    };
    Ok(Some((
        number,
        Tag {
            name: name.into(),
            presence,
        },
    )))
}

/// The text that a tag holds for one reader.
fn quoted<'a>(text: &'a str, reader: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("{reader}:\""))?;
    Some(rest.split_once('"')?.0)
}
