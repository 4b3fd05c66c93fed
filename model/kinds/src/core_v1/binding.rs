//! `Binding`: puts a pod on a node. The older form of a pod's own subresource; nothing is stored.

use k8s_openapi::api::core::v1::Binding;

use crate::column::Column;
use crate::descriptor::Verbs;
use crate::kind::Kind;

/// Puts a pod on a node.
#[derive(Debug)]
pub struct Bindings;

impl Kind for Bindings {
    type Object = Binding;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<Binding>] = Column::NAME_AND_CREATED_AT;
}
