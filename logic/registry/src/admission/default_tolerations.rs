//! Every pod bears with a silent node for a while, unless it says for how long itself.

use serde_json::{Value, json};

use gantry_api::{Object, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

/// What a node that is not ready is marked with.
const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// What a node that does not answer is marked with.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

pub(super) struct DefaultTolerations;

impl Admission for DefaultTolerations {
    fn plugin(&self) -> Option<&'static str> {
        Some("DefaultTolerationSeconds")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "pods") {
            return Ok(());
        }
        let known = object
            .at(&["spec", "tolerations"])
            .and_then(Value::as_array);
        let mut tolerations = known.cloned().unwrap_or_default();
        let before = tolerations.len();
        let settings = &call.registry.settings().admission;
        for (taint, seconds) in [
            (NOT_READY, settings.not_ready_seconds),
            (UNREACHABLE, settings.unreachable_seconds),
        ] {
            if !tolerations[..before]
                .iter()
                .any(|toleration| bears(toleration, taint))
            {
                tolerations.push(json!({
                    "key": taint,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": seconds,
                }));
            }
        }
        if tolerations.len() > before {
            object.set(&["spec", "tolerations"], Value::from(tolerations));
        }
        Ok(())
    }
}

/// Whether a toleration without a key, or with this one, covers evictions for `taint`.
fn bears(toleration: &Value, taint: &str) -> bool {
    let text = |field: &str| toleration.get(field).and_then(Value::as_str).unwrap_or("");
    (text("key").is_empty() || text("key") == taint) && matches!(text("effect"), "" | "NoExecute")
}
