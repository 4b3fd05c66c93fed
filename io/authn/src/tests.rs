//! Credentials that count, and those that do not count any more.

mod issuer;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use gantry_access::revocation::{self, Revocations, Whose};
use gantry_api::{Encoded, Object};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_gateway::{Authenticator, ClientCertificate, Clock, Pending, TokenSigner};
use gantry_pki::TokenKey;
use gantry_registry::subresources::token::{BoundObject, TokenClaims};
use gantry_store::{Key, MemoryStore, Store, Txn};

use crate::{Authn, Config, Ground};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct Stopped(pub(crate) Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn ticks(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _duration: Duration) -> Pending<'static, ()> {
        Box::pin(std::future::pending())
    }
}

pub(crate) fn put(store: &MemoryStore, key: &str, object: serde_json::Value) {
    let object = Object::from_value(object).unwrap();
    let value = Encoded::new(&object, std::collections::BTreeMap::new()).into();
    store
        .commit_now(&Txn::new().put(Key::new(key), value))
        .unwrap();
}

fn remove(store: &MemoryStore, key: &str) {
    store.commit_now(&Txn::new().delete(Key::new(key))).unwrap();
}

struct World {
    store: MemoryStore,
    authn: Authn,
}

impl World {
    fn at(now: Timestamp) -> Self {
        Self::with(
            MemoryStore::default(),
            Arc::new(TokenKey::create().unwrap()),
            now,
        )
    }

    fn with(store: MemoryStore, key: Arc<TokenKey>, now: Timestamp) -> Self {
        let pictures = store.clone();
        let ground = Ground {
            key,
            snapshot: Box::new(move || pictures.snapshot()),
            clock: Arc::new(Stopped(now)),
        };
        let authn = Authn::new(ground, Config::default()).unwrap();
        Self { store, authn }
    }

    fn put(&self, key: &str, uid: &str) {
        let object = json!({"metadata": {"uid": uid}});
        put(&self.store, key, object);
    }

    fn revoke(&self, whose: Whose, at: Timestamp) {
        let mut revocations = Revocations::default();
        revocations.revoke(whose, at, now());
        let text = serde_json::to_string(&revocations).unwrap();
        let data = json!({revocation::FIELD: gantry_access::secret::encoded(&text)});
        let key = Key::from(&revocation::key());
        put(
            &self.store,
            key.as_str(),
            json!({"metadata": {}, "data": data}),
        );
    }

    async fn ask(&self, token: &str) -> Result<String, String> {
        let found = self.authn.authenticate(token, &[]).await;
        found.map(|found| found.caller.user)
    }
}

fn certificate(user: &str) -> ClientCertificate {
    ClientCertificate {
        user: user.to_owned(),
        groups: vec!["team".to_owned()],
        issued_at: now(),
        not_before: now(),
        not_after: after(now(), HOUR),
    }
}

#[test]
fn a_revoked_certificate_does_not_count_and_one_made_later_does() {
    let world = World::at(now());
    let asked = |issued_at| {
        let shown = ClientCertificate {
            issued_at,
            ..certificate("jane")
        };
        world.authn.certificate(&shown, after(now(), HOUR / 2))
    };
    assert_eq!(asked(now()).unwrap().user, "jane");
    world.revoke(Whose::User("jane".to_owned()), after(now(), HOUR / 4));
    let refused = asked(now()).unwrap_err();
    assert!(refused.contains("revoked"), "{refused}");
    assert!(asked(after(now(), HOUR / 3)).is_ok());
    world.revoke(Whose::All, after(now(), HOUR / 2));
    assert!(asked(after(now(), HOUR / 3)).is_err());
}

#[test]
fn a_certificate_outside_its_life_is_refused() {
    let world = World::at(now());
    let shown = certificate("jane");
    let early = now().checked_sub(HOUR).unwrap();
    assert!(world.authn.certificate(&shown, now()).is_ok());
    assert!(world.authn.certificate(&shown, early).is_err());
    assert!(world.authn.certificate(&shown, shown.not_after).is_err());
    assert!(world.authn.certificate(&certificate(""), now()).is_err());
}

#[tokio::test]
async fn whoever_waits_is_told_of_a_revocation() {
    let world = World::at(now());
    let mut told = world.authn.revoked();
    tokio::spawn(world.authn.follow(world.store.clone()));
    told.changed().await.unwrap();
    world.revoke(Whose::All, now());
    told.changed().await.unwrap();
}

fn order(bound_to: Option<(&str, &str)>) -> TokenClaims {
    TokenClaims {
        namespace: "team".to_owned(),
        service_account: "robot".to_owned(),
        service_account_uid: "u1".to_owned(),
        audiences: Vec::new(),
        bound_to: bound_to.map(|(kind, name)| BoundObject {
            kind: kind.to_owned(),
            api_version: "v1".to_owned(),
            name: name.to_owned(),
            uid: "u2".to_owned(),
            node: None,
        }),
        issued_at: now(),
        seconds: 600,
    }
}

/// A token bound to what stands at `key` counts until that is gone, and does not count for a
/// namesake.
async fn ends_with(kind: &str, key: &str) {
    let world = World::at(now());
    world.put("serviceaccounts/team/robot", "u1");
    world.put(key, "u2");
    let name = key.rsplit('/').next().unwrap();
    let token = world.authn.sign(&order(Some((kind, name)))).unwrap().token;
    assert_eq!(
        world.ask(&token).await.unwrap(),
        "system:serviceaccount:team:robot"
    );
    world.put(key, "u3");
    assert!(world.ask(&token).await.is_err(), "a namesake");
    remove(&world.store, key);
    let refused = world.ask(&token).await.unwrap_err();
    assert!(refused.contains("no longer exists"), "{refused}");
}

#[tokio::test]
async fn the_token_of_a_deleted_pod_is_refused() {
    ends_with("Pod", "pods/team/web").await;
}

#[tokio::test]
async fn the_token_of_a_deleted_secret_is_refused() {
    ends_with("Secret", "secrets/team/key").await;
}

#[tokio::test]
async fn the_token_of_a_deleted_node_is_refused() {
    ends_with("Node", "nodes//n1").await;
}

#[tokio::test]
async fn the_token_of_a_deleted_account_is_refused() {
    let world = World::at(now());
    world.put("serviceaccounts/team/robot", "u1");
    let token = world.authn.sign(&order(None)).unwrap().token;
    assert!(world.ask(&token).await.is_ok());
    world.put("serviceaccounts/team/robot", "u9");
    assert!(world.ask(&token).await.is_err());
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let key = Arc::new(TokenKey::create().unwrap());
    let world = World::with(MemoryStore::default(), Arc::clone(&key), now());
    world.put("serviceaccounts/team/robot", "u1");
    let token = world.authn.sign(&order(None)).unwrap().token;
    assert!(world.ask(&token).await.is_ok());
    let later = World::with(world.store.clone(), key, after(now(), HOUR));
    assert_eq!(
        later.ask(&token).await.unwrap_err(),
        "accept the token: token has expired"
    );
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let world = World::at(now());
    world.put("serviceaccounts/team/robot", "u1");
    let other = World::at(now());
    let forged = other.authn.sign(&order(None)).unwrap().token;
    let ours = world.authn.sign(&order(None)).unwrap().token;
    let mixed = format!(
        "{}.{}",
        ours.rsplit_once('.').unwrap().0,
        forged.rsplit_once('.').unwrap().1
    );
    for token in [forged, mixed] {
        assert!(world.ask(&token).await.is_err());
    }
}
