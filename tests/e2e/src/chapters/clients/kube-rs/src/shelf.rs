//! A kind of our own, derived.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Wants a ConfigMap with a line for each of its books.
#[derive(Clone, Debug, CustomResource, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "kube-rs.example",
    version = "v1",
    kind = "Shelf",
    plural = "shelves",
    namespaced,
    status = "ShelfStatus",
    shortname = "sh",
    category = "all",
    selectable = ".spec.room",
    printcolumn(name = "Room", type_ = "string", json_path = ".spec.room"),
    validation = Rule::new("self.metadata.name != 'nameless'").message("needs a name of its own")
)]
#[x_kube(validation = Rule::new("size(self.books) <= self.places")
    .message(Message::Expression("'has only ' + string(self.places) + ' places'".into())))]
#[x_kube(validation = Rule::new("self.room == oldSelf.room").message("cannot be moved"))]
pub struct ShelfSpec {
    pub room: String,
    #[serde(default = "five")]
    pub places: u32,
    #[serde(default)]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub books: Vec<Book>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ShelfStatus {
    pub count: usize,
}

fn five() -> u32 {
    5
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub struct Book(#[schemars(length(min = 1, max = 40))] pub String);
