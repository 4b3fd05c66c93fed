//! One request from the first decision to its answer, without waiting for anything.
//!
//! Whoever runs the errand commits what it says, tells how that went, and asks again until there
//! is an answer. An errand is not authorized here: see [`permission`](crate::permission).

use gantry_api::{Rejection, Revision};
use gantry_base::Timestamp;
use gantry_store::{CommitError, Key, Snapshot, Txn};

use crate::limits::{ATTEMPTS, COMPANY_ATTEMPTS, QUESTION_ROUNDS};
use crate::notes::Notes;
use crate::question::{Answer, Answers, Question, QuestionId, Replayed};
use crate::registry::{Around, Registry};
use crate::request::Request;
use crate::reviews::token_review::TokenCheck;
use crate::step::{Reply, Step};
use crate::subresources::token::TokenOrder;

/// One request on its way.
#[derive(Debug)]
pub struct Errand {
    request: Request,
    /// How many times it was decided.
    attempts: usize,
    /// How many of these were in vain because something else changed that is written with it.
    outrun: usize,
    /// What was to be written last, first of all.
    own: Option<Key>,
    /// What was noted when it was decided last.
    notes: Notes,
    /// The answer, if what was decided last is committed.
    reply: Option<Reply>,
    /// The world that is decided in until somebody commits or answers.
    world: Option<World>,
}

/// What a decision depends on, kept so that it comes out the same when somebody was asked.
#[derive(Debug)]
struct World {
    snapshot: Snapshot,
    now: Timestamp,
    /// The chance that was used up.
    drawn: Vec<u64>,
    answers: Answers,
    rounds: usize,
}

/// What an errand needs done.
#[derive(Debug)]
pub enum Todo {
    /// Commit this, and tell [`Errand::committed`].
    Commit(Txn),
    /// Commit each of these by itself, and tell [`Errand::committed_each`].
    CommitEach(Vec<Txn>),
    /// Nothing more: this is the answer.
    Answer(Reply),
    /// Sign a token; [`TokenOrder::reply`] is the answer.
    Sign(Box<TokenOrder>),
    /// Find out whose token this is; [`TokenCheck::reply`] is the answer.
    Authenticate(Box<TokenCheck>),
    /// Ask these, all at the same time, and tell [`Errand::heard`]; then decide again.
    Ask(Vec<Question>),
}

impl Errand {
    /// The errand of a caller who was found to be allowed to make it.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self {
            request,
            attempts: 0,
            outrun: 0,
            own: None,
            notes: Notes::new(),
            reply: None,
            world: None,
        }
    }

    /// What was asked.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// What was noted about it when it was decided last.
    #[must_use]
    pub fn into_notes(self) -> Notes {
        self.notes
    }

    /// Decides in the world as it is now, or in the one about which somebody was asked. A request
    /// that lost too many races is refused.
    pub fn decide(&mut self, registry: &Registry, around: Around<'_>) -> Result<Todo, Rejection> {
        if self.world.is_none() {
            if self.attempts - self.outrun == ATTEMPTS || self.attempts == COMPANY_ATTEMPTS {
                return Err(self.lost());
            }
            self.attempts += 1;
        }
        let world = self.world.get_or_insert_with(|| World {
            snapshot: around.snapshot.clone(),
            now: around.now,
            drawn: Vec::new(),
            answers: Answers::new(),
            rounds: 0,
        });
        let mut chance = Replayed::new(&mut world.drawn, around.chance);
        let around = Around {
            snapshot: &world.snapshot,
            access: around.access,
            now: world.now,
            chance: &mut chance,
        };
        let (decided, notes) = registry.handle_noting(&self.request, &world.answers, around);
        self.notes = notes;
        match decided? {
            Step::Reply(reply) => Ok(Todo::Answer(reply)),
            Step::Commit { txn, reply } => {
                self.reply = Some(reply);
                self.own = txn.writes.first().map(|write| write.key().clone());
                Ok(Todo::Commit(txn))
            }
            Step::CommitEach { txns, reply } => {
                self.reply = Some(reply);
                Ok(Todo::CommitEach(txns))
            }
            Step::Sign(order) => Ok(Todo::Sign(order)),
            Step::Authenticate(check) => Ok(Todo::Authenticate(check)),
            Step::Ask(questions) => {
                world.rounds += 1;
                if world.rounds > QUESTION_ROUNDS {
                    return Err(Rejection::internal(format!(
                        "this request asked others {QUESTION_ROUNDS} times and is not decided yet"
                    )));
                }
                Ok(Todo::Ask(questions))
            }
            Step::Watch(_) => Err(Rejection::bad_request(
                "a watch is a stream: open it as one",
            )),
        }
    }

    /// Takes what was said by those who were asked.
    pub fn heard(&mut self, answers: Vec<(QuestionId, Answer)>) {
        if let Some(world) = &mut self.world {
            world.answers.extend(answers);
        }
    }

    /// Takes how the commit went. The answer goes with its revision; nothing when somebody else
    /// was first, which is to be decided again.
    pub fn committed(
        &mut self,
        result: Result<Revision, CommitError>,
    ) -> Result<Option<(Reply, Revision)>, Rejection> {
        self.world = None;
        if let Err(error) = &result {
            self.outrun += usize::from(loser(error).is_some() && loser(error) != self.own.as_ref());
        }
        let revision = settled(result)?;
        Ok(self.reply.take().zip(revision))
    }

    /// Takes how each of the commits went. Nothing when some are to be decided again.
    pub fn committed_each(
        &mut self,
        results: Vec<Result<Revision, CommitError>>,
    ) -> Result<Option<Reply>, Rejection> {
        self.world = None;
        let mut is_complete = true;
        for result in results {
            is_complete &= settled(result)?.is_some();
        }
        Ok(self.reply.take().filter(|_| is_complete))
    }

    fn lost(&self) -> Rejection {
        Rejection::Conflict {
            resource: self.request.resource.group_resource(),
            name: self.request.name().to_owned(),
            why: format!(
                "the world changed {} times while this request was decided; try again",
                self.attempts
            ),
        }
    }
}

/// What was not as it was believed to be, when that is why a commit failed.
const fn loser(error: &CommitError) -> Option<&Key> {
    match error {
        CommitError::Conflict { key, .. }
        | CommitError::Exists { key, .. }
        | CommitError::Missing { key } => Some(key),
        CommitError::Closed
        | CommitError::Durability { .. }
        | CommitError::Repeated { .. }
        | CommitError::Seal(_)
        | CommitError::TooLarge { .. }
        | CommitError::TooLong { .. }
        | CommitError::TooMany { .. }
        | CommitError::Unavailable { .. } => None,
    }
}

/// Lets conflicts pass, to be decided again; every other error is final.
fn settled(result: Result<Revision, CommitError>) -> Result<Option<Revision>, Rejection> {
    match result {
        Ok(revision) => Ok(Some(revision)),
        Err(
            CommitError::Conflict { .. } | CommitError::Exists { .. } | CommitError::Missing { .. },
        ) => Ok(None),
        Err(CommitError::TooLarge { limit, .. } | CommitError::TooLong { limit, .. }) => {
            Err(Rejection::TooLarge { limit })
        }
        Err(error @ CommitError::Unavailable { .. }) => Err(Rejection::Unavailable {
            message: gantry_base::chain(&error),
        }),
        Err(CommitError::Closed) => Err(Rejection::Unavailable {
            message: "the server is stopping: try again when it is back".to_owned(),
        }),
        Err(
            error @ (CommitError::Repeated { .. }
            | CommitError::TooMany { .. }
            | CommitError::Seal(_)
            | CommitError::Durability { .. }),
        ) => Err(Rejection::internal(gantry_base::chain(&error))),
    }
}
