//! "Who am I?"

use serde_json::{Value, json};

use gantry_api::{Caller, Rejection};
use gantry_base::time::rfc3339;

use crate::call::Call;
use crate::decode;
use crate::step::{Payload, Reply, Step};

/// Tells the caller who they are.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let mut review = decode::object(call)?;
    review.set(
        &["metadata", "creationTimestamp"],
        Value::from(rfc3339(call.now)),
    );
    review.set(
        &["status"],
        json!({"userInfo": user_info(&call.request.caller)}),
    );
    Ok(Step::Reply(Reply::created(Payload::object(review))))
}

/// A caller as reviews show it.
pub(super) fn user_info(caller: &Caller) -> Value {
    serde_json::to_value(caller).expect("a caller is plain data")
}
