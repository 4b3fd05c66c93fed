//! Removes all objects that are selected, each by itself.
//!
//! Each object is a transaction of its own: what cannot go now is marked, and what is gone already
//! is no error.

use serde_json::json;

use gantry_api::Rejection;
use gantry_store::{Stored, Txn};

use crate::call::Call;
use crate::decode;
use crate::deletion;
use crate::selection::Selection;
use crate::step::{Reply, Step};
use crate::verbs::list;

/// Removes or marks every selected object, and answers with the list of them.
pub(crate) fn delete_many(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let options = decode::delete_options(call)?;
    call.dry_run |= options.dry_run;
    let selection = Selection::of(call.request, call.kind)?;
    let selected = list::selected(call, &selection);
    let mut txns: Vec<Txn> = Vec::new();
    for (key, stored) in &selected {
        let Some(key) = key.object() else { continue };
        match deletion::delete(call, &key, stored, &options) {
            Ok(Step::Commit { txn, .. }) => txns.push(txn),
            Ok(_) => {}
            // Whoever has to be asked is asked about all of them at the same time.
            Err(_) if call.is_asking() => {}
            Err(rejection) => return Err(rejection),
        }
    }
    let items: Vec<Stored> = selected.into_iter().map(|(_, stored)| stored).collect();
    let metadata = json!({"resourceVersion": call.snapshot.revision().to_string()});
    let list = list::join(call, &items, metadata)?;
    let reply = call.remark(Reply::ok(list));
    Ok(if txns.is_empty() {
        Step::Reply(reply)
    } else {
        Step::CommitEach { txns, reply }
    })
}
