//! What pods and claims ask for lies within the ranges of their namespace; containers that do not
//! say what they ask for get what the ranges say.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod};
use serde_json::{Value, json};

use gantry_api::views::amounts::{self, Amounts, Side};
use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::Quantity;
use gantry_kinds::parts::qos;
use gantry_kinds::parts::resources::Amounts as Written;

use crate::admission::{Admission, is_on};
use crate::call::Call;
use crate::validate;

/// Where a pod says what it was given.
const NOTE: &str = "kubernetes.io/limit-ranger";

pub(super) struct LimitRanger;

impl Admission for LimitRanger {
    fn plugin(&self) -> Option<&'static str> {
        Some("LimitRanger")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "pods") {
            return Ok(());
        }
        let mut notes = Vec::new();
        for range in ranges(call)? {
            let items = items(&range, "Container");
            for item in items {
                give(object, ("containers", "container"), item, &mut notes);
                give(
                    object,
                    ("initContainers", "init container"),
                    item,
                    &mut notes,
                );
            }
        }
        if !notes.is_empty() {
            let note = format!("LimitRanger plugin set: {}", notes.join("; "));
            object.set(&["metadata", "annotations", NOTE], Value::from(note));
            let pod: Pod = object.to_typed().map_err(validate::shape)?;
            if let Some(spec) = &pod.spec {
                object.set(&["status", "qosClass"], Value::from(qos::class(spec)));
            }
        }
        Ok(())
    }

    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        // A running pod's containers were judged when it came.
        let is_new_pod = old.is_none() && is_on(call, "", "pods");
        let is_claim = is_on(call, "", "persistentvolumeclaims");
        if !is_new_pod && !is_claim {
            return Ok(());
        }
        for range in ranges(call)? {
            let wrong = if is_claim {
                let claim = object.to_typed().map_err(validate::shape)?;
                wrong_with_claim(&claim, &range)
            } else {
                let pod = object.to_typed().map_err(validate::shape)?;
                wrong_with_pod(&pod, &range)
            };
            refuse(call, object, &wrong)?;
        }
        Ok(())
    }
}

fn refuse(call: &Call<'_>, object: &Object, wrong: &[String]) -> Result<(), Rejection> {
    let why = match wrong {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Err(Rejection::forbidden(call.resource(), object.name(), why))
}

/// The ranges of the namespace.
fn ranges(call: &Call<'_>) -> Result<Vec<LimitRange>, Rejection> {
    let resource = GroupResource::new("", "limitranges");
    let prefix = ObjectKey::prefix(&resource, Some(call.request.namespace()));
    let stored = call.snapshot.range(&prefix, None);
    let typed = stored.map(|(_, stored)| stored.value.object(stored.modified).to_typed());
    typed.collect::<Result<_, _>>().map_err(validate::shape)
}

fn items<'a>(range: &'a LimitRange, of: &'a str) -> impl Iterator<Item = &'a LimitRangeItem> {
    let items = range.spec.iter().flat_map(|spec| &spec.limits);
    items.filter(move |item| item.type_ == of)
}

/// Fills in what containers do not say, and notes what that was.
fn give(
    pod: &mut Object,
    (list, word): (&str, &str),
    item: &LimitRangeItem,
    notes: &mut Vec<String>,
) {
    let spec = pod.0.get_mut("spec");
    let containers = spec.and_then(|spec| spec.get_mut(list)?.as_array_mut());
    for container in containers.into_iter().flatten() {
        let name = container["name"].as_str().unwrap_or("").to_owned();
        for (side, amounts, what) in [
            ("limits", &item.default, "limit"),
            ("requests", &item.default_request, "request"),
        ] {
            let given = complete(container, side, amounts.as_ref());
            if !given.is_empty() {
                let given = given.join(", ");
                notes.push(format!("{given} {what} for {word} {name}"));
            }
        }
    }
}

/// The names of the resources that were added.
fn complete(container: &mut Value, side: &str, amounts: Option<&Written>) -> Vec<String> {
    let mut given = Vec::new();
    for (resource, amount) in amounts.into_iter().flatten() {
        if container["resources"][side].get(resource).is_none() {
            container["resources"][side][resource] = json!(amount.0);
            given.push(resource.clone());
        }
    }
    given
}

/// What one container, or a whole pod, asks for and is limited in.
struct Wants {
    requests: Amounts,
    limits: Amounts,
}

fn wrong_with_pod(pod: &Pod, range: &LimitRange) -> Vec<String> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    let each: Vec<Wants> = containers
        .map(|container| Wants {
            requests: amounts::of_container(container, Side::Requests),
            limits: amounts::of_container(container, Side::Limits),
        })
        .collect();
    let whole = Wants {
        requests: amounts::of_pod(spec, Side::Requests),
        limits: amounts::of_pod(spec, Side::Limits),
    };
    let mut wrong = Vec::new();
    for item in items(range, "Container") {
        for wants in &each {
            wrong.extend(wants.judged(item));
        }
    }
    for item in items(range, "Pod") {
        wrong.extend(whole.judged(item));
    }
    wrong
}

fn wrong_with_claim(claim: &PersistentVolumeClaim, range: &LimitRange) -> Vec<String> {
    let spec = claim.spec.as_ref();
    let resources = spec.and_then(|spec| spec.resources.as_ref());
    let wants = Wants {
        requests: amounts::read(resources.and_then(|resources| resources.requests.as_ref())),
        limits: Amounts::new(),
    };
    let mut wrong = Vec::new();
    for item in items(range, "PersistentVolumeClaim") {
        wrong.extend(wants.at_least(item));
        for (name, most) in bounds(&item.max) {
            let most = Bound {
                name,
                amount: most,
                item,
            };
            wrong.extend(most.over(wants.requests.get(name).copied(), "request"));
        }
    }
    wrong
}

/// One bound of one resource.
struct Bound<'a> {
    name: &'a str,
    amount: Quantity,
    item: &'a LimitRangeItem,
}

fn bounds(amounts: &Option<Written>) -> BTreeMap<&str, Quantity> {
    let amounts = amounts.iter().flatten();
    amounts
        .filter_map(|(name, amount)| Some((name.as_str(), amount.0.parse().ok()?)))
        .collect()
}

impl Wants {
    fn judged(&self, item: &LimitRangeItem) -> Vec<String> {
        let mut wrong = self.at_least(item);
        for (name, amount) in bounds(&item.max) {
            let most = Bound { name, amount, item };
            let over = most.over(self.limits.get(name).copied(), "limit");
            let request = self.requests.get(name).copied();
            let request = request.filter(|request| over.is_none() && *request > amount);
            wrong.extend(over);
            wrong.extend(request.and_then(|request| most.over(Some(request), "request")));
        }
        for (name, amount) in bounds(&item.max_limit_request_ratio) {
            wrong.extend(self.stretched(&Bound { name, amount, item }));
        }
        wrong
    }

    fn at_least(&self, item: &LimitRangeItem) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, least) in bounds(&item.min) {
            let usage = format!("minimum {name} usage per {} is {least}", item.type_);
            let limit = self.limits.get(name).filter(|limit| **limit < least);
            match (self.requests.get(name), limit) {
                (None, _) => wrong.push(format!("{usage}.  No request is specified")),
                (Some(request), _) if *request < least => {
                    wrong.push(format!("{usage}, but request is {request}"));
                }
                (Some(_), Some(limit)) => wrong.push(format!("{usage}, but limit is {limit}")),
                (Some(_), None) => {}
            }
        }
        wrong
    }

    /// A limit may not be too far above what is asked for.
    fn stretched(&self, most: &Bound<'_>) -> Option<String> {
        let some = |amounts: &Amounts| {
            let amount = amounts.get(most.name).copied();
            amount.filter(|amount| !amount.is_zero())
        };
        let rule = format!(
            "{} max limit to request ratio per {} is {}",
            most.name, most.item.type_, most.amount
        );
        let Some(request) = some(&self.requests) else {
            return Some(format!(
                "{rule}, but no request is specified or request is 0"
            ));
        };
        let Some(limit) = some(&self.limits) else {
            return Some(format!("{rule}, but no limit is specified or limit is 0"));
        };
        let [limit, request, most] =
            [limit, request, most.amount].map(|amount| i128::from(amount.milli_value()));
        // Six places after the point, as clients know it.
        let millionths = limit * 1_000_000 / request;
        (limit * 1000 > most * request).then(|| {
            format!(
                "{rule}, but provided ratio is {}.{:06}",
                millionths / 1_000_000,
                millionths % 1_000_000
            )
        })
    }
}

impl Bound<'_> {
    /// What is wrong with an amount that may be at most this.
    fn over(&self, amount: Option<Quantity>, word: &str) -> Option<String> {
        let usage = format!(
            "maximum {} usage per {} is {}",
            self.name, self.item.type_, self.amount
        );
        match amount {
            None => Some(format!("{usage}.  No {word} is specified")),
            Some(amount) if amount > self.amount => {
                Some(format!("{usage}, but {word} is {amount}"))
            }
            Some(_) => None,
        }
    }
}
