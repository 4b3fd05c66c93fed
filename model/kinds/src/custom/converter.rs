//! Who converts the objects of a custom kind from one version to another, when a webhook does.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceConversion;

use crate::parts::remote::ServiceTarget;

const HTTPS_PORT: i32 = 443;

/// The versions of reviews that this server speaks.
const SPOKEN: [&str; 2] = ["v1", "v1beta1"];

/// A webhook that converts objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converter {
    /// The URL at which it listens, if no service stands before it.
    pub url: Option<String>,
    /// The certificates to trust, in PEM; those that this machine trusts when there are none.
    pub authority: Option<Vec<u8>>,
    /// The version of the reviews that it is sent.
    pub review_version: &'static str,
    service: Option<Service>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    name: String,
    namespace: String,
    path: Option<String>,
    port: i32,
}

impl Converter {
    /// The webhook that a definition names, if one converts.
    pub(super) fn of(conversion: &CustomResourceConversion) -> Option<Self> {
        if conversion.strategy != "Webhook" {
            return None;
        }
        let webhook = conversion.webhook.clone().unwrap_or_default();
        let config = webhook.client_config.unwrap_or_default();
        let mut wanted = webhook.conversion_review_versions.iter();
        let spoken = |own: &String| SPOKEN.into_iter().find(|spoken| own == spoken);
        let authority = config.ca_bundle.map(|own| own.0);
        Some(Self {
            url: config.url,
            authority: authority.filter(|own| !own.is_empty()),
            review_version: wanted.find_map(spoken).unwrap_or(SPOKEN[0]),
            service: config.service.map(|own| Service {
                name: own.name,
                namespace: own.namespace,
                path: own.path,
                port: own.port.unwrap_or(HTTPS_PORT),
            }),
        })
    }

    /// The service behind which it listens, if it does not listen at a URL.
    #[must_use]
    pub fn service(&self) -> Option<ServiceTarget<'_>> {
        self.service.as_ref().map(|own| ServiceTarget {
            name: &own.name,
            namespace: &own.namespace,
            path: own.path.as_deref(),
            port: Some(own.port),
        })
    }
}
