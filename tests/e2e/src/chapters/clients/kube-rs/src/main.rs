//! Drives a cluster with the kube crate as a program in the field would: a derived kind with rules,
//! every patch, watches, pages, discovery, and a controller.

mod controller;
mod shelf;

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{PartialObjectMeta, Status};
use kube::discovery::{Discovery, verbs};
use kube::runtime::WatchStreamExt;
use kube::runtime::wait::{Condition, await_condition, conditions, delete::delete_and_finalize};
use kube::runtime::watcher::{self, watcher};
use kube::{Client, Config, CustomResourceExt, ResourceExt};
use serde_json::json;
use tokio::time::timeout;

use shelf::{Book, Shelf, ShelfSpec};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("name a kubeconfig")?;
    let config = Kubeconfig::read_from(Path::new(&path))?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let version = client.apiserver_version().await?;
    ensure!(version.major == "1", "major version {}", version.major);
    built_in(&client).await?;
    watched(&client).await?;
    define(&client).await?;
    discovered(&client).await?;
    rules(&client).await?;
    patches(&client).await?;
    controlled(&client).await?;
    println!("all of it works");
    Ok(())
}

/// What does not happen within a while does not happen.
async fn soon<T, E: Into<anyhow::Error>>(what: impl Future<Output = Result<T, E>>) -> Result<T> {
    timeout(PATIENCE, what).await?.map_err(Into::into)
}

async fn becomes<K>(api: &Api<K>, name: &str, condition: impl Condition<K>) -> Result<()>
where
    K: kube::Resource + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
{
    soon(await_condition(api.clone(), name, condition)).await?;
    Ok(())
}

fn refusal<T>(answer: kube::Result<T>) -> Result<Box<Status>> {
    match answer {
        Err(kube::Error::Api(status)) => Ok(status),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was accepted"),
    }
}

/// Objects of a built-in kind: pages, selectors, conflicts, deletion of many.
async fn built_in(client: &Client) -> Result<()> {
    let pods = Api::<Pod>::default_namespaced(client.clone());
    for number in 0..5 {
        let pod = serde_json::from_value(json!({
            "metadata": {"name": format!("p{number}"), "labels": {"odd": (number % 2).to_string()}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        }))?;
        pods.create(&PostParams::default(), &pod).await?;
    }
    let page = pods.list(&ListParams::default().limit(2)).await?;
    let token = page.metadata.continue_.context("see that there is more")?;
    ensure!(page.items.len() == 2 && page.metadata.remaining_item_count == Some(3));
    let rest = pods
        .list(&ListParams::default().continue_token(&token))
        .await?;
    ensure!(rest.items.len() == 3, "{} left", rest.items.len());
    let odd = pods
        .list(
            &ListParams::default()
                .labels("odd=1")
                .fields("spec.nodeName="),
        )
        .await?;
    ensure!(odd.items.len() == 2);
    let mut stale = pods.get("p0").await?;
    stale.labels_mut().insert("more".to_owned(), "1".to_owned());
    let fresh = pods.replace("p0", &PostParams::default(), &stale).await?;
    ensure!(fresh.resource_version() != stale.resource_version());
    let conflict = refusal(pods.replace("p0", &PostParams::default(), &stale).await)?;
    ensure!(conflict.is_conflict(), "{conflict:?}");
    ensure!(pods.get_opt("nobody").await?.is_none());
    let names = pods.list_metadata(&ListParams::default()).await?;
    ensure!(names.items.len() == 5);
    pods.delete_collection(
        &DeleteParams::default().grace_period(0),
        &ListParams::default(),
    )
    .await?;
    ensure!(pods.list(&ListParams::default()).await?.items.is_empty());
    Ok(())
}

/// The first of the changes that is the one that is waited for.
async fn seen<T>(
    changes: &mut (impl Stream<Item = watcher::Result<T>> + Unpin),
    wanted: impl Fn(&T) -> bool,
) -> Result<()> {
    let found = async {
        while let Some(change) = changes.try_next().await? {
            if wanted(&change) {
                return Ok(());
            }
        }
        bail!("the watch ended")
    };
    soon(found).await
}

/// Watches in each way in which a client can begin.
async fn watched(client: &Client) -> Result<()> {
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    let streaming = watcher::Config::default().streaming_lists();
    let mut streamed = pin!(watcher(maps.clone(), streaming).default_backoff());
    let mut listed = pin!(watcher(
        maps.clone(),
        watcher::Config::default().page_size(1)
    ));
    let parts = Api::<PartialObjectMeta<ConfigMap>>::default_namespaced(client.clone());
    let mut brief = pin!(watcher(parts, watcher::Config::default()));
    seen(&mut streamed, |event| {
        matches!(event, watcher::Event::InitDone)
    })
    .await?;
    seen(&mut listed, |event| {
        matches!(event, watcher::Event::InitDone)
    })
    .await?;
    seen(&mut brief, |event| {
        matches!(event, watcher::Event::InitDone)
    })
    .await?;
    let mut map = ConfigMap::default();
    map.metadata.name = Some("seen".to_owned());
    maps.create(&PostParams::default(), &map).await?;
    maps.delete("seen", &DeleteParams::default()).await?;
    let deleted = |event: &watcher::Event<ConfigMap>| matches!(event, watcher::Event::Delete(map) if map.name_any() == "seen");
    seen(&mut streamed, deleted).await?;
    seen(&mut listed, deleted).await?;
    seen(
        &mut brief,
        |event| matches!(event, watcher::Event::Delete(map) if map.name_any() == "seen"),
    )
    .await
}

async fn define(client: &Client) -> Result<()> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let applying = PatchParams::apply("tests");
    let name = Shelf::crd_name();
    definitions
        .patch(name, &applying, &Patch::Apply(Shelf::crd()))
        .await?;
    becomes(&definitions, name, conditions::is_crd_established()).await
}

async fn discovered(client: &Client) -> Result<()> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    let group = discovery.get("kube-rs.example").context("find the group")?;
    let (resource, abilities) = group.recommended_kind("Shelf").context("find the kind")?;
    ensure!(resource.plural == "shelves");
    ensure!(abilities.supports_operation(verbs::WATCH));
    ensure!(
        abilities
            .subresources
            .iter()
            .any(|(sub, _)| sub.plural == "status")
    );
    Ok(())
}

fn shelf(name: &str, room: &str, books: &[&str]) -> Shelf {
    let books = books.iter().map(|book| Book((*book).to_owned())).collect();
    Shelf::new(
        name,
        ShelfSpec {
            room: room.to_owned(),
            places: 2,
            books,
        },
    )
}

/// The rules of the kind, as they were derived.
async fn rules(client: &Client) -> Result<()> {
    let shelves = Api::<Shelf>::default_namespaced(client.clone());
    let creating = PostParams::default();
    let crowded = refusal(
        shelves
            .create(&creating, &shelf("s", "hall", &["a", "b", "c"]))
            .await,
    )?;
    ensure!(
        crowded.is_invalid() && crowded.message.contains("has only 2 places"),
        "{crowded:?}"
    );
    let nameless = refusal(
        shelves
            .create(&creating, &shelf("nameless", "hall", &[]))
            .await,
    )?;
    ensure!(
        nameless.message.contains("needs a name of its own"),
        "{nameless:?}"
    );
    let twice = refusal(
        shelves
            .create(&creating, &shelf("s", "hall", &["a", "a"]))
            .await,
    )?;
    ensure!(
        twice.message.contains("spec.books[1]: Duplicate value"),
        "{twice:?}"
    );
    let made = shelves
        .create(&creating, &shelf("s", "hall", &["a"]))
        .await?;
    ensure!(made.spec.room == "hall");
    let moving = Patch::Merge(json!({"spec": {"room": "cellar"}}));
    let moved = refusal(shelves.patch("s", &PatchParams::default(), &moving).await)?;
    ensure!(moved.message.contains("cannot be moved"), "{moved:?}");
    let in_hall = ListParams::default().fields("spec.room=hall");
    ensure!(shelves.list(&in_hall).await?.items.len() == 1);
    Ok(())
}

/// Every way to change an object.
async fn patches(client: &Client) -> Result<()> {
    let shelves = Api::<Shelf>::default_namespaced(client.clone());
    let plain = PatchParams::default();
    let merged = Patch::Merge(json!({"spec": {"books": ["b"]}}));
    ensure!(shelves.patch("s", &plain, &merged).await?.spec.books == [Book("b".to_owned())]);
    let replaced: json_patch::Patch =
        serde_json::from_value(json!([{"op": "replace", "path": "/spec/books/0", "value": "c"}]))?;
    let replaced = Patch::<Shelf>::Json(replaced);
    ensure!(shelves.patch("s", &plain, &replaced).await?.spec.books == [Book("c".to_owned())]);
    let applied = json!({
        "apiVersion": "kube-rs.example/v1",
        "kind": "Shelf",
        "spec": {"room": "hall", "books": ["d"]},
    });
    let both = shelves
        .patch("s", &PatchParams::apply("one"), &Patch::Apply(&applied))
        .await?;
    ensure!(
        both.spec.books.len() == 2,
        "a set is merged: {:?}",
        both.spec.books
    );
    let places = json!({
        "apiVersion": "kube-rs.example/v1",
        "kind": "Shelf",
        "spec": {"room": "hall", "places": 3},
    });
    let other = PatchParams::apply("other");
    let conflict = refusal(shelves.patch("s", &other, &Patch::Apply(&places)).await)?;
    ensure!(
        conflict.is_conflict() && conflict.message.contains(".spec.places"),
        "{conflict:?}"
    );
    let forced = shelves
        .patch("s", &other.force(), &Patch::Apply(&places))
        .await?;
    ensure!(forced.spec.places == 3);
    let counted = Patch::Merge(json!({"status": {"count": 7}, "spec": {"places": 9}}));
    let counted = shelves.patch_status("s", &plain, &counted).await?;
    ensure!(counted.spec.places == 3 && counted.status.is_some_and(|status| status.count == 7));
    Ok(())
}

/// The controller of the field's books, from the first shelf to the last.
async fn controlled(client: &Client) -> Result<()> {
    let running = tokio::spawn(controller::run(client.clone()));
    let shelves = Api::<Shelf>::default_namespaced(client.clone());
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    let counted = |count| {
        move |shelf: Option<&Shelf>| {
            let status = shelf.and_then(|shelf| shelf.status.as_ref());
            status.is_some_and(|status| status.count == count)
        }
    };
    becomes(&shelves, "s", counted(2)).await?;
    let fill = Patch::Merge(json!({"spec": {"books": ["x", "y", "z"]}}));
    shelves.patch("s", &PatchParams::default(), &fill).await?;
    becomes(&shelves, "s", counted(3)).await?;
    let lines = |map: Option<&ConfigMap>| {
        let data = map.and_then(|map| map.data.as_ref());
        data.is_some_and(|data| data.get("books").map(String::as_str) == Some("x\ny\nz"))
    };
    becomes(&maps, "s", lines).await?;
    maps.delete("s", &DeleteParams::default()).await?;
    becomes(&maps, "s", lines).await?;
    soon(delete_and_finalize(shelves, "s", &DeleteParams::default())).await?;
    ensure!(maps.get_opt("s-cleared").await?.is_some(), "it was cleared");
    becomes(&maps, "s", |map: Option<&ConfigMap>| map.is_none()).await?;
    running.abort();
    Ok(())
}
