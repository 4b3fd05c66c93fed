//! Asks others before something is written: first those who may change it, one after the other,
//! then those who may only judge it, all at the same time.
//!
//! Nothing is sent here: what has to be asked is left with the call, and the request is decided
//! again when the answers are there. Who cannot be asked counts as its failure policy says.

mod change;
mod conditions;
mod failure;
mod hooks;
mod review;
mod verdict;

use std::collections::BTreeSet;

use gantry_api::{Object, Rejection};
use gantry_base::entropy;
use gantry_kinds::Descriptor;

use crate::admission::matching::{self, Deed, Wish};
use crate::call::Call;
use crate::destination;
use crate::question::Question;
use crate::request::Verb;

use failure::Failure;
use hooks::Hook;
use verdict::{Asked, Verdict};

/// Whom a round of questions is for.
enum Round<'a> {
    /// Everybody who wants to be asked.
    First,
    /// Those of them whose object others changed since.
    Again(&'a BTreeSet<String>),
}

/// What those who may change an object did.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Whether anybody changed anything.
    pub(super) any: bool,
    /// Who wants to be asked again when the object has changed since.
    patient: BTreeSet<String>,
    /// Who of them did not see the last change.
    outdated: BTreeSet<String>,
}

/// Lets those who may change an object do so.
pub(super) fn mutate(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
) -> Result<Changes, Rejection> {
    round(call, object, old, &Round::First)
}

/// Asks those again who wanted that and did not see the object as it is. `is_other` says whether
/// the server itself changed it since.
pub(super) fn mutate_again(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
    (before, is_other): (Changes, bool),
) -> Result<(), Rejection> {
    let again = if is_other {
        &before.patient
    } else {
        &before.outdated
    };
    if again.is_empty() {
        return Ok(());
    }
    round(call, object, old, &Round::Again(again)).map(drop)
}

fn round(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
    round: &Round<'_>,
) -> Result<Changes, Rejection> {
    let mut changes = Changes::default();
    for hook in hooks::mutating(call)? {
        if matches!(round, Round::Again(again) if !again.contains(&hook.id)) {
            continue;
        }
        let deed = Deed::write(object, old);
        let Some(form) = wanted(call, &deed, &hook)? else {
            continue;
        };
        let passes = match round {
            Round::First => "1",
            Round::Again(_) => "2",
        };
        let verdict = match ask(call, &deed, (&hook, form), passes)? {
            Heard::Answer(verdict) => verdict,
            Heard::Nothing(question) => return Err(call.ask(vec![question])),
        };
        if let Ok(verdict) = &verdict {
            verdict.note(call, &hook);
        }
        let is_changed = match verdict.and_then(|verdict| verdict.allowing(&hook)) {
            Ok(verdict) => {
                call.warnings.extend(verdict.warnings.iter().cloned());
                change::apply(call, object, old, (&hook, form, verdict))
            }
            Err(failure) => Err(failure),
        };
        note_opening(call, &hook, is_changed.as_ref().err());
        let is_changed = failure::weighed(&hook, is_changed)?.unwrap_or(false);
        if is_changed {
            changes.any = true;
            changes.outdated = changes.patient.clone();
        }
        if hook.is_patient() {
            changes.patient.insert(hook.id);
        }
    }
    Ok(changes)
}

/// Lets those judge who may only do that.
pub(super) fn validate(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    judge(call, &Deed::write(object, old))
}

/// Lets those judge the deletion of an object who may change others. Nobody can change a deletion.
pub(super) fn deleting_by_changers(call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
    if is_wanted_gone(call) {
        for hook in hooks::mutating(call)? {
            judge_by(call, &Deed::deletion(object), vec![hook])?;
        }
    }
    Ok(())
}

/// Lets those judge the deletion of an object who may only judge.
pub(super) fn deleting(call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
    if is_wanted_gone(call) {
        judge(call, &Deed::deletion(object))?;
    }
    Ok(())
}

/// Whether the request is a deletion, and not something that ends in one.
fn is_wanted_gone(call: &Call<'_>) -> bool {
    matches!(call.request.verb, Verb::Delete | Verb::DeleteCollection)
}

fn judge(call: &mut Call<'_>, deed: &Deed<'_>) -> Result<(), Rejection> {
    let hooks = hooks::validating(call)?;
    judge_by(call, deed, hooks)
}

/// Asks all of them at once; the first who objects is heard.
fn judge_by(call: &mut Call<'_>, deed: &Deed<'_>, hooks: Vec<Hook>) -> Result<(), Rejection> {
    let mut heard = Vec::new();
    let mut questions = Vec::new();
    for hook in hooks {
        let Some(form) = wanted(call, deed, &hook)? else {
            continue;
        };
        match ask(call, deed, (&hook, form), "1")? {
            Heard::Answer(verdict) => heard.push((hook, verdict)),
            Heard::Nothing(question) => questions.push(question),
        }
    }
    if !questions.is_empty() {
        return Err(call.ask(questions));
    }
    for (hook, verdict) in heard {
        if let Ok(verdict) = &verdict {
            verdict.note(call, &hook);
        }
        let verdict = verdict
            .and_then(|verdict| verdict.allowing(&hook))
            .and_then(|verdict| verdict.unchanging(&hook));
        note_opening(call, &hook, verdict.as_ref().err());
        if let Some(verdict) = failure::weighed(&hook, verdict)? {
            call.warnings.extend(verdict.warnings);
        }
    }
    Ok(())
}

/// Notes that a webhook which could not be asked was done without, as its policy says.
fn note_opening(call: &mut Call<'_>, hook: &Hook, failure: Option<&Failure>) {
    if let Some(Failure::Call(_)) = failure
        && hook.fails_open()
    {
        let kind = if hook.may_change {
            "mutating"
        } else {
            "validating"
        };
        let name = format!(
            "failed-open.{kind}.webhook.admission.k8s.io/{}",
            hook.name()
        );
        call.note(name, hook.name());
    }
}

/// The form in which a webhook wants to see what is about to be done, if it does.
fn wanted<'k>(
    call: &mut Call<'k>,
    deed: &Deed<'_>,
    hook: &Hook,
) -> Result<Option<&'k Descriptor>, Rejection> {
    let form = matching::wanted(call, deed, &Wish::of_webhook(&hook.webhook))?;
    let form = match form {
        Some(form) if !conditions::hold(call, deed, (hook, form))? => None,
        form => form,
    };
    if form.is_some() && call.dry_run && !hook.leaves_no_trace() {
        return Err(Rejection::bad_request(format!(
            "admission webhook {:?} does not support dry run",
            hook.name()
        )));
    }
    Ok(form)
}

/// What is known of a webhook's opinion.
enum Heard {
    /// What it said, or why it did not.
    Answer(Result<Verdict, Failure>),
    /// It has to be asked this.
    Nothing(Question),
}

fn ask(
    call: &mut Call<'_>,
    deed: &Deed<'_>,
    (hook, form): (&Hook, &Descriptor),
    pass: &str,
) -> Result<Heard, Rejection> {
    // Drawn whether or not it is asked now: what comes after draws the same numbers again.
    let uid = entropy::uid(call.chance);
    let target = hook.target();
    let seconds = hook.timeout_seconds();
    let found = destination::find(&target, call.snapshot, call.chance, seconds);
    let destination = match found {
        Ok(destination) => destination,
        Err(why) => {
            let failure = Failure::Call(format!("failed to call webhook: {why}"));
            return Ok(Heard::Answer(Err(failure)));
        }
    };
    let (namespace, name) = (call.request.namespace(), deed.name());
    let id = format!("{} {pass} {namespace}/{name}", hook.id);
    let asked = Asked {
        uid: &uid,
        version: hook.review_version(),
        may_change: hook.may_change,
    };
    Ok(match call.answers.get(&id) {
        Some(answer) => Heard::Answer(verdict::read(answer, &asked)),
        None => Heard::Nothing(Question {
            id,
            about: Some(hook.about.clone()),
            destination,
            timeout_seconds: hook.timeout_seconds(),
            body: review::body(call, deed, form, &asked)?,
        }),
    })
}
