//! The group `flowcontrol.apiserver.k8s.io`: whose requests wait for whose. What these objects say
//! is carried out where requests come in.

pub mod flow_schema;
pub mod policy_rules;
pub mod priority_level_configuration;
pub mod system;

pub use flow_schema::FlowSchemas;
pub use priority_level_configuration::PriorityLevelConfigurations;

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;

/// Checks the types of the conditions in a status.
fn condition_types<'a>(types: impl Iterator<Item = Option<&'a String>>, errors: &mut FieldErrors) {
    let path = FieldPath::new("status").field("conditions");
    let mut seen = BTreeSet::new();
    for (index, word) in types.enumerate() {
        let at = path.index(index).field("type");
        let word = word.map_or("", String::as_str);
        if !seen.insert(word) {
            errors.duplicate(&at, word);
        }
        if word.is_empty() {
            errors.required(&at, "must not be empty");
        }
    }
}
