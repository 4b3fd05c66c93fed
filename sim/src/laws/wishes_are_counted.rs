//! Every change of what a workload is to be counts up its generation: who reports about one wish is
//! not taken to know of the next.

use gantry_api::Object;

use super::{Broken, Seen, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "wishes are counted"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            return Ok(());
        };
        let spec = |object: &Object| object.at(&["spec"]).cloned();
        if change.key.resource.group != "apps" || old.uid() != new.uid() || spec(old) == spec(new) {
            return Ok(());
        }
        let (was, is) = (old.generation(), new.generation());
        if was < is {
            return Ok(());
        }
        let what = format!("what it is to be has changed, and its generation is {is} after {was}");
        Err(Broken::new(&change.key, what))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Law as _;
    use super::super::testing::{changed, nothing, sight};
    use super::*;

    #[test]
    fn a_report_is_no_wish() {
        let object = |generation: u32, spec: u32, status: u32| {
            json!({
                "metadata": {"namespace": "default", "name": "a", "uid": "1", "generation": generation},
                "spec": {"replicas": spec},
                "status": {"replicas": status},
            })
        };
        let snapshot = nothing();
        let verdict = |old, new| {
            let mut change = changed("deployments", &old, &new);
            "apps".clone_into(&mut change.key.resource.group);
            Law.change(&change, &sight(&snapshot))
        };
        assert!(verdict(object(1, 1, 0), object(2, 2, 0)).is_ok());
        assert!(verdict(object(1, 1, 0), object(1, 1, 1)).is_ok());
        assert!(verdict(object(1, 1, 0), object(1, 2, 0)).is_err());
    }
}
