//! Keeps what is known of other servers true, and says in their `APIService`s whether they can be
//! asked.
//!
//! It looks when a registration, a service or its endpoints change, when a request failed, and now
//! and then. What is to be said is decided in the registry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::{debug, info, warn};

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, Object, Rejection};
use gantry_gateway::{Gateway, News};
use gantry_registry::endpoints::{Place, ServicePlace, Unreachable};
use gantry_registry::extensions::availability::{Verdict, noted, verdict};
use gantry_registry::extensions::{Extension, Extensions};
use gantry_registry::{Body, Format, Request, Resource, Verb};

use super::fetch;
use super::heard::Said;
use crate::front::Front;
use crate::limits::{EXTENSION_DOUBT, EXTENSION_EVERY, EXTENSION_RETRY, EXTENSIONS_AT_ONCE};

type Places = Result<Vec<Place>, Unreachable>;

/// One server that is looked at.
struct Watched {
    extension: Arc<Extension>,
    places: Places,
    /// When it was last asked.
    asked: Duration,
    /// When to look again.
    due: Duration,
    is_under_way: bool,
}

/// How looking at one ended.
struct Seen {
    extension: Arc<Extension>,
    places: Places,
    /// What it said, or why it said nothing; nothing if there was nowhere to ask.
    said: Option<Result<Said, String>>,
}

/// Looks until the server stops.
pub(crate) async fn keep(front: Arc<Front>) {
    let mut watched = BTreeMap::new();
    let mut under_way = FuturesUnordered::new();
    let stopped = front.stopped();
    tokio::pin!(stopped);
    loop {
        let (extensions, mut news) = follow(&front.gateway);
        let now = front.clock.ticks();
        front.aggregate.heard().follow(&extensions);
        update(&mut watched, &extensions, &front.gateway, now);
        for one in watched.values_mut() {
            let is_turn = !one.is_under_way && one.due <= now;
            if is_turn && under_way.len() < EXTENSIONS_AT_ONCE {
                one.is_under_way = true;
                one.asked = now;
                let looked = look(
                    Arc::clone(&front),
                    Arc::clone(&one.extension),
                    one.places.clone(),
                );
                under_way.push(looked);
            }
        }
        let idle = watched.values().filter(|one| !one.is_under_way);
        let next = idle
            .map(|one| one.due)
            .min()
            .filter(|_| under_way.len() < EXTENSIONS_AT_ONCE);
        let pause = async {
            match next {
                Some(due) => front.clock.sleep(due.saturating_sub(now)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut stopped => return,
            Some(seen) = under_way.next(), if !under_way.is_empty() => {
                settle(&front, &mut watched, seen).await;
            }
            () = news.wait() => {}
            () = front.aggregate.doubts.notified() => doubt(&mut watched, front.clock.ticks()),
            () = pause => {}
        }
    }
}

/// All extensions, and what changes of them from then on.
fn follow(gateway: &Gateway) -> (Arc<Extensions>, News) {
    loop {
        let extensions = gateway.extensions();
        let services: Vec<&ServicePlace> = extensions
            .iter()
            .map(|own| &own.extension.service)
            .collect();
        let news = gateway.extension_news(&services);
        // What changed before the news began is not among it.
        if Arc::ptr_eq(&extensions, &gateway.extensions()) {
            return (extensions, news);
        }
    }
}

/// Notes who is registered, and who is to be looked at because something changed.
fn update(
    watched: &mut BTreeMap<String, Watched>,
    extensions: &Extensions,
    gateway: &Gateway,
    now: Duration,
) {
    let mut before = std::mem::take(watched);
    for own in extensions.iter() {
        let places = gateway.places(&own.extension.service);
        let known = before.remove(&own.extension.name);
        let known = known.filter(|known| known.extension == own.extension);
        let mut one = known.unwrap_or_else(|| Watched {
            extension: Arc::clone(&own.extension),
            places: places.clone(),
            asked: Duration::ZERO,
            due: now,
            is_under_way: false,
        });
        if one.places != places {
            one.places = places;
            one.due = now;
        }
        watched.insert(own.extension.name.clone(), one);
    }
}

/// Somebody could not be reached: whoever was not asked just now is asked again.
fn doubt(watched: &mut BTreeMap<String, Watched>, now: Duration) {
    for one in watched.values_mut() {
        one.due = one.due.min((one.asked + EXTENSION_DOUBT).max(now));
    }
}

async fn look(front: Arc<Front>, extension: Arc<Extension>, places: Places) -> Seen {
    let before = front.aggregate.heard().said(&extension);
    let said = match &places {
        Ok(places) => Some(fetch::said(&front, (&extension, places), &before).await),
        Err(_) => None,
    };
    Seen {
        extension,
        places,
        said,
    }
}

/// Takes what was seen: for discovery, for the condition, and for when to look again.
async fn settle(front: &Arc<Front>, watched: &mut BTreeMap<String, Watched>, seen: Seen) {
    let Seen {
        extension,
        places,
        said,
    } = seen;
    let asked = said
        .as_ref()
        .map(|said| said.as_ref().map(drop).map_err(Clone::clone));
    let verdict = verdict(&extension, &places, asked.as_ref());
    let is_available = verdict.as_ref().is_some_and(|own| own.is_available);
    let said = said.and_then(Result::ok);
    front.aggregate.heard().hear(&extension, said);
    if let Some(verdict) = verdict
        && let Err(refusal) = note(&front.gateway, front, &extension, &verdict).await
    {
        debug!(name = extension.name, %refusal, "could not say whether a server is available");
    }
    let Some(one) = watched.get_mut(&extension.name) else {
        return;
    };
    if one.extension != extension {
        return;
    }
    one.is_under_way = false;
    let pause = if is_available {
        EXTENSION_EVERY
    } else {
        EXTENSION_RETRY
    };
    // What changed meanwhile has made it due already.
    if one.places == places {
        one.due = front.clock.ticks() + pause;
    }
}

/// Says in the `APIService` whether the server is available.
async fn note(
    gateway: &Gateway,
    front: &Front,
    extension: &Extension,
    verdict: &Verdict,
) -> Result<(), Rejection> {
    let request = |verb| {
        let resource = Resource::new("apiregistration.k8s.io/v1", "apiservices");
        let mut request = Request::new(verb, resource);
        request.name = Some(extension.name.clone());
        request.caller = Caller::authenticated("system:apiserver", &[MASTERS]);
        request.user_agent = "gantry-aggregator".to_owned();
        request
    };
    let known = gateway.try_call(request(Verb::Get)).await?;
    let known: Object = serde_json::from_slice(&known.content.concat())
        .map_err(|error| Rejection::internal(error.to_string()))?;
    let Some(told) = noted(&known, verdict, front.clock.now()) else {
        return Ok(());
    };
    let mut update = request(Verb::Update);
    update.subresource = Some("status".to_owned());
    update.body = Some(Body {
        bytes: told.into_value().to_string().into(),
        format: Format::Json,
    });
    gateway.try_call(update).await?;
    let (name, reason, message) = (&extension.name, verdict.reason, &verdict.message);
    if verdict.is_available {
        info!(name, "another API server is available");
    } else {
        warn!(name, reason, message, "another API server is not available");
    }
    Ok(())
}
