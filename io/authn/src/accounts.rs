//! ServiceAccount tokens: signed with the cluster's key, good only while what they speak for lives.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_base::time::after;
use gantry_pki::{BoundObject, Claims, ISSUER, KubernetesClaims};
use gantry_registry::step::Authenticated;
use gantry_registry::subresources::token::{SignedToken, TokenClaims};
use gantry_store::{Key, Snapshot};

use crate::authn::Ground;

/// The lifetime that clients ask for when they mean "renewed by the kubelet"; such a token is
/// valid longer, so that a client which never reads it again still works for a while.
const RENEWED: i64 = 3607;
/// How long such a token is really good for.
const EXTENDED: Duration = Duration::from_secs(365 * 24 * 3600);

/// Signs and checks tokens.
#[derive(Debug)]
pub(crate) struct Accounts {
    ground: Arc<Ground>,
}

impl Accounts {
    pub(crate) fn new(ground: Arc<Ground>) -> Self {
        Self { ground }
    }

    /// The token that says what is ordered.
    pub(crate) fn sign(&self, order: &TokenClaims) -> Result<SignedToken, String> {
        let seconds =
            u64::try_from(order.seconds).map_err(|_| "a lifetime cannot be negative".to_owned())?;
        let asked = Duration::from_secs(seconds);
        let renewed = order.seconds == RENEWED;
        let life = if renewed { EXTENDED } else { asked };
        let mut bound = bound(order);
        bound.warnafter = renewed.then(|| after(order.issued_at, asked).as_second());
        let claims = Claims::new(bound, order.audiences.clone(), life, order.issued_at);
        Ok(SignedToken {
            token: self.ground.key.sign(&claims),
            expires_at: after(order.issued_at, asked),
        })
    }

    /// Whose token it is, if we signed it and what it is bound to lives.
    pub(crate) fn authenticate(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Authenticated, String> {
        let asked: Vec<&str> = audiences.iter().map(String::as_str).collect();
        let asked = if asked.is_empty() {
            vec![ISSUER]
        } else {
            asked
        };
        let ground = &self.ground;
        let claims = ground
            .key
            .verify(token, &asked, ground.clock.now())
            .map_err(|error| error.to_string())?;
        still_lives(&claims.kubernetes, &(ground.snapshot)())?;
        let audiences = claims
            .aud
            .iter()
            .filter(|own| asked.contains(&own.as_str()))
            .cloned()
            .collect();
        Ok(Authenticated {
            caller: caller(&claims.kubernetes),
            audiences,
        })
    }
}

fn bound(order: &TokenClaims) -> KubernetesClaims {
    let object = |name: &str, uid: &str| BoundObject {
        name: name.to_owned(),
        uid: uid.to_owned(),
    };
    let mut bound = KubernetesClaims {
        namespace: order.namespace.clone(),
        serviceaccount: object(&order.service_account, &order.service_account_uid),
        ..KubernetesClaims::default()
    };
    if let Some(to) = &order.bound_to {
        let target = Some(object(&to.name, &to.uid));
        match to.kind.as_str() {
            "Pod" => bound.pod = target,
            "Secret" => bound.secret = target,
            _ => bound.node = target,
        }
        if let Some((name, uid)) = &to.node {
            bound.node = Some(object(name, uid));
        }
    }
    bound
}

/// Whether the account, and what the token is bound to, are still those it was made for.
fn still_lives(bound: &KubernetesClaims, snapshot: &Snapshot) -> Result<(), String> {
    let namespace = bound.namespace.as_str();
    let account = Some(&bound.serviceaccount);
    // A pod's token names the pod's node, and ends with the pod; other tokens end with the node.
    let node = bound.node.as_ref().filter(|_| bound.pod.is_none());
    let objects = [
        ("serviceaccounts", namespace, account),
        ("pods", namespace, bound.pod.as_ref()),
        ("secrets", namespace, bound.secret.as_ref()),
        ("nodes", "", node),
    ];
    for (resource, namespace, object) in objects {
        let Some(object) = object else { continue };
        let key = ObjectKey::new(GroupResource::new("", resource), namespace, &object.name);
        let lives = snapshot
            .get(&Key::from(&key))
            .is_some_and(|stored| stored.value.summary().uid == object.uid);
        if !lives {
            return Err(format!(
                "{resource} {:?} that the token is bound to no longer exists",
                format!("{namespace}/{}", object.name).trim_start_matches('/')
            ));
        }
    }
    Ok(())
}

fn caller(bound: &KubernetesClaims) -> Caller {
    let (namespace, name) = (&bound.namespace, &bound.serviceaccount.name);
    let user = format!("system:serviceaccount:{namespace}:{name}");
    let group = format!("system:serviceaccounts:{namespace}");
    let mut caller = Caller::authenticated(&user, &["system:serviceaccounts", &group]);
    caller.uid.clone_from(&bound.serviceaccount.uid);
    let mut note = |key: &str, value: &str| {
        caller.extra.insert(
            format!("authentication.kubernetes.io/{key}"),
            vec![value.to_owned()],
        );
    };
    if let Some(pod) = &bound.pod {
        note("pod-name", &pod.name);
        note("pod-uid", &pod.uid);
    }
    if let Some(node) = &bound.node {
        note("node-name", &node.name);
        note("node-uid", &node.uid);
    }
    caller
}
