//! Makes the objects that a server must contain before it serves anybody, and puts back those of
//! its own that were changed.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use gantry_api::{Object, ObjectKey, Rejection};
use gantry_client::{Api, requests};
use gantry_gateway::Gateway;
use gantry_kinds::bootstrap::{Bootstrap, objects};
use gantry_registry::request::{PatchType, Request, Resource, Verb};

use crate::config::ControlConfig;
use crate::controllers::masters;
use crate::error::ControlError;

/// The label on objects that are put back when somebody changed them.
const RECONCILED: &str = "kubernetes.io/bootstrapping";

/// Makes what is missing and mends what is ours.
pub(crate) async fn run(gateway: &Gateway, config: &ControlConfig) -> Result<(), ControlError> {
    let api = masters(gateway, "gantry-bootstrap");
    let settings = Bootstrap {
        service_ranges: vec![config.service_range.to_string()],
    };
    for object in objects(&settings) {
        let mends = object.labels().contains_key(RECONCILED);
        ensure(gateway, &api, object, mends).await?;
    }
    for object in own_services(config) {
        let object = Object::from_value(object).expect("the literals below are objects");
        ensure(gateway, &api, object, true).await?;
    }
    Ok(())
}

async fn ensure(
    gateway: &Gateway,
    api: &Arc<dyn Api>,
    object: Object,
    mends: bool,
) -> Result<(), ControlError> {
    let what = format!("{} {:?}", object.kind(), object.name());
    let failed = |source| ControlError::Bootstrap { what, source };
    let Some(key) = key(gateway, &object) else {
        return Err(failed(Rejection::NoSuchPath));
    };
    let version = object.api_version().version;
    let known = api.call(requests::request(Verb::Get, &key, &version)).await;
    let outcome = match known {
        Err(Rejection::NotFound { .. }) => api.call(create(&key, &object)).await,
        Ok(_) if mends => api.call(apply(&key, &object)).await,
        Ok(_) | Err(_) => known,
    };
    outcome.map(drop).map_err(failed)
}

fn key(gateway: &Gateway, object: &Object) -> Option<ObjectKey> {
    let version = object.api_version();
    let kinds = gateway.registry().kinds();
    let kind = kinds.iter().find(|known| {
        known.names.kind == object.kind()
            && known.names.group == version.group
            && known.names.version == version.version
    })?;
    let resource = Resource {
        version,
        plural: kind.names.plural.to_string(),
    };
    Some(ObjectKey::new(
        resource.group_resource(),
        object.namespace(),
        object.name(),
    ))
}

fn create(key: &ObjectKey, object: &Object) -> Request {
    let collection = ObjectKey::new(key.resource.clone(), &key.namespace, "");
    let mut request = requests::request(Verb::Create, &collection, &object.api_version().version);
    request.body = requests::body(object);
    request
}

fn apply(key: &ObjectKey, object: &Object) -> Request {
    let version = object.api_version().version;
    let mut request = requests::request(Verb::Patch(PatchType::Apply), key, &version);
    request.options.field_manager = Some("gantry-bootstrap".to_owned());
    request.options.force = true;
    request.body = requests::body(object);
    request
}

/// The services of the API and of the name server, with where the API really is.
fn own_services(config: &ControlConfig) -> Vec<Value> {
    let address = config.api_address().to_string();
    let dns = config.dns_address().to_string();
    let IpAddr::V4(advertise) = config.advertise else {
        return Vec::new();
    };
    let advertise = advertise.to_string();
    let meta = |name: &str, namespace: &str, labels: Value| json!({"name": name, "namespace": namespace, "labels": labels});
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    let https = json!({"name": "https", "port": config.port, "protocol": "TCP"});
    vec![
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": meta("kubernetes", "default", labels),
            "spec": {
                "type": "ClusterIP", "clusterIP": address, "sessionAffinity": "None",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": config.port}],
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": meta("kubernetes", "default", json!({"endpointslice.kubernetes.io/skip-mirror": "true"})),
            "subsets": [{"addresses": [{"ip": advertise}], "ports": [https]}],
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": meta("kubernetes", "default", json!({"kubernetes.io/service-name": "kubernetes"})),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [advertise], "conditions": {"ready": true}}],
            "ports": [https],
        }),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": meta("kube-dns", "kube-system", json!({
                "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS", "kubernetes.io/cluster-service": "true",
            })),
            "spec": {
                "type": "ClusterIP", "clusterIP": dns, "sessionAffinity": "None",
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
                ],
            },
        }),
    ]
}
