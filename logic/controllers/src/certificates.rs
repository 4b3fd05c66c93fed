//! Requests for certificates: those that approve themselves, those that are issued, those that are
//! over.
//!
//! What is decided here is what a certificate may say. Signing needs the authority's key, which is
//! elsewhere.

pub mod approval;
pub mod cleaning;
pub mod issuing;
#[cfg(test)]
mod tests;

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};

/// For users.
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// For nodes that call the API.
const NODE_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// For nodes that are called.
const NODE_SERVER: &str = "kubernetes.io/kubelet-serving";

/// The condition of this type, if the request has it.
fn condition<'a>(
    request: &'a CertificateSigningRequest,
    kind: &str,
) -> Option<&'a CertificateSigningRequestCondition> {
    let status = request.status.as_ref()?;
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == kind)
}

/// Whether the certificate is there.
fn is_issued(request: &CertificateSigningRequest) -> bool {
    let certificate = request
        .status
        .as_ref()
        .and_then(|status| status.certificate.as_ref());
    certificate.is_some_and(|certificate| !certificate.0.is_empty())
}
