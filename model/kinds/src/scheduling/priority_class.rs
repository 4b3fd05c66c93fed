//! `PriorityClass`: a named number that says which pods go first, and which may be evicted to make
//! room.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::scheduling::v1::PriorityClass;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::parts::container_default::fill;
use crate::rules::{Generation, Rules};

/// Numbers above this are for the classes that the system itself creates.
const HIGHEST_USER_VALUE: i32 = 1_000_000_000;
const SYSTEM_PREFIX: &str = "system-";
/// The classes of the system, with their numbers.
pub(crate) const SYSTEM: [(&str, i32, &str); 2] = [
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another \
         node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
];

/// A named number that says which pods go first.
#[derive(Debug)]
pub struct PriorityClasses;

impl Kind for PriorityClasses {
    type Object = PriorityClass;

    const SHORT: &'static [&'static str] = &["pc"];
    const COLUMNS: &'static [Column<PriorityClass>] = &[
        Column::NAME,
        Column::integer("Value", "The number: more goes first.", |class, _| {
            class.value.into()
        }),
        Column::boolean(
            "Global-Default",
            "Whether pods without a class get it.",
            |class, _| class.global_default.unwrap_or(false).into(),
        ),
        Column::AGE,
    ];
    const RULES: Rules = Rules {
        generation: Generation::Fixed,
        ..Rules::new()
    };

    fn default(class: &mut PriorityClass) {
        fill(&mut class.preemption_policy, "PreemptLowerPriority");
    }

    fn validate(class: &PriorityClass, old: Option<&PriorityClass>, errors: &mut FieldErrors) {
        if class.name().starts_with(SYSTEM_PREFIX) {
            of_system(class, errors);
        } else if class.value > HIGHEST_USER_VALUE {
            let detail =
                format!("maximum allowed value of a user defined priority is {HIGHEST_USER_VALUE}");
            errors.forbidden(&"value".into(), detail);
        }
        let known = ["Never", "PreemptLowerPriority"];
        let policy = class.preemption_policy.as_deref();
        check::maybe_one_of(policy, &known, &"preemptionPolicy".into(), errors);
        if let Some(old) = old {
            if class.value != old.value {
                errors.forbidden(&"value".into(), "may not be changed in an update.");
            }
            let policy = (&class.preemption_policy, &old.preemption_policy);
            errors.require_same(&"preemptionPolicy".into(), policy.0, policy.1);
        }
    }
}

fn of_system(class: &PriorityClass, errors: &mut FieldErrors) {
    let known = SYSTEM.iter().any(|(name, value, _)| {
        *name == class.name() && *value == class.value && class.global_default != Some(true)
    });
    if !known {
        let detail = format!(
            "priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only"
        );
        errors.forbidden(&FieldPath::new("metadata").field("name"), detail);
    }
}
