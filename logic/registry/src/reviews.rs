//! Kinds that only answer: a create is a question, and nothing is stored.

mod access;
mod rules;
mod subject;
pub mod token_review;

use gantry_api::Rejection;

use crate::call::Call;
use crate::render;
use crate::request::Verb;
use crate::step::Step;
use crate::subresources;

type Answer = fn(&mut Call<'_>) -> Result<Step, Rejection>;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// All questions, by group and resource.
const ANSWERS: &[(&str, &str, Answer)] = &[
    ("", "bindings", subresources::bind),
    (AUTHENTICATION, "selfsubjectreviews", subject::answer),
    (AUTHENTICATION, "tokenreviews", token_review::answer),
    (
        AUTHORIZATION,
        "localsubjectaccessreviews",
        access::answer_local,
    ),
    (
        AUTHORIZATION,
        "selfsubjectaccessreviews",
        access::answer_self,
    ),
    (AUTHORIZATION, "selfsubjectrulesreviews", rules::answer),
    (AUTHORIZATION, "subjectaccessreviews", access::answer),
];

/// Answers the question in the body.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Step, Rejection> {
    if call.request.verb != Verb::Create {
        return Err(Rejection::MethodNotAllowed);
    }
    render::refuse_tables(call.request)?;
    let names = &call.kind.names;
    let known = ANSWERS
        .iter()
        .find(|(group, plural, _)| names.group == *group && names.plural == *plural);
    let (_, _, answer) = known.ok_or(Rejection::NoSuchPath)?;
    answer(call)
}
