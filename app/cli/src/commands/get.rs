//! `get`: objects in whatever form is asked for; tables come from the server.

mod shower;

use clap::Args;
use gantry_api::jsonpath::Template;
use gantry_client::Call;
use serde_json::{Value, json};

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::limits::LIST_CHUNK;
use crate::manifest::Files;
use crate::objects::Found;
use crate::print::table::{Look, Printer, Table, sort_rows};
use crate::print::{Format, list_of, without_managers};
use crate::selection::{self, Filter, Selection, Target};
use crate::session::Session;
use crate::watching::Watch;
use gantry_client::paths::Query;
use shower::Shower;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// Display one or many resources
#[derive(Args, Debug)]
pub(crate) struct Get {
    /// TYPE NAME..., TYPE/NAME..., or several types with commas
    targets: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    filter: Filter,
    /// List the requested objects across all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Output format: json, yaml, name, wide, jsonpath=..., custom-columns=...
    #[arg(short, long)]
    output: Option<String>,
    /// Don't print headers
    #[arg(long)]
    no_headers: bool,
    /// When printing, show all labels as the last column
    #[arg(long)]
    show_labels: bool,
    /// Labels that are going to be presented as columns
    #[arg(short = 'L', long, value_delimiter = ',')]
    label_columns: Vec<String>,
    /// If present, list the resource type for the requested objects
    #[arg(long)]
    show_kind: bool,
    /// Sort the list by this JSONPath expression
    #[arg(long)]
    sort_by: Option<String>,
    /// After listing the requested objects, watch for changes
    #[arg(short, long)]
    watch: bool,
    /// Watch for changes to the requested objects, without listing them first
    #[arg(long)]
    watch_only: bool,
    /// Output watch event objects
    #[arg(long)]
    output_watch_events: bool,
    /// Treat "resource not found" as a successful retrieval
    #[arg(long)]
    ignore_not_found: bool,
    /// Keep the managedFields when printing objects in JSON or YAML format
    #[arg(long)]
    show_managed_fields: bool,
    /// Name of a part of the object, such as status or scale
    #[arg(long)]
    subresource: Option<String>,
    /// Uses the transport specified: a path of the server to read as it is
    #[arg(long)]
    raw: Option<String>,
    /// Accepted for the sake of scripts: lists always arrive in pieces
    #[arg(long, hide = true)]
    chunk_size: Option<String>,
}

impl Get {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if let Some(path) = &self.raw {
            let content = session.send(Call::get(path.as_str())).await?;
            return session.out.write(content);
        }
        let mut format = Format::parse(self.output.as_deref())?;
        if let Format::Columns(columns) = &mut format {
            columns.no_headers = self.no_headers;
        }
        let targets = self.targets(session).await?;
        if self.watch || self.watch_only {
            return self.watch(session, &targets, &format).await;
        }
        if let Format::Table { wide } = format {
            return self.tables(session, &targets, wide).await;
        }
        self.objects(session, &targets, &format).await
    }

    async fn targets(&self, session: &Session) -> Result<Vec<Target>, Failure> {
        if self.targets.is_empty() && self.files.is_empty() {
            return Err(Failure::Plain(
                "You must specify the type of resource to get. Use \"kubectl api-resources\" for a \
                 complete list of supported resources.\n\nerror: Required resource not specified.\n\
                 Use \"kubectl explain <resource>\" for a detailed description of that resource \
                 (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples"
                    .to_owned(),
            ));
        }
        let selection = Selection {
            targets: self.targets.clone(),
            files: self.files.clone(),
            all_namespaces: self.all_namespaces,
            ..Selection::default()
        };
        let targets = selection.addresses(session).await?;
        let has_name = targets.iter().any(|target| !target.name.is_empty());
        if has_name && self.all_namespaces {
            return said("a resource cannot be retrieved by name across all namespaces");
        }
        if has_name && self.filter.selector.is_some() {
            return said("name cannot be provided when a selector is specified");
        }
        Ok(targets)
    }

    /// One table per kind, each with the rows of all its targets.
    async fn tables(
        &self,
        session: &Session,
        targets: &[Target],
        wide: bool,
    ) -> Result<(), Failure> {
        let mut groups: Vec<(&Resource, Vec<&Target>)> = Vec::new();
        for target in targets {
            match groups.last_mut() {
                Some((resource, members)) if **resource == target.resource => members.push(target),
                _ => groups.push((&target.resource, vec![target])),
            }
        }
        let mut failures = Vec::new();
        let mut shown = 0;
        for (resource, members) in &groups {
            let mut table = Table::default();
            for target in members {
                match self.table(session, target).await {
                    Ok(more) => append(&mut table, more),
                    Err(failure) if failure.is_not_found() && self.ignore_not_found => {}
                    Err(failure) if failure.refusal().is_some() => failures.push(failure),
                    Err(failure) => return Err(failure),
                }
            }
            if table.rows.is_empty() {
                continue;
            }
            if let Some(path) = &self.sort_by {
                sort_rows(&mut table.rows, &Template::relaxed(path)?);
            }
            if shown > 0 {
                session.out.line("")?;
            }
            shown += 1;
            let mut printer = Printer::new(self.look(resource, wide, groups.len() > 1));
            session.out.write(printer.show(&table, ""))?;
        }
        if shown == 0 && failures.is_empty() && !self.ignore_not_found {
            self.say_nothing_found(session, targets).await?;
        }
        Failure::all(failures)
    }

    async fn say_nothing_found(
        &self,
        session: &Session,
        targets: &[Target],
    ) -> Result<(), Failure> {
        let is_narrow =
            !self.all_namespaces && targets.iter().any(|target| target.resource.namespaced);
        session.out.remark(if is_narrow {
            format!(
                "No resources found in {} namespace.",
                session.namespace().await?
            )
        } else {
            "No resources found".to_owned()
        });
        Ok(())
    }

    fn look(&self, resource: &Resource, wide: bool, with_kind: bool) -> Look {
        let prefix = if with_kind || self.show_kind {
            format!("{}/", resource.label())
        } else {
            String::new()
        };
        Look {
            wide,
            no_headers: self.no_headers,
            with_namespace: self.all_namespaces && resource.namespaced,
            prefix,
            show_labels: self.show_labels,
            label_columns: self.label_columns.clone(),
            with_event: self.output_watch_events,
        }
    }

    fn query(&self) -> Query {
        let object = if self.sort_by.is_some() { "Object" } else { "" };
        self.filter.query().with("includeObject", object)
    }

    fn path(&self, target: &Target) -> String {
        match &self.subresource {
            Some(part) => format!("{}/{part}", target.path()),
            None => target.path(),
        }
    }

    async fn table(&self, session: &Session, target: &Target) -> Result<Table, Failure> {
        let path = self.path(target);
        if !target.name.is_empty() {
            let query = Query::default().with(
                "includeObject",
                if self.sort_by.is_some() { "Object" } else { "" },
            );
            return read(
                session
                    .json(Call::get(query.on(&path)).accept(TABLE))
                    .await?,
            );
        }
        let mut whole = Table::default();
        let mut token = String::new();
        loop {
            let query = self
                .query()
                .with("limit", &LIST_CHUNK.to_string())
                .with("continue", &token);
            let table = read(
                session
                    .json(Call::get(query.on(&path)).accept(TABLE))
                    .await?,
            )?;
            text(&table.metadata, "continue").clone_into(&mut token);
            append(&mut whole, table);
            if token.is_empty() {
                return Ok(whole);
            }
        }
    }

    async fn objects(
        &self,
        session: &Session,
        targets: &[Target],
        format: &Format,
    ) -> Result<(), Failure> {
        let mut found = Vec::new();
        let mut failures = Vec::new();
        for target in targets {
            match self.read(session, target).await {
                Ok(more) => found.extend(more),
                Err(failure) if failure.is_not_found() && self.ignore_not_found => {}
                Err(failure) if failure.refusal().is_some() => failures.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        if let Some(path) = &self.sort_by {
            let path = Template::relaxed(path)?;
            found.sort_by(|left, right| path.compare(&left.object, &right.object));
        }
        let is_single = targets.len() == 1 && !targets[0].name.is_empty();
        if is_single && found.is_empty() {
            return Failure::all(failures);
        }
        if matches!(format, Format::Name) {
            for object in &found {
                session.out.line(object.label())?;
            }
        } else {
            self.print(session, found, is_single, format)?;
        }
        Failure::all(failures)
    }

    fn print(
        &self,
        session: &Session,
        found: Vec<Found>,
        is_single: bool,
        format: &Format,
    ) -> Result<(), Failure> {
        let objects = found.into_iter().map(|found| found.object);
        let objects = objects.map(|object| {
            if self.show_managed_fields {
                object
            } else {
                without_managers(object)
            }
        });
        let mut objects: Vec<Value> = objects.collect();
        let whole = if is_single {
            objects.remove(0)
        } else {
            list_of(objects)
        };
        session.out.write(format.render(&whole, ""))
    }

    async fn read(&self, session: &Session, target: &Target) -> Result<Vec<Found>, Failure> {
        if !target.name.is_empty() {
            let object = session.get(self.path(target)).await?;
            return Ok(vec![Found::named(&target.resource, object)]);
        }
        let (found, failures) =
            selection::read(session, std::slice::from_ref(target), &self.filter).await?;
        Failure::all(failures)?;
        Ok(found)
    }

    async fn watch(
        &self,
        session: &Session,
        targets: &[Target],
        format: &Format,
    ) -> Result<(), Failure> {
        let [target] = targets else {
            return said("you may only specify a single resource type");
        };
        let path = target.resource.path(&target.namespace, "");
        let mut query = self.query();
        if !target.name.is_empty() {
            // Tells at once, and in the server's words, when there is no such object.
            session.get(target.path()).await?;
            query = query.with("fieldSelector", &format!("metadata.name={}", target.name));
        }
        let accept = if format.is_table() {
            TABLE
        } else {
            "application/json"
        };
        let list = session
            .json(Call::get(query.on(&path)).accept(accept))
            .await?;
        let mut shower = Shower::new(self, session, &target.resource, format);
        if !self.watch_only {
            shower.list(&list)?;
        }
        let revision = text(&list, "metadata.resourceVersion");
        let mut watch = Watch::begin(session, &path, &query, revision, accept).await?;
        session.out.flush()?;
        while let Some(change) = watch.next().await? {
            shower.show(change.object, &change.event)?;
            session.out.flush()?;
        }
        Ok(())
    }
}

/// A table out of an answer; servers that make none get one with names only.
fn read(answer: Value) -> Result<Table, Failure> {
    let plain = |objects: Vec<Value>| {
        let rows = objects
            .into_iter()
            .map(|object| json!({"cells": [object["metadata"]["name"]], "object": object}));
        json!({
            "columnDefinitions": [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}],
            "rows": rows.collect::<Vec<Value>>(),
            "metadata": answer["metadata"],
        })
    };
    let table = if answer["kind"] == "Table" {
        answer
    } else if let Some(items) = answer["items"].as_array() {
        plain(items.clone())
    } else {
        plain(vec![answer.clone()])
    };
    let read = serde_json::from_value(table);
    read.map_err(|error| Failure::Said(format!("read the server's table: {error}")))
}

fn append(whole: &mut Table, more: Table) {
    if whole.columns.is_empty() {
        whole.columns = more.columns;
    }
    whole.rows.extend(more.rows);
}
