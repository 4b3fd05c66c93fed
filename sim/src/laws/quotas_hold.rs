//! Nobody makes more than a quota allows, whoever else makes something at the same time.

use std::time::Duration;

use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_store::Stored;

use super::{Broken, Seen, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "quotas hold"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if change.old.is_some() || change.new.is_none() || change.key.namespace.is_empty() {
            return Ok(());
        }
        let quotas = GroupResource::new("", "resourcequotas");
        let prefix = ObjectKey::prefix(&quotas, Some(&change.key.namespace));
        for (_, stored) in sight.snapshot.range(&prefix, None) {
            // Who came before the quota did not ask it.
            if stored.created < change.revision {
                judge(change, sight, stored)?;
            }
        }
        Ok(())
    }
}

fn judge(change: &Seen, sight: &Sight<'_>, stored: &Stored) -> Verdict {
    let quota = objects::decoded(stored);
    let resource = &change.key.resource;
    let mut names = vec![format!("count/{resource}")];
    if resource.group.is_empty() {
        names.push(resource.resource.clone());
    }
    for name in names {
        let hard = quota.text(&["spec", "hard", &name]).parse::<usize>();
        let Ok(hard) = hard else { continue };
        let prefix = ObjectKey::prefix(resource, Some(&change.key.namespace));
        let all = sight.snapshot.range(&prefix, None);
        let counted = all.filter(|(_, stored)| {
            name.starts_with("count/") || lives(&objects::decoded(stored), sight.now)
        });
        let used = counted.count();
        if used > hard {
            let what = format!(
                "is one of {used} {name}, and {} allows {hard}",
                quota.name()
            );
            return Err(Broken::new(&change.key, what).and(quota.name()));
        }
    }
    Ok(())
}

/// Whether a pod has neither ended nor outstayed its time twice; whether anything else is there.
fn lives(object: &Object, now: Timestamp) -> bool {
    let phase = object.text(&["status", "phase"]);
    let end: Option<Timestamp> = object.text(&["metadata", "deletionTimestamp"]).parse().ok();
    let grace = object
        .at(&["metadata", "deletionGracePeriodSeconds"])
        .and_then(Value::as_u64);
    let grace = Duration::from_secs(grace.unwrap_or(0));
    let is_overdue = end.is_some_and(|end| after(end, grace) < now);
    !matches!(phase, "Failed" | "Succeeded") && !is_overdue
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_has_ended_or_is_long_overdue_takes_no_place() {
        let now = "2030-01-01T00:10:00Z".parse().unwrap();
        let lives = |object: Value| lives(&Object::from_value(object).unwrap(), now);
        assert!(lives(json!({"status": {"phase": "Pending"}})));
        assert!(!lives(json!({"status": {"phase": "Failed"}})));
        let going = |end: &str| json!({"metadata": {"deletionTimestamp": end, "deletionGracePeriodSeconds": 60}});
        assert!(lives(going("2030-01-01T00:09:30Z")));
        assert!(!lives(going("2030-01-01T00:08:00Z")));
    }
}
