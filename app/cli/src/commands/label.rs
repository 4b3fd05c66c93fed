//! `label`: labels set, changed and taken away.

use clap::Args;
use serde_json::Value;

use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::objects::{self, Found};
use crate::selection::Selection;
use crate::session::Session;

/// Update the labels on a resource
#[derive(Args, Debug)]
pub(crate) struct Label {
    #[command(flatten)]
    pub(super) pairs: Pairs,
}

/// Names and values to set, and names to take away (`name-`).
#[derive(Args, Debug)]
pub(super) struct Pairs {
    #[command(flatten)]
    selection: Selection,
    /// If true, allow to be overwritten
    #[arg(long)]
    overwrite: bool,
    /// If true, display what is there
    #[arg(long)]
    list: bool,
    /// If non-empty, the update will only succeed if this is the current resource-version
    #[arg(long)]
    resource_version: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// What is being changed, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) field: &'static str,
    pub(super) one: &'static str,
    pub(super) done: &'static str,
    pub(super) undone: &'static str,
    pub(super) manager: &'static str,
}

const LABELS: Words = Words {
    field: "labels",
    one: "label",
    done: "labeled",
    undone: "unlabeled",
    manager: "kubectl-label",
};

impl Label {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        self.pairs.run(session, LABELS).await
    }
}

/// One change: a value, or nothing for what goes.
type Change = (String, Option<String>);

impl Pairs {
    pub(super) async fn run(mut self, session: &Session, words: Words) -> Result<(), Failure> {
        let changes = self.changes(words)?;
        self.writing.begin(session);
        let found = self.selection.objects(session).await?;
        if found.is_empty() {
            session.out.remark("No resources found");
        }
        for object in &found {
            if self.list {
                for (key, value) in
                    crate::fields::entries(&object.object, &format!("metadata.{}", words.field))
                {
                    session
                        .out
                        .line(format!("{key}={}", crate::fields::shown(value)))?;
                }
                continue;
            }
            self.change(session, object, &changes, words).await?;
        }
        Ok(())
    }

    /// Takes `a=b` and `a-` out of the arguments; the rest names objects.
    fn changes(&mut self, words: Words) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        let args = std::mem::take(&mut self.selection.targets);
        for arg in args {
            match (arg.split_once('='), arg.strip_suffix('-')) {
                (Some((key, value)), _) => changes.push((key.to_owned(), Some(value.to_owned()))),
                // The first words name the kind and the objects, which may end with a dash never.
                (None, Some(key)) => changes.push((key.to_owned(), None)),
                (None, None) => self.selection.targets.push(arg),
            }
        }
        if changes.is_empty() && !self.list {
            return said(format!("at least one {} update is required", words.one));
        }
        Ok(changes)
    }

    async fn change(
        &self,
        session: &Session,
        found: &Found,
        changes: &[Change],
        words: Words,
    ) -> Result<(), Failure> {
        let apply = |object: &mut Value| self.apply(session, object, changes, words);
        let mut modified = found.object.clone();
        apply(&mut modified)?;
        let removes = changes.iter().all(|(_, value)| value.is_none());
        let done = if modified == found.object {
            for (key, _) in changes.iter().filter(|(_, value)| value.is_none()) {
                session
                    .out
                    .line(format!("{} {key:?} not found.", words.one))?;
            }
            format!("not {}", words.done)
        } else if removes {
            words.undone.to_owned()
        } else {
            words.done.to_owned()
        };
        let after = if self.writing.dry_run()? == DryRun::Client || modified == found.object {
            modified
        } else {
            let query = self.writing.query(words.manager)?;
            objects::modify(session, found, &query, apply).await?.1
        };
        self.writing.report(session, &found.resource, &after, &done)
    }

    fn apply(
        &self,
        session: &Session,
        object: &mut Value,
        changes: &[Change],
        words: Words,
    ) -> Result<(), Failure> {
        if let Some(version) = &self.resource_version {
            object["metadata"]["resourceVersion"] = Value::from(version.as_str());
        }
        let map = &mut object["metadata"][words.field];
        for (key, value) in changes {
            match (value, map.get(key).and_then(Value::as_str)) {
                (Some(value), Some(old)) if old != value && !self.overwrite => {
                    return said(format!(
                        "'{key}' already has a value ({old}), and --overwrite is false"
                    ));
                }
                (Some(value), _) => map[key] = Value::from(value.as_str()),
                (None, Some(_)) => {
                    if let Some(map) = map.as_object_mut() {
                        map.remove(key);
                    }
                }
                (None, None) => {}
            }
        }
        self.writing.note_cause(session, object);
        Ok(())
    }
}
