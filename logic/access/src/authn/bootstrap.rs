//! Bootstrap tokens: short ones that lie in Secrets, for machines that are about to join.

use gantry_api::{Caller, GroupResource, Object, ObjectKey};
use gantry_base::Timestamp;

use super::refused::Refused;
use crate::secret;

/// The type of the Secrets.
pub const TYPE: &str = "bootstrap.kubernetes.io/token";
const NAMESPACE: &str = "kube-system";
const PREFIX: &str = "bootstrap-token-";
/// The group of whoever shows such a token.
const GROUP: &str = "system:bootstrappers";
const ID_LETTERS: usize = 6;
const SECRET_LETTERS: usize = 16;

/// The two halves of a token, when it has the form of one.
#[must_use]
pub fn halves(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let is_plain = |text: &str, letters: usize| {
        text.len() == letters
            && text
                .bytes()
                .all(|letter| letter.is_ascii_digit() || letter.is_ascii_lowercase())
    };
    (is_plain(id, ID_LETTERS) && is_plain(secret, SECRET_LETTERS)).then_some((id, secret))
}

/// Where the Secret of a token lies.
#[must_use]
pub fn key(id: &str) -> ObjectKey {
    let secrets = GroupResource::new("", "secrets");
    ObjectKey::new(secrets, NAMESPACE, &format!("{PREFIX}{id}"))
}

/// Whom a token speaks for, given the Secret at its [`key`].
pub fn caller(
    (id, secret): (&str, &str),
    stored: &Object,
    now: Timestamp,
) -> Result<Caller, Refused> {
    let text = |field: &str| {
        let bytes = secret::bytes(stored, field).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    };
    if stored.text(&["type"]) != TYPE || !stored.text(&["metadata", "deletionTimestamp"]).is_empty()
    {
        return Err(Refused::Unknown("there is no such bootstrap token"));
    }
    if !equal(&text("token-secret"), secret) || text("token-id") != id {
        return Err(Refused::Unknown(
            "its secret is not that of the bootstrap token",
        ));
    }
    if is_over(&text("expiration"), now) {
        return Err(Refused::Expired);
    }
    if text("usage-bootstrap-authentication") != "true" {
        return Err(Refused::Unknown(
            "the bootstrap token is not for authentication",
        ));
    }
    let extra = text("auth-extra-groups");
    let extra: Vec<&str> = extra.split(',').filter(|group| !group.is_empty()).collect();
    if !extra.iter().all(|group| is_bootstrap_group(group)) {
        return Err(Refused::Unknown(
            "the groups of the bootstrap token are not those of bootstrap",
        ));
    }
    let mut groups = vec![GROUP];
    groups.extend(extra);
    Ok(Caller::authenticated(
        &format!("system:bootstrap:{id}"),
        &groups,
    ))
}

/// Whether the time of a token is over; one that cannot be read is.
#[must_use]
pub fn is_over(expiration: &str, now: Timestamp) -> bool {
    if expiration.is_empty() {
        return false;
    }
    let ends = expiration.parse::<Timestamp>();
    ends.map_or(true, |ends| ends <= now)
}

/// Whether two texts are the same; how long it takes tells nothing about where they differ.
fn equal(one: &str, other: &str) -> bool {
    let differing = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |differing, (a, b)| differing | (a ^ b));
    one.len() == other.len() && differing == 0
}

fn is_bootstrap_group(group: &str) -> bool {
    let rest = group
        .strip_prefix(GROUP)
        .and_then(|rest| rest.strip_prefix(':'));
    rest.is_some_and(|rest| {
        let letters = |letter: u8| {
            letter.is_ascii_digit() || letter.is_ascii_lowercase() || b":-".contains(&letter)
        };
        (1..=256).contains(&rest.len()) && rest.bytes().all(letters) && !rest.ends_with([':', '-'])
    })
}
