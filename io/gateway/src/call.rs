//! One request from permission to answer.

use std::sync::PoisonError;

use futures_util::future::join_all;

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Attributes, Decision};
use gantry_api::{Rejection, Revision};
use gantry_base::entropy::Seeded;
use gantry_registry::request::{Request, Verb};
use gantry_registry::{Around, Reply, Step};
use gantry_store::{CommitError, Txn};

use crate::gateway::{Response, Shared};
use crate::limits::{ATTEMPTS, COMMITS_AT_ONCE};

/// Decides and commits until both happened in the same world.
pub(crate) async fn answer(shared: &Shared, request: Request) -> Result<Response, Rejection> {
    authorize(shared, &request)?;
    for _ in 0..ATTEMPTS {
        match decide(shared, &request)? {
            Step::Reply(reply) => return Ok(respond(reply, None)),
            Step::Commit { txn, reply } => match shared.ledger.commit(txn).await {
                Ok(revision) => return Ok(respond(reply, Some(revision))),
                Err(error) => retry_or_refuse(error)?,
            },
            Step::CommitEach { txns, reply } => {
                if commit_each(shared, txns).await? {
                    return Ok(respond(reply, None));
                }
            }
            Step::Sign(order) => {
                let signed = shared
                    .signer
                    .sign(&order.claims)
                    .map_err(Rejection::internal)?;
                return Ok(respond(order.reply(&signed), None));
            }
            Step::Authenticate(check) => {
                let found = shared
                    .authenticator
                    .authenticate(&check.token, &check.audiences);
                return Ok(respond(check.reply(found), None));
            }
            Step::Watch(_) => {
                return Err(Rejection::bad_request(
                    "a watch is a stream: open it as one",
                ));
            }
        }
    }
    Err(Rejection::Conflict {
        resource: request.resource.group_resource(),
        name: request.name().to_owned(),
        why: format!("it changed {ATTEMPTS} times while this request was decided; try again"),
    })
}

/// Asks the registry, in the world as it is now.
pub(crate) fn decide(shared: &Shared, request: &Request) -> Result<Step, Rejection> {
    let snapshot = shared.ledger.snapshot();
    let access = shared.authority.access(&snapshot);
    let mut chance = Seeded::new(shared.seed());
    let around = Around {
        snapshot: &snapshot,
        access: &access,
        now: shared.clock.now(),
        chance: &mut chance,
    };
    shared.registry.handle(request, around)
}

/// Refuses what the caller may not do.
pub(crate) fn authorize(shared: &Shared, request: &Request) -> Result<(), Rejection> {
    let attributes = attributes(request);
    match shared.authorize(&attributes) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(reason) => Err(attributes.rejection(&reason)),
    }
}

/// What permission a request needs.
pub(crate) fn attributes(request: &Request) -> Attributes<'_> {
    let field_selector = request.options.field_selector.as_deref().unwrap_or("");
    let collective = matches!(
        request.verb,
        Verb::List | Verb::Watch | Verb::DeleteCollection
    );
    // A collection that can hold one object only is as good as that object.
    let only = field_selector
        .strip_prefix("metadata.name=")
        .map(|name| name.trim_start_matches('='))
        .filter(|name| collective && !name.contains([',', '!']));
    Attributes {
        caller: &request.caller,
        verb: request.verb.as_str(),
        target: Target::Resource(ResourceTarget {
            group: &request.resource.version.group,
            resource: &request.resource.plural,
            subresource: request.subresource(),
            namespace: request.namespace(),
            name: request.name.as_deref().or(only).unwrap_or(""),
            field_selector,
        }),
    }
}

impl Shared {
    /// Chance for one request, drawn under a lock that is held for one number only.
    pub(crate) fn seed(&self) -> u64 {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.next_u64()
    }
}

/// Commits each by itself; says whether none was in conflict.
async fn commit_each(shared: &Shared, txns: Vec<Txn>) -> Result<bool, Rejection> {
    let mut is_complete = true;
    let mut txns = txns.into_iter().peekable();
    while txns.peek().is_some() {
        let batch = txns.by_ref().take(COMMITS_AT_ONCE);
        for result in join_all(batch.map(|txn| shared.ledger.commit(txn))).await {
            if let Err(error) = result {
                retry_or_refuse(error)?;
                is_complete = false;
            }
        }
    }
    Ok(is_complete)
}

/// Lets conflicts pass, to be decided again; everything else is final.
fn retry_or_refuse(error: CommitError) -> Result<(), Rejection> {
    match error {
        CommitError::Conflict { .. } | CommitError::Exists { .. } | CommitError::Missing { .. } => {
            Ok(())
        }
        CommitError::TooLarge { limit, .. } | CommitError::TooLong { limit, .. } => {
            Err(Rejection::TooLarge { limit })
        }
        CommitError::Closed => Err(Rejection::Unavailable {
            message: "the server is stopping: try again when it is back".to_owned(),
        }),
        CommitError::Repeated { .. }
        | CommitError::TooMany { .. }
        | CommitError::Durability { .. } => {
            let text = gantry_base::chain(&error);
            tracing::error!(error = %text, "write not kept");
            Err(Rejection::internal(text))
        }
    }
}

fn respond(mut reply: Reply, committed: Option<Revision>) -> Response {
    Response {
        code: reply.code,
        content_type: "application/json",
        warnings: std::mem::take(&mut reply.warnings),
        content: reply.into_pieces(committed),
        headers: Vec::new(),
    }
}
