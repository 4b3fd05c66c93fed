//! In whose name: a caller may act as somebody else if they may impersonate all that they claim.

use http::HeaderMap;
use percent_encoding::percent_decode_str;

use gantry_access::attributes::ResourceTarget;
use gantry_api::caller::{AUTHENTICATED, UNAUTHENTICATED};
use gantry_api::{Caller, Rejection};
use gantry_gateway::Gateway;

use super::authorize;

/// What all of these headers begin with.
const PREFIX: &str = "impersonate-";
const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// The caller that the request acts as.
pub(crate) fn caller(
    gateway: &Gateway,
    caller: Caller,
    headers: &HeaderMap,
) -> Result<Caller, Rejection> {
    let Some(claimed) = claimed(headers)? else {
        return Ok(caller);
    };
    let may =
        |target: ResourceTarget<'_>| authorize::resource(gateway, &caller, "impersonate", target);
    match account(&claimed.user) {
        Some((namespace, name)) => may(ResourceTarget {
            resource: "serviceaccounts",
            namespace,
            name,
            ..ResourceTarget::default()
        })?,
        None => may(ResourceTarget {
            resource: "users",
            name: &claimed.user,
            ..ResourceTarget::default()
        })?,
    }
    for group in &claimed.groups {
        may(ResourceTarget {
            resource: "groups",
            name: group,
            ..ResourceTarget::default()
        })?;
    }
    if !claimed.uid.is_empty() {
        may(ResourceTarget {
            group: AUTHENTICATION,
            resource: "uids",
            name: &claimed.uid,
            ..ResourceTarget::default()
        })?;
    }
    for (key, values) in &claimed.extra {
        for name in values {
            may(ResourceTarget {
                group: AUTHENTICATION,
                resource: "userextras",
                subresource: key,
                name,
                ..ResourceTarget::default()
            })?;
        }
    }
    Ok(complete(claimed))
}

/// Whom the headers claim to be.
fn claimed(headers: &HeaderMap) -> Result<Option<Caller>, Rejection> {
    let mut names = headers.keys().map(http::HeaderName::as_str);
    if !names.any(|name| name.starts_with(PREFIX)) {
        return Ok(None);
    }
    let texts = |name: &str| {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut claimed = Caller {
        user: texts(USER).pop().unwrap_or_default(),
        uid: texts(UID).pop().unwrap_or_default(),
        groups: texts(GROUP),
        ..Caller::default()
    };
    for name in headers.keys().map(http::HeaderName::as_str) {
        if let Some(key) = name.strip_prefix(EXTRA) {
            let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
            claimed.extra.insert(key, texts(name));
        }
    }
    let claims_more =
        !claimed.uid.is_empty() || !claimed.groups.is_empty() || !claimed.extra.is_empty();
    match (claimed.user.is_empty(), claims_more) {
        (true, true) => Err(Rejection::bad_request(
            "requested impersonation of groups, uid or extra without impersonating a user",
        )),
        (true, false) => Ok(None),
        (false, _) => Ok(Some(claimed)),
    }
}

/// Namespace and name of the service account that a user name stands for.
fn account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// Adds the groups that follow from who somebody is.
fn complete(mut caller: Caller) -> Caller {
    if let Some((namespace, _)) = account(&caller.user).filter(|_| caller.groups.is_empty()) {
        caller.groups.push("system:serviceaccounts".to_owned());
        caller
            .groups
            .push(format!("system:serviceaccounts:{namespace}"));
    }
    let own = if caller.user == "system:anonymous" {
        UNAUTHENTICATED
    } else {
        AUTHENTICATED
    };
    if !caller.is_in(own) {
        caller.groups.push(own.to_owned());
    }
    caller
}
