//! Somebody outside who knows whose tokens are: asked with a `TokenReview`, remembered for a while.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use gantry_api::Caller;
use gantry_api::caller::AUTHENTICATED;
use gantry_client::kubeconfig::{KubeconfigError, Overrides};
use gantry_client::{Call, Kubeconfig, Remote, RemoteError};
use gantry_gateway::Clock;
use gantry_registry::step::Authenticated;

use crate::fetch;
use crate::limits::ANSWERS;

const GROUP: &str = "authentication.k8s.io";

/// How a webhook is reached.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// The file that says where it is, and as whom to ask: of the form of a kubeconfig.
    pub file: PathBuf,
    /// The version of the reviews: `v1` or `v1beta1`.
    pub version: String,
    /// How long its answers count.
    pub age: Duration,
}

/// Why a webhook cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Its file cannot be read.
    #[error("read {path}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Box<KubeconfigError>,
    },
    /// What the file says cannot be used.
    #[error("use {path}", path = path.display())]
    Endpoint {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Box<RemoteError>,
    },
    /// There is no such version.
    #[error("ask with TokenReviews of version {0:?}: expected v1 or v1beta1")]
    Version(String),
}

type Answer = Result<Authenticated, String>;

/// One who is asked.
pub(crate) struct Webhook {
    remote: Remote,
    version: String,
    age: Duration,
    clock: Arc<dyn Clock>,
    /// What was answered, by a hash of what was asked, and until when it counts. Held for a look.
    answers: Mutex<BTreeMap<[u8; 32], (Duration, Answer)>>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl Webhook {
    pub(crate) fn new(config: &WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        if !["v1", "v1beta1"].contains(&config.version.as_str()) {
            return Err(WebhookError::Version(config.version.clone()));
        }
        Ok(Self {
            remote: remote(&config.file)?,
            version: config.version.clone(),
            age: config.age,
            clock,
            answers: Mutex::default(),
        })
    }

    /// Whose token it is.
    pub(crate) async fn authenticate(&self, token: &str, audiences: &[String]) -> Answer {
        let mut hash = Sha256::new();
        for part in std::iter::once(token).chain(audiences.iter().map(String::as_str)) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let name: [u8; 32] = hash.finalize().into();
        if let Some(known) = self.known(&name) {
            return known;
        }
        // That there was no answer is not remembered.
        let answer = self.ask(token, audiences).await?;
        self.remember(name, answer.clone());
        answer
    }

    fn known(&self, name: &[u8; 32]) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = answers.get(name)?;
        (self.clock.ticks() < *until).then(|| answer.clone())
    }

    fn remember(&self, name: [u8; 32], answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS {
            answers.clear();
        }
        answers.insert(name, (self.clock.ticks() + self.age, answer));
    }

    async fn ask(&self, token: &str, audiences: &[String]) -> Result<Answer, String> {
        let mut review = json!({
            "apiVersion": format!("{GROUP}/{}", self.version), "kind": "TokenReview",
            "spec": {"token": token},
        });
        if !audiences.is_empty() {
            review["spec"]["audiences"] = json!(audiences);
        }
        let call = Call::new(Method::POST, "").body(review.to_string(), "application/json");
        let failed = |why: &str| format!("ask the token webhook: {why}");
        let answer = fetch::send(&self.remote, call).await;
        let answer = answer.map_err(|why| failed(&why))?;
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|error| failed(&error.to_string()))?;
        if answer["kind"] != "TokenReview" {
            return Err(failed("it answered with something else than a TokenReview"));
        }
        Ok(read(&answer["status"], audiences))
    }
}

/// What a review says.
fn read(status: &Value, audiences: &[String]) -> Answer {
    if status["authenticated"] != true {
        let why = status["error"]
            .as_str()
            .unwrap_or("the token webhook does not know it");
        return Err(why.to_owned());
    }
    let mut caller: Caller = serde_json::from_value(status["user"].clone())
        .map_err(|error| format!("read the user that the token webhook names: {error}"))?;
    if caller.user.is_empty() {
        return Err("the token webhook names no user".to_owned());
    }
    if !caller.is_in(AUTHENTICATED) {
        caller.groups.push(AUTHENTICATED.to_owned());
    }
    let meant = status["audiences"].as_array().into_iter().flatten();
    let meant: Vec<String> = meant.filter_map(Value::as_str).map(str::to_owned).collect();
    let agreed = if meant.is_empty() && audiences.is_empty() {
        Vec::new()
    } else {
        let both = |own: &&String| meant.contains(own) || meant.is_empty();
        audiences.iter().filter(both).cloned().collect()
    };
    Ok(Authenticated {
        caller,
        audiences: agreed,
    })
}

fn remote(path: &Path) -> Result<Remote, WebhookError> {
    let unreadable = |source| WebhookError::File {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let config = Kubeconfig::load(Some(path)).map_err(unreadable)?;
    let endpoint = config.endpoint(&Overrides::default()).map_err(unreadable)?;
    Remote::new(endpoint, "gantry").map_err(|source| WebhookError::Endpoint {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_names_a_user_or_says_why_not() {
        let jane = json!({"authenticated": true, "user": {"username": "jane", "groups": ["dev"]}});
        let found = read(&jane, &[]).unwrap();
        assert_eq!(found.caller.groups, ["dev", "system:authenticated"]);
        let told = |status| read(&status, &[]).unwrap_err();
        assert_eq!(told(json!({"authenticated": false, "error": "no"})), "no");
        assert!(told(json!({"authenticated": true, "user": {"username": ""}})).contains("no user"));
        assert!(told(json!({"authenticated": "true"})).contains("does not know"));
    }

    #[test]
    fn a_review_for_others_is_for_those_alone_whom_it_names() {
        let asked = ["a".to_owned(), "b".to_owned()];
        let status = json!({
            "authenticated": true, "user": {"username": "jane"}, "audiences": ["b", "c"],
        });
        assert_eq!(read(&status, &asked).unwrap().audiences, ["b"]);
    }
}
