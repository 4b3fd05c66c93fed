//! A server's "no": the `Status` object it sent, or what its code means when it sent none.

use std::fmt;

use http::StatusCode;
use serde_json::{Value, json};

/// A refusal as the server worded it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The `Status` object.
    pub status: Value,
}

impl Refusal {
    /// Reads the answer that came with `code`.
    #[must_use]
    pub fn read(code: StatusCode, content: &[u8]) -> Self {
        let status: Option<Value> = serde_json::from_slice(content).ok();
        let is_status = |status: &Value| status["kind"] == "Status";
        let status = status.filter(is_status).unwrap_or_else(|| {
            let text = String::from_utf8_lossy(content);
            json!({"kind": "Status", "message": meaning(code, text.trim()), "reason": reason(code)})
        });
        Self {
            code: code.as_u16(),
            status,
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        self.status["message"].as_str().unwrap_or_default()
    }

    /// The word for programs.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.status["reason"].as_str().unwrap_or_default()
    }

    /// The details as (field, message).
    #[must_use]
    pub fn causes(&self) -> Vec<(&str, &str)> {
        let causes = self.status["details"]["causes"].as_array();
        let text = |cause: &'_ Value, key: &str| cause[key].as_str().map(str::len).is_some();
        causes
            .into_iter()
            .flatten()
            .filter(|cause| text(cause, "message"))
            .map(|cause| {
                let field = cause["field"].as_str().unwrap_or_default();
                (field, cause["message"].as_str().unwrap_or_default())
            })
            .collect()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

fn meaning(code: StatusCode, text: &str) -> String {
    match code {
        StatusCode::NOT_FOUND => "the server could not find the requested resource".to_owned(),
        StatusCode::UNAUTHORIZED => "Unauthorized".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => {
            "the server does not allow this method on the requested resource".to_owned()
        }
        _ if text.is_empty() => format!("the server answered {code}"),
        _ => text.to_owned(),
    }
}

const fn reason(code: StatusCode) -> &'static str {
    match code {
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
        StatusCode::BAD_REQUEST => "BadRequest",
        StatusCode::CONFLICT => "Conflict",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "",
    }
}
