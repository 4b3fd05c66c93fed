//! `APIService`: who serves one version of one group: this server, or one behind a service.
//!
//! Those of this server are available from the moment they are made. What it was built to serve it
//! always serves itself, and whoever registers another server for that is told so.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceCondition, APIServiceSpec, APIServiceStatus, ServiceReference,
};
use serde_json::Value;

use crate::bootstrap::is_own_group;
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::rules::Rules;
use crate::subresource::Subresource;

const HTTPS_PORT: i32 = 443;
const GROUP_PRIORITY_MAX: i32 = 20_000;
const VERSION_PRIORITY_MAX: i32 = 1000;
const STATUSES: [&str; 3] = ["True", "False", "Unknown"];
const AVAILABLE: &str = "Available";

/// Who serves one version of one group.
#[derive(Debug)]
pub struct APIServices;

impl Kind for APIServices {
    type Object = APIService;

    const CATEGORIES: &'static [&'static str] = &["api-extensions"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<APIService>] = &[
        Column::NAME,
        Column::text("Service", "What serves it.", |service, _| {
            reference(service)
                .map_or_else(|| "Local".to_owned(), shown)
                .into()
        }),
        Column::text("Available", "Whether it can be asked.", |service, _| {
            availability(service)
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status();
    const NAME: name::Rule = name::path_segment;

    fn default(service: &mut APIService) {
        let reference = service.spec.as_mut().and_then(|spec| spec.service.as_mut());
        if let Some(reference) = reference {
            reference.port.get_or_insert(HTTPS_PORT);
        }
    }

    fn prepare(service: &mut APIService, old: Option<&APIService>) {
        let was_local = old.map(|old| reference(old).is_none());
        let is_local = reference(service).is_none();
        if was_local == Some(is_local) {
            return;
        }
        let since = old
            .is_none()
            .then(|| service.metadata.creation_timestamp.clone());
        service.status = is_local.then(|| APIServiceStatus {
            conditions: Some(vec![APIServiceCondition {
                last_transition_time: since.flatten(),
                message: Some("Local APIServices are always available".to_owned()),
                reason: Some("Local".to_owned()),
                status: "True".to_owned(),
                type_: AVAILABLE.to_owned(),
            }]),
        });
    }

    fn validate(service: &APIService, _old: Option<&APIService>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let spec = service.spec.clone().unwrap_or_default();
        identity(service, &spec, &path, errors);
        priorities(&spec, &path, errors);
        let bundle = spec.ca_bundle.as_ref().map_or(0, |bundle| bundle.0.len());
        let is_unchecked = spec.insecure_skip_tls_verify == Some(true);
        let unchecked = path.field("insecureSkipTLSVerify");
        let Some(reference) = &spec.service else {
            if bundle > 0 {
                let size = format!("{bundle} bytes");
                let detail = "local APIServices may not have a caBundle";
                errors.invalid(&path.field("caBundle"), size, detail);
            }
            if is_unchecked {
                let detail = "local APIServices may not have insecureSkipTLSVerify";
                errors.invalid(&unchecked, true, detail);
            }
            return;
        };
        let at = path.field("service");
        check::given(
            reference.namespace.as_deref(),
            &at.field("namespace"),
            errors,
        );
        check::given(reference.name.as_deref(), &at.field("name"), errors);
        if !(1..=65535).contains(&reference.port.unwrap_or(0)) {
            let detail = "port is not valid: must be between 1 and 65535, inclusive";
            errors.invalid(&at.field("port"), reference.port, detail);
        }
        if is_unchecked && bundle > 0 {
            errors.invalid(&unchecked, true, "may not be true if caBundle is present");
        }
    }

    fn validate_status(service: &APIService, _old: &APIService, errors: &mut FieldErrors) {
        let path = FieldPath::new("status").field("conditions");
        for (index, condition) in conditions(service).iter().enumerate() {
            if !STATUSES.contains(&condition.status.as_str()) {
                let at = path.index(index).field("status");
                errors.not_supported(&at, &condition.status, &STATUSES);
            }
        }
    }

    fn warnings(service: &APIService, old: Option<&APIService>) -> Vec<String> {
        let is_new = old.is_none_or(|old| reference(old).is_none());
        let group = service.spec.as_ref().and_then(|spec| spec.group.as_deref());
        let group = group.unwrap_or("");
        let is_in_vain = is_new && reference(service).is_some() && is_own_group(group);
        let told = is_in_vain.then(|| {
            format!(
                "this server serves the API group {group:?} itself, and passes nothing of it on: \
                 the APIService has no effect"
            )
        });
        told.into_iter().collect()
    }
}

fn reference(service: &APIService) -> Option<&ServiceReference> {
    service.spec.as_ref().and_then(|spec| spec.service.as_ref())
}

fn shown(reference: &ServiceReference) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{}/{}", text(&reference.namespace), text(&reference.name))
}

fn conditions(service: &APIService) -> &[APIServiceCondition] {
    let status = service.status.as_ref();
    status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or(&[])
}

fn availability(service: &APIService) -> Value {
    let known = conditions(service)
        .iter()
        .find(|known| known.type_ == AVAILABLE);
    match known {
        None => "Unknown".into(),
        Some(known) if known.status == "True" => "True".into(),
        Some(known) => {
            let reason = known.reason.as_deref().unwrap_or("");
            format!("{} ({reason})", known.status).into()
        }
    }
}

fn identity(
    service: &APIService,
    spec: &APIServiceSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let group = spec.group.as_deref().unwrap_or("");
    let version = spec.version.as_deref().unwrap_or("");
    let required = format!("{version}.{group}");
    if service.name() != required {
        let detail = format!("must be `spec.version+\".\"+spec.group`: {required:?}");
        errors.invalid(&"metadata.name".into(), service.name(), detail);
    }
    let at = path.field("group");
    if !group.is_empty() {
        errors.named(&at, group, name::dns_subdomain);
    } else if version != "v1" {
        let detail = "only v1 may have an empty group and it better be legacy kube";
        errors.required(&at, detail);
    }
    errors.named(&path.field("version"), version, name::dns1035_label);
}

fn priorities(spec: &APIServiceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let both = [
        (
            "groupPriorityMinimum",
            spec.group_priority_minimum,
            GROUP_PRIORITY_MAX,
        ),
        (
            "versionPriority",
            spec.version_priority,
            VERSION_PRIORITY_MAX,
        ),
    ];
    for (field, priority, most) in both {
        if !(1..=most).contains(&priority) {
            let detail = format!("must be positive and less than {most}");
            errors.invalid(&path.field(field), priority, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::testing::{
        check_create, check_defaults, check_row, check_warnings, created, updated,
    };

    #[test]
    fn what_this_server_serves_is_available_at_once() {
        let own = json!({ "metadata": { "name": "v1.apps" }, "spec": { "group": "apps",
            "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15 } });
        check_create::<APIServices>(own.clone(), &expect![[r#""#]]);
        check_defaults::<APIServices>(
            own.clone(),
            &expect![[r#"
            status.conditions[0].message = "Local APIServices are always available"
            status.conditions[0].reason = "Local"
            status.conditions[0].status = "True"
            status.conditions[0].type = "Available"
        "#]],
        );
        check_warnings::<APIServices>(own.clone(), &expect![[r#""#]]);
        let created = created::<APIServices>(own).into_value();
        check_row::<APIServices>(
            created,
            &expect![[r#"
            Name: v1.apps
            Service: Local
            Available: True
            Age: <unknown>
        "#]],
        );
    }

    #[test]
    fn what_another_server_serves_is_not_known_to_be_available() {
        let other = json!({ "metadata": { "name": "v1.example.com" }, "spec": {
            "group": "example.com", "version": "v1", "groupPriorityMinimum": 100,
            "versionPriority": 1, "service": { "name": "api", "namespace": "default" } } });
        check_create::<APIServices>(other.clone(), &expect![[r#""#]]);
        check_defaults::<APIServices>(
            other.clone(),
            &expect![[r#"
            spec.service.port = 443
        "#]],
        );
        check_warnings::<APIServices>(other.clone(), &expect![[r#""#]]);
        check_row::<APIServices>(
            other.clone(),
            &expect![[r#"
            Name: v1.example.com
            Service: default/api
            Available: Unknown
            Age: <unknown>
        "#]],
        );
        let mut own = other.clone();
        own["spec"]["service"].take();
        let own = created::<APIServices>(own);
        let moved = updated::<APIServices>(other, &own);
        assert_eq!(moved.at(&["status"]), None);
    }

    #[test]
    fn nobody_takes_the_place_of_what_this_server_was_built_to_serve() {
        let other = json!({ "metadata": { "name": "v1.apps" }, "spec": {
            "group": "apps", "version": "v1", "groupPriorityMinimum": 100,
            "versionPriority": 1, "service": { "name": "api", "namespace": "default" } } });
        check_warnings::<APIServices>(
            other,
            &expect![[r#"
                this server serves the API group "apps" itself, and passes nothing of it on: the APIService has no effect
            "#]],
        );
    }

    #[test]
    fn everything_wrong_with_a_registration_is_said() {
        check_create::<APIServices>(
            json!({ "spec": { "version": "v2", "insecureSkipTLSVerify": true, "caBundle": "eA==" } }),
            &expect![[r#"
                metadata.name: Invalid value: "web": must be `spec.version+"."+spec.group`: "v2."
                spec.group: Required value: only v1 may have an empty group and it better be legacy kube
                spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000
                spec.versionPriority: Invalid value: 0: must be positive and less than 1000
                spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle
                spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify
            "#]],
        );
        check_create::<APIServices>(
            json!({ "spec": { "group": "G", "version": "V", "groupPriorityMinimum": 20001,
                "versionPriority": 1001, "insecureSkipTLSVerify": true, "caBundle": "eA==",
                "service": { "port": 0 } } }),
            &expect![[r#"
                metadata.name: Invalid value: "web": must be `spec.version+"."+spec.group`: "V.G"
                spec.group: Invalid value: "G": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
                spec.version: Invalid value: "V": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
                spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000
                spec.versionPriority: Invalid value: 1001: must be positive and less than 1000
                spec.service.namespace: Required value
                spec.service.name: Required value
                spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive
                spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present
            "#]],
        );
    }
}
