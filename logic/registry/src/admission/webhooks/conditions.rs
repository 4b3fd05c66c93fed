//! Expressions that must all be true before a webhook is asked.

use gantry_api::Rejection;
use gantry_cel::limits::CONDITIONS_COST;
use gantry_kinds::Descriptor;
use gantry_kinds::admissionregistration::{expressions, programs};

use super::hooks::Hook;
use crate::admission::matching::Deed;
use crate::admission::scene::{self, Asker, Conditions, Scene, Sight};
use crate::call::Call;

/// Whether the conditions of a webhook hold. Where that cannot be told, a webhook that may be
/// missing is not asked, and for any other the request is refused.
pub(super) fn hold(
    call: &mut Call<'_>,
    deed: &Deed<'_>,
    (hook, form): (&Hook, &Descriptor),
) -> Result<bool, Rejection> {
    let own = hook.webhook.match_conditions.as_deref().unwrap_or(&[]);
    if own.is_empty() {
        return Ok(true);
    }
    let environment = expressions::environment();
    let compiled = programs::conditions(&environment, own);
    let texts = || own.iter().map(|own| own.expression.as_str());
    let scene = Scene::new(call, deed, (form, Sight::of(texts())))?;
    let asker = Asker::new(call);
    let mut machine = scene
        .machine(&environment, &asker)
        .with_budget(CONDITIONS_COST);
    match scene::hold(&mut machine, compiled.iter().zip(texts())) {
        Conditions::Hold => Ok(true),
        Conditions::Fail => Ok(false),
        Conditions::Unclear(_) if hook.fails_open() => Ok(false),
        Conditions::Unclear(why) => Err(Rejection::forbidden(call.resource(), deed.name(), why)),
    }
}
