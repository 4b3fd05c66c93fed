//! `api-resources` and `api-versions`: what the server has.

use clap::Args;

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::print::tabs::Stops;
use crate::session::Session;

/// Print the supported API resources on the server
#[derive(Args, Debug)]
pub(crate) struct ApiResources {
    /// Limit to resources in the specified API group
    #[arg(long)]
    api_group: Option<String>,
    /// If false, non-namespaced resources will be returned
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    namespaced: Option<bool>,
    /// Limit to resources that support the specified verbs
    #[arg(long, value_delimiter = ',')]
    verbs: Vec<String>,
    /// Limit to resources that belong to the specified categories
    #[arg(long, value_delimiter = ',')]
    categories: Vec<String>,
    /// Output format: wide or name
    #[arg(short, long)]
    output: Option<String>,
    /// Don't print headers
    #[arg(long)]
    no_headers: bool,
    /// If non-empty, sort by this field: 'name' or 'kind'
    #[arg(long)]
    sort_by: Option<String>,
    /// Accepted for the sake of scripts: nothing is cached
    #[arg(long, hide = true)]
    cached: bool,
}

impl ApiResources {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let discovery = session.discovery().await?;
        let mut shown: Vec<&Resource> = discovery
            .resources
            .iter()
            .filter(|resource| self.takes(resource))
            .collect();
        let order = |resource: &&Resource| (resource.group.clone(), resource.plural.clone());
        match self.sort_by.as_deref() {
            None | Some("") => shown.sort_by_key(order),
            Some("name") => shown.sort_by_key(|resource| resource.plural.clone()),
            Some("kind") => shown.sort_by_key(|resource| resource.kind.clone()),
            Some(_) => return said("--sort-by accepts only name or kind"),
        }
        match self.output.as_deref() {
            Some("name") => {
                for resource in shown {
                    session.out.line(resource.full_plural())?;
                }
                Ok(())
            }
            None | Some("" | "wide") => session.out.write(self.table(&shown)),
            Some(other) => said(format!("--output {other} is not available")),
        }
    }

    fn takes(&self, resource: &Resource) -> bool {
        resource.preferred
            && self
                .api_group
                .as_ref()
                .is_none_or(|group| resource.group == *group)
            && self
                .namespaced
                .is_none_or(|namespaced| resource.namespaced == namespaced)
            && self.verbs.iter().all(|verb| resource.can(verb))
            && self
                .categories
                .iter()
                .all(|category| resource.categories.contains(category))
            && !resource.verbs.is_empty()
    }

    fn table(&self, resources: &[&Resource]) -> String {
        let wide = self.output.as_deref() == Some("wide");
        let mut lines = String::new();
        let heads = [
            "NAME",
            "SHORTNAMES",
            "APIVERSION",
            "NAMESPACED",
            "KIND",
            "VERBS",
            "CATEGORIES",
        ];
        let heads = if wide { &heads[..] } else { &heads[..5] };
        if !self.no_headers {
            lines.push_str(&heads.join("\t"));
            lines.push('\n');
        }
        for resource in resources {
            let mut cells = vec![
                resource.plural.clone(),
                resource.short_names.join(","),
                resource.api_version(),
                resource.namespaced.to_string(),
                resource.kind.clone(),
            ];
            if wide {
                cells.push(resource.verbs.join(","));
                cells.push(resource.categories.join(","));
            }
            lines.push_str(&cells.join("\t"));
            lines.push('\n');
        }
        Stops::TABLE.align(&lines)
    }
}

/// Print the supported API versions on the server.
pub(crate) async fn versions(session: &Session) -> Result<(), Failure> {
    let mut versions = session.discovery().await?.versions.clone();
    versions.sort();
    for version in versions {
        session.out.line(version)?;
    }
    Ok(())
}
