//! Removes all objects that are selected, each by itself.
//!
//! Each object is a transaction of its own: what cannot go now is marked, and what is gone already
//! is no error.

use bytes::Bytes;
use serde_json::json;

use gantry_api::Rejection;
use gantry_store::Txn;

use crate::call::Call;
use crate::decode;
use crate::deletion;
use crate::selection::Selection;
use crate::step::{Payload, Reply, Step};
use crate::verbs::list;

/// Removes or marks every selected object, and answers with the list of them.
pub(crate) fn delete_many(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let options = decode::delete_options(call)?;
    call.dry_run |= options.dry_run;
    let selection = Selection::of(call.request, call.kind)?;
    let mut txns: Vec<Txn> = Vec::new();
    let mut items: Vec<serde_json::Value> = Vec::new();
    for (key, stored) in list::selected(call, &selection) {
        let Some(key) = key.object() else { continue };
        items.push(call.read(&stored).into_value());
        if let Step::Commit { txn, .. } = deletion::delete(call, &key, &stored, &options)? {
            txns.push(txn);
        }
    }
    let names = &call.kind.names;
    let list = json!({
        "kind": names.list_kind,
        "apiVersion": names.group_version().to_string(),
        "metadata": {"resourceVersion": call.snapshot.revision().to_string()},
        "items": items,
    });
    let reply = call.remark(Reply::ok(Payload::Pieces(vec![Bytes::from(
        list.to_string(),
    )])));
    Ok(if txns.is_empty() {
        Step::Reply(reply)
    } else {
        Step::CommitEach { txns, reply }
    })
}
