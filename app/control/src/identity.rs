//! Whether this server has the keys of the cluster whose state it opened.
//!
//! Servers that share a state must share an authority and the key that signs tokens, or each
//! refuses what the other issued. So the state names them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_api::{Encoded, Object};
use gantry_pki::Pki;
use gantry_store::{CommitError, Key, Store, Txn};
use serde_json::json;

use crate::engine::Engine;
use crate::error::ControlError;

/// Where the authority's certificate is noted.
const AUTHORITY: &str = "~cluster//authority";

/// Notes the authority in a new state; refuses a state that belongs to another one.
pub(crate) async fn check(engine: &Engine, pki: &Pki) -> Result<(), ControlError> {
    let record = json!({"metadata": {}, "certificate": pki.ca_pem()});
    let record = Object::from_value(record).expect("the literal above is an object");
    let record = Encoded::new(&record, BTreeMap::new());
    let key = Key::new(AUTHORITY);
    if engine.snapshot().get(&key).is_none() {
        let create = Txn::create(key.clone(), Arc::new(record.clone()));
        match engine.commit(create).await {
            // Another server was first: what it noted is compared below.
            Ok(_) | Err(CommitError::Exists { .. }) => {}
            Err(error) => return Err(ControlError::Note(error)),
        }
    }
    let snapshot = engine.snapshot();
    let noted = snapshot.get(&key);
    let is_same = noted.is_some_and(|noted| noted.value.same_bytes(&record));
    is_same.then_some(()).ok_or(ControlError::OtherKeys)
}
