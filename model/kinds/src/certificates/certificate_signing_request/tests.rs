//! Requests that are refused, and who may change what.

use base64::Engine as _;
use expect_test::{Expect, expect};
use gantry_api::field_error::FieldErrors;
use gantry_api::{Caller, Object};
use serde_json::{Value, json};

use super::{CertificateSigningRequests as Requests, organizations};
use crate::testing::{NOW, check_create, check_row, check_status_change, created, told, updated};
use crate::{Author, Subresource, describe};

const REQUEST: &[u8] = include_bytes!("tests/request.pem");
const CERTIFICATE: &[u8] = include_bytes!("tests/certificate.pem");

fn encoded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn request(fields: &Value) -> Value {
    let mut spec = json!({
        "request": encoded(REQUEST),
        "signerName": "example.com/signer",
        "usages": ["client auth"],
    });
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    json!({ "spec": spec })
}

fn approved() -> Value {
    json!({ "type": "Approved", "status": "True", "reason": "Known" })
}

/// What is wrong with a request that was changed through `/approval`.
fn check_approval(old: &Object, change: impl FnOnce(&mut Object), expect: &Expect) {
    let hooks = describe::<Requests>().hooks;
    let mut new = old.clone();
    change(&mut new);
    hooks
        .prepare_part(Subresource::Approval, &mut new, old)
        .unwrap();
    let mut errors = FieldErrors::new();
    hooks
        .validate_part(Subresource::Approval, &new, old, &mut errors)
        .unwrap();
    expect.assert_eq(&told(&errors));
}

#[test]
fn a_request_is_signed_with_its_own_key() {
    check_create::<Requests>(request(&json!({})), &expect![[""]]);
    let other = request(&json!({ "request": encoded(CERTIFICATE) }));
    let text = |told: &str| told.split(": ").last().unwrap_or_default().to_owned();
    assert_eq!(
        text(&faults(other)),
        "PEM block type must be CERTIFICATE REQUEST\n"
    );
    // The subject is changed by one letter, and the signature no longer fits.
    let pem = String::from_utf8(REQUEST.to_vec()).unwrap();
    let forged = pem
        .replace("AwwEamFuZTBZ", "AwwEamFuYTBZ")
        .replace("YW5lMFkw", "YW5hMFkw");
    assert_ne!(forged, pem);
    let told = faults(request(&json!({ "request": encoded(forged.as_bytes()) })));
    assert!(told.contains("verify the signature"), "{told}");
}

fn faults(fields: Value) -> String {
    let mut errors = FieldErrors::new();
    let hooks = describe::<Requests>().hooks;
    hooks
        .validate(&created::<Requests>(fields), None, &mut errors)
        .unwrap();
    told(&errors)
}

#[test]
fn what_is_asked_for_is_checked() {
    check_create::<Requests>(
        request(&json!({
            "expirationSeconds": 599,
            "signerName": "kubernetes.io/legacy-unknown",
            "usages": ["client auth", "client auth", "flying"],
        })),
        &expect![[r#"
            spec.usages[2]: Unsupported value: "flying": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"
            spec.usages[1]: Duplicate value: "client auth"
            spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version
            spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)
        "#]],
    );
    check_create::<Requests>(
        request(&json!({ "usages": [], "signerName": "" })),
        &expect![[r#"
            spec.usages: Required value
            spec.signerName: Required value
        "#]],
    );
    check_create::<Requests>(
        request(&json!({ "signerName": "signer" })),
        &expect![[r#"
            spec.signerName: Invalid value: "signer": must be a fully qualified domain and path of the form 'example.com/signer-name'
        "#]],
    );
    check_create::<Requests>(
        request(&json!({ "signerName": "A/b_c" })),
        &expect![[r#"
            spec.signerName: Invalid value: "A": validating label "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.signerName: Invalid value: "A": should be a domain with at least two segments separated by dots
            spec.signerName: Invalid value: "b_c": validating label "b_c": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
        "#]],
    );
}

#[test]
fn who_asks_is_noted_whatever_the_request_says() {
    let forged = json!({ "username": "admin", "groups": ["system:masters"], "uid": "1" });
    let mut object = created::<Requests>(request(&forged));
    let mut caller = Caller::authenticated("jane", &["people"]);
    caller
        .extra
        .insert("scope".to_owned(), vec!["a".to_owned()]);
    let author = Author {
        caller: &caller,
        now: NOW.parse().unwrap(),
    };
    describe::<Requests>()
        .hooks
        .sign(&mut object, None, &author);
    let spec = object.at(&["spec"]).unwrap();
    assert_eq!(spec["username"], "jane");
    assert_eq!(spec["groups"], json!(["people", "system:authenticated"]));
    assert_eq!(spec["extra"], json!({ "scope": ["a"] }));
    assert_eq!(spec.get("uid"), None);
}

#[test]
fn what_is_asked_for_stays_and_so_does_what_was_decided() {
    let old = created::<Requests>(request(&json!({})));
    let mut wanted = request(&json!({ "signerName": "example.com/other" }));
    wanted["status"] = json!({ "conditions": [approved()] });
    let new = updated::<Requests>(wanted, &old);
    assert_eq!(new, old);
}

#[test]
fn approving_is_not_issuing() {
    let old = created::<Requests>(request(&json!({})));
    let approve = |object: &mut Object| {
        object.set(&["status", "conditions"], json!([approved()]));
        object.set(&["status", "certificate"], encoded(CERTIFICATE).into());
        object.set(&["spec", "signerName"], "example.com/other".into());
    };
    let hooks = describe::<Requests>().hooks;
    let mut new = old.clone();
    approve(&mut new);
    hooks
        .prepare_part(Subresource::Approval, &mut new, &old)
        .unwrap();
    assert_eq!(new.at(&["status", "certificate"]), None);
    assert_eq!(new.text(&["spec", "signerName"]), "example.com/signer");
    check_approval(&old, approve, &expect![[""]]);
    check_approval(
        &new,
        |object| drop(object.remove(&["status", "conditions"])),
        &expect![[r#"
            status.conditions: Forbidden: updates may not remove a condition of type "Approved"
        "#]],
    );
    let denied = json!({ "type": "Denied", "status": "False" });
    check_approval(
        &new,
        |object| {
            object.set(
                &["status", "conditions"],
                json!([approved(), denied, {}, denied]),
            )
        },
        &expect![[r#"
            status.conditions[1].status: Unsupported value: "False": supported values: "True"
            status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive
            status.conditions[2].type: Required value
            status.conditions[2].status: Required value
            status.conditions[3].status: Unsupported value: "False": supported values: "True"
            status.conditions[3].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive
            status.conditions[3].type: Duplicate value: "Denied"
        "#]],
    );
}

#[test]
fn issuing_is_not_approving() {
    let mut old = created::<Requests>(request(&json!({})));
    let issue = |object: &mut Object| {
        object.set(&["status", "certificate"], encoded(CERTIFICATE).into());
    };
    check_status_change::<Requests>(&old, issue, &expect![[""]]);
    check_status_change::<Requests>(
        &old,
        |object| object.set(&["status", "certificate"], encoded(REQUEST).into()),
        &expect![[r#"
            status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"
        "#]],
    );
    check_status_change::<Requests>(
        &old,
        |object| object.set(&["status", "conditions"], json!([approved()])),
        &expect![[r#"
            status.conditions: Forbidden: updates may not add a condition of type "Approved"
        "#]],
    );
    issue(&mut old);
    let twice = encoded(&[CERTIFICATE, CERTIFICATE].concat());
    check_status_change::<Requests>(
        &old,
        |object| object.set(&["status", "certificate"], twice.into()),
        &expect![[r#"
            status.certificate: Forbidden: updates may not modify existing certificate content
        "#]],
    );
}

#[test]
fn conditions_are_dated() {
    let caller = Caller::anonymous();
    let at = |now: &str| Author {
        caller: &caller,
        now: now.parse().unwrap(),
    };
    let hooks = describe::<Requests>().hooks;
    let old = created::<Requests>(request(&json!({})));
    let mut first = old.clone();
    first.set(&["status", "conditions"], json!([approved()]));
    hooks.sign(&mut first, Some(&old), &at("2026-01-01T00:00:00Z"));
    let mut second = old.clone();
    second.set(&["status", "conditions"], json!([approved()]));
    hooks.sign(&mut second, Some(&first), &at(NOW));
    let condition = &second.at(&["status", "conditions"]).unwrap()[0];
    assert_eq!(condition["lastUpdateTime"], NOW);
    assert_eq!(condition["lastTransitionTime"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_subject_names_its_groups() {
    assert_eq!(organizations(REQUEST), ["system:masters"]);
    assert!(organizations(b"nothing").is_empty());
}

#[test]
fn the_row_shows_what_was_decided() {
    check_row::<Requests>(
        request(&json!({})),
        &expect![[r#"
        Name: web
        Age: <unknown>
        SignerName: example.com/signer
        Requestor: 
        RequestedDuration: <none>
        Condition: Pending
    "#]],
    );
    let mut fields = request(&json!({ "expirationSeconds": 86400, "username": "jane" }));
    let failed = json!({ "type": "Failed", "status": "True" });
    fields["status"] =
        json!({ "conditions": [approved(), failed], "certificate": encoded(CERTIFICATE) });
    check_row::<Requests>(
        fields,
        &expect![[r#"
        Name: web
        Age: <unknown>
        SignerName: example.com/signer
        Requestor: jane
        RequestedDuration: 24h
        Condition: Approved,Failed,Issued
    "#]],
    );
}
