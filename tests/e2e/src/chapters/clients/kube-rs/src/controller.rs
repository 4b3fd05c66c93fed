//! A controller as those that kube-runtime is used for: a finalizer, an owned object, a status.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{Error, Event, finalizer};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde_json::json;

use crate::shelf::Shelf;

const FINALIZER: &str = "kube-rs.example/cleared";

/// Runs until it is dropped.
pub async fn run(client: Client) {
    let shelves = Api::<Shelf>::default_namespaced(client.clone());
    let owned = Api::<ConfigMap>::default_namespaced(client.clone());
    Controller::new(shelves, watcher::Config::default())
        .owns(owned, watcher::Config::default())
        .run(
            reconcile,
            |_, _, _| Action::requeue(Duration::from_millis(100)),
            Arc::new(client),
        )
        .for_each(async |done| {
            if let Err(error) = done {
                eprintln!("{error:?}");
            }
        })
        .await;
}

async fn reconcile(shelf: Arc<Shelf>, client: Arc<Client>) -> Result<Action, Error<kube::Error>> {
    let shelves = Api::<Shelf>::default_namespaced(client.as_ref().clone());
    let owned = Api::<ConfigMap>::default_namespaced(client.as_ref().clone());
    let next = async |event| match event {
        Event::Apply(shelf) => fill(&shelves, &owned, &shelf).await,
        Event::Cleanup(shelf) => clear(&owned, &shelf).await,
    };
    finalizer(&shelves, FINALIZER, shelf, next).await
}

async fn fill(
    shelves: &Api<Shelf>,
    owned: &Api<ConfigMap>,
    shelf: &Shelf,
) -> Result<Action, kube::Error> {
    let name = shelf.name_any();
    let books = shelf.spec.books.iter().map(|book| book.0.as_str());
    let wanted = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [shelf.controller_owner_ref(&())]},
        "data": {"books": books.collect::<Vec<_>>().join("\n")},
    });
    let applying = PatchParams::apply("shelves").force();
    owned.patch(&name, &applying, &Patch::Apply(wanted)).await?;
    let status = json!({"status": {"count": shelf.spec.books.len()}});
    shelves
        .patch_status(&name, &PatchParams::default(), &Patch::Merge(status))
        .await?;
    Ok(Action::await_change())
}

/// Leaves a note behind.
async fn clear(owned: &Api<ConfigMap>, shelf: &Shelf) -> Result<Action, kube::Error> {
    let mut note = ConfigMap::default();
    note.metadata.name = Some(format!("{}-cleared", shelf.name_any()));
    match owned.create(&PostParams::default(), &note).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        made => drop(made?),
    }
    Ok(Action::await_change())
}
