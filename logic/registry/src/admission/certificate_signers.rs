//! Who approves a request for a certificate, and who issues it, may do so for its signer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use gantry_access::Decision;
use gantry_access::attributes::ResourceTarget;
use gantry_api::{Object, Rejection};
use gantry_kinds::certificates::organizations;

use crate::admission::Admission;
use crate::call::Call;

const GROUP: &str = "certificates.k8s.io";
/// The signer whose certificates the API itself trusts to say who somebody is.
const CLIENTS: &str = "kubernetes.io/kube-apiserver-client";
/// Who belongs to it may do everything.
const MASTERS: &str = "system:masters";

pub(super) struct CertificateSigners;

impl Admission for CertificateSigners {
    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let names = &call.kind.names;
        if names.group != GROUP || names.plural != "certificatesigningrequests" {
            return Ok(());
        }
        match (call.request.subresource(), old) {
            ("approval", Some(old)) => may(call, old, "approve"),
            ("status", Some(old)) if object.at(&["status"]) != old.at(&["status"]) => {
                may(call, old, "sign")
            }
            ("", None) => no_master(call, object),
            (_, _) => Ok(()),
        }
    }
}

/// Whether the caller may do this for the signer, or for all signers of its domain.
fn may(call: &Call<'_>, request: &Object, verb: &str) -> Result<(), Rejection> {
    let signer = request.text(&["spec", "signerName"]);
    let domain = signer.split('/').next().unwrap_or_default();
    let all = format!("{domain}/*");
    let is_allowed = [signer, &all].into_iter().any(|name| {
        let target = ResourceTarget {
            group: GROUP,
            resource: "signers",
            name,
            ..ResourceTarget::default()
        };
        matches!(call.may(verb, target), Decision::Allow(_))
    });
    if is_allowed {
        return Ok(());
    }
    let why = format!("user not permitted to {verb} requests with signerName {signer:?}");
    Err(Rejection::forbidden(call.resource(), request.name(), why))
}

/// Nobody becomes almighty by a certificate.
fn no_master(call: &Call<'_>, request: &Object) -> Result<(), Rejection> {
    if request.text(&["spec", "signerName"]) != CLIENTS {
        return Ok(());
    }
    let text = STANDARD.decode(request.text(&["spec", "request"]));
    let groups = organizations(&text.unwrap_or_default());
    if !groups.iter().any(|group| group == MASTERS) {
        return Ok(());
    }
    let why = format!("use of {CLIENTS} signer with {MASTERS} group is not allowed");
    Err(Rejection::forbidden(call.resource(), request.name(), why))
}
