//! What a deployment says of itself.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet};

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_reconcile::{EventNote, Plan, Write};

use super::World;
use super::conditions::{self, Said};
use super::progress;
use super::sets::{Sets, available};

/// Plans a status when it would say something new, and a look at the moment when patience ends.
pub(super) fn report(world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    let old = world.deployment.status.clone().unwrap_or_default();
    let mut status = counted(world, sets, &old);
    say_available(world, sets, &mut status);
    say_progressing(world, sets, &old, &mut status);
    say_failure(world, sets, &mut status);
    if let Some(left) = patience(world, sets, &status) {
        plan.recheck_after(left);
    }
    if status != old {
        plan.act(write(world, status));
    }
}

fn write(world: &World, status: DeploymentStatus) -> Write {
    let deployment = Deployment::clone(&world.deployment);
    Write::update_status(&Deployment {
        status: Some(status),
        ..deployment
    })
}

fn counted(world: &World, sets: &Sets<'_>, old: &DeploymentStatus) -> DeploymentStatus {
    let sum = |of: fn(&ReplicaSet) -> i32| sets.all().map(|set| of(set)).sum::<i32>();
    let total = sum(|set| set.status.as_ref().map_or(0, |status| status.replicas));
    let ready = sum(|set| {
        set.status
            .as_ref()
            .and_then(|status| status.ready_replicas)
            .unwrap_or(0)
    });
    let available = sum(available);
    let updated = sets
        .new
        .and_then(|new| new.status.as_ref())
        .map_or(0, |status| status.replicas);
    let some = |count: i32| (count > 0).then_some(count);
    DeploymentStatus {
        replicas: some(total),
        updated_replicas: some(updated),
        ready_replicas: some(ready),
        available_replicas: some(available),
        unavailable_replicas: some(total.max(sets.wanted()) - available),
        observed_generation: world.deployment.metadata.generation,
        ..old.clone()
    }
}

fn say_available(world: &World, sets: &Sets<'_>, status: &mut DeploymentStatus) {
    let enough = status.available_replicas.unwrap_or(0) >= sets.least_available();
    let said = if enough {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let said = Said {
        status: said.0,
        reason: said.1,
        message: said.2.to_owned(),
    };
    conditions::set(status, "Available", said, false, world.now);
}

fn say_progressing(
    world: &World,
    sets: &Sets<'_>,
    old: &DeploymentStatus,
    status: &mut DeploymentStatus,
) {
    if sets.spec.progress_deadline_seconds.is_none() {
        return;
    }
    let known = conditions::find(old, "Progressing").cloned();
    let reason = known
        .as_ref()
        .and_then(|known| known.reason.as_deref())
        .unwrap_or("");
    let (said, confirm) = if sets.spec.paused == Some(true) {
        (
            said(
                "Unknown",
                "DeploymentPaused",
                "Deployment is paused".to_owned(),
            ),
            false,
        )
    } else if reason == "DeploymentPaused" {
        (
            said(
                "Unknown",
                "DeploymentResumed",
                "Deployment is resumed".to_owned(),
            ),
            false,
        )
    } else {
        rollout(world, sets, (old, status), reason)
    };
    conditions::set(status, "Progressing", said, confirm, world.now);
}

fn said(status: &'static str, reason: &'static str, message: String) -> Said {
    Said {
        status,
        reason,
        message,
    }
}

fn rollout(
    world: &World,
    sets: &Sets<'_>,
    (old, status): (&DeploymentStatus, &DeploymentStatus),
    reason: &str,
) -> (Said, bool) {
    let name = sets.new.map_or_else(
        || format!("Deployment {:?}", sets.deployment.name()),
        |new| format!("ReplicaSet {:?}", new.name()),
    );
    let known = conditions::find(old, "Progressing");
    let out_of_time =
        progress::time_left(sets, known, world.now).is_some_and(|left| left.is_zero());
    let was_complete = reason == "NewReplicaSetAvailable"
        && old.observed_generation == world.deployment.metadata.generation;
    if progress::status_is_complete(status, sets.wanted()) || was_complete {
        let message = format!("{name} has successfully progressed.");
        (said("True", "NewReplicaSetAvailable", message), false)
    } else if progress::moved_on(old, status)
        || known.is_none()
        || reason == "NewReplicaSetAvailable"
    {
        (
            said(
                "True",
                "ReplicaSetUpdated",
                format!("{name} is progressing."),
            ),
            true,
        )
    } else if out_of_time || reason == "ProgressDeadlineExceeded" {
        (
            said(
                "False",
                "ProgressDeadlineExceeded",
                format!("{name} has timed out progressing."),
            ),
            false,
        )
    } else {
        (
            said(
                "True",
                "ReplicaSetUpdated",
                format!("{name} is progressing."),
            ),
            false,
        )
    }
}

/// Shows the failure that a replica set reports.
fn say_failure(world: &World, sets: &Sets<'_>, status: &mut DeploymentStatus) {
    let reports = sets.new.into_iter().chain(sets.old.iter().copied());
    let mut failures = reports.flat_map(|set| {
        let conditions = set
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        conditions
            .into_iter()
            .flatten()
            .filter(|condition| condition.type_ == "ReplicaFailure")
    });
    match failures.next() {
        Some(failure) => {
            let message = failure.message.clone().unwrap_or_default();
            conditions::set(
                status,
                "ReplicaFailure",
                said("True", "FailedCreate", message),
                false,
                world.now,
            );
        }
        None => conditions::clear(status, "ReplicaFailure"),
    }
}

/// How long to wait for progress before saying that there is none.
fn patience(
    world: &World,
    sets: &Sets<'_>,
    status: &DeploymentStatus,
) -> Option<std::time::Duration> {
    let condition = conditions::find(status, "Progressing")?;
    let waiting = condition.reason.as_deref() == Some("ReplicaSetUpdated");
    progress::time_left(sets, Some(condition), world.now).filter(|left| waiting && !left.is_zero())
}

/// The name that the new set should have belongs to another template: try the next name.
pub(super) fn collision(world: &World, key: &ObjectKey, why: &str) -> Plan<Write> {
    let mut plan = Plan::default();
    let taken = world.claims.owned.iter().any(|set| set.name() == key.name);
    let mut status = world.deployment.status.clone().unwrap_or_default();
    if taken {
        status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
    } else {
        let message = format!("Failed to create new replica set {:?}: {why}", key.name);
        let note = EventNote::warning(
            world.deployment.as_ref(),
            "ReplicaSetCreateError",
            message.clone(),
        );
        plan.act(Write::Note(note));
        conditions::set(
            &mut status,
            "Progressing",
            said("False", "ReplicaSetCreateError", message),
            false,
            world.now,
        );
    }
    plan.act(write(world, status));
    plan
}
