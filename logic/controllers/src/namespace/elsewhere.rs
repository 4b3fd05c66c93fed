//! Other API servers that may keep something in a namespace.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_kinds::apiregistration::EMPTIED;
use gantry_kinds::bootstrap::is_own_group;
use gantry_reconcile::View;

/// One of them.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// What it serves, such as `example.com/v1`.
    version: String,
    /// Why it cannot be asked, if it cannot.
    failure: Option<String>,
}

/// A changed registration concerns every namespace that is being deleted.
pub(super) fn concerned(registration: &APIService, view: &View) -> Vec<ObjectKey> {
    if !leads_elsewhere(registration) {
        return Vec::new();
    }
    let ending = view.all::<Namespace>();
    let ending = ending.filter(|namespace| namespace.is_terminating());
    ending.map(|namespace| namespace.key()).collect()
}

/// Those that are not known to keep nothing in `namespace`.
pub(super) fn of(namespace: &Namespace, view: &View) -> Vec<Elsewhere> {
    let notes = namespace.metadata.annotations.as_ref();
    let emptied = notes.and_then(|notes| notes.get(EMPTIED));
    let emptied = emptied.map_or("", String::as_str);
    let all = view.all::<APIService>().filter(|own| leads_elsewhere(own));
    let unsure = all.filter(|own| emptied.split(',').all(|name| name != own.name()));
    unsure.map(|own| elsewhere(&own)).collect()
}

fn leads_elsewhere(registration: &APIService) -> bool {
    let spec = registration.spec.as_ref();
    spec.is_some_and(|spec| {
        spec.service.is_some() && !is_own_group(spec.group.as_deref().unwrap_or(""))
    })
}

fn elsewhere(registration: &APIService) -> Elsewhere {
    let spec = registration.spec.clone().unwrap_or_default();
    let (group, version) = (spec.group, spec.version);
    let status = registration.status.iter();
    let mut conditions = status.flat_map(|status| status.conditions.iter().flatten());
    let available = conditions.find(|own| own.type_ == "Available");
    let failure = match available {
        Some(own) if own.status == "True" => None,
        Some(own) => Some(own.message.clone().unwrap_or_default()),
        None => Some("nobody looked yet whether it can be asked".to_owned()),
    };
    Elsewhere {
        version: format!(
            "{}/{}",
            group.unwrap_or_default(),
            version.unwrap_or_default()
        ),
        failure,
    }
}

/// What is said of those that cannot be asked.
pub(super) fn failure(all: &[Elsewhere]) -> Option<String> {
    let failing = all.iter().filter_map(|own| {
        let why = own.failure.as_ref()?;
        Some(format!("{}: {why}", own.version))
    });
    let failing: Vec<String> = failing.collect();
    (!failing.is_empty()).then(|| {
        format!(
            "Discovery failed for some groups, {} failing: unable to retrieve the complete list of \
             server APIs: {}",
            failing.len(),
            failing.join(", ")
        )
    })
}
