//! Manifests: found in files, directories and the standard input, kept as they were written.
//!
//! A document that stands alone is sent to the server as it is, with as many empty lines before it
//! as it has lines before it in its file: so the line in the server's error is the line the user
//! sees. Objects out of a list are sent as JSON.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use gantry_api::Object;
use gantry_base::chain;
use gantry_schema::decode;
use serde_json::Value;

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::fields::items;
use crate::session::Session;

/// Which files to read.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Files {
    /// Filename or directory to use to find the objects; - means the standard input
    #[arg(short, long)]
    pub(crate) filename: Vec<String>,
    /// Process the directory used in -f, --filename recursively
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
    /// Process a kustomization directory (not supported yet)
    #[arg(short, long)]
    pub(crate) kustomize: Option<String>,
}

/// One object of a file.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// The file, as errors name it.
    pub(crate) source: String,
    /// The object.
    pub(crate) object: Object,
    /// The text as written and its type, when the object is a document of its own.
    pub(crate) written: Option<(Bytes, &'static str)>,
}

impl Files {
    /// Whether any file is named.
    pub(crate) const fn is_empty(&self) -> bool {
        self.filename.is_empty() && self.kustomize.is_none()
    }

    /// Reads all objects, in the order of the files and within them.
    pub(crate) fn read(&self) -> Result<Vec<Manifest>, Failure> {
        if self.kustomize.is_some() {
            return said(
                "kustomizations (-k) are not supported yet: build the manifests with kustomize and \
                 give them with -f -",
            );
        }
        let mut manifests = Vec::new();
        for name in &self.filename {
            for (source, content) in contents(name, self.recursive)? {
                manifests.extend(parse(&source, &content)?);
            }
        }
        if manifests.is_empty() {
            return said("no objects passed to the command");
        }
        Ok(manifests)
    }
}

impl Manifest {
    /// An object that a command has made up itself.
    pub(crate) fn generated(object: Object) -> Self {
        Self {
            source: String::new(),
            object,
            written: None,
        }
    }

    /// The body to send, and its type.
    pub(crate) fn body(&self) -> (Bytes, &'static str) {
        self.written.clone().unwrap_or_else(|| {
            let value = Value::Object(self.object.0.clone());
            (value.to_string().into(), "application/json")
        })
    }

    /// The kind as the server knows it, and the namespace to use.
    pub(crate) async fn place<'s>(
        &self,
        session: &'s Session,
    ) -> Result<(&'s Resource, String), Failure> {
        let resource = self.resource(session).await?;
        if !resource.namespaced {
            return Ok((resource, String::new()));
        }
        let own = self.object.namespace();
        match &session.globals.namespace {
            Some(given) if !own.is_empty() && own != given => said(format!(
                "the namespace from the provided object {own:?} does not match the namespace \
                 {given:?}. You must pass '--namespace={own}' to perform this operation."
            )),
            _ if !own.is_empty() => Ok((resource, own.to_owned())),
            _ => Ok((resource, session.namespace().await?)),
        }
    }

    async fn resource<'s>(&self, session: &'s Session) -> Result<&'s Resource, Failure> {
        let (version, kind) = (self.object.text(&["apiVersion"]), self.object.kind());
        let known = session.discovery().await?.of_kind(version, kind);
        known.ok_or_else(|| {
            Failure::Said(format!(
                "resource mapping not found for name: {:?} namespace: {:?} from {:?}: no matches \
                 for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
                self.object.name(),
                self.object.namespace(),
                self.source,
            ))
        })
    }
}

/// The contents of a file, of the files in a directory, or of the standard input.
fn contents(name: &str, recursive: bool) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    if name == "-" {
        let mut content = Vec::new();
        let read = std::io::stdin().read_to_end(&mut content);
        read.map_err(|error| Failure::Said(format!("read the standard input: {error}")))?;
        return Ok(vec![("STDIN".to_owned(), content)]);
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        return said(format!(
            "reading manifests from the network is not supported yet: download {name:?} and give \
             the file"
        ));
    }
    let path = Path::new(name);
    if !path.exists() {
        return said(format!("the path {name:?} does not exist"));
    }
    let mut paths = Vec::new();
    if path.is_dir() {
        collect(path, recursive, &mut paths)?;
    } else {
        paths.push(path.to_owned());
    }
    let read = |path: PathBuf| match fs::read(&path) {
        Ok(content) => Ok((path.to_string_lossy().into_owned(), content)),
        Err(error) => said(format!("read {}: {error}", path.display())),
    };
    paths.into_iter().map(read).collect()
}

fn collect(directory: &Path, recursive: bool, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::Said(format!("read {}: {error}", directory.display()));
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut inside: Vec<PathBuf> = Vec::new();
    for entry in entries {
        inside.push(entry.map_err(failed)?.path());
    }
    inside.sort();
    for path in inside {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            if recursive {
                collect(&path, recursive, paths)?;
            }
        } else if matches!(extension, Some("json" | "yaml" | "yml")) {
            paths.push(path);
        }
    }
    Ok(())
}

fn parse(source: &str, content: &[u8]) -> Result<Vec<Manifest>, Failure> {
    let text = std::str::from_utf8(content)
        .map_err(|error| Failure::Said(format!("error parsing {source}: {error}")))?;
    let is_json = text.trim_start().starts_with('{');
    let pieces = if is_json {
        vec![text.to_owned()]
    } else {
        documents(text)
    };
    let mut manifests = Vec::new();
    for piece in pieces {
        let wrong = |error| Failure::Said(format!("error parsing {source}: {}", chain(&error)));
        for document in decode::documents(piece.as_bytes()).map_err(wrong)? {
            let value = document.untyped().value;
            if value.is_null() {
                continue;
            }
            let media_type = if is_json {
                "application/json"
            } else {
                "application/yaml"
            };
            let written = Some((Bytes::from(piece.clone()), media_type));
            manifests.extend(objects(source, value, written)?);
        }
    }
    Ok(manifests)
}

/// The documents of a file, each behind as many empty lines as there are lines before it.
fn documents(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut lines_before = 0;
    for line in text.split_inclusive('\n') {
        lines_before += 1;
        let piece = pieces.last_mut().expect("there is a piece from the start");
        if line.starts_with("---") && !line[3..].starts_with(|c: char| !c.is_whitespace()) {
            pieces.push("\n".repeat(lines_before));
        } else {
            piece.push_str(line);
        }
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

fn objects(
    source: &str,
    value: Value,
    written: Option<(Bytes, &'static str)>,
) -> Result<Vec<Manifest>, Failure> {
    let kind = value["kind"].as_str().unwrap_or_default();
    if kind.ends_with("List") && value["items"].is_array() {
        let mut all = Vec::new();
        for item in items(&value, "items") {
            all.extend(objects(source, item.clone(), None)?);
        }
        return Ok(all);
    }
    for field in ["kind", "apiVersion"] {
        if value[field].as_str().is_none_or(str::is_empty) {
            return said(format!(
                "unable to decode {source:?}: it has no {field:?}, so it cannot be told what it is"
            ));
        }
    }
    let object = Object::from_value(value);
    let object = object.ok_or_else(|| Failure::Said(format!("unable to decode {source:?}")))?;
    let source = source.to_owned();
    Ok(vec![Manifest {
        source,
        object,
        written,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_keeps_the_lines_it_has_in_its_file() {
        let text =
            "# first\nkind: A\napiVersion: v1\n---\n\n--- # third\nkind: B\napiVersion: v1\n";
        let manifests = parse("x.yml", text.as_bytes()).unwrap();
        assert_eq!(manifests.len(), 2);
        let (body, _) = manifests[1].body();
        let line = body
            .split(|byte| *byte == b'\n')
            .position(|line| line == b"kind: B");
        assert_eq!(line, Some(6));
    }

    #[test]
    fn lists_are_taken_apart_and_the_nameless_refused() {
        let list = r#"{"kind":"List","apiVersion":"v1","items":[{"kind":"A","apiVersion":"v1"}]}"#;
        let manifests = parse("x.json", list.as_bytes()).unwrap();
        assert_eq!(manifests[0].object.kind(), "A");
        assert!(manifests[0].written.is_none());
        assert!(parse("x.yml", b"spec: {}").is_err());
    }
}
