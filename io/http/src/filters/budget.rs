//! How much memory the answers of one client may hold: lists are long, and a client that does not
//! read them keeps them here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Response;
use hyper::body::Body as _;

use gantry_api::Rejection;

use crate::body::{self, Body};
use crate::limits::LIST_BYTES;

/// Bytes of lists under way, by client.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    /// Held while one number is looked up or changed.
    held: Mutex<BTreeMap<String, u64>>,
}

/// Bytes that count for a client until this is dropped.
#[derive(Debug)]
struct Held {
    budgets: Arc<Budgets>,
    user: String,
    bytes: u64,
}

impl Budgets {
    /// Refuses a further list to a client whose lists hold too much already.
    pub(crate) fn check(&self, user: &str) -> Result<(), Rejection> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = held.get(user).copied().unwrap_or(0);
        if bytes < LIST_BYTES {
            return Ok(());
        }
        Err(Rejection::TooManyRequests {
            message: format!(
                "the lists that {user:?} has not read yet hold {bytes} bytes, and {LIST_BYTES} are the limit: read them, ask for pages (limit), or watch"
            ),
            retry_after_seconds: 1,
            causes: Vec::new(),
        })
    }

    /// Counts an answer for its client until it was sent or dropped.
    pub(crate) fn charge(self: &Arc<Self>, user: &str, response: Response<Body>) -> Response<Body> {
        let bytes = response.body().size_hint().lower();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held.entry(user.to_owned()).or_default() += bytes;
        let one = Held {
            budgets: Arc::clone(self),
            user: user.to_owned(),
            bytes,
        };
        drop(held);
        response.map(|body| body::holding(body, one))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self
            .budgets
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = held.get_mut(&self.user) {
            *bytes -= self.bytes;
            if *bytes == 0 {
                held.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: u64) -> Response<Body> {
        let bytes = usize::try_from(bytes).unwrap();
        Response::new(body::full(vec![b' '; bytes]))
    }

    #[test]
    fn a_client_that_does_not_read_its_lists_gets_no_more_and_others_do() {
        let budgets = Arc::<Budgets>::default();
        let half = LIST_BYTES / 2;
        let one = budgets.charge("a", answer(half));
        budgets.check("a").unwrap();
        let two = budgets.charge("a", answer(half));
        let refused = budgets.check("a").unwrap_err();
        assert_eq!(refused.code(), 429);
        budgets.check("b").unwrap();
        drop(one);
        budgets.check("a").unwrap();
        drop(two);
        assert!(
            budgets.held.lock().unwrap().is_empty(),
            "nothing is remembered"
        );
    }
}
