//! `auth`: who one is, and what one may do.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::{Failure, said};
use crate::fields::{entries, items, shown, text};
use crate::objects;
use crate::print::Format;
use crate::print::tabs::Stops;
use crate::session::Session;
use gantry_client::paths::Query;

const GROUP: &str = "/apis/authorization.k8s.io/v1";

/// Inspect authorization
#[derive(Args, Debug)]
pub(crate) struct Auth {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check whether an action is allowed
    CanI(CanI),
    /// Check self user attributes
    Whoami {
        /// Output format
        #[arg(short, long)]
        output: Option<String>,
    },
}

#[derive(Args, Debug)]
struct CanI {
    /// VERB `[TYPE | TYPE/NAME | NONRESOURCEURL] [NAME]`
    words: Vec<String>,
    /// If true, prints all allowed actions
    #[arg(long)]
    list: bool,
    /// If true, suppress output and just return the exit code
    #[arg(short, long)]
    quiet: bool,
    /// Name of a part of the object, such as log or exec
    #[arg(long)]
    subresource: Option<String>,
    /// If true, check the specified action in all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// If true, prints allowed actions without headers
    #[arg(long)]
    no_headers: bool,
}

impl Auth {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        match self.what {
            What::CanI(question) if question.list => question.list(session).await,
            What::CanI(question) => question.ask(session).await,
            What::Whoami { output } => whoami(session, output.as_deref()).await,
        }
    }
}

impl CanI {
    async fn ask(&self, session: &Session) -> Result<(), Failure> {
        let spec = self.spec(session).await?;
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": spec,
        });
        let path = format!("{GROUP}/selfsubjectaccessreviews");
        let answer = objects::post(session, &path, &review, &Query::default()).await?;
        let allowed = answer["status"]["allowed"] == true;
        if !self.quiet {
            let mut words = if allowed { "yes" } else { "no" }.to_owned();
            for (field, label) in [("reason", ""), ("evaluationError", "")] {
                let detail = text(&answer["status"], field);
                if !allowed && !detail.is_empty() {
                    words = format!("{words} - {label}{detail}");
                }
            }
            session.out.line(words)?;
        }
        if allowed {
            Ok(())
        } else {
            Err(Failure::Exit(1))
        }
    }

    async fn spec(&self, session: &Session) -> Result<Value, Failure> {
        let (verb, what, name) = match self.words.as_slice() {
            [verb, what] => (verb, what.as_str(), ""),
            [verb, what, name] => (verb, what.as_str(), name.as_str()),
            _ => {
                return said(
                    "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples",
                );
            }
        };
        if what.starts_with('/') {
            return Ok(json!({"nonResourceAttributes": {"verb": verb, "path": what}}));
        }
        let (what, name) = what.split_once('/').unwrap_or((what, name));
        let namespace = if self.all_namespaces {
            String::new()
        } else {
            session.namespace().await?
        };
        let (group, plural, namespace) = if what == "*" {
            ("*".to_owned(), "*".to_owned(), namespace)
        } else {
            match session.discovery().await?.find(what) {
                Ok(resource) if resource.namespaced => {
                    (resource.group.clone(), resource.plural.clone(), namespace)
                }
                Ok(resource) => {
                    session.out.warning(format!(
                        "resource '{}' is not namespace scoped{}\n",
                        resource.plural,
                        in_group(&resource.group)
                    ));
                    (
                        resource.group.clone(),
                        resource.plural.clone(),
                        String::new(),
                    )
                }
                Err(_) => {
                    session.out.warning(format!(
                        "the server doesn't have a resource type '{what}'\n"
                    ));
                    let (plural, group) = what.split_once('.').unwrap_or((what, ""));
                    (group.to_owned(), plural.to_owned(), namespace)
                }
            }
        };
        Ok(json!({"resourceAttributes": {
            "verb": verb,
            "group": group,
            "resource": plural,
            "subresource": self.subresource.as_deref().unwrap_or_default(),
            "name": name,
            "namespace": namespace,
        }}))
    }

    async fn list(&self, session: &Session) -> Result<(), Failure> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": session.namespace().await?},
        });
        let path = format!("{GROUP}/selfsubjectrulesreviews");
        let answer = objects::post(session, &path, &review, &Query::default()).await?;
        let mut lines = String::new();
        if !self.no_headers {
            lines.push_str("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
        }
        let list = |rule: &Value, field: &str| {
            let words: Vec<String> = items(rule, field).iter().map(shown).collect();
            format!("[{}]", words.join(" "))
        };
        for rule in items(&answer, "status.resourceRules") {
            let resources = items(rule, "resources").iter();
            let groups = items(rule, "apiGroups");
            for resource in resources {
                for group in groups {
                    let name = match text(&json!({"g": group}), "g") {
                        "" => shown(resource),
                        group => format!("{}.{group}", shown(resource)),
                    };
                    lines.push_str(&format!(
                        "{name}\t[]\t{}\t{}\n",
                        list(rule, "resourceNames"),
                        list(rule, "verbs")
                    ));
                }
            }
        }
        for rule in items(&answer, "status.nonResourceRules") {
            lines.push_str(&format!(
                "\t{}\t[]\t{}\n",
                list(rule, "nonResourceURLs"),
                list(rule, "verbs")
            ));
        }
        session.out.write(Stops::TABLE.align(&lines))
    }
}

fn in_group(group: &str) -> String {
    if group.is_empty() {
        String::new()
    } else {
        format!(" in group '{group}'")
    }
}

async fn whoami(session: &Session, output: Option<&str>) -> Result<(), Failure> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = objects::post(session, path, &review, &Query::default()).await?;
    let format = Format::parse(output)?;
    if !format.is_table() {
        return session.out.write(format.render(&answer, ""));
    }
    let user = &answer["status"]["userInfo"];
    let groups: Vec<String> = items(user, "groups").iter().map(shown).collect();
    let mut lines = format!("ATTRIBUTE\tVALUE\nUsername\t{}\n", text(user, "username"));
    if !text(user, "uid").is_empty() {
        lines.push_str(&format!("UID\t{}\n", text(user, "uid")));
    }
    lines.push_str(&format!("Groups\t[{}]\n", groups.join(" ")));
    for (key, value) in entries(user, "extra") {
        let values: Vec<String> = items(&json!({"v": value}), "v").iter().map(shown).collect();
        lines.push_str(&format!("Extra: {key}\t[{}]\n", values.join(" ")));
    }
    session.out.write(Stops::TABLE.align(&lines))
}
