//! Every pod bears with a silent node for a while, unless it says for how long itself.

use serde_json::{Value, json};

use gantry_api::{Object, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

/// How long a pod stays on a node that does not answer.
const SECONDS: i64 = 300;

/// What a silent node is marked with.
const SILENT: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

pub(super) struct DefaultTolerations;

impl Admission for DefaultTolerations {
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
        for taint in SILENT {
            if !tolerations[..before]
                .iter()
                .any(|toleration| bears(toleration, taint))
            {
                tolerations.push(json!({
                    "key": taint,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": SECONDS,
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
