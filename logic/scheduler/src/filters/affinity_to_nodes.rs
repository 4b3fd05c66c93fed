//! Node selectors and required node affinity.

use super::because;
use crate::cluster::NodeState;
use crate::cycle::Question;
use crate::terms::any_term_matches;
use gantry_api::views::Meta;
use gantry_base::selector::Selector;

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let spec = question.pod.spec.as_ref()?;
    let selected = spec
        .node_selector
        .as_ref()
        .is_none_or(|labels| Selector::exactly(labels).matches(node.node.labels()));
    let affinity = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| {
        affinity
            .required_during_scheduling_ignored_during_execution
            .as_ref()
    });
    let wanted =
        required.is_none_or(|required| any_term_matches(&required.node_selector_terms, &node.node));
    if selected && wanted {
        None
    } else {
        because("node(s) didn't match Pod's node affinity/selector")
    }
}
