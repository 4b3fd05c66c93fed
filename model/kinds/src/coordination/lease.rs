//! `Lease`: who leads, or who is alive, and until when.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::coordination::v1::Lease;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::rules::Rules;

/// Who leads, or who is alive, and until when.
#[derive(Debug)]
pub struct Leases;

impl Kind for Leases {
    type Object = Lease;

    const COLUMNS: &'static [Column<Lease>] = &[
        Column::NAME,
        Column::text("Holder", "Who holds it.", |lease, _| {
            let holder = lease
                .spec
                .as_ref()
                .and_then(|spec| spec.holder_identity.as_deref());
            holder.unwrap_or("").into()
        }),
        Column::AGE,
    ];
    // A holder must have seen the lease that it takes over.
    const RULES: Rules = Rules::new().conditional().created_by_update();

    fn validate(lease: &Lease, _old: Option<&Lease>, errors: &mut FieldErrors) {
        let Some(spec) = &lease.spec else { return };
        let path = FieldPath::new("spec");
        let seconds = spec.lease_duration_seconds.map(i64::from);
        check::positive(seconds, &path.field("leaseDurationSeconds"), errors);
        let transitions = spec.lease_transitions.map(i64::from);
        check::not_negative(transitions, &path.field("leaseTransitions"), errors);
        if spec.holder_identity.as_deref() == Some("") && spec.strategy.is_some() {
            errors.invalid(&path.field("holderIdentity"), "", "must not be empty");
        }
    }
}
