//! Requests as literals, and what becomes of them.

use std::sync::Arc;

use gantry_kinds::certificates::Wishes;
use gantry_reconcile::{Controller, Reconciler, View};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestSpec,
};
use serde_json::{Value, json};

use super::approval::CertificateApproval;
use super::cleaning::CertificateCleaning;
use super::issuing::{self, CertificateIssuing, Issuing};
use crate::testing::{object, plan_for, put, shown};

/// By `system:node:n1` of `system:nodes`, without names of hosts.
const NODE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIcU1JR1NBZ0VBTURBeEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVYTUJVR0ExVUVBd3dPYzNsegpkR1Z0T201dlpHVTZiakV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVROQXIxWnpEM3M1Vy9ZCkhGMTV5VjBVcHZsUUFlWHdXNW5YOGk2anE1Zis5VEVrK3BBVlovQUcvaXhYVDNENWN6dCsvdnk5K215N2svZGMKVU1oN1dNeVlvQUF3Q2dZSUtvWkl6ajBFQXdJRFJ3QXdSQUlnRzl0TTBQeFk4TGlMM0l0a3hUVXljMlhGQlJMMwpvR0dJYi9hMmt4QjlJQkFDSUJMdkNCMVMwVTNaUnlXaFA0ZEs4UHgwM0tqL3h4TnE1cVBSZmRhVXgybEUKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

fn request(signer: &str, usages: &[&str], status: Value) -> Value {
    json!({
        "metadata": {"name": "r", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "request": NODE, "signerName": format!("kubernetes.io/{signer}"), "usages": usages,
            "username": "system:node:n1", "groups": ["system:nodes"],
        },
        "status": status,
    })
}

const CLIENT: [&str; 2] = ["digital signature", "client auth"];

fn decided(kind: &str, at: &str) -> Value {
    json!({"conditions": [{"type": kind, "status": "True", "lastUpdateTime": at}]})
}

fn approved() -> Value {
    decided("Approved", "2026-01-01T11:30:00Z")
}

fn becomes(request: Value) -> String {
    let request: CertificateSigningRequest = object(request);
    let world = issuing::World::new(Arc::new(request));
    let plan = CertificateIssuing.reconcile(&world);
    let shown = plan.actions.iter().map(|action| match action {
        Issuing::Issue(order) => format!(
            "client={} server={} for {}s",
            order.client,
            order.server,
            order.life.as_secs()
        ),
        Issuing::Fail(write) => {
            let text = format!("{write:?}");
            text.split("message\": String(\"")
                .nth(1)
                .map_or(text.clone(), |rest| {
                    rest.split("\")").next().unwrap_or_default().to_owned()
                })
        }
    });
    shown.collect::<Vec<_>>().join("; ")
}

#[test]
fn an_approved_request_gets_a_certificate_as_its_signer_allows() {
    assert_eq!(
        becomes(request(
            "kube-apiserver-client-kubelet",
            &CLIENT,
            approved()
        )),
        "client=true server=false for 31536000s"
    );
    let mut short = request("kube-apiserver-client", &["client auth"], approved());
    short["spec"]["expirationSeconds"] = json!(600);
    assert_eq!(becomes(short), "client=true server=false for 600s");
}

#[test]
fn nothing_is_issued_that_nobody_approved_or_that_is_over() {
    let asked = |status| becomes(request("kube-apiserver-client", &CLIENT, status));
    assert_eq!(asked(json!({})), "");
    assert_eq!(asked(decided("Denied", "2026-01-01T11:30:00Z")), "");
    let mut issued = approved();
    issued["certificate"] = json!("eA==");
    assert_eq!(asked(issued), "");
    assert_eq!(becomes(request("legacy-unknown", &CLIENT, approved())), "");
}

#[test]
fn what_the_contract_of_a_signer_does_not_allow_fails() {
    let both = ["client auth", "server auth"];
    let told = becomes(request("kube-apiserver-client", &both, approved()));
    assert_eq!(
        told,
        "usage \\\"server auth\\\" is not one of this signer's"
    );
    let serving = ["digital signature", "server auth"];
    let told = becomes(request("kubelet-serving", &serving, approved()));
    assert_eq!(told, "at least one host name or address is required");
}

#[test]
fn a_node_is_vouched_for_under_its_own_name_alone() {
    let spec = CertificateSigningRequestSpec {
        signer_name: "kubernetes.io/kube-apiserver-client-kubelet".to_owned(),
        usages: Some(CLIENT.map(str::to_owned).to_vec()),
        ..CertificateSigningRequestSpec::default()
    };
    let node = || Wishes {
        user: "system:node:n1".to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        ..Wishes::default()
    };
    assert_eq!(issuing::check(&spec, &node()), Ok(()));
    for odd in [
        Wishes {
            user: "system:admin".to_owned(),
            ..node()
        },
        Wishes {
            user: "system:node:".to_owned(),
            ..node()
        },
        Wishes {
            organizations: Vec::new(),
            ..node()
        },
        Wishes {
            organizations: vec!["system:nodes".to_owned(), "system:masters".to_owned()],
            ..node()
        },
        Wishes { hosts: 1, ..node() },
        Wishes {
            others: 1,
            ..node()
        },
    ] {
        assert!(issuing::check(&spec, &odd).is_err(), "{odd:?}");
    }
}

fn check<C: Controller>(controller: &C, request: Value, expected: &str) {
    let mut view = View::default();
    put::<CertificateSigningRequest>(&mut view, request);
    let plan = plan_for::<C, CertificateSigningRequest>(controller, &view, ("", "r"));
    assert_eq!(shown(&plan).trim(), expected);
}

#[test]
fn a_node_renews_its_own_certificate_and_nobody_elses() {
    let asked = request("kube-apiserver-client-kubelet", &CLIENT, json!({}));
    let update = "update certificatesigningrequests.certificates.k8s.io r approval";
    check(&CertificateApproval, asked.clone(), update);
    let nothing = "";
    let mut other = asked.clone();
    other["spec"]["username"] = json!("system:node:n2");
    check(&CertificateApproval, other, nothing);
    let mut stranger = asked;
    stranger["spec"]["groups"] = json!(["system:bootstrappers"]);
    check(&CertificateApproval, stranger, nothing);
    let user = request("kube-apiserver-client", &CLIENT, json!({}));
    check(&CertificateApproval, user, nothing);
}

#[test]
fn a_request_goes_an_hour_after_its_decision_or_a_day_after_it_was_made() {
    let asked = |status| request("kube-apiserver-client", &CLIENT, status);
    let mut issued = approved();
    issued["certificate"] = json!("eA==");
    check(&CertificateCleaning, asked(issued), "recheck in 1800s");
    let denied = decided("Denied", "2026-01-01T10:59:59Z");
    let gone = "delete certificatesigningrequests.certificates.k8s.io r";
    check(&CertificateCleaning, asked(denied), gone);
    check(&CertificateCleaning, asked(json!({})), "recheck in 43200s");
}
