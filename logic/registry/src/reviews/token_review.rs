//! "Whose token is this?"
//!
//! Whether the signature holds is found out elsewhere, where the keys are.

use serde_json::{Value, json};

use gantry_api::{Object, Rejection};

use crate::call::Call;
use crate::decode;
use crate::reviews::subject::user_info;
use crate::step::{Authenticated, Payload, Reply, Step};

/// A token to be looked at, and the question that it came with.
#[derive(Clone, Debug)]
pub struct TokenCheck {
    /// The token.
    pub token: String,
    /// For whom it should be good; empty for the server itself.
    pub audiences: Vec<String>,
    review: Object,
}

impl TokenCheck {
    /// The answer, given what was found out.
    #[must_use]
    pub fn reply(mut self, found: Result<Authenticated, String>) -> Reply {
        let status = match found {
            Ok(found) => json!({
                "authenticated": true,
                "user": user_info(&found.caller),
                "audiences": found.audiences,
            }),
            Err(error) => json!({"authenticated": false, "user": {}, "error": error}),
        };
        self.review.set(&["status"], status);
        Reply::created(Payload::object(self.review))
    }
}

/// Has the token looked at.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let review = decode::object(call)?;
    let token = review.text(&["spec", "token"]).to_owned();
    if token.is_empty() {
        return Err(Rejection::bad_request(
            "token is required for TokenReview: set spec.token",
        ));
    }
    let audiences = review.at(&["spec", "audiences"]).and_then(Value::as_array);
    let audiences = audiences.into_iter().flatten().filter_map(Value::as_str);
    Ok(Step::Authenticate(Box::new(TokenCheck {
        token,
        audiences: audiences.map(str::to_owned).collect(),
        review,
    })))
}
