//! Every pod runs as a ServiceAccount and finds that account's token in a volume.
//!
//! A namespace's `default` account is made together with the first pod that needs it, so that no
//! pod is refused for coming before whoever looks after accounts.

use serde_json::{Value, json};

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::entropy;
use gantry_base::time::rfc3339;
use gantry_store::Key;

use crate::admission::{Admission, is_on};
use crate::call::Call;

const DEFAULT: &str = "default";
/// Where programs look for the token.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
/// The agent replaces the token well before this many seconds are over.
const TOKEN_SECONDS: i64 = 3607;
/// What marks the pod that stands for one that a node runs by itself.
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) struct ServiceAccount;

impl Admission for ServiceAccount {
    fn plugin(&self) -> Option<&'static str> {
        Some("ServiceAccount")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "pods") || object.annotations().contains_key(MIRROR) {
            return Ok(());
        }
        if object.text(&["spec", "serviceAccountName"]).is_empty() {
            object.set(&["spec", "serviceAccountName"], Value::from(DEFAULT));
        }
        let name = object.text(&["spec", "serviceAccountName"]).to_owned();
        object.set(&["spec", "serviceAccount"], Value::from(name.as_str()));
        let account = account(call, object, &name)?;
        let own = object.at(&["spec", "automountServiceAccountToken"]);
        let of_account = account.at(&["automountServiceAccountToken"]);
        if own.or(of_account) != Some(&Value::Bool(false)) {
            mount(call, object);
        }
        pull_secrets(object, &account);
        Ok(())
    }
}

fn account(call: &mut Call<'_>, pod: &Object, name: &str) -> Result<Object, Rejection> {
    let namespace = call.request.namespace().to_owned();
    let accounts = GroupResource::new("", "serviceaccounts");
    let key = ObjectKey::new(accounts, &namespace, name);
    if let Some(account) = call.look_up(&key) {
        return Ok(account);
    }
    if name != DEFAULT {
        let why = format!(
            "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
        );
        return Err(Rejection::forbidden(call.resource(), pod.name(), why));
    }
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": entropy::uid(call.chance),
            "creationTimestamp": rfc3339(call.now),
        },
    });
    let account = Object::from_value(account).unwrap_or_default();
    call.take(Key::from(&key), &account);
    Ok(account)
}

/// Adds the volume, and mounts it wherever nothing else is mounted in its place.
fn mount(call: &mut Call<'_>, pod: &mut Object) {
    let name = volume_name(call, pod);
    let mut is_mounted = false;
    for list in ["initContainers", "containers"] {
        let containers = pod
            .0
            .get_mut("spec")
            .and_then(|spec| spec.get_mut(list))
            .and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            is_mounted |= mount_in(container, &name);
        }
    }
    if is_mounted && !volumes(pod).any(|known| known == name) {
        let known = pod.at(&["spec", "volumes"]).and_then(Value::as_array);
        let mut volumes = known.cloned().unwrap_or_default();
        volumes.push(volume(&name));
        pod.set(&["spec", "volumes"], Value::from(volumes));
    }
}

/// The pod's own volume of that kind, if it came with one, else a new name.
fn volume_name(call: &mut Call<'_>, pod: &Object) -> String {
    let own = volumes(pod)
        .find(|name| name.starts_with(VOLUME_PREFIX))
        .map(str::to_owned);
    own.unwrap_or_else(|| format!("{VOLUME_PREFIX}{}", entropy::suffix(call.chance, 5)))
}

fn volumes(pod: &Object) -> impl Iterator<Item = &str> {
    let list = pod.at(&["spec", "volumes"]).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|volume| volume.get("name")?.as_str())
}

fn mount_in(container: &mut Value, name: &str) -> bool {
    let Some(container) = container.as_object_mut() else {
        return false;
    };
    let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
    let Some(mounts) = mounts.as_array_mut() else {
        return false;
    };
    let taken = |mount: &Value| mount.get("mountPath") == Some(&Value::from(MOUNT_PATH));
    if mounts.iter().any(taken) {
        return false;
    }
    mounts.push(json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH}));
    true
}

fn volume(name: &str) -> Value {
    json!({
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ],
        },
    })
}

/// A pod that names no pull secrets has those of its account.
fn pull_secrets(pod: &mut Object, account: &Object) {
    let own = pod
        .at(&["spec", "imagePullSecrets"])
        .and_then(Value::as_array);
    if own.is_some_and(|own| !own.is_empty()) {
        return;
    }
    if let Some(secrets) = account.at(&["imagePullSecrets"]) {
        pod.set(&["spec", "imagePullSecrets"], secrets.clone());
    }
}
