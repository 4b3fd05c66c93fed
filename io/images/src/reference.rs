//! Image references as users mean them: `nginx` is `docker.io/library/nginx:latest`.
//!
//! Parsing happens once, at the edge; a [`Reference`] that exists is complete and well formed, and
//! printing it gives the long form, which parses to the same value again.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, DigestError};

mod grammar;
#[cfg(test)]
mod tests;

/// The registry that is meant when none is named.
pub const DEFAULT_REGISTRY: &str = "docker.io";

/// The tag that is meant when neither a tag nor a digest is named.
pub const DEFAULT_TAG: &str = "latest";

/// Where an image is: registry, repository, and a tag, a digest or both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A text that names no image. The kubelet shows this as `InvalidImageName`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parse image name {text:?}")]
pub struct ReferenceError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What is wrong with the text of a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is nothing, or nothing before the tag.
    #[error("the name is empty")]
    Empty,
    /// The repository has capital letters.
    #[error("the repository name {0:?} must be lower case")]
    UpperCase(String),
    /// A part of the repository is not of the allowed form.
    #[error(
        "{0:?} is no repository name: its parts are lower-case letters and digits, joined by \
         '.', '_', '__' or dashes"
    )]
    Repository(String),
    /// The registry is not a host with an optional port.
    #[error("{0:?} is no registry: it must be a host name or address and perhaps a port")]
    Registry(String),
    /// The tag is not of the allowed form.
    #[error(
        "{0:?} is no tag: up to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'"
    )]
    Tag(String),
    /// The digest is not of the allowed form.
    #[error("the digest is not usable")]
    Digest(#[source] DigestError),
    /// The name is longer than registries allow.
    #[error("the name is {0} characters long; 255 are allowed")]
    TooLong(usize),
    /// The name could be taken for an image id.
    #[error("64 hexadecimal digits are an image id, not a name")]
    LooksLikeId,
}

impl Reference {
    /// The registry's name, such as `docker.io` or `localhost:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry, such as `library/nginx`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one. It counts more than the tag.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Registry and repository without tag or digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository, with this digest alone.
    #[must_use]
    pub fn at(&self, digest: &Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest.clone()),
            ..self.clone()
        }
    }

    /// What to ask the registry for: the digest, or else the tag.
    pub(crate) fn selector(&self) -> String {
        let tag = || self.tag.clone().unwrap_or_else(|| DEFAULT_TAG.to_owned());
        self.digest.as_ref().map_or_else(tag, Digest::to_string)
    }

    /// As a user would type it: without the parts that are meant anyway.
    #[must_use]
    pub fn familiar(&self) -> String {
        let text = self.to_string();
        let short = text.strip_prefix("docker.io/").unwrap_or(&text);
        let short = short.strip_prefix("library/").unwrap_or(short);
        let short = short.strip_suffix(":latest").unwrap_or(short);
        // A shortened name may read differently, as a registry or an id; then only the long form is right.
        let same = short.parse::<Self>().is_ok_and(|parsed| parsed == *self);
        if same { short.to_owned() } else { text }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|fault| ReferenceError {
            text: text.to_owned(),
            fault,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn parse(text: &str) -> Result<Reference, Fault> {
    if grammar::is_image_id(text) {
        return Err(Fault::LooksLikeId);
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse().map_err(Fault::Digest)?)),
        None => (text, None),
    };
    let (name, tag) = split_tag(rest);
    if let Some(tag) = tag.filter(|tag| !grammar::is_tag(tag)) {
        return Err(Fault::Tag(tag.to_owned()));
    }
    let (registry, path) = split_registry(name);
    let registry = grammar::registry(registry)?;
    grammar::check_repository(path)?;
    let implied = tag.is_none() && digest.is_none();
    let repository = match registry.as_str() {
        DEFAULT_REGISTRY if !path.contains('/') => format!("library/{path}"),
        _ => path.to_owned(),
    };
    grammar::check_length(registry.len() + 1 + repository.len())?;
    let tag = tag.or(implied.then_some(DEFAULT_TAG)).map(str::to_owned);
    Ok(Reference {
        registry,
        repository,
        tag,
        digest,
    })
}

/// A colon after the last slash begins a tag; one before it belongs to a port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    let start = text.rfind('/').map_or(0, |slash| slash + 1);
    match text[start..].find(':') {
        Some(colon) => (&text[..start + colon], Some(&text[start + colon + 1..])),
        None => (text, None),
    }
}

/// The first part is a registry if it could not be a part of a repository.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest)) if grammar::looks_like_registry(first) => (first, rest),
        _ => (DEFAULT_REGISTRY, name),
    }
}
