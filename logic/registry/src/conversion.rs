//! Objects of users' kinds from one version to another, where the definition says that a webhook
//! does that.
//!
//! What is asked follows from the objects alone: a request that is decided again finds its answers.
//! What comes back has to be what was asked for, as many and in the same order. Of the metadata only
//! labels and annotations may change; everything else stays what it was.

mod review;

use gantry_api::{Object, Rejection};
use gantry_base::entropy::Seeded;
use gantry_base::hash::Fnv;
use gantry_kinds::{Converter, Descriptor};
use gantry_store::Snapshot;

use crate::destination::{self, Target};
use crate::limits::{CONVERSION_BYTES, CONVERSION_SECONDS, CONVERTED_AT_ONCE};
use crate::question::{Answers, Question};
use review::Asked;

/// Objects in another version, or whom to ask for them.
#[derive(Debug)]
pub enum Converted {
    /// All of them, in the same order.
    Objects(Vec<Object>),
    /// Ask these first.
    Ask(Vec<Question>),
}

/// What converting depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) answers: &'a Answers,
    pub(crate) snapshot: &'a Snapshot,
}

/// The objects in the version of `kind`. Those that are in it already stay as they are.
pub(crate) fn convert(
    kind: &Descriptor,
    mut objects: Vec<Object>,
    around: Around<'_>,
) -> Result<Converted, Rejection> {
    let Some(converter) = kind.converter.as_deref() else {
        return Ok(Converted::Objects(objects));
    };
    let to = kind.names.group_version().to_string();
    let mut questions = Vec::new();
    for batch in batches(&objects, &to) {
        let originals: Vec<&Object> = batch.iter().map(|place| &objects[*place]).collect();
        let asked = Asked::new(kind, converter, &to, &originals);
        match around.answers.get(&asked.id) {
            None => questions.push(question(converter, &asked, around.snapshot)?),
            Some(answer) => {
                let converted = review::read(answer, &asked, &originals)?;
                for (place, object) in batch.iter().zip(converted) {
                    objects[*place] = object;
                }
            }
        }
    }
    Ok(if questions.is_empty() {
        Converted::Objects(objects)
    } else {
        Converted::Ask(questions)
    })
}

/// Which objects are asked about together: those in other versions, some at a time.
fn batches(objects: &[Object], to: &str) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, object) in objects.iter().enumerate() {
        if object.text(&["apiVersion"]) == to {
            continue;
        }
        let own = serde_json::to_string(&object.0).map_or(0, |text| text.len());
        match batches.last_mut() {
            Some(last) if last.len() < CONVERTED_AT_ONCE && bytes + own <= CONVERSION_BYTES => {
                bytes += own;
                last.push(place);
            }
            Some(_) | None => {
                bytes = own;
                batches.push(vec![place]);
            }
        }
    }
    batches
}

fn question(
    converter: &Converter,
    asked: &Asked,
    snapshot: &Snapshot,
) -> Result<Question, Rejection> {
    let target = Target {
        url: converter.url.as_deref(),
        service: converter.service(),
        authority: converter.authority.as_deref(),
    };
    // Which endpoint is asked follows from what is asked, so that nothing else is drawn differently
    // when the request is decided again.
    let mut chance = Seeded::new(Fnv::default().with(asked.id.as_bytes()).value());
    let found = destination::find(&target, snapshot, &mut chance, CONVERSION_SECONDS);
    Ok(Question {
        about: None,
        id: asked.id.clone(),
        destination: found.map_err(|why| asked.failed(&why))?,
        timeout_seconds: CONVERSION_SECONDS,
        body: asked.body.clone(),
    })
}
