//! Empties namespaces that are being deleted of what other servers keep in them, and notes when
//! nothing is left: until then the namespace stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Empty;
use serde_json::{Value, json};
use tracing::{debug, warn};

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, Rejection};
use gantry_kinds::apiregistration::EMPTIED;
use gantry_registry::extensions::{Ending, Extensions, Known, Registered};
use gantry_registry::{Body, Format, PatchType, Resource, Verb};

use super::fetch::{self, Answer, To};
use crate::front::Front;
use crate::limits::{EXTENSION_DELETES, EXTENSION_PATIENCE, EXTENSION_SWEEP};

/// As whom other servers are asked: the controller of namespaces.
const SWEEPER: &str = "system:serviceaccount:kube-system:namespace-controller";
const ACCOUNTS: [&str; 2] = [
    "system:serviceaccounts",
    "system:serviceaccounts:kube-system",
];

/// Looks until the server stops.
pub(crate) async fn sweep(front: Arc<Front>) {
    let stopped = front.stopped();
    tokio::pin!(stopped);
    loop {
        let (ending, mut news) = front.gateway.ending_namespaces();
        let swept = async {
            let is_done = sweep_all(&front, &ending).await;
            if is_done {
                news.wait().await;
            } else {
                tokio::select! {
                    () = news.wait() => {}
                    () = front.clock.sleep(EXTENSION_SWEEP) => {}
                }
            }
        };
        tokio::select! {
            () = &mut stopped => return,
            () = swept => {}
        }
    }
}

/// Empties all of these as far as that is possible now; whether nothing remains to be done.
async fn sweep_all(front: &Arc<Front>, ending: &[Ending]) -> bool {
    let extensions = front.gateway.extensions();
    let mut is_done = true;
    for namespace in ending {
        let mut emptied: BTreeSet<String> = namespace.emptied.clone();
        for own in pending(&extensions, namespace) {
            match empty(front, &namespace.name, own).await {
                Ok(true) => {
                    emptied.insert(own.extension.name.clone());
                }
                Ok(false) => is_done = false,
                Err(why) => {
                    let (namespace, name) = (&namespace.name, &own.extension.name);
                    warn!(
                        namespace,
                        name, why, "another API server could not be emptied"
                    );
                    is_done = false;
                }
            }
        }
        if emptied != namespace.emptied
            && let Err(refusal) = note(front, namespace, &emptied).await
        {
            debug!(namespace = namespace.name, %refusal, "could not note what is empty");
            is_done = false;
        }
    }
    is_done
}

/// Those that can be asked and were not found empty yet. Of the others it is said at the namespace
/// that it waits for them; it is looked again when they are there.
fn pending<'a>(
    extensions: &'a Extensions,
    namespace: &'a Ending,
) -> impl Iterator<Item = &'a Registered> {
    let all = extensions.iter();
    all.filter(|own| own.known == Known::Available)
        .filter(|own| !namespace.emptied.contains(&own.extension.name))
}

/// Deletes all that one server keeps in a namespace; whether nothing is left.
async fn empty(front: &Arc<Front>, namespace: &str, own: &Registered) -> Result<bool, String> {
    let extension = &own.extension;
    let places = front.gateway.places(&extension.service);
    let places = places.map_err(|why| why.to_string())?;
    let to: To<'_> = (extension, &places);
    let Some(said) = front.aggregate.heard().current(extension) else {
        return Ok(false);
    };
    let mut is_empty = true;
    let inside = said
        .resources
        .iter()
        .filter(|one| one["scope"] == "Namespaced");
    for resource in inside {
        let plural = resource["resource"].as_str().unwrap_or("");
        let can = |verb: &str| {
            let verbs = resource["verbs"].as_array();
            verbs.is_some_and(|verbs| verbs.iter().any(|own| own == verb))
        };
        let path = format!(
            "/apis/{}/namespaces/{namespace}/{plural}",
            extension.version
        );
        if can("deletecollection") {
            done(&ask(front, to, Method::DELETE, &path).await?, &path)?;
        }
        if !can("list") {
            continue;
        }
        let left = ask(front, to, Method::GET, &path).await?;
        done(&left, &path)?;
        let left = left.json().unwrap_or_default();
        let names = left["items"].as_array().into_iter().flatten();
        let names: Vec<&str> = names.filter_map(name).collect();
        is_empty &= names.is_empty();
        if !can("deletecollection") && can("delete") {
            for name in names.iter().take(EXTENSION_DELETES) {
                let one = format!("{path}/{name}");
                done(&ask(front, to, Method::DELETE, &one).await?, &one)?;
            }
        }
    }
    Ok(is_empty)
}

fn name(object: &Value) -> Option<&str> {
    let name = object["metadata"]["name"].as_str()?;
    // It becomes a part of a path.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
    name.chars().all(is_plain).then_some(name)
}

/// What is not there does not have to be deleted.
fn done(answer: &Answer, path: &str) -> Result<(), String> {
    if answer.code.is_success() || answer.code.as_u16() == 404 {
        return Ok(());
    }
    Err(format!("{path} was answered with {}", answer.code.as_u16()))
}

async fn ask(front: &Arc<Front>, to: To<'_>, method: Method, path: &str) -> Result<Answer, String> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("accept", "application/json");
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let caller = Caller::authenticated(SWEEPER, &ACCOUNTS);
    fetch::ask(front, to, (&caller, request), EXTENSION_PATIENCE).await
}

/// Notes at a namespace where nothing of it is left.
async fn note(
    front: &Front,
    namespace: &Ending,
    emptied: &BTreeSet<String>,
) -> Result<(), Rejection> {
    let names: Vec<&str> = emptied.iter().map(String::as_str).collect();
    let patch = json!({"metadata": {
        "uid": namespace.uid, "annotations": {EMPTIED: names.join(",")},
    }});
    let verb = Verb::Patch(PatchType::Merge);
    let mut request = gantry_registry::Request::new(verb, Resource::new("v1", "namespaces"));
    request.name = Some(namespace.name.clone());
    request.caller = Caller::authenticated("system:apiserver", &[MASTERS]);
    request.user_agent = "gantry-aggregator".to_owned();
    request.body = Some(Body {
        bytes: patch.to_string().into(),
        format: Format::Json,
    });
    front.gateway.try_call(request).await.map(drop)
}
