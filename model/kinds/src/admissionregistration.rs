//! The group `admissionregistration.k8s.io`: who is asked before something is written.
//!
//! Webhooks are asked, and policies judge.

pub mod expressions;
pub mod match_conditions;
pub mod match_resources;
pub mod mutating_webhook_configuration;
pub mod programs;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod type_check;
mod typed;
pub mod validating_admission_policy;
pub mod validating_admission_policy_binding;
pub mod validating_webhook_configuration;
pub mod webhooks;

pub use mutating_webhook_configuration::MutatingWebhookConfigurations;
pub use validating_admission_policy::ValidatingAdmissionPolicies;
pub use validating_admission_policy_binding::ValidatingAdmissionPolicyBindings;
pub use validating_webhook_configuration::ValidatingWebhookConfigurations;

/// The category that all of them are listed in.
const CATEGORIES: &[&str] = &["api-extensions"];
/// What becomes of a request when whoever is asked does not answer.
const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
/// Whether rules mean other versions of what they name.
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
