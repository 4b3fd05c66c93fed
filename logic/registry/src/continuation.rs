//! Tokens with which a client reads on where the previous part of a list ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use gantry_api::{Rejection, Revision};

const VERSION: &str = "meta.k8s.io/v1";

/// The revision of a token that goes on with whatever there is now.
const NEWEST: i64 = -1;

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Continuation {
    /// The revision that the first part was read at; none to go on with whatever there is now.
    pub(crate) revision: Option<Revision>,
    /// The storage path after which to go on.
    pub(crate) after: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    v: String,
    rv: i64,
    start: String,
}

impl Continuation {
    pub(crate) fn write(&self) -> String {
        let rv = match self.revision {
            Some(revision) => i64::try_from(revision.0).unwrap_or(NEWEST),
            None => NEWEST,
        };
        let written = Written {
            v: VERSION.to_owned(),
            rv,
            start: self.after.clone(),
        };
        let json = serde_json::to_vec(&written).expect("plain texts and a number encode");
        URL_SAFE_NO_PAD.encode(json)
    }

    pub(crate) fn read(token: &str) -> Result<Self, Rejection> {
        let invalid = || {
            Rejection::bad_request(format!(
                "continue key is not valid: {token:?}: begin the list again"
            ))
        };
        let json = URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .map_err(|_| invalid())?;
        let written: Written = serde_json::from_slice(&json).map_err(|_| invalid())?;
        if written.v != VERSION {
            return Err(invalid());
        }
        Ok(Self {
            revision: u64::try_from(written.rv).ok().map(Revision),
            after: written.start,
        })
    }

    /// The refusal of a token whose revision is forgotten, with one to go on with.
    pub(crate) fn expired(&self) -> Rejection {
        let fresh = Self {
            revision: None,
            after: self.after.clone(),
        };
        Rejection::Expired {
            message: "The provided continue parameter is too old to display a consistent list \
                      result. You can start a new list without the continue parameter, or use the \
                      continue token in this response to retrieve the remainder of the results. \
                      Continuing with the provided token results in an inconsistent list - objects \
                      that were created, modified, or deleted between the time the first chunk was \
                      returned and now may show up in the list."
                .to_owned(),
            continue_token: Some(fresh.write()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        for revision in [None, Some(Revision(12))] {
            let place = Continuation {
                revision,
                after: "pods/default/a".to_owned(),
            };
            assert_eq!(Continuation::read(&place.write()), Ok(place));
        }
        assert!(Continuation::read("nonsense").is_err());
    }
}
