//! `config`: the kubeconfig itself.

use clap::{Args, Subcommand};
use gantry_client::kubeconfig;
use serde_json::{Value, json};

use crate::failure::{Failure, said};
use crate::fields::{items, text};
use crate::print::Format;
use crate::print::tabs::Stops;
use crate::session::Session;

/// Modify kubeconfig files
#[derive(Args, Debug)]
pub(crate) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Display the current-context
    CurrentContext,
    /// Describe one or many contexts
    GetContexts {
        /// Only this one
        name: Option<String>,
        /// Output format: name
        #[arg(short, long)]
        output: Option<String>,
        /// Don't print headers
        #[arg(long)]
        no_headers: bool,
    },
    /// Set a context entry in kubeconfig
    SetContext {
        /// The context
        name: Option<String>,
        /// Modify the current context
        #[arg(long)]
        current: bool,
    },
    /// Set the current-context in a kubeconfig file
    #[command(alias = "use")]
    UseContext {
        /// The context
        name: String,
    },
    /// Display merged kubeconfig settings
    View {
        /// Output format
        #[arg(short, long)]
        output: Option<String>,
        /// Display raw byte data and sensitive data
        #[arg(long)]
        raw: bool,
        /// Remove all information not used by current-context
        #[arg(long)]
        minify: bool,
    },
}

impl Config {
    pub(crate) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.what {
            What::CurrentContext => current(session),
            What::GetContexts {
                name,
                output,
                no_headers,
            } => contexts(session, name.as_deref(), output.as_deref(), no_headers),
            What::SetContext { name, current } => set_context(session, name, current),
            What::UseContext { name } => use_context(session, &name),
            What::View {
                output,
                raw,
                minify,
            } => view(session, output.as_deref(), raw, minify),
        }
    }
}

fn current(session: &Session) -> Result<(), Failure> {
    match session.config()?.current_context() {
        Some(name) => session.out.line(name),
        None => said("current-context is not set"),
    }
}

fn contexts(
    session: &Session,
    only: Option<&str>,
    output: Option<&str>,
    no_headers: bool,
) -> Result<(), Failure> {
    let config = session.config()?;
    let all = config.merged();
    let mut shown: Vec<&Value> = items(&all, "contexts").iter().collect();
    shown.sort_by_key(|context| text(context, "name"));
    if let Some(only) = only {
        shown.retain(|context| text(context, "name") == only);
        if shown.is_empty() {
            return said(format!("context {only} not found"));
        }
    }
    if output == Some("name") {
        for context in shown {
            session.out.line(text(context, "name"))?;
        }
        return Ok(());
    }
    let mut lines = String::new();
    if !no_headers {
        lines.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    for context in shown {
        let name = text(context, "name");
        let mark = if Some(name) == config.current_context() {
            "*"
        } else {
            ""
        };
        let part = |field: &str| text(&context["context"], field).to_owned();
        lines.push_str(&format!(
            "{mark}\t{name}\t{}\t{}\t{}\n",
            part("cluster"),
            part("user"),
            part("namespace")
        ));
    }
    session.out.write(Stops::TABLE.align(&lines))
}

fn use_context(session: &Session, name: &str) -> Result<(), Failure> {
    let config = session.config()?;
    if !items(&config.merged(), "contexts")
        .iter()
        .any(|context| text(context, "name") == name)
    {
        return said(format!("no context exists with the name: {name:?}"));
    }
    kubeconfig::update(config.home_of_current(), |tree| {
        tree["current-context"] = json!(name)
    })?;
    session.out.line(format!("Switched to context {name:?}."))
}

fn set_context(session: &Session, name: Option<String>, current: bool) -> Result<(), Failure> {
    let config = session.config()?;
    let name = match (name, current) {
        (Some(name), false) => name,
        (None, true) => match config.current_context() {
            Some(name) => name.to_owned(),
            None => return said("no current context is set"),
        },
        _ => return said("you must specify a non-empty context name or --current"),
    };
    let globals = &session.globals;
    let fields = [
        ("namespace", &globals.namespace),
        ("cluster", &globals.cluster),
        ("user", &globals.user),
    ];
    let exists = items(&config.merged(), "contexts")
        .iter()
        .any(|context| text(context, "name") == name);
    kubeconfig::update(config.home_of("contexts", &name), |tree| {
        let context = context_mut(tree, &name);
        for (field, value) in fields {
            if let Some(value) = value {
                context[field] = json!(value);
            }
        }
    })?;
    let done = if exists { "modified" } else { "created" };
    session.out.line(format!("Context {name:?} {done}."))
}

/// The fields of a context, which is made when it is not there.
fn context_mut<'t>(tree: &'t mut Value, name: &str) -> &'t mut Value {
    if !tree["contexts"].is_array() {
        tree["contexts"] = json!([]);
    }
    let contexts = tree["contexts"]
        .as_array_mut()
        .expect("it was just made a list");
    let place = contexts.iter().position(|context| context["name"] == name);
    let place = place.unwrap_or_else(|| {
        contexts.push(json!({"name": name, "context": {"cluster": "", "user": ""}}));
        contexts.len() - 1
    });
    &mut contexts[place]["context"]
}

fn view(session: &Session, output: Option<&str>, raw: bool, minify: bool) -> Result<(), Failure> {
    let config = session.config()?;
    let mut all = config.merged();
    if minify {
        let name = session
            .globals
            .context
            .as_deref()
            .or(config.current_context());
        keep_only(&mut all, name.unwrap_or_default())?;
    }
    if !raw {
        for list in ["clusters", "users"] {
            for entry in all[list].as_array_mut().into_iter().flatten() {
                redact(entry);
            }
        }
    }
    let format = Format::parse(Some(output.unwrap_or("yaml")))?;
    session.out.write(format.render(&all, ""))
}

fn keep_only(all: &mut Value, name: &str) -> Result<(), Failure> {
    let context = items(all, "contexts")
        .iter()
        .find(|context| text(context, "name") == name);
    let Some(context) = context else {
        return said("current-context must exist in order to minify");
    };
    let (cluster, user) = (
        text(context, "context.cluster").to_owned(),
        text(context, "context.user").to_owned(),
    );
    for (list, wanted) in [
        ("contexts", name),
        ("clusters", cluster.as_str()),
        ("users", user.as_str()),
    ] {
        if let Some(entries) = all[list].as_array_mut() {
            entries.retain(|entry| entry["name"] == wanted);
        }
    }
    Ok(())
}

/// Hides what must not be seen over a shoulder.
fn redact(entry: &mut Value) {
    for part in ["cluster", "user"] {
        for (field, value) in entry[part].as_object_mut().into_iter().flatten() {
            if field.ends_with("-data") {
                *value = json!("DATA+OMITTED");
            } else if field == "token" || field == "password" {
                *value = json!("REDACTED");
            }
        }
    }
    if let Some(fields) = entry.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
}
