//! `ServiceAccount`: who a program is.

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::column::Column;
use crate::kind::Kind;
use crate::subresource::Subresource;

/// Who a program is.
#[derive(Debug)]
pub struct ServiceAccounts;

impl Kind for ServiceAccounts {
    type Object = ServiceAccount;

    const SHORT: &'static [&'static str] = &["sa"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Token];
    const COLUMNS: &'static [Column<ServiceAccount>] = &[
        Column::NAME,
        Column::text("Secrets", "How many secrets belong to it.", |account, _| {
            account.secrets.as_ref().map_or(0, Vec::len).into()
        }),
        Column::AGE,
    ];
}
