//! `set`: images, variables and amounts of containers, wherever a pod is described.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::objects::{self, Found};
use crate::selection::Selection;
use crate::session::Session;

/// Set specific features on objects
#[derive(Args, Debug)]
pub(crate) struct Set {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Update environment variables on a pod template
    Env(Change),
    /// Update the image of a pod template
    Image(Change),
    /// Update resource requests/limits on objects with pod templates
    Resources(Amounts),
}

#[derive(Args, Debug)]
struct Change {
    #[command(flatten)]
    selection: Selection,
    /// Only containers of this name; * means all
    #[arg(short, long, default_value = "*")]
    containers: String,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args, Debug)]
struct Amounts {
    /// The limits, such as cpu=100m,memory=256Mi
    #[arg(long, value_delimiter = ',')]
    limits: Vec<String>,
    /// The requests
    #[arg(long, value_delimiter = ',')]
    requests: Vec<String>,
    #[command(flatten)]
    change: Change,
}

/// `name` becomes `value`, or goes.
type Pair = (String, Option<String>);

impl Set {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        match self.what {
            What::Image(mut change) => {
                let pairs = change.pairs();
                if pairs.is_empty() {
                    return said("at least one image update is required");
                }
                change
                    .run(session, "image updated", |template| {
                        images(template, &pairs)
                    })
                    .await
            }
            What::Env(mut change) => {
                let pairs = change.pairs();
                if pairs.is_empty() {
                    return said("at least one environment variable must be provided");
                }
                let name = change.containers.clone();
                let apply = |template: &mut Value| {
                    each(template, &name, |container| variables(container, &pairs))
                };
                change.run(session, "env updated", apply).await
            }
            What::Resources(amounts) => {
                if amounts.limits.is_empty() && amounts.requests.is_empty() {
                    return said(
                        "you must specify an update to requests or limits (in the form of --requests/--limits)",
                    );
                }
                let name = amounts.change.containers.clone();
                let apply = |template: &mut Value| {
                    each(template, &name, |container| {
                        set_amounts(container, "limits", &amounts.limits)?;
                        set_amounts(container, "requests", &amounts.requests)
                    })
                };
                amounts
                    .change
                    .run(session, "resource requirements updated", apply)
                    .await
            }
        }
    }
}

impl Change {
    /// Takes `a=b` and `a-` out of the arguments; the rest names objects.
    fn pairs(&mut self) -> Vec<Pair> {
        let args = std::mem::take(&mut self.selection.targets);
        let mut pairs = Vec::new();
        for arg in args {
            match (arg.split_once('='), arg.strip_suffix('-')) {
                (Some((name, value)), _) => pairs.push((name.to_owned(), Some(value.to_owned()))),
                (None, Some(name)) => pairs.push((name.to_owned(), None)),
                (None, None) => self.selection.targets.push(arg),
            }
        }
        pairs
    }

    async fn run(
        &self,
        session: &Session,
        done: &str,
        apply: impl Fn(&mut Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.writing.begin(session);
        for found in self.selection.objects(session).await? {
            let change = |object: &mut Value| {
                apply(pod_spec(object)?)?;
                self.writing.note_cause(session, object);
                Ok(())
            };
            let after = self.write(session, &found, change).await?;
            if let Some(after) = after {
                self.writing
                    .report(session, &found.resource, &after, done)?;
            }
        }
        Ok(())
    }

    /// Nothing comes back when nothing had to be changed.
    async fn write(
        &self,
        session: &Session,
        found: &Found,
        change: impl Fn(&mut Value) -> Result<(), Failure>,
    ) -> Result<Option<Value>, Failure> {
        if self.writing.dry_run()? == DryRun::Client {
            let mut modified = found.object.clone();
            change(&mut modified)?;
            return Ok(Some(modified));
        }
        let query = self.writing.query("kubectl-set")?;
        let (before, after) = objects::modify(session, found, &query, change).await?;
        Ok(Some(after).filter(|after| *after != before))
    }
}

/// The description of a pod in whatever has one.
fn pod_spec(object: &mut Value) -> Result<&mut Value, Failure> {
    let label = text(object, "kind").to_owned();
    let spec = &mut object["spec"];
    if spec["template"]["spec"].is_object() {
        return Ok(&mut spec["template"]["spec"]);
    }
    if spec["jobTemplate"]["spec"]["template"]["spec"].is_object() {
        return Ok(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
    }
    if spec["containers"].is_array() {
        return Ok(spec);
    }
    said(format!(
        "the object is not a pod or does not have a pod template: {label}"
    ))
}

/// Changes every container of this name; `*` means all.
fn each(
    pod: &mut Value,
    name: &str,
    change: impl Fn(&mut Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut changed = 0;
    for container in pod["containers"].as_array_mut().into_iter().flatten() {
        if name == "*" || container["name"] == name {
            change(container)?;
            changed += 1;
        }
    }
    if changed == 0 {
        said(format!("unable to find container named {name:?}"))
    } else {
        Ok(())
    }
}

fn images(pod: &mut Value, pairs: &[Pair]) -> Result<(), Failure> {
    for (name, image) in pairs {
        let Some(image) = image else {
            return said(format!("an image is needed for container {name:?}"));
        };
        let mut changed = 0;
        for list in ["initContainers", "containers"] {
            for container in pod[list].as_array_mut().into_iter().flatten() {
                if name == "*" || container["name"] == name.as_str() {
                    container["image"] = json!(image);
                    changed += 1;
                }
            }
        }
        if let Some(lists) = pod.as_object_mut() {
            lists.retain(|name, list| name != "initContainers" || !list.is_null());
        }
        if changed == 0 {
            return said(format!("unable to find container named {name:?}"));
        }
    }
    Ok(())
}

fn variables(container: &mut Value, pairs: &[Pair]) -> Result<(), Failure> {
    if !container["env"].is_array() {
        container["env"] = json!([]);
    }
    let list = container["env"]
        .as_array_mut()
        .expect("it was just made a list");
    for (name, value) in pairs {
        let place = list
            .iter()
            .position(|variable| variable["name"] == name.as_str());
        match (value, place) {
            (Some(value), Some(place)) => list[place] = json!({"name": name, "value": value}),
            (Some(value), None) => list.push(json!({"name": name, "value": value})),
            (None, Some(place)) => {
                list.remove(place);
            }
            (None, None) => {}
        }
    }
    Ok(())
}

fn set_amounts(container: &mut Value, kind: &str, amounts: &[String]) -> Result<(), Failure> {
    for amount in amounts {
        let Some((name, value)) = amount.split_once('=') else {
            return said(format!(
                "invalid argument syntax {amount}, expected <resource>=<value>"
            ));
        };
        container["resources"][kind][name] = json!(value);
    }
    Ok(())
}
