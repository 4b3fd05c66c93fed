//! Makes the objects that a server must contain before it serves anybody, and puts back those of
//! its own that were changed.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_client::{Api, requests};
use gantry_gateway::Gateway;
use gantry_kinds::bootstrap::{Bootstrap, mended, objects};
use gantry_pki::{FRONT_PROXY, Pki};
use gantry_registry::request::{PatchType, Request, Resource, Verb};

use crate::config::ControlConfig;
use crate::controllers::masters;
use crate::error::ControlError;

/// Where other servers read whom they may believe.
const AUTHENTICATION: &str = "extension-apiserver-authentication";
const PROXIES: &str = "requestheader-client-ca-file";
/// Authorities that are published there; the oldest of more are forgotten.
const PROXY_AUTHORITIES: usize = 8;

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
    pki: &Pki,
) -> Result<(), ControlError> {
    let api = masters(gateway, "gantry-bootstrap");
    let settings = Bootstrap {
        service_ranges: vec![config.service_range.to_string()],
    };
    for object in objects(&settings) {
        ensure(gateway, &api, object, Repair::Mended).await?;
    }
    let mut own = own_services(config);
    let proxies = proxies(&api, pki.front_proxy().ca_pem()).await?;
    own.push(authentication(pki.ca_pem(), &proxies));
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

/// The authorities that vouch for servers that speak for others: this one's, and those of other
/// servers that share its state.
async fn proxies(api: &Arc<dyn Api>, own: &str) -> Result<String, ControlError> {
    let maps = GroupResource::new("", "configmaps");
    let key = ObjectKey::new(maps, "kube-system", AUTHENTICATION);
    let known = api.call(requests::request(Verb::Get, &key, "v1")).await;
    let known = match known {
        Ok(known) => requests::decode(&known),
        Err(Rejection::NotFound { .. }) => Ok(Object::default()),
        Err(rejection) => Err(rejection),
    };
    let known: Object = known.map_err(|source| ControlError::Bootstrap {
        what: format!("ConfigMap {AUTHENTICATION:?}"),
        source,
    })?;
    Ok(joined(known.text(&["data", PROXIES]), own))
}

/// The certificates in `known` and `own`, which comes last; the newest few of them.
fn joined(known: &str, own: &str) -> String {
    let end = "-----END CERTIFICATE-----";
    let others = known.split_inclusive(end).map(str::trim);
    let others = others.filter(|one| one.ends_with(end) && *one != own.trim());
    let mut all: Vec<&str> = others.collect();
    all.push(own.trim());
    let first = all.len().saturating_sub(PROXY_AUTHORITIES);
    all[first..].join("\n") + "\n"
}

/// Whom servers behind this one may believe: clients with certificates of the cluster's authority,
/// and this server when it speaks for others, which another authority vouches for.
fn authentication(ca_pem: &str, proxies: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": AUTHENTICATION, "namespace": "kube-system"},
        "data": {
            "client-ca-file": ca_pem,
            "requestheader-allowed-names": json!([FRONT_PROXY]).to_string(),
            PROXIES: proxies,
            "requestheader-extra-headers-prefix": r#"["X-Remote-Extra-"]"#,
            "requestheader-group-headers": r#"["X-Remote-Group"]"#,
            "requestheader-uid-headers": r#"["X-Remote-Uid"]"#,
            "requestheader-username-headers": r#"["X-Remote-User"]"#,
        },
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

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn authorities_are_published_together_and_not_without_end() {
        let one =
            |name: u32| format!("-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n");
        assert_eq!(joined("", &one(1)), one(1));
        assert_eq!(joined(&one(1), &one(1)), one(1));
        assert_eq!(joined(&one(1), &one(2)), one(1) + &one(2));
        assert_eq!(joined("nonsense", &one(2)), one(2));
        let many: String = (0..20).map(one).collect();
        let kept: String = (13..20).map(one).collect();
        assert_eq!(joined(&many, &one(99)), kept + &one(99));
    }
}
