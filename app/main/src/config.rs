//! What an operator may choose about a server: on the command line, or in a file with the same words.
//!
//! The names are those that operators know from kube-apiserver, where it has one. What both say, the
//! command line decides. Everything is checked here, once, before anything starts.

use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use gantry_base::time::parse_duration;
use gantry_control::Timing;
use gantry_routing::Cidr;

use crate::cluster::Cluster;
use crate::datastore::{Datastore, Keys};

/// The longest that a request which is answered at once may take, whatever is asked for.
const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(3600);
/// The sizes of a service range: room for the API and the name server, and for a list in memory.
const SERVICE_PREFIXES: RangeInclusive<u8> = 8..=28;

/// What an operator may choose. A file says the same, without the dashes before each name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// A file with these settings, such as `tls-san: [api.example]`; the command line goes before it
    /// [default: DATA-DIR/config.yaml, if it exists].
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Run the control plane alone: no node, no pods on this machine, no need for root.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_node: bool,
    /// A further address to listen on, or 0.0.0.0 for all [default: loopback, and the pods' bridge].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind_address: Option<Ipv4Addr>,
    /// Where pods and other nodes reach the API [default: the bridge; without a node, the address
    /// that is listened on].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) advertise_address: Option<Ipv4Addr>,
    /// A further name or address that the API's certificate is good for; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_san: Vec<String>,
    /// Where services get their addresses; chosen when the cluster is made [default: 10.96.0.0/16].
    #[arg(long, value_name = "RANGE")]
    pub(crate) service_cluster_ip_range: Option<String>,
    /// Where services get their node ports; chosen when the cluster is made [default: 30000-32767].
    #[arg(long, value_name = "FIRST-LAST")]
    pub(crate) service_node_port_range: Option<String>,
    /// Admission plugins to enable besides those that are on by default.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) enable_admission_plugins: Vec<String>,
    /// Admission plugins to disable although they are on by default.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) disable_admission_plugins: Vec<String>,
    /// A file that says what is wanted of pods where their namespace does not say, and which are
    /// left alone: an AdmissionConfiguration with the plugin PodSecurity.
    #[arg(long, value_name = "FILE")]
    pub(crate) admission_control_config_file: Option<PathBuf>,
    /// A file that says which requests are written down, and how much of each: a Policy of
    /// audit.k8s.io/v1.
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_policy_file: Option<PathBuf>,
    /// The file to which they are written, one event a line, or - for the standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_log_path: Option<PathBuf>,
    /// For how many days full files are kept [default: for ever].
    #[arg(long, value_name = "DAYS")]
    pub(crate) audit_log_maxage: Option<u64>,
    /// How many full files are kept [default: all].
    #[arg(long, value_name = "N")]
    pub(crate) audit_log_maxbackup: Option<usize>,
    /// How many megabytes a file holds until the next is begun [default: 100].
    #[arg(long, value_name = "MB")]
    pub(crate) audit_log_maxsize: Option<u64>,
    /// Compress full files.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) audit_log_compress: bool,
    /// How events are written; json is the only form.
    #[arg(long, value_name = "FORM")]
    pub(crate) audit_log_format: Option<String>,
    /// A kubeconfig file that says to whom events are sent.
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_webhook_config_file: Option<PathBuf>,
    /// How many events may wait to be sent; more are lost and counted [default: 10000].
    #[arg(long, value_name = "N")]
    pub(crate) audit_webhook_batch_buffer_size: Option<usize>,
    /// How many events are sent at once [default: 400].
    #[arg(long, value_name = "N")]
    pub(crate) audit_webhook_batch_max_size: Option<usize>,
    /// How long an event waits for others to be sent with [default: 30s].
    #[arg(long, value_name = "DURATION")]
    pub(crate) audit_webhook_batch_max_wait: Option<String>,
    /// How many batches are sent in a second [default: 10].
    #[arg(long, value_name = "N")]
    pub(crate) audit_webhook_batch_throttle_qps: Option<u32>,
    /// How long to wait before a batch is sent again that was not taken [default: 10s].
    #[arg(long, value_name = "DURATION")]
    pub(crate) audit_webhook_initial_backoff: Option<String>,
    /// A file that says what is sealed before it is kept, and with what: an EncryptionConfiguration
    /// [default: Secrets, with a key of the cluster's own outside its data directory].
    #[arg(long, value_name = "FILE")]
    pub(crate) encryption_provider_config: Option<PathBuf>,
    /// How long a request that is answered at once may take, such as 90s [default: 1m].
    #[arg(long, value_name = "DURATION")]
    pub(crate) request_timeout: Option<String>,
    /// How many requests are answered at the same time, watches left out [default: 1024].
    #[arg(long, value_name = "N")]
    pub(crate) max_requests_inflight: Option<usize>,
    /// How long pods stay on a node that is not ready, unless they say so themselves [default: 300].
    #[arg(long, value_name = "N")]
    pub(crate) default_not_ready_toleration_seconds: Option<u32>,
    /// How long pods stay on a node that does not answer [default: 300].
    #[arg(long, value_name = "N")]
    pub(crate) default_unreachable_toleration_seconds: Option<u32>,
    /// Whether those may ask who show nothing, as far as roles allow it [default: true].
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) anonymous_auth: Option<bool>,
    /// A file that says which issuers of tokens to believe: an AuthenticationConfiguration.
    #[arg(long, value_name = "FILE")]
    pub(crate) authentication_config: Option<PathBuf>,
    /// Ask somebody outside whose tokens are that nobody here knows: a file like a kubeconfig.
    #[arg(long, value_name = "FILE")]
    pub(crate) authentication_token_webhook_config_file: Option<PathBuf>,
    /// The version of the TokenReviews that are sent there: v1 or v1beta1 [default: v1].
    #[arg(long, value_name = "VERSION")]
    pub(crate) authentication_token_webhook_version: Option<String>,
    /// How long the answers count [default: 2m].
    #[arg(long, value_name = "DURATION")]
    pub(crate) authentication_token_webhook_cache_ttl: Option<String>,
    /// An OpenID Connect issuer to believe: an https URL.
    #[arg(long, value_name = "URL")]
    pub(crate) oidc_issuer_url: Option<String>,
    /// For whom the issuer's tokens must be meant.
    #[arg(long, value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// The claim that names the user [default: sub].
    #[arg(long, value_name = "CLAIM")]
    pub(crate) oidc_username_claim: Option<String>,
    /// What comes before the user's name, or - for nothing [default: the issuer and #; nothing
    /// before an email].
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) oidc_username_prefix: Option<String>,
    /// The claim that names the user's groups [default: none].
    #[arg(long, value_name = "CLAIM")]
    pub(crate) oidc_groups_claim: Option<String>,
    /// What comes before each group [default: nothing].
    #[arg(long, value_name = "TEXT")]
    pub(crate) oidc_groups_prefix: Option<String>,
    /// A claim that the issuer's tokens must have, and its value; may be repeated.
    #[arg(long, value_name = "CLAIM=VALUE")]
    pub(crate) oidc_required_claim: Vec<String>,
    /// What the issuer's tokens may be signed with [default: RS256].
    #[arg(long, value_name = "ALG,...", value_delimiter = ',')]
    pub(crate) oidc_signing_algs: Vec<String>,
    /// The authority that vouches for the issuer [default: those this machine trusts].
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_ca_file: Option<PathBuf>,
    /// A file with tokens and their users: lines of the form token,user,uid,"group1,group2".
    #[arg(long, value_name = "FILE")]
    pub(crate) token_auth_file: Option<PathBuf>,
    /// Keep the state in an etcd instead of the data directory: the addresses of its members, such
    /// as https://10.0.0.5:2379,https://10.0.0.6:2379.
    #[arg(long, value_name = "URLS")]
    pub(crate) datastore_endpoint: Option<String>,
    /// The authority that vouches for the members of etcd [default: those this machine trusts].
    #[arg(long, value_name = "FILE")]
    pub(crate) datastore_cafile: Option<PathBuf>,
    /// The certificate to show to etcd.
    #[arg(long, value_name = "FILE")]
    pub(crate) datastore_certfile: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) datastore_keyfile: Option<PathBuf>,
    /// Below which path the cluster's keys lie in etcd [default: /gantry].
    #[arg(long, value_name = "PATH")]
    pub(crate) etcd_prefix: Option<String>,
    /// Run the controllers and the scheduler only while this server leads those that share its state
    /// [default: true with an etcd; an embedded state has one server].
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) leader_elect: Option<bool>,
    /// After how long others take over from a leader that says nothing [default: 15s].
    #[arg(long, value_name = "DURATION")]
    pub(crate) leader_elect_lease_duration: Option<String>,
    /// How long a leader goes on that cannot say that it leads [default: 10s].
    #[arg(long, value_name = "DURATION")]
    pub(crate) leader_elect_renew_deadline: Option<String>,
    /// The pause between two attempts to lead, or to say so [default: 2s].
    #[arg(long, value_name = "DURATION")]
    pub(crate) leader_elect_retry_period: Option<String>,
    /// A file that says where images come from: mirrors, plain HTTP, credentials
    /// [default: DATA-DIR/registries.yaml, if it exists].
    #[arg(long, value_name = "FILE")]
    pub(crate) registries: Option<PathBuf>,
}

impl Settings {
    /// These settings, and what the file that was named, or the usual one, says where these say
    /// nothing.
    pub(crate) fn with_file(&self, usual: PathBuf) -> Result<Self> {
        let path = match &self.config {
            Some(named) => named.clone(),
            None if usual.exists() => usual,
            None => return self.over(""),
        };
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        self.over(&text)
            .with_context(|| format!("read the settings in {}", path.display()))
    }

    fn over(&self, text: &str) -> Result<Self> {
        // Nothing but comments is a file as well.
        let file: Option<Self> = serde_saphyr::from_str(text)?;
        let mut merged = words(&file.unwrap_or_default())?;
        merged.extend(words(self)?);
        let mut merged: Self =
            serde_json::from_value(Value::Object(merged)).context("join the settings")?;
        let output = merged
            .audit_log_path
            .take_if(|path| path.as_os_str() == "-");
        let files = [
            &mut merged.admission_control_config_file,
            &mut merged.audit_policy_file,
            &mut merged.audit_log_path,
            &mut merged.audit_webhook_config_file,
            &mut merged.encryption_provider_config,
            &mut merged.authentication_config,
            &mut merged.authentication_token_webhook_config_file,
            &mut merged.oidc_ca_file,
            &mut merged.token_auth_file,
            &mut merged.registries,
            &mut merged.datastore_cafile,
            &mut merged.datastore_certfile,
            &mut merged.datastore_keyfile,
        ];
        for path in files.into_iter().flatten() {
            let found = std::path::absolute(&*path);
            *path = found.with_context(|| format!("find {}", path.display()))?;
        }
        merged.audit_log_path = output.or(merged.audit_log_path);
        Ok(merged)
    }

    /// The same settings as words of a command line.
    pub(crate) fn flags(&self) -> Result<Vec<OsString>> {
        let mut flags: Vec<OsString> = Vec::new();
        for (name, value) in words(self)? {
            let flag = OsString::from(format!("--{name}"));
            match &value {
                Value::Bool(true) => flags.push(flag),
                Value::Bool(false) => flags.push(format!("--{name}=false").into()),
                Value::Array(all) => {
                    flags.extend(all.iter().flat_map(|one| [flag.clone(), text(one).into()]))
                }
                Value::Null | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    flags.extend([flag, text(&value).into()]);
                }
            }
        }
        Ok(flags)
    }

    /// How long a request may take, if something else than usual was asked for.
    pub(crate) fn request_timeout(&self) -> Result<Option<Duration>> {
        let Some(text) = &self.request_timeout else {
            return Ok(None);
        };
        let timeout = parse_duration(text).context("use --request-timeout")?;
        ensure!(
            !timeout.is_zero() && timeout <= REQUEST_TIMEOUT_MAX,
            "--request-timeout {text}: expected more than 0s and at most 1h"
        );
        Ok(Some(timeout))
    }

    /// How long a leader and those who wait for its end take, as far as it was said.
    pub(crate) fn timing(&self) -> Result<Timing> {
        let chosen = |name: &str, said: &Option<String>, usual| match said {
            None => Ok(usual),
            Some(text) => {
                parse_duration(text).with_context(|| format!("use --leader-elect-{name}"))
            }
        };
        let usual = Timing::default();
        let timing = Timing {
            duration: chosen(
                "lease-duration",
                &self.leader_elect_lease_duration,
                usual.duration,
            )?,
            deadline: chosen(
                "renew-deadline",
                &self.leader_elect_renew_deadline,
                usual.deadline,
            )?,
            retry: chosen("retry-period", &self.leader_elect_retry_period, usual.retry)?,
        };
        timing.checked().context("use the times of --leader-elect")
    }

    /// What was said about the datastore.
    pub(crate) fn datastore(&self) -> Datastore {
        Datastore {
            endpoint: self.datastore_endpoint.clone(),
            keys: Keys {
                cafile: self.datastore_cafile.clone(),
                certfile: self.datastore_certfile.clone(),
                keyfile: self.datastore_keyfile.clone(),
                prefix: self.etcd_prefix.clone(),
            },
        }
    }

    /// The range of services, if one was asked for.
    pub(crate) fn services(&self) -> Result<Option<Cidr>> {
        let Some(text) = &self.service_cluster_ip_range else {
            return Ok(None);
        };
        let range: Cidr = text.parse().context("use --service-cluster-ip-range")?;
        ensure!(
            SERVICE_PREFIXES.contains(&range.prefix()),
            "--service-cluster-ip-range {text}: expected a prefix from /{} to /{}",
            SERVICE_PREFIXES.start(),
            SERVICE_PREFIXES.end()
        );
        Ok(Some(range))
    }

    /// The range of node ports, if one was asked for.
    pub(crate) fn node_ports(&self) -> Result<Option<RangeInclusive<u16>>> {
        let Some(text) = &self.service_node_port_range else {
            return Ok(None);
        };
        let ends = text
            .split_once('-')
            .and_then(|(first, last)| Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?));
        match ends {
            Some(range) if 0 < *range.start() && range.start() <= range.end() => Ok(Some(range)),
            Some(_) | None => bail!(
                "--service-node-port-range {text}: expected two ports from 1 to 65535, the lower first, such as 30000-32767"
            ),
        }
    }

    /// Where the API is reached from elsewhere.
    pub(crate) fn advertise(&self, cluster: &Cluster, primary: Ipv4Addr) -> Result<Ipv4Addr> {
        let bound = self
            .bind_address
            .filter(|address| !address.is_unspecified() && !address.is_loopback());
        Ok(match (self.advertise_address, self.no_node) {
            (Some(address), _) => address,
            (None, true) => bound.unwrap_or(primary),
            (None, false) => cluster.network()?.gateway(),
        })
    }
}

/// What was said, by name; what was left out is not there.
pub(crate) fn words(settings: &Settings) -> Result<serde_json::Map<String, Value>> {
    let value = serde_json::to_value(settings).context("write the settings down")?;
    let Value::Object(mut all) = value else {
        bail!("the settings are no map");
    };
    all.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(said) => !said.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
    });
    Ok(all)
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_before_the_file() {
        let said = Settings {
            request_timeout: Some("30s".to_owned()),
            ..Settings::default()
        };
        let file = "request-timeout: 90s\nno-node: true\ntls-san: [a.example, b.example]\n";
        let merged = said.over(file).unwrap();
        assert_eq!(
            merged.request_timeout().unwrap(),
            Some(Duration::from_secs(30))
        );
        assert!(merged.no_node);
        assert_eq!(merged.tls_san, ["a.example", "b.example"]);
        assert_eq!(said.over("# nothing\n").unwrap(), said);
    }

    #[test]
    fn a_file_with_an_unknown_word_is_refused() {
        let refused = Settings::default().over("tls-sna: [a]\n").unwrap_err();
        assert!(format!("{refused:#}").contains("tls-sna"), "{refused:#}");
    }

    #[test]
    fn the_flags_say_the_same_again() {
        use clap::Parser;
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            settings: Settings,
        }
        let said = Settings {
            no_node: true,
            bind_address: Some(Ipv4Addr::UNSPECIFIED),
            tls_san: vec!["a".to_owned(), "b c".to_owned()],
            max_requests_inflight: Some(7),
            leader_elect: Some(false),
            leader_elect_lease_duration: Some("30s".to_owned()),
            registries: Some("/x y".into()),
            ..Settings::default()
        };
        let line = std::iter::once("gantry".into()).chain(said.flags().unwrap());
        assert_eq!(Line::parse_from(line).settings, said);
    }

    #[test]
    fn what_is_switched_off_on_the_command_line_stays_off() {
        let off = Settings {
            leader_elect: Some(false),
            ..Settings::default()
        };
        let merged = off.over("leader-elect: true\nno-node: true\n").unwrap();
        assert_eq!(merged.leader_elect, Some(false));
        assert!(merged.no_node);
    }

    #[test]
    fn a_lease_that_ends_before_its_holder_is_refused() {
        let said = |duration: &str| Settings {
            leader_elect_lease_duration: Some(duration.to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            said("30s").timing().unwrap().duration,
            Duration::from_secs(30)
        );
        let refused = said("10s").timing().unwrap_err();
        assert!(
            format!("{refused:#}").contains("renew deadline"),
            "{refused:#}"
        );
        assert!(said("soon").timing().is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |settings: Settings| {
            let errors = [
                settings.request_timeout().err(),
                settings.services().err(),
                settings.node_ports().err(),
            ];
            errors.into_iter().flatten().count() == 1
        };
        let timeout = |text: &str| Settings {
            request_timeout: Some(text.to_owned()),
            ..Settings::default()
        };
        let services = |text: &str| Settings {
            service_cluster_ip_range: Some(text.to_owned()),
            ..Settings::default()
        };
        let ports = |text: &str| Settings {
            service_node_port_range: Some(text.to_owned()),
            ..Settings::default()
        };
        assert!(refused(timeout("0s")) && refused(timeout("2h")) && refused(timeout("soon")));
        assert!(refused(services("10.0.0.0/4")) && refused(services("10.0.0.0/30")));
        assert!(refused(ports("1")) && refused(ports("5-1")) && refused(ports("0-9")));
        assert_eq!(ports("8000-8010").node_ports().unwrap(), Some(8000..=8010));
    }
}
