//! `events`: what happened, in the order in which it happened.

use clap::Args;
use gantry_base::Timestamp;
use serde_json::Value;

use crate::events::{interval, last_seen};
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::objects::{self, Found};
use crate::print::tabs::Stops;
use crate::print::{Format, list_of, without_managers};
use crate::session::Session;
use crate::watching::Watch;
use gantry_client::paths::Query;

/// List events
#[derive(Args, Debug)]
pub(crate) struct Events {
    /// If present, list the requested events across all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Filter events to only those pertaining to the specified resource (TYPE/NAME)
    #[arg(long = "for")]
    about: Option<String>,
    /// Output only events of given types
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
    /// After listing the requested events, watch for more events
    #[arg(short, long)]
    watch: bool,
    /// Output format
    #[arg(short, long)]
    output: Option<String>,
    /// When using the default output format, don't print headers
    #[arg(long)]
    no_headers: bool,
}

impl Events {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let known = session.discovery().await?.of_kind("v1", "Event");
        let resource = known.ok_or_else(|| Failure::Said("the server has no events".to_owned()))?;
        let namespace = if self.all_namespaces {
            String::new()
        } else {
            session.namespace().await?
        };
        let query = self.query(session).await?;
        let mut found = objects::list(session, resource, &namespace, &query).await?;
        found.retain(|event| self.takes(&event.object));
        found.sort_by_key(|event| last_seen(&event.object));
        let format = Format::parse(self.output.as_deref())?;
        if !format.is_table() {
            let events = found
                .into_iter()
                .map(|event| without_managers(event.object))
                .collect();
            return session.out.write(format.render(&list_of(events), "event"));
        }
        if found.is_empty() && !self.watch {
            let place = if self.all_namespaces {
                ".".to_owned()
            } else {
                format!(" in {namespace} namespace.")
            };
            session.out.remark(format!("No events found{place}"));
            return Ok(());
        }
        session.out.write(self.table(&found))?;
        if !self.watch {
            return Ok(());
        }
        session.out.flush()?;
        self.follow(session, &resource.path(&namespace, ""), &query)
            .await
    }

    async fn query(&self, session: &Session) -> Result<Query, Failure> {
        let Some(about) = &self.about else {
            return Ok(Query::default());
        };
        let Some((kind, name)) = about.split_once('/') else {
            return said("--for must be in resource/name form");
        };
        let resource = session.discovery().await?.find(kind)?;
        let fields = format!(
            "involvedObject.kind={},involvedObject.name={name}",
            resource.kind
        );
        Ok(Query::default().with("fieldSelector", &fields))
    }

    fn takes(&self, event: &Value) -> bool {
        let kind = text(event, "type");
        self.types.is_empty()
            || self
                .types
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(kind))
    }

    fn row(&self, event: &Value) -> String {
        let namespace = if self.all_namespaces {
            format!("{}\t", text(event, "metadata.namespace"))
        } else {
            String::new()
        };
        let object = &event["involvedObject"];
        format!(
            "{namespace}{}\t{}\t{}\t{}/{}\t{}\n",
            interval(event, Timestamp::now()),
            text(event, "type"),
            text(event, "reason"),
            text(object, "kind"),
            text(object, "name"),
            text(event, "message").trim()
        )
    }

    fn table(&self, found: &[Found]) -> String {
        let mut lines = String::new();
        if !self.no_headers {
            let namespace = if self.all_namespaces {
                "NAMESPACE\t"
            } else {
                ""
            };
            lines = format!("{namespace}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
        }
        lines.extend(found.iter().map(|event| self.row(&event.object)));
        Stops::TABLE.align(&lines)
    }

    async fn follow(&self, session: &Session, path: &str, query: &Query) -> Result<(), Failure> {
        let list = session
            .get(query.clone().with("limit", "1").on(path))
            .await?;
        let revision = text(&list, "metadata.resourceVersion");
        let mut watch = Watch::begin(session, path, query, revision, "application/json").await?;
        while let Some(change) = watch.next().await? {
            if change.event != "DELETED" && self.takes(&change.object) {
                session
                    .out
                    .write(Stops::TABLE.align(&self.row(&change.object)))?;
                session.out.flush()?;
            }
        }
        Ok(())
    }
}
