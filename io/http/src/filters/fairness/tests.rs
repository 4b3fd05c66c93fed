use std::collections::BTreeMap;

use gantry_access::attributes::Target;
use gantry_api::{Caller, Encoded, Object};
use gantry_base::entropy::Seeded;
use gantry_gateway::{Config, NoMessenger, NoTokens, SystemClock};
use gantry_registry::Settings;
use gantry_store::{Key, MemoryStore, Store, Txn};
use serde_json::{Value, json};

use super::*;

/// A server on which everybody shares one seat, and `waiting` may wait for it.
struct World {
    gateway: Gateway,
    fairness: Arc<Fairness>,
}

impl World {
    async fn new(waiting: u32) -> Self {
        let store = MemoryStore::default();
        let response = match waiting {
            0 => json!({"type": "Reject"}),
            length => json!({"type": "Queue", "queuing": {
                "queues": 1, "handSize": 1, "queueLengthLimit": length}}),
        };
        let level = json!({"metadata": {"name": "low", "uid": "l"}, "spec": {"type": "Limited",
            "limited": {"nominalConcurrencyShares": 1, "limitResponse": response}}});
        let exempt = json!({"metadata": {"name": "open", "uid": "o"}, "spec": {"type": "Exempt"}});
        let schema = |name: &str, level: &str, group: &str, precedence: u32| {
            json!({"metadata": {"name": name, "uid": name}, "spec": {
                "matchingPrecedence": precedence,
                "priorityLevelConfiguration": {"name": level},
                "rules": [{"subjects": [{"kind": "Group", "group": {"name": group}}],
                    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]}]}})
        };
        for (resource, object) in [
            ("prioritylevelconfigurations", level),
            ("prioritylevelconfigurations", exempt),
            (
                "flowschemas",
                schema("masters", "open", "system:masters", 1),
            ),
            (
                "flowschemas",
                schema("all", "low", "system:authenticated", 9),
            ),
        ] {
            put(&store, resource, object).await;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let config = Config {
            kinds: gantry_kinds::builtin(),
            settings: Settings::default(),
            clock: Arc::clone(&clock),
            entropy: Box::new(Seeded::new(1)),
            signer: Arc::new(NoTokens),
            authenticator: Arc::new(NoTokens),
            messenger: Arc::new(NoMessenger),
        };
        Self {
            gateway: Gateway::new(store, config),
            fairness: Arc::new(Fairness::new(1, Duration::from_secs(15), clock)),
        }
    }

    async fn turn(&self, caller: &Caller) -> Result<Turn, Rejection> {
        let asking = Asking {
            gateway: &self.gateway,
            attributes: Attributes {
                caller,
                verb: "get",
                target: Target::Path("/version"),
            },
            call: None,
        };
        self.fairness.turn(asking, &mut Marks::default()).await
    }

    fn figures(&self) -> Figures {
        self.fairness.figures()[0].1
    }
}

async fn put(store: &MemoryStore, resource: &str, object: Value) {
    let object = Object::from_value(object).unwrap();
    let name = object.name().to_owned();
    let key = Key::new(format!("{resource}.flowcontrol.apiserver.k8s.io//{name}"));
    let value = Encoded::new(&object, BTreeMap::new());
    store.commit(Txn::create(key, value.into())).await.unwrap();
}

fn user() -> Caller {
    Caller::authenticated("u", &[])
}

#[tokio::test]
async fn a_seat_goes_to_the_next_when_it_is_given_back() {
    let world = World::new(5).await;
    let (user, admin) = (user(), Caller::authenticated("a", &["system:masters"]));
    let first = world.turn(&user).await.unwrap();
    let second = world.turn(&user);
    tokio::pin!(second);
    assert!(futures_util::poll!(&mut second).is_pending());
    assert_eq!((world.figures().running, world.figures().waiting), (1, 1));
    world.turn(&admin).await.unwrap();
    drop(first);
    let second = second.await.unwrap();
    assert_eq!((world.figures().running, world.figures().waiting), (1, 0));
    drop(second);
    assert_eq!(world.figures().running, 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_too_long_is_sent_away_and_leaves_no_trace() {
    let world = World::new(5).await;
    let user = user();
    let first = world.turn(&user).await.unwrap();
    let refused = world.turn(&user).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.retry_after_seconds()),
        (429, Some(1))
    );
    assert_eq!(world.figures().waiting, 0);
    drop(first);
    world.turn(&user).await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_place_to_others() {
    let world = World::new(5).await;
    let user = user();
    let first = world.turn(&user).await.unwrap();
    {
        let gone = world.turn(&user);
        tokio::pin!(gone);
        assert!(futures_util::poll!(&mut gone).is_pending());
        // Its seat comes at the moment at which it goes.
        drop(first);
    }
    assert_eq!((world.figures().running, world.figures().waiting), (0, 0));
}

#[tokio::test]
async fn a_level_without_queues_sends_away_at_once() {
    let world = World::new(0).await;
    let user = user();
    let _first = world.turn(&user).await.unwrap();
    assert_eq!(world.turn(&user).await.unwrap_err().code(), 429);
}
