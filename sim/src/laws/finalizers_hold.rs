//! An object with finalizers does not vanish; one that is to go and waits for nothing does not
//! linger; and a deletion that has begun is never taken back or put off.

use gantry_api::Object;

use super::{Broken, Seen, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "finalizers hold"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let broken = |what: String| Err(Broken::new(&change.key, what));
        let Some(old) = &change.old else {
            return Ok(());
        };
        let Some(new) = &change.new else {
            let left = held_by(old);
            // The write that takes the last finalizer away removes the object with it.
            if left > 1 || (left == 1 && !old.is_terminating()) {
                return broken(format!("vanished with {left} finalizers"));
            }
            return Ok(());
        };
        if new.is_terminating() && held_by(new) == 0 && grace(new) == 0 {
            return broken("is to go, waits for nothing, and is still there".to_owned());
        }
        let deadline = ["metadata", "deletionTimestamp"];
        let (was, is) = (old.text(&deadline), new.text(&deadline));
        // Moments in this form sort like the moments themselves.
        if old.is_terminating() && (is.is_empty() || is > was) {
            return broken(format!("was to go at {was} and now at {is:?}"));
        }
        Ok(())
    }
}

fn held_by(object: &Object) -> usize {
    object.finalizers().len() + objects::list(object, &["spec", "finalizers"]).len()
}

fn grace(object: &Object) -> i64 {
    objects::number(object, &["metadata", "deletionGracePeriodSeconds"], 0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::laws::{Law as _, testing};

    fn pod(meta: Value) -> Value {
        let mut meta = meta;
        meta["name"] = json!("web");
        json!({"metadata": meta})
    }

    fn verdict(old: &Value, new: &Value) -> Verdict {
        let snapshot = testing::nothing();
        let change = testing::changed("pods", old, new);
        Law.change(&change, &testing::sight(&snapshot))
    }

    #[test]
    fn what_is_held_may_only_go_with_its_last_finalizer() {
        let going = "2030-01-01T00:00:00Z";
        let held =
            |finalizers: Value| pod(json!({"finalizers": finalizers, "deletionTimestamp": going}));
        assert!(verdict(&pod(json!({"finalizers": ["a"]})), &Value::Null).is_err());
        assert!(verdict(&held(json!(["a", "b"])), &Value::Null).is_err());
        assert_eq!(verdict(&held(json!(["a"])), &Value::Null), Ok(()));
        assert_eq!(verdict(&pod(json!({})), &Value::Null), Ok(()));
    }

    #[test]
    fn a_deletion_may_come_sooner_and_never_later() {
        let at = |second: u32, grace: u32| {
            let when = format!("2030-01-01T00:00:{second:02}Z");
            pod(json!({"deletionTimestamp": when, "deletionGracePeriodSeconds": grace}))
        };
        assert_eq!(verdict(&at(30, 30), &at(10, 10)), Ok(()));
        assert!(verdict(&at(10, 10), &at(30, 30)).is_err());
        assert!(verdict(&at(30, 30), &pod(json!({}))).is_err());
        assert!(verdict(&at(30, 30), &at(10, 0)).is_err());
    }
}
