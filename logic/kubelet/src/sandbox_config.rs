//! What a pod's containers have in common: its names, its way to other names, its namespaces.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{HostAlias, Pod, PodDNSConfig, PodSpec};

use gantry_api::views::Meta;

use crate::resources;
use crate::sandbox::{PodRef, SandboxConfig};

/// The key under which a sandbox keeps the pod's address.
pub const ADDRESS: &str = "gantry.io/address";

/// The longest name that a host may have.
const HOSTNAME_MAX: usize = 63;
/// How many domains short names are looked for in.
const SEARCHES_MAX: usize = 32;
/// How many servers programs ask.
const SERVERS_MAX: usize = 3;

/// What the pod's names depend on besides the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The cluster's domain.
    pub domain: String,
    /// The cluster's DNS address.
    pub dns: String,
    /// How the node itself resolves names.
    pub host: Resolution,
    /// The node's own host name.
    pub host_name: String,
    /// The node's own `/etc/hosts`.
    pub host_file: String,
}

/// How names are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Servers, in the order in which they are asked.
    pub servers: Vec<String>,
    /// Domains in which short names are looked for.
    pub searches: Vec<String>,
    /// Options, as written.
    pub options: Vec<String>,
}

/// The sandbox of `pod`; `address` is its own, or nothing with the host's network.
#[must_use]
pub fn sandbox_config(pod: &Pod, address: Option<&str>, names: &Names) -> SandboxConfig {
    let spec = pod.spec.clone().unwrap_or_default();
    let host_network = spec.host_network == Some(true);
    let own = OwnName::of(pod, &spec, names);
    let sysctls = spec
        .security_context
        .iter()
        .flat_map(|own| own.sysctls.iter().flatten());
    let address_note = address.map(|address| (ADDRESS.to_owned(), address.to_owned()));
    SandboxConfig {
        pod: reference(pod),
        hosts: hosts(&spec, address, &own, names),
        resolv_conf: text(&resolution(pod, &spec, names)),
        hostname: own.hostname,
        host_network,
        host_pid: spec.host_pid == Some(true),
        host_ipc: spec.host_ipc == Some(true),
        share_process_namespace: spec.share_process_namespace == Some(true),
        sysctls: sysctls
            .map(|set| (set.name.clone(), set.value.clone()))
            .collect(),
        resources: resources::of_pod(pod),
        labels: pod.labels().clone(),
        annotations: address_note.into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// The address that a sandbox was made with; none with the host's network.
#[must_use]
pub fn address(config: &SandboxConfig) -> Option<Ipv4Addr> {
    config.annotations.get(ADDRESS)?.parse().ok()
}

/// Which pod this is.
#[must_use]
pub fn reference(pod: &Pod) -> PodRef {
    PodRef {
        namespace: pod.namespace().to_owned(),
        name: pod.name().to_owned(),
        uid: pod.uid().to_owned(),
    }
}

/// A pod's names: what `hostname` prints, and what other names lead to it.
struct OwnName {
    hostname: String,
    aliases: Vec<String>,
}

impl OwnName {
    fn of(pod: &Pod, spec: &PodSpec, names: &Names) -> Self {
        if let Some(chosen) = spec
            .hostname_override
            .clone()
            .filter(|name| !name.is_empty())
        {
            let aliases = vec![chosen.clone()];
            return Self {
                hostname: chosen,
                aliases,
            };
        }
        if spec.host_network == Some(true) {
            let hostname = names.host_name.clone();
            return Self {
                hostname,
                aliases: Vec::new(),
            };
        }
        let chosen = spec.hostname.as_deref().filter(|name| !name.is_empty());
        let short = chosen.map_or_else(|| shortened(pod.name()), str::to_owned);
        let Some(subdomain) = spec.subdomain.as_deref().filter(|name| !name.is_empty()) else {
            let aliases = vec![short.clone()];
            return Self {
                hostname: short,
                aliases,
            };
        };
        let full = format!(
            "{short}.{subdomain}.{}.svc.{}",
            pod.namespace(),
            names.domain
        );
        let aliases = vec![full.clone(), short.clone()];
        let as_full = spec.set_hostname_as_fqdn == Some(true);
        let hostname = if as_full { full } else { short };
        Self { hostname, aliases }
    }
}

fn shortened(name: &str) -> String {
    let end = name.len().min(HOSTNAME_MAX);
    name[..end].trim_end_matches(['-', '.']).to_owned()
}

fn hosts(spec: &PodSpec, address: Option<&str>, own: &OwnName, names: &Names) -> String {
    let mut text = match address {
        None => format!(
            "# Kubernetes-managed hosts file (host network).\n{}",
            names.host_file
        ),
        Some(address) => format!(
            "# Kubernetes-managed hosts file.\n\
             127.0.0.1\tlocalhost\n\
             ::1\tlocalhost ip6-localhost ip6-loopback\n\
             fe00::0\tip6-localnet\n\
             fe00::0\tip6-mcastprefix\n\
             fe00::1\tip6-allnodes\n\
             fe00::2\tip6-allrouters\n\
             {address}\t{}\n",
            own.aliases.join("\t")
        ),
    };
    if let Some(aliases) = spec
        .host_aliases
        .as_deref()
        .filter(|aliases| !aliases.is_empty())
    {
        text.push_str("\n# Entries added by HostAliases.\n");
        text.extend(aliases.iter().map(alias));
    }
    text
}

fn alias(alias: &HostAlias) -> String {
    let names = alias.hostnames.clone().unwrap_or_default();
    format!("{}\t{}\n", alias.ip, names.join("\t"))
}

fn resolution(pod: &Pod, spec: &PodSpec, names: &Names) -> Resolution {
    let host_network = spec.host_network == Some(true);
    let mut base = match spec.dns_policy.as_deref() {
        Some("None") => Resolution::default(),
        Some("Default") => names.host.clone(),
        Some("ClusterFirstWithHostNet") => of_cluster(pod, names),
        _ if host_network => names.host.clone(),
        _ => of_cluster(pod, names),
    };
    if let Some(own) = &spec.dns_config {
        extend(&mut base, own);
    }
    base.searches.truncate(SEARCHES_MAX);
    base.servers.truncate(SERVERS_MAX);
    base
}

fn of_cluster(pod: &Pod, names: &Names) -> Resolution {
    let domain = &names.domain;
    let own = [
        format!("{}.svc.{domain}", pod.namespace()),
        format!("svc.{domain}"),
        domain.clone(),
    ];
    let mut resolution = Resolution {
        servers: vec![names.dns.clone()],
        searches: own.to_vec(),
        options: vec!["ndots:5".to_owned()],
    };
    add_new(&mut resolution.searches, &names.host.searches);
    resolution
}

/// The pod's own wishes come after what its policy gives; of options with one name, its own counts.
fn extend(base: &mut Resolution, own: &PodDNSConfig) {
    add_new(&mut base.servers, own.nameservers.as_deref().unwrap_or(&[]));
    add_new(&mut base.searches, own.searches.as_deref().unwrap_or(&[]));
    for option in own.options.iter().flatten() {
        let name = option.name.as_deref().unwrap_or("");
        base.options
            .retain(|known| known.split(':').next() != Some(name));
        base.options.push(match option.value.as_deref() {
            Some(value) if !value.is_empty() => format!("{name}:{value}"),
            Some(_) | None => name.to_owned(),
        });
    }
}

fn add_new(known: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

fn text(resolution: &Resolution) -> String {
    let mut text = String::new();
    if !resolution.searches.is_empty() {
        text.push_str(&format!("search {}\n", resolution.searches.join(" ")));
    }
    for server in &resolution.servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !resolution.options.is_empty() {
        text.push_str(&format!("options {}\n", resolution.options.join(" ")));
    }
    text
}

#[cfg(test)]
mod tests;
