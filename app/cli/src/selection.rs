//! Which objects a command is about: `TYPE NAME...`, `TYPE/NAME...`, files, labels.

use clap::Args;

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::manifest::Files;
use crate::objects::{self, Found};
use crate::session::Session;
use gantry_client::paths::Query;

/// Objects of a command line.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// TYPE NAME..., TYPE/NAME..., or several types with commas
    #[arg(value_name = "TYPE")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Select all resources of the given types, in the namespace
    #[arg(long)]
    pub(crate) all: bool,
    /// The requested objects across all namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
}

/// What narrows a collection.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Selector (label query) to filter on, supports '=', '==', '!=', in, notin
    #[arg(short = 'l', long)]
    pub(crate) selector: Option<String>,
    /// Selector (field query) to filter on, supports '=', '==', and '!='
    #[arg(long)]
    pub(crate) field_selector: Option<String>,
}

impl Filter {
    /// As the server is asked.
    pub(crate) fn query(&self) -> Query {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Query::default()
            .with("labelSelector", &text(&self.selector))
            .with("fieldSelector", &text(&self.field_selector))
    }

    /// Whether everything passes.
    pub(crate) const fn is_empty(&self) -> bool {
        self.selector.is_none() && self.field_selector.is_none()
    }
}

/// One object by its address, or a whole collection when it has no name.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Target {
    /// The path to ask at.
    pub(crate) fn path(&self) -> String {
        self.resource.path(&self.namespace, &self.name)
    }
}

/// Reads the positional arguments of a command.
pub(crate) async fn targets(
    session: &Session,
    args: &[String],
    all_namespaces: bool,
) -> Result<Vec<Target>, Failure> {
    let discovery = session.discovery().await?;
    let namespace = if all_namespaces {
        String::new()
    } else {
        session.namespace().await?
    };
    let target = |resource: &Resource, name: &str| Target {
        resource: resource.clone(),
        namespace: if resource.namespaced {
            namespace.clone()
        } else {
            String::new()
        },
        name: name.to_owned(),
    };
    if args.iter().any(|arg| arg.contains('/')) {
        let pairs = args.iter().map(|arg| {
            let Some((kind, name)) = arg.split_once('/') else {
                return said(
                    "there is no need to specify a resource type as a separate argument when \
                     passing arguments in resource/name form (e.g. 'kubectl get \
                     resource/<resource_name>' instead of 'kubectl get resource \
                     resource/<resource_name>'",
                );
            };
            if name.is_empty() || kind.is_empty() {
                return said(
                    "arguments in resource/name form must have a single resource and name",
                );
            }
            Ok(target(discovery.find(kind)?, name))
        });
        return pairs.collect();
    }
    let Some((kinds, names)) = args.split_first() else {
        return Ok(Vec::new());
    };
    let mut targets = Vec::new();
    for kind in kinds.split(',').filter(|kind| !kind.is_empty()) {
        let members = discovery.category(kind);
        let resources = if members.is_empty() {
            vec![discovery.find(kind)?]
        } else {
            members
        };
        for resource in resources {
            if names.is_empty() {
                targets.push(target(resource, ""));
            }
            targets.extend(names.iter().map(|name| target(resource, name)));
        }
    }
    if targets.is_empty() {
        return said("arguments must consist of a resource or a resource and name");
    }
    Ok(targets)
}

/// Reads what `targets` name; collections are narrowed by `filter`.
pub(crate) async fn read(
    session: &Session,
    targets: &[Target],
    filter: &Filter,
) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for target in targets {
        let Target {
            resource,
            namespace,
            name,
        } = target;
        if name.is_empty() {
            let query = filter.query();
            found.extend(objects::list(session, resource, namespace, &query).await?);
            continue;
        }
        match objects::get(session, resource, namespace, name).await {
            Ok(object) => found.push(object),
            Err(failure) if failure.refusal().is_some() => failures.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    Ok((found, failures))
}

impl Selection {
    /// Reads the objects as they are on the server. At least one has to be named or selected.
    pub(crate) async fn objects(&self, session: &Session) -> Result<Vec<Found>, Failure> {
        self.check()?;
        if !self.files.is_empty() {
            return self.in_files(session).await;
        }
        let targets = targets(session, &self.targets, self.all_namespaces).await?;
        let names_all = targets.iter().all(|target| !target.name.is_empty());
        if !names_all && self.filter.is_empty() && !self.all {
            return said("resource(s) were provided, but no name was specified");
        }
        let (found, failures) = read(session, &targets, &self.filter).await?;
        Failure::all(failures)?;
        Ok(found)
    }

    /// The addresses, without reading the objects.
    pub(crate) async fn addresses(&self, session: &Session) -> Result<Vec<Target>, Failure> {
        if self.files.is_empty() {
            return targets(session, &self.targets, self.all_namespaces).await;
        }
        let mut targets = Vec::new();
        for manifest in self.files.read()? {
            let (resource, namespace) = manifest.place(session).await?;
            targets.push(Target {
                resource: resource.clone(),
                namespace,
                name: manifest.object.name().to_owned(),
            });
        }
        Ok(targets)
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.targets.is_empty() && self.files.is_empty() {
            return said(
                "You must provide one or more resources by argument or filename.\nExample resource \
                 specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   \
                 '<resource> <name>'\n   '<resource>'",
            );
        }
        if !self.targets.is_empty() && !self.files.is_empty() {
            return said(
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
            );
        }
        Ok(())
    }

    async fn in_files(&self, session: &Session) -> Result<Vec<Found>, Failure> {
        let mut found = Vec::new();
        for target in self.addresses(session).await? {
            let Target {
                resource,
                namespace,
                name,
            } = &target;
            found.push(objects::get(session, resource, namespace, name).await?);
        }
        Ok(found)
    }
}
