//! What is asked of the running server, as the administrator, as others, and as nobody.
//!
//! Nothing is changed for good: what is written is written on trial, but for one account that is
//! made, and deleted to see that its token dies with it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};

use gantry_access::hardening::{Answer, HANDSHAKE_REFUSED};
use gantry_client::kubeconfig::Endpoint;
use gantry_client::{Call, Remote, RemoteError};

use crate::cluster::Cluster;
use crate::service;

const JSON: &str = "application/json";
const ACCOUNT: &str = "gantry-check";
const PATIENCE: Duration = Duration::from_secs(5);

type Answers = BTreeMap<&'static str, Answer>;

/// Puts all questions.
pub(super) async fn ask(cluster: &Cluster) -> Result<Answers> {
    let own = service::client(cluster)?;
    let endpoint = own.endpoint().clone();
    let mut answers = Answers::new();
    simple(&own, &mut answers).await;
    others(&endpoint, &mut answers).await?;
    for (question, field) in [
        ("long tokens", "kubernetes.io/service-account-token"),
        ("bootstrap tokens", "bootstrap.kubernetes.io/token"),
    ] {
        let path = format!(
            "/api/v1/secrets?fieldSelector=type%3D{}",
            field.replace('/', "%2F")
        );
        answers.insert(question, none(&own, &path).await);
    }
    answers.insert("deleted account", deleted_account(&own).await);
    answers.insert("weak cipher", weak_cipher(cluster.port)?);
    Ok(answers)
}

async fn simple(own: &Remote, answers: &mut Answers) {
    let flows = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all";
    let roles = "/apis/rbac.authorization.k8s.io/v1";
    for (question, path) in [
        ("administrator", "/version".to_owned()),
        ("serving", "/readyz".to_owned()),
        ("profile", "/debug/pprof/".to_owned()),
        ("fairness", flows.to_owned()),
        (
            "roles",
            format!("{roles}/clusterrolebindings/cluster-admin"),
        ),
        (
            "controllers' roles",
            format!("{roles}/clusterrolebindings/system:controller:deployment-controller"),
        ),
        (
            "authority in namespaces",
            "/api/v1/namespaces/default/configmaps/kube-root-ca.crt".to_owned(),
        ),
    ] {
        answers.insert(question, answer(own.send(Call::get(path)).await.map(drop)));
    }
    let lost = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    let path = "/api/v1/namespaces/gantry-check-lost/configmaps?dryRun=All";
    answers.insert("lost namespace", posted(own, path, &lost).await);
}

async fn others(endpoint: &Endpoint, answers: &mut Answers) -> Result<()> {
    let secrets = "/api/v1/namespaces/kube-system/secrets";
    let anonymous = Endpoint {
        client_certificate: None,
        token: None,
        ..endpoint.clone()
    };
    let anonymous = Remote::new(anonymous, "gantry").context("ask as nobody")?;
    answers.insert(
        "anonymous",
        answer(anonymous.send(Call::get(secrets)).await.map(drop)),
    );
    let acting = |user: &str, groups: &[&str]| {
        let acting = Endpoint {
            impersonate: Some(user.to_owned()),
            impersonate_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..endpoint.clone()
        };
        Remote::new(acting, "gantry").context("ask as somebody else")
    };
    let everybody = "system:authenticated";
    let stranger = acting("gantry-check", &[everybody])?;
    answers.insert(
        "stranger",
        answer(stranger.send(Call::get(secrets)).await.map(drop)),
    );
    let account = acting(
        "system:serviceaccount:default:default",
        &[
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            everybody,
        ],
    )?;
    answers.insert(
        "default account",
        answer(account.send(Call::get(secrets)).await.map(drop)),
    );
    let node = acting("system:node:gantry-check", &["system:nodes", everybody])?;
    answers.insert(
        "node reads",
        answer(node.send(Call::get(secrets)).await.map(drop)),
    );
    let other =
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gantry-check-other"}});
    answers.insert(
        "node writes",
        posted(&node, "/api/v1/nodes?dryRun=All", &other).await,
    );
    Ok(())
}

async fn posted(client: &Remote, path: &str, body: &Value) -> Answer {
    answer(post(client, path, body).await.map(drop))
}

async fn post(client: &Remote, path: &str, body: &Value) -> Result<Value, RemoteError> {
    let call = Call::new(Method::POST, path).body(body.to_string(), JSON);
    let said = client.send(call).await?;
    Ok(serde_json::from_slice(&said.content).unwrap_or_default())
}

/// What came of a request.
fn answer(outcome: Result<(), RemoteError>) -> Answer {
    match outcome {
        Ok(()) => Answer {
            code: 200,
            text: String::new(),
        },
        Err(RemoteError::Refused(refusal)) => Answer {
            code: refusal.code,
            text: refusal.status["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        },
        Err(error) => Answer {
            code: 0,
            text: gantry_base::chain(&error),
        },
    }
}

/// Whether a list is empty: how many there are is said otherwise.
async fn none(own: &Remote, path: &str) -> Answer {
    let said = match own.send(Call::get(path)).await {
        Ok(said) => said,
        Err(error) => return answer(Err(error)),
    };
    let list: Value = serde_json::from_slice(&said.content).unwrap_or_default();
    let count = list["items"].as_array().map_or(0, Vec::len);
    match count {
        0 => answer(Ok(())),
        count => Answer {
            code: 409,
            text: format!("there are {count}"),
        },
    }
}

/// Makes an account and a token of it, deletes the account, and asks whose the token is.
async fn deleted_account(own: &Remote) -> Answer {
    let accounts = "/api/v1/namespaces/kube-system/serviceaccounts";
    let outcome = async {
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}});
        post(own, accounts, &account).await?;
        let asked =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let token = post(own, &format!("{accounts}/{ACCOUNT}/token"), &asked).await;
        let path = format!("{accounts}/{ACCOUNT}");
        own.send(Call::new(Method::DELETE, path)).await?;
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": {"token": token?["status"]["token"]}});
        post(own, "/apis/authentication.k8s.io/v1/tokenreviews", &review).await
    };
    match outcome.await {
        Ok(review) if review["status"]["authenticated"] == true => answer(Ok(())),
        Ok(_) => Answer {
            code: 401,
            text: String::new(),
        },
        Err(error) => answer(Err(error)),
    }
}

/// Offers nothing but a cipher that nobody should accept, in TLS 1.2; whether that was refused.
fn weak_cipher(port: u16) -> Result<Answer> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session; TLS_RSA_WITH_3DES_EDE_CBC_SHA and TLS_RSA_WITH_AES_128_CBC_SHA; no compression.
    hello.extend([0, 0, 4, 0, 0x0a, 0, 0x2f, 1, 0]);
    let length = u8::try_from(hello.len()).context("write a short greeting")?;
    let message = [&[1, 0, 0, length], &hello[..]].concat();
    let length = u8::try_from(message.len()).context("write a short greeting")?;
    let record = [&[22, 3, 1, 0, length], &message[..]].concat();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("reach the server")?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .context("reach the server")?;
    stream.write_all(&record).context("greet the server")?;
    let mut first = [0];
    let heard = stream.read(&mut first).context("hear the server")?;
    // An alert, or no word at all.
    let is_refused = heard == 0 || first == [21];
    Ok(Answer {
        code: if is_refused { HANDSHAKE_REFUSED } else { 200 },
        text: "the server goes on with a weak cipher".to_owned(),
    })
}
