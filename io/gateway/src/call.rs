//! One request from permission to answer: carries out what its errand says.

use std::sync::PoisonError;

use futures_util::future::join_all;

use gantry_api::{Rejection, Revision};
use gantry_base::Entropy;
use gantry_base::entropy::Seeded;
use gantry_registry::{
    Answer, Around, Encoding, Errand, Notes, Question, Registry, Reply, Request, Todo, freshness,
    permission,
};
use gantry_store::{CommitError, Freshness, KeyRange, Snapshot, Txn};

use crate::gateway::{Response, Shared};
use crate::limits::{COMMITS_AT_ONCE, QUESTIONS_AT_ONCE, REVISION_PATIENCE};

/// Decides and commits until both happened in the same world.
pub(crate) async fn answer(
    shared: &Shared,
    request: Request,
) -> (Result<Response, Rejection>, Notes) {
    let may = freshen(shared, &request).await;
    if let Err(rejection) = may.and_then(|()| authorize(shared, &request)) {
        return (Err(rejection), Notes::new());
    }
    let mut errand = Errand::new(request);
    let answer = carry_out(shared, &mut errand).await;
    (answer, errand.into_notes())
}

async fn carry_out(shared: &Shared, errand: &mut Errand) -> Result<Response, Rejection> {
    let encoding = errand.request().encoding;
    loop {
        let todo = shared.around(|registry, around| errand.decide(registry, around))?;
        match todo {
            Todo::Answer(reply) => return respond(reply, None, encoding),
            Todo::Commit(txn) => {
                let result = commit(shared, txn).await;
                if let Some((reply, revision)) = errand.committed(result)? {
                    return respond(reply, Some(revision), encoding);
                }
            }
            Todo::CommitEach(txns) => {
                let results = commit_each(shared, txns).await;
                if let Some(reply) = errand.committed_each(results)? {
                    return respond(reply, None, encoding);
                }
            }
            Todo::Sign(order) => {
                let signed = shared.signer.sign(&order.claims);
                let signed = signed.map_err(Rejection::internal)?;
                return respond(order.reply(&signed), None, encoding);
            }
            Todo::Authenticate(check) => {
                let authenticator = &shared.authenticator;
                let found = authenticator
                    .authenticate(&check.token, &check.audiences)
                    .await;
                return respond(check.reply(found), None, encoding);
            }
            Todo::Ask(questions) => errand.heard(ask_each(shared, questions).await),
        }
    }
}

/// Waits until the store's picture is as fresh as the request has to be decided on.
pub(crate) async fn freshen(shared: &Shared, request: &Request) -> Result<(), Rejection> {
    let wanted = freshness::of(request);
    let fresh = shared.ledger.reach(wanted).await;
    fresh.map_err(|error| Rejection::Unavailable {
        message: gantry_base::chain(&error),
    })?;
    if let Freshness::AtLeast(revision) = wanted {
        tokio::select! {
            () = arrival(shared, revision) => {}
            () = shared.clock.sleep(REVISION_PATIENCE) => {}
        }
    }
    Ok(())
}

/// Resolves when the picture shows `wanted`, or never will. One that does not come in time is
/// refused by whoever reads.
async fn arrival(shared: &Shared, wanted: Revision) {
    let newest = shared.ledger.snapshot().revision();
    if wanted <= newest {
        return;
    }
    let Ok(mut changes) = shared.ledger.watch(KeyRange::prefix(""), newest) else {
        return;
    };
    let is_older = |revision: Revision| revision < wanted;
    while changes
        .next()
        .await
        .is_ok_and(|change| is_older(change.revision))
    {}
}

/// Refuses what the caller may not do.
pub(crate) fn authorize(shared: &Shared, request: &Request) -> Result<(), Rejection> {
    let snapshot = shared.ledger.snapshot();
    permission::check(request, &shared.access(&snapshot), &snapshot)
}

impl Shared {
    /// Asks `decide`, in the world as it is now.
    pub(crate) fn around<T>(&self, decide: impl FnOnce(&Registry, Around<'_>) -> T) -> T {
        let snapshot: Snapshot = self.ledger.snapshot();
        let access = self.access(&snapshot);
        let mut chance = Drawn {
            shared: self,
            numbers: None,
        };
        let around = Around {
            snapshot: &snapshot,
            access: &access,
            now: self.clock.now(),
            chance: &mut chance,
        };
        decide(&self.registry(&snapshot), around)
    }

    /// Chance for one request, drawn under a lock that is held for one number only.
    pub(crate) fn seed(&self) -> u64 {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.next_u64()
    }
}

/// Chance for one request: most need none, and draw nothing.
struct Drawn<'a> {
    shared: &'a Shared,
    numbers: Option<Seeded>,
}

impl Entropy for Drawn<'_> {
    fn next_u64(&mut self) -> u64 {
        let numbers = self
            .numbers
            .get_or_insert_with(|| Seeded::new(self.shared.seed()));
        numbers.next_u64()
    }
}

async fn commit(shared: &Shared, txn: Txn) -> Result<Revision, CommitError> {
    let result = shared.ledger.commit(txn).await;
    if let Err(
        error @ (CommitError::Repeated { .. }
        | CommitError::TooMany { .. }
        | CommitError::Seal(_)
        | CommitError::Durability { .. }),
    ) = &result
    {
        tracing::error!(error = %gantry_base::chain(error), "write not kept");
    }
    result
}

/// Commits each by itself.
async fn commit_each(shared: &Shared, txns: Vec<Txn>) -> Vec<Result<Revision, CommitError>> {
    let mut results = Vec::with_capacity(txns.len());
    let mut txns = txns.into_iter().peekable();
    while txns.peek().is_some() {
        let batch = txns.by_ref().take(COMMITS_AT_ONCE);
        results.extend(join_all(batch.map(|txn| commit(shared, txn))).await);
    }
    results
}

/// Asks all of them, many at the same time.
pub(crate) async fn ask_each(shared: &Shared, questions: Vec<Question>) -> Vec<(String, Answer)> {
    let mut answers = Vec::with_capacity(questions.len());
    for some in questions.chunks(QUESTIONS_AT_ONCE) {
        let asked = some.iter().map(async |question| {
            let answer = shared.messenger.ask(question).await;
            (question.id.clone(), answer)
        });
        answers.extend(join_all(asked).await);
    }
    answers
}

fn respond(
    mut reply: Reply,
    committed: Option<Revision>,
    encoding: Encoding,
) -> Result<Response, Rejection> {
    Ok(Response {
        code: reply.code,
        content_type: encoding.media_type(),
        warnings: std::mem::take(&mut reply.warnings),
        content: reply.into_encoded(committed, encoding)?,
        headers: Vec::new(),
    })
}
