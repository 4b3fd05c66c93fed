//! `CertificateSigningRequest`: somebody asks for a certificate, somebody else approves, and a
//! signer issues it.
//!
//! What is asked for never changes. Approval and issuing are written through subresources of their
//! own, so that who may do the one may not do the other.

mod change;
mod pem;
mod rules;
#[cfg(test)]
mod tests;

pub use pem::{Wishes, organizations, wishes};

use std::time::Duration;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{name, time};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestStatus,
};
use serde_json::Value;

use self::change::Door;
use crate::author::Author;
use crate::column::Column;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::cell;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// Somebody asks for a certificate.
#[derive(Debug)]
pub struct CertificateSigningRequests;

impl Kind for CertificateSigningRequests {
    type Object = CertificateSigningRequest;

    const SHORT: &'static [&'static str] = &["csr"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Approval, Subresource::Status];
    const COLUMNS: &'static [Column<CertificateSigningRequest>] = COLUMNS;
    const RULES: Rules = Rules::new().with_status();
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "spec.signerName",
        read: |request: &Object| request.text(&["spec", "signerName"]).to_owned(),
    }];
    const NAME: name::Rule = name::path_segment;

    fn default(request: &mut CertificateSigningRequest) {
        request.status.get_or_insert_default();
    }

    fn prepare(request: &mut CertificateSigningRequest, old: Option<&CertificateSigningRequest>) {
        match old {
            Some(old) => request.spec.clone_from(&old.spec),
            None => request.status = Some(CertificateSigningRequestStatus::default()),
        }
    }

    fn prepare_status(request: &mut Object, old: &Object) {
        change::keep_decisions(request, old);
    }

    fn prepare_part(
        _part: Subresource,
        request: &mut CertificateSigningRequest,
        old: &CertificateSigningRequest,
    ) {
        request.spec.clone_from(&old.spec);
        change::keep_certificate(request, old);
    }

    fn sign(request: &mut Object, old: Option<&Object>, author: &Author<'_>) {
        match old {
            None => change::note_requester(request, author.caller),
            Some(old) => change::note_times(request, old, author.now),
        }
    }

    fn validate(
        request: &CertificateSigningRequest,
        old: Option<&CertificateSigningRequest>,
        errors: &mut FieldErrors,
    ) {
        match old {
            None => rules::validate(request, errors),
            Some(old) => change::validate(request, old, Door::Main, errors),
        }
    }

    fn validate_status(
        request: &CertificateSigningRequest,
        old: &CertificateSigningRequest,
        errors: &mut FieldErrors,
    ) {
        change::validate(request, old, Door::Status, errors);
    }

    fn validate_part(
        _part: Subresource,
        request: &CertificateSigningRequest,
        old: &CertificateSigningRequest,
        errors: &mut FieldErrors,
    ) {
        change::validate(request, old, Door::Approval, errors);
    }
}

const COLUMNS: &[Column<CertificateSigningRequest>] = &[
    Column::NAME,
    Column::AGE,
    Column::text("SignerName", "Who is to issue it.", |request, _| {
        cell::or_none(&request.spec.signer_name)
    }),
    Column::text("Requestor", "Who asks for it.", |request, _| {
        request.spec.username.as_deref().unwrap_or("").into()
    }),
    Column::text(
        "RequestedDuration",
        "How long it is to be valid.",
        |request, _| duration(request),
    ),
    Column::text("Condition", "What was decided.", |request, _| {
        condition(request).into()
    }),
];

fn duration(request: &CertificateSigningRequest) -> Value {
    let seconds = request.spec.expiration_seconds;
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or_else(
        || cell::NONE.into(),
        |seconds| time::age(Duration::from_secs(seconds)).into(),
    )
}

fn condition(request: &CertificateSigningRequest) -> String {
    let has = |kind: &str| {
        change::conditions(request)
            .iter()
            .any(|found| found.type_ == kind)
    };
    let mut shown = vec![match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (false, true) => "Approved",
        (false, false) => "Pending",
    }];
    shown.extend(has("Failed").then_some("Failed"));
    shown.extend(change::certificate(request).map(|_| "Issued"));
    shown.join(",")
}
