//! Images that a node only seems to have.

use std::collections::BTreeMap;

use gantry_base::hash::Fnv;

/// The images that a node pretends to have, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pretended {
    ids: BTreeMap<String, String>,
}

impl Pretended {
    /// The exact image behind a name that was pulled.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.ids.get(name).map(String::as_str)
    }

    /// Has an image from now on; the same name is always the same image.
    pub fn pull(&mut self, name: &str) -> String {
        let hash = Fnv::default().with(name.as_bytes()).value();
        let id = format!("sha256:{hash:064x}");
        self.ids.insert(name.to_owned(), id.clone());
        id
    }

    /// Has an image no longer.
    pub fn remove(&mut self, name: &str) {
        self.ids.remove(name);
    }

    /// All names with their images.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let ids = self.ids.iter();
        ids.map(|(name, id)| (name.as_str(), id.as_str()))
    }
}
