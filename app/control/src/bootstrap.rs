//! Makes the objects that a server must contain before it serves anybody, and puts back those of
//! its own that were changed.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use gantry_api::{Object, ObjectKey, Rejection};
use gantry_client::{Api, requests};
use gantry_gateway::Gateway;
use gantry_kinds::bootstrap::{Bootstrap, mended, objects};
use gantry_registry::request::{PatchType, Request, Resource, Verb};

use crate::config::ControlConfig;
use crate::controllers::masters;
use crate::error::ControlError;

/// What becomes of an object that is there already.
#[derive(Clone, Copy)]
enum Repair {
    /// What its kind says: see [`mended`].
    Mended,
    /// Its fields are what they are here, whatever they were.
    Applied,
}

/// Makes what is missing and mends what is ours.
pub(crate) async fn run(
    gateway: &Gateway,
    config: &ControlConfig,
    ca_pem: &str,
) -> Result<(), ControlError> {
    let api = masters(gateway, "gantry-bootstrap");
    let settings = Bootstrap {
        service_ranges: vec![config.service_range.to_string()],
    };
    for object in objects(&settings) {
        ensure(gateway, &api, object, Repair::Mended).await?;
    }
    let mut own = own_services(config);
    own.push(authentication(ca_pem));
    for object in own {
        let object = Object::from_value(object).expect("the literals below are objects");
        ensure(gateway, &api, object, Repair::Applied).await?;
    }
    Ok(())
}

async fn ensure(
    gateway: &Gateway,
    api: &Arc<dyn Api>,
    object: Object,
    repair: Repair,
) -> Result<(), ControlError> {
    let what = format!("{} {:?}", object.kind(), object.name());
    let failed = |source| ControlError::Bootstrap { what, source };
    let Some(key) = key(gateway, &object) else {
        return Err(failed(Rejection::NoSuchPath));
    };
    let version = object.api_version().version;
    let known = api.call(requests::request(Verb::Get, &key, &version)).await;
    let request = match (known, repair) {
        (Err(Rejection::NotFound { .. }), _) => Ok(Some(create(&key, &object))),
        (Err(rejection), _) => Err(rejection),
        (Ok(_), Repair::Applied) => Ok(Some(apply(&key, &object))),
        (Ok(known), Repair::Mended) => requests::decode(&known)
            .map(|known: Object| mended(&object, &known).map(|mended| update(&key, &mended))),
    };
    let outcome = match request {
        Ok(Some(request)) => api.call(request).await.map(drop),
        Ok(None) => Ok(()),
        Err(rejection) => Err(rejection),
    };
    outcome.map_err(failed)
}

fn key(gateway: &Gateway, object: &Object) -> Option<ObjectKey> {
    let version = object.api_version();
    let registry = gateway.registry();
    let kind = registry.kinds().iter().find(|known| {
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

fn update(key: &ObjectKey, object: &Object) -> Request {
    let mut request = requests::request(Verb::Update, key, &object.api_version().version);
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

/// Whom servers behind this one may believe: clients with certificates of the cluster's authority.
/// Nothing is passed on to them yet, so there is nobody to believe who speaks for others.
fn authentication(ca_pem: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {"client-ca-file": ca_pem},
    })
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
