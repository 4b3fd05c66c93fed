//! Tokens of ServiceAccounts for pods' volumes: asked for when a volume is made, and again in time.

use serde_json::{Value, json};

use k8s_openapi::api::core::v1::{Pod, ServiceAccount};

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_client::requests::{body, decode, request};
use gantry_kubelet::volume_content::{TokenWanted, Tokens, tokens};
use gantry_registry::request::Verb;

use crate::agent::Agent;

/// The tokens that a pod's volumes need, and when the first of them must be renewed: when a fifth
/// of its time is left.
pub(crate) async fn of_pod(
    agent: &Agent,
    pod: &Pod,
) -> Result<(Tokens, Option<Timestamp>), String> {
    let mut all = Tokens::new();
    let mut renew_at = None::<Timestamp>;
    for wanted in tokens(pod) {
        let token = issue(agent, pod, &wanted).await.map_err(|why| {
            format!(
                "MountVolume.SetUp failed for volume {:?} : failed to fetch token: {why}",
                wanted.volume
            )
        })?;
        let life = u64::try_from(wanted.seconds).unwrap_or(0);
        let renewal = after(
            agent.clock.now(),
            std::time::Duration::from_secs(life * 4 / 5),
        );
        renew_at = Some(renew_at.map_or(renewal, |known| known.min(renewal)));
        all.insert((wanted.volume, wanted.source), token);
    }
    Ok((all, renew_at))
}

async fn issue(agent: &Agent, pod: &Pod, wanted: &TokenWanted) -> Result<String, String> {
    let spec = pod.spec.as_ref();
    let account = spec.and_then(|spec| spec.service_account_name.as_deref());
    let account = account.filter(|name| !name.is_empty()).unwrap_or("default");
    let resource = GroupResource::of::<ServiceAccount>();
    let key = ObjectKey::new(resource, pod.namespace(), account);
    let mut request = request(Verb::Create, &key, "v1");
    request.subresource = Some("token".to_owned());
    let audiences: Vec<&str> = Some(wanted.audience.as_str())
        .into_iter()
        .filter(|audience| !audience.is_empty())
        .collect();
    request.body = body(&json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": audiences,
            "expirationSeconds": wanted.seconds,
            "boundObjectRef": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": pod.name(),
                "uid": pod.uid(),
            },
        },
    }));
    let answer = agent
        .api
        .call(request)
        .await
        .map_err(|rejection| rejection.to_string())?;
    let answer: Value = decode(&answer).map_err(|rejection| rejection.to_string())?;
    let token = answer.pointer("/status/token").and_then(Value::as_str);
    token
        .map(str::to_owned)
        .ok_or_else(|| "the answer holds no token".to_owned())
}
