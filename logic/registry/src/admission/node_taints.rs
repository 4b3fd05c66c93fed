//! A new node takes no pods until somebody has seen that it is ready.

use serde_json::{Value, json};

use gantry_api::{Object, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

pub(super) struct NodeTaints;

impl Admission for NodeTaints {
    fn plugin(&self) -> Option<&'static str> {
        Some("TaintNodesByCondition")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "nodes") {
            return Ok(());
        }
        let known = object.at(&["spec", "taints"]).and_then(Value::as_array);
        let mut taints = known.cloned().unwrap_or_default();
        if taints
            .iter()
            .any(|taint| taint.get("key") == Some(&Value::from(NOT_READY)))
        {
            return Ok(());
        }
        taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
        object.set(&["spec", "taints"], Value::from(taints));
        Ok(())
    }
}
