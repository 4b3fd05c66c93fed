//! Which client certificates do not count any more although their time is not over.
//!
//! A certificate counts when it was made after the latest revocation that concerns its user. So who
//! is revoked can be given a new one, and nothing has to be known of the old ones. What was revoked
//! lies in one Secret, which every server of a cluster sees at the same revision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use gantry_api::{GroupResource, Object, ObjectKey};
use gantry_base::Timestamp;

/// The namespace of the Secret.
pub const NAMESPACE: &str = "kube-system";
/// The name of the Secret.
pub const NAME: &str = "gantry-revocations";
/// Its type.
pub const TYPE: &str = "gantry.io/revocations";
/// The key of its data under which everything is.
pub const FIELD: &str = "revocations";

/// What was revoked, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    /// When the certificates of everybody were revoked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Timestamp>,
    /// When those of a user were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    users: BTreeMap<String, Timestamp>,
}

/// Whose certificates are revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those of one user.
    User(String),
}

/// Where the Secret is.
#[must_use]
pub fn key() -> ObjectKey {
    ObjectKey::new(GroupResource::new("", "secrets"), NAMESPACE, NAME)
}

impl Revocations {
    /// What the Secret says, if it can be read.
    #[must_use]
    pub fn read(secret: &Object) -> Option<Self> {
        serde_json::from_slice(&crate::secret::bytes(secret, FIELD)?).ok()
    }

    /// Whether a certificate of `user` that was made at `issued` does not count.
    #[must_use]
    pub fn cover(&self, user: &str, issued: Timestamp) -> bool {
        let latest = self.all.max(self.users.get(user).copied());
        // Certificates know whole seconds: what was made within that of the revocation falls too.
        latest.is_some_and(|latest| issued.as_second() <= latest.as_second())
    }

    /// Revokes what was made until `now`, and forgets revocations from before `earliest`: nothing
    /// that was made before that has time left.
    pub fn revoke(&mut self, whose: Whose, now: Timestamp, earliest: Timestamp) {
        match whose {
            Whose::All => {
                self.all = Some(now);
                self.users.clear();
            }
            Whose::User(user) => {
                self.users.insert(user, now);
            }
        }
        self.users.retain(|_, since| earliest <= *since);
        self.all = self.all.filter(|since| earliest <= *since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn revoked(whose: Whose, second: i64) -> Revocations {
        let mut revocations = Revocations::default();
        revocations.revoke(whose, at(second), at(0));
        revocations
    }

    #[test]
    fn a_revoked_certificate_does_not_count_and_a_later_one_does() {
        let revocations = revoked(Whose::User("jane".to_owned()), 100);
        assert!(revocations.cover("jane", at(100)));
        assert!(!revocations.cover("jane", at(101)));
        assert!(!revocations.cover("john", at(50)));
    }

    #[test]
    fn everybody_may_be_revoked_at_once() {
        let mut revocations = revoked(Whose::All, 100);
        assert!(revocations.cover("jane", at(99)));
        revocations.revoke(Whose::User("jane".to_owned()), at(200), at(0));
        assert!(revocations.cover("jane", at(150)));
        assert!(revocations.cover("john", at(100)));
        assert!(!revocations.cover("john", at(150)));
    }

    #[test]
    fn what_concerns_ended_certificates_alone_is_forgotten() {
        let mut revocations = revoked(Whose::User("jane".to_owned()), 100);
        revocations.revoke(Whose::User("john".to_owned()), at(500), at(400));
        assert_eq!(revocations, revoked(Whose::User("john".to_owned()), 500));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let revocations = revoked(Whose::User("jane@example.com".to_owned()), 100);
        let text = serde_json::to_string(&revocations).unwrap();
        let data = crate::secret::encoded(&text);
        let secret = serde_json::json!({"data": {FIELD: data}});
        let secret = Object::from_value(secret).unwrap();
        assert_eq!(Revocations::read(&secret), Some(revocations));
        let torn = serde_json::json!({"data": {FIELD: "e30"}});
        assert_eq!(Revocations::read(&Object::from_value(torn).unwrap()), None);
    }
}
