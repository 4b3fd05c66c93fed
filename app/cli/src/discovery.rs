//! What kinds the server has, and the names users have for them.

use gantry_client::Call;
use serde_json::Value;

use crate::failure::Failure;
use crate::fields::{items, text};
use crate::session::Session;
use gantry_client::paths::escape;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                          application/json";

/// One kind at one version, as the server offers it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) verbs: Vec<String>,
    pub(crate) subresources: Vec<String>,
    pub(crate) namespaced: bool,
    /// Whether this is the version of its group to use when none is named.
    pub(crate) preferred: bool,
}

/// Everything the server offers, in its order.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    pub(crate) resources: Vec<Resource>,
    /// `apps/v1`, `v1`, ... as the server lists them.
    pub(crate) versions: Vec<String>,
}

impl Resource {
    /// `apps/v1`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployment.apps`, or `pod`: what stands before a name.
    pub(crate) fn label(&self) -> String {
        self.with_group(&self.kind.to_lowercase())
    }

    /// `deployments.apps`, or `pods`.
    pub(crate) fn full_plural(&self) -> String {
        self.with_group(&self.plural)
    }

    fn with_group(&self, name: &str) -> String {
        if self.group.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.{}", self.group)
        }
    }

    /// The path of the collection, or of one object in it. Without a namespace, all of them.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.group.is_empty() {
            "/api"
        } else {
            "/apis"
        };
        let mut path = format!("{root}/{}", self.api_version());
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(&escape(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        if !name.is_empty() {
            path.push('/');
            path.push_str(&escape(name));
        }
        path
    }

    /// Whether the server can do this with it.
    pub(crate) fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    fn is_called(&self, name: &str) -> bool {
        self.plural == name
            || self.singular == name
            || self.kind.eq_ignore_ascii_case(name)
            || self.short_names.iter().any(|short| short == name)
    }
}

impl Discovery {
    /// Asks the server.
    pub(crate) async fn fetch(session: &Session) -> Result<Self, Failure> {
        let mut all = Self::default();
        for root in ["/api", "/apis"] {
            let answer = session.json(Call::get(root).accept(AGGREGATED)).await?;
            if answer["kind"] == "APIGroupDiscoveryList" {
                all.read_aggregated(&answer);
            } else {
                all.read_one_by_one(session, root, &answer).await?;
            }
        }
        Ok(all)
    }

    /// The resource that a user calls `pods`, `po`, `Pod`, `deployments.apps` or
    /// `deployments.v1.apps`.
    pub(crate) fn find(&self, name: &str) -> Result<&Resource, Failure> {
        let lower = name.to_lowercase();
        let plain = self.first(|resource| resource.is_called(&lower) && resource.preferred);
        let found = plain.or_else(|| {
            let (bare, group) = lower.split_once('.')?;
            let in_group = |resource: &&Resource| {
                resource.is_called(bare) && {
                    let versioned = format!("{}.{}", resource.version, resource.group);
                    (resource.preferred && resource.group == group)
                        || versioned.trim_end_matches('.') == group
                        || versioned == group
                }
            };
            self.resources.iter().find(in_group)
        });
        found.ok_or_else(|| {
            Failure::Said(format!("the server doesn't have a resource type {name:?}"))
        })
    }

    /// The resources of a category such as `all`.
    pub(crate) fn category(&self, name: &str) -> Vec<&Resource> {
        let belongs = |resource: &&Resource| {
            resource.preferred && resource.categories.iter().any(|category| category == name)
        };
        self.resources.iter().filter(belongs).collect()
    }

    /// The resource of objects that say they are of this version and kind.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.first(|resource| resource.kind == kind && resource.api_version() == api_version)
    }

    fn first(&self, wanted: impl Fn(&Resource) -> bool) -> Option<&Resource> {
        self.resources.iter().find(|resource| wanted(resource))
    }

    fn read_aggregated(&mut self, list: &Value) {
        for group in items(list, "items") {
            let name = text(group, "metadata.name");
            for (index, version) in items(group, "versions").iter().enumerate() {
                let version_name = text(version, "version");
                self.add_version(name, version_name);
                for entry in items(version, "resources") {
                    let mut resource = aggregated(entry);
                    name.clone_into(&mut resource.group);
                    version_name.clone_into(&mut resource.version);
                    resource.preferred = index == 0 || !self.knows(name, &resource.plural);
                    self.resources.push(resource);
                }
            }
        }
    }

    async fn read_one_by_one(
        &mut self,
        session: &Session,
        root: &str,
        answer: &Value,
    ) -> Result<(), Failure> {
        let mut versions: Vec<String> = Vec::new();
        versions.extend(
            items(answer, "versions")
                .iter()
                .filter_map(Value::as_str)
                .map(String::from),
        );
        for group in items(answer, "groups") {
            let listed = items(group, "versions").iter();
            versions.extend(listed.map(|version| text(version, "groupVersion").to_owned()));
        }
        for api_version in versions {
            let list = session.get(format!("{root}/{api_version}")).await?;
            let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
            self.add_version(group, version);
            self.read_list(group, version, &list);
        }
        Ok(())
    }

    fn read_list(&mut self, group: &str, version: &str, list: &Value) {
        let (whole, parts): (Vec<&Value>, Vec<&Value>) = items(list, "resources")
            .iter()
            .partition(|entry| !text(entry, "name").contains('/'));
        for entry in whole {
            let prefix = format!("{}/", text(entry, "name"));
            let mut resource = listed(entry);
            let names = parts.iter().map(|part| text(part, "name"));
            let subresources = names.filter_map(|name| name.strip_prefix(&prefix));
            resource.subresources = subresources.map(String::from).collect();
            group.clone_into(&mut resource.group);
            version.clone_into(&mut resource.version);
            resource.preferred = !self.knows(group, &resource.plural);
            self.resources.push(resource);
        }
    }

    fn knows(&self, group: &str, plural: &str) -> bool {
        self.first(|known| known.group == group && known.plural == plural)
            .is_some()
    }

    fn add_version(&mut self, group: &str, version: &str) {
        let name = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        self.versions.push(name);
    }
}

fn texts(value: &Value, path: &str) -> Vec<String> {
    let texts = items(value, path).iter().filter_map(Value::as_str);
    texts.map(String::from).collect()
}

fn aggregated(entry: &Value) -> Resource {
    let parts = items(entry, "subresources").iter();
    Resource {
        plural: text(entry, "resource").to_owned(),
        singular: text(entry, "singularResource").to_owned(),
        kind: text(entry, "responseKind.kind").to_owned(),
        short_names: texts(entry, "shortNames"),
        categories: texts(entry, "categories"),
        verbs: texts(entry, "verbs"),
        subresources: parts
            .map(|part| text(part, "subresource").to_owned())
            .collect(),
        namespaced: text(entry, "scope") == "Namespaced",
        ..Resource::default()
    }
}

fn listed(entry: &Value) -> Resource {
    Resource {
        plural: text(entry, "name").to_owned(),
        singular: text(entry, "singularName").to_owned(),
        kind: text(entry, "kind").to_owned(),
        short_names: texts(entry, "shortNames"),
        categories: texts(entry, "categories"),
        verbs: texts(entry, "verbs"),
        namespaced: entry["namespaced"] == true,
        ..Resource::default()
    }
}
