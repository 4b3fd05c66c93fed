//! The webhooks that are configured, in the order in which they are asked.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhook;
use serde_json::Value;

use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_kinds::parts::remote::ServiceTarget;

use crate::call::Call;
use crate::destination::Target;

const GROUP: &str = "admissionregistration.k8s.io";
/// How long a webhook may take that does not say.
const TIMEOUT_SECONDS: u32 = 10;
/// The versions of questions that this server can ask.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// A webhook, of either kind.
#[derive(Debug)]
pub(super) struct Hook {
    /// What it is called, together with where it is configured.
    pub(super) id: String,
    /// The configuration that it is in.
    pub(super) about: ObjectKey,
    /// Whether it may change what it is asked about.
    pub(super) may_change: bool,
    pub(super) webhook: MutatingWebhook,
}

impl Hook {
    pub(super) fn name(&self) -> &str {
        &self.webhook.name
    }

    /// Whether it counts as content when it cannot be asked.
    pub(super) fn fails_open(&self) -> bool {
        self.webhook.failure_policy.as_deref() == Some("Ignore")
    }

    /// Whether it wants to be asked again when others changed the object after it.
    pub(super) fn is_patient(&self) -> bool {
        self.webhook.reinvocation_policy.as_deref() == Some("IfNeeded")
    }

    /// Whom its configuration names.
    pub(super) fn target(&self) -> Target<'_> {
        let config = &self.webhook.client_config;
        let service = config.service.as_ref();
        Target {
            url: config.url.as_deref(),
            service: service.map(|service| ServiceTarget {
                name: &service.name,
                namespace: &service.namespace,
                path: service.path.as_deref(),
                port: service.port,
            }),
            authority: config.ca_bundle.as_ref().map(|own| own.0.as_slice()),
        }
    }

    /// Whether being asked changes nothing else when nothing is kept.
    pub(super) fn leaves_no_trace(&self) -> bool {
        matches!(self.webhook.side_effects.as_str(), "None" | "NoneOnDryRun")
    }

    pub(super) fn timeout_seconds(&self) -> u32 {
        let seconds = self.webhook.timeout_seconds;
        let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
        seconds
            .filter(|seconds| *seconds > 0)
            .unwrap_or(TIMEOUT_SECONDS)
    }

    /// The first version of those it understands that this server can speak.
    pub(super) fn review_version(&self) -> &'static str {
        let own = self.webhook.admission_review_versions.iter();
        let mut known = own.filter_map(|own| VERSIONS.iter().find(|known| *known == own));
        known.next().copied().unwrap_or(VERSIONS[0])
    }
}

/// Those who may change what they are asked about.
pub(super) fn mutating(call: &Call<'_>) -> Result<Vec<Hook>, Rejection> {
    configured(call, "mutatingwebhookconfigurations", true)
}

/// Those who may only judge.
pub(super) fn validating(call: &Call<'_>) -> Result<Vec<Hook>, Rejection> {
    configured(call, "validatingwebhookconfigurations", false)
}

/// All webhooks of a kind: by the name of their configuration, then in its order.
fn configured(call: &Call<'_>, plural: &str, may_change: bool) -> Result<Vec<Hook>, Rejection> {
    let prefix = ObjectKey::prefix(&GroupResource::new(GROUP, plural), None);
    let mut all = Vec::new();
    for (_, stored) in call.snapshot.range(&prefix, None) {
        let configuration = stored.value.object(stored.modified);
        let name = configuration.name();
        let hooks = configuration.at(&["webhooks"]).and_then(Value::as_array);
        for webhook in hooks.into_iter().flatten() {
            let webhook: MutatingWebhook =
                serde_json::from_value(webhook.clone()).map_err(|error| {
                    Rejection::internal(format!("read webhooks of {name}: {error}"))
                })?;
            all.push(Hook {
                id: format!("{plural}/{name}/{}", webhook.name),
                about: ObjectKey::new(GroupResource::new(GROUP, plural), "", name),
                may_change,
                webhook,
            });
        }
    }
    Ok(all)
}
