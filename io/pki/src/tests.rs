//! The life of a folder of keys: made, loaded, renewed, and refused when damaged.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::after;

use crate::*;

const HOUR: Duration = Duration::from_hours(1);

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn names(extra: &[&str]) -> ServerNames {
    ServerNames {
        service_address: "10.96.0.1".parse().unwrap(),
        addresses: vec!["192.0.2.7".parse().unwrap()],
        extra: extra.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn open(dir: &tempfile::TempDir, extra: &[&str], now: Timestamp) -> Pki {
    Pki::open(&dir.path().join("pki"), names(extra), now).unwrap()
}

#[test]
fn a_second_start_finds_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (open(&dir, &[], now()), open(&dir, &[], after(now(), HOUR)));
    assert_eq!(first.ca_pem(), second.ca_pem());
    assert_eq!(first.tokens().jwks(), second.tokens().jwks());
    assert_eq!(first.serving_certificate(), second.serving_certificate());
}

#[test]
fn who_speaks_for_others_is_vouched_for_by_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&dir, &[], now());
    let proxy = first.front_proxy();
    assert_ne!(proxy.ca_pem(), first.ca_pem());
    let second = open(&dir, &[], now());
    assert_eq!(proxy.ca_pem(), second.front_proxy().ca_pem());
    assert!(!proxy.renew(now()).unwrap());
    assert!(proxy.renew(after(now(), HOUR * 24 * 200)).unwrap());
    let refused = proxy.client_config(ServerTrust::Authority(b"no certificate"));
    assert!(refused.is_err());
    for trust in [
        ServerTrust::Anybody,
        ServerTrust::Authority(first.ca_pem().as_bytes()),
    ] {
        assert!(proxy.client_config(trust).is_ok());
    }
}

#[test]
fn keys_can_be_read_by_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir, &[], now());
    for file in [
        "ca.pem",
        "front-proxy-ca.pem",
        "server.pem",
        "service-accounts.pem",
    ] {
        let metadata = std::fs::metadata(dir.path().join("pki").join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn the_server_answers_to_every_name_that_pods_and_people_use() {
    let dir = tempfile::tempdir().unwrap();
    let found = open(&dir, &["gantry.example"], now())
        .serving_certificate()
        .names;
    for name in [
        "kubernetes.default.svc",
        "10.96.0.1",
        "127.0.0.1",
        "192.0.2.7",
        "gantry.example",
    ] {
        assert!(
            found.contains(&name.to_owned()),
            "{name} is not in {found:?}"
        );
    }
}

#[test]
fn a_new_name_gives_a_new_certificate_under_the_same_authority() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (open(&dir, &[], now()), open(&dir, &["other"], now()));
    assert_eq!(first.ca_pem(), second.ca_pem());
    assert_ne!(first.serving_certificate(), second.serving_certificate());
}

#[test]
fn the_running_server_renews_at_half_of_its_life() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(&dir, &[], now());
    let before = pki.serving_certificate();
    assert!(
        !pki.renew(after(now(), limits::SERVING_LIFETIME / 3))
            .unwrap()
    );
    let late = after(now(), limits::SERVING_LIFETIME / 2);
    assert!(pki.renew(late).unwrap());
    assert!(pki.serving_certificate().not_after > before.not_after);
    assert!(!needs_renewal(&pki.serving_certificate(), late));
}

#[test]
fn a_client_is_who_its_certificate_says_and_no_longer_than_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(&dir, &[], now());
    let node = pki.client_identity(
        "system:node:a",
        &["system:nodes", "b"],
        HOUR * 99_999,
        now(),
    );
    let found = node.unwrap().certificate().unwrap();
    assert_eq!(found.subject.user, "system:node:a");
    assert_eq!(found.subject.groups, ["system:nodes", "b"]);
    assert_eq!(found.not_after, after(now(), limits::CLIENT_LIFETIME));
    let admin = pki.admin_identity(now()).unwrap().certificate().unwrap();
    assert_eq!(admin.not_after, after(now(), limits::ADMIN_LIFETIME));
}

#[test]
fn a_certificate_names_as_many_groups_as_it_is_given_and_when_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(&dir, &[], now());
    let identity = pki.client_identity("jürgen", &["a", "b", "a b", "c"], HOUR, now());
    let identity = identity.unwrap();
    let found = identity.certificate().unwrap();
    assert_eq!(found.subject.user, "jürgen");
    assert_eq!(found.subject.groups, ["a", "b", "a b", "c"]);
    assert_eq!(found.issued_at(), now());
    client_config(&identity).unwrap();
    let early: Timestamp = "2020-02-03T04:05:06Z".parse().unwrap();
    let past = pki.client_identity("x", &[], HOUR, early).unwrap();
    assert_eq!(past.certificate().unwrap().not_after, after(early, HOUR));
    let far: Timestamp = "2055-02-03T04:05:06Z".parse().unwrap();
    let late = pki.client_identity("x", &[], HOUR, far).unwrap();
    assert_eq!(late.certificate().unwrap().not_after, after(far, HOUR));
}

#[test]
fn a_damaged_authority_is_reported_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir, &[], now());
    let path = dir.path().join("pki/ca.pem");
    std::fs::write(&path, "torn").unwrap();
    let error = Pki::open(&dir.path().join("pki"), names(&[]), now()).unwrap_err();
    assert!(matches!(error, PkiError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "torn");
}

#[test]
fn a_damaged_serving_certificate_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir, &[], now());
    std::fs::write(dir.path().join("pki/server.pem"), "torn").unwrap();
    assert!(open(&dir, &[], now()).serving_certificate().not_after > now());
}

fn token_claims() -> Claims {
    let bound = KubernetesClaims {
        namespace: "prod".into(),
        serviceaccount: BoundObject {
            name: "web".into(),
            uid: "u1".into(),
        },
        pod: Some(BoundObject {
            name: "web-1".into(),
            uid: "u2".into(),
        }),
        ..KubernetesClaims::default()
    };
    Claims::new(bound, Vec::new(), HOUR, now())
}

#[test]
fn a_token_says_what_was_signed_until_it_expires() {
    let key = TokenKey::create().unwrap();
    let token = key.sign(&token_claims());
    assert_eq!(key.verify(&token, &[ISSUER], now()), Ok(token_claims()));
    assert_eq!(token_claims().sub, "system:serviceaccount:prod:web");
    assert_eq!(
        key.verify(&token, &[ISSUER], after(now(), HOUR)),
        Err(TokenError::Expired)
    );
    let early = now().checked_sub(HOUR).unwrap();
    assert_eq!(
        key.verify(&token, &[ISSUER], early),
        Err(TokenError::NotYet)
    );
    let elsewhere = key.verify(&token, &["vault"], now());
    assert!(matches!(elsewhere, Err(TokenError::Audience { .. })));
}

#[test]
fn a_token_of_another_key_or_without_a_signature_does_not_count() {
    let (ours, theirs) = (TokenKey::create().unwrap(), TokenKey::create().unwrap());
    let token = theirs.sign(&token_claims());
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    for token in [token.as_str(), unsigned.as_str(), "", "a.b.c"] {
        assert_eq!(
            ours.verify(token, &[ISSUER], now()),
            Err(TokenError::Signature)
        );
    }
}

#[test]
fn both_ends_of_tls_accept_our_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(&dir, &[], now());
    pki.server_config().unwrap();
    client_config(&pki.admin_identity(now()).unwrap()).unwrap();
}

#[test]
fn a_request_is_answered_with_the_subject_the_key_and_the_names_that_it_gives() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(&dir, &[], now());
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params =
        rcgen::CertificateParams::new(vec!["n1.example".to_owned(), "192.0.2.9".to_owned()])
            .unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "system:nodes");
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "system:node:n1");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let usages = Usages {
        server: true,
        signature: true,
        ..Usages::default()
    };
    let answer = |request: &[u8]| pki.authority().answer(request, usages, HOUR, now());
    let pem = answer(request.as_bytes()).unwrap();
    let found = Certificate::from_pem(&pem).unwrap();
    assert_eq!(found.subject.user, "system:node:n1");
    assert_eq!(found.subject.groups, ["system:nodes"]);
    assert_eq!(found.names, ["192.0.2.9", "n1.example"]);
    assert_eq!(found.not_after, after(now(), HOUR));
    assert_eq!(found.issued_at(), now());
    client_config(&Identity {
        cert_pem: pem,
        key_pem: key.serialize_pem(),
        ca_pem: pki.ca_pem().to_owned(),
    })
    .unwrap();
    assert!(answer(b"torn").is_err());
}
