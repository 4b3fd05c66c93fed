//! What expressions see of a request: the object, the one before it, the request itself, its
//! namespace, and whom they may ask about permissions.

use std::borrow::Cow;

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Access, Attributes};
use gantry_api::caller::AUTHENTICATED;
use gantry_api::{Caller, GroupResource, Object, ObjectKey, Rejection};
use gantry_cel::authority::{Question, Stage, Verdict};
use gantry_cel::{Authority, Environment, Machine, Map, Problem, Type, Value};
use gantry_kinds::Descriptor;
use gantry_kinds::admissionregistration::expressions::{
    AUTHORIZER, NAMESPACE, OBJECT, OLD_OBJECT, REQUEST, REQUEST_RESOURCE,
};
use gantry_kinds::admissionregistration::programs::Compiled;
use gantry_store::Snapshot;
use serde_json::{Value as Json, json};

use crate::admission::matching::Deed;
use crate::call::Call;
use crate::request::{PatchType, Verb};

/// What expressions see of one request, in the form that somebody wants to see it in.
#[derive(Debug)]
pub(crate) struct Scene<'d> {
    object: Option<Cow<'d, Object>>,
    old: Option<Cow<'d, Object>>,
    request: Json,
    namespace: Json,
    /// The resource of the request, as a question that is not complete.
    question: Question,
}

/// What of a scene some expressions can look at: the rest need not be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    request: bool,
    namespace: bool,
}

/// What match conditions say.
#[derive(Debug)]
pub(crate) enum Conditions {
    /// All of them are true.
    Hold,
    /// One of them is false.
    Fail,
    /// None is false, and some failed.
    Unclear(String),
}

impl Sight {
    /// What `expressions` can look at: only what one of them names.
    pub(crate) fn of<'t>(expressions: impl Iterator<Item = &'t str>) -> Self {
        expressions.fold(
            Self {
                request: false,
                namespace: false,
            },
            |sight, text| Self {
                request: sight.request || text.contains(REQUEST),
                namespace: sight.namespace || text.contains(NAMESPACE),
            },
        )
    }
}

impl<'d> Scene<'d> {
    /// What there is to see of `deed`, in the form of the kind `form`, for who has this `sight`.
    pub(crate) fn new(
        call: &mut Call<'_>,
        deed: &Deed<'d>,
        (form, sight): (&Descriptor, Sight),
    ) -> Result<Self, Rejection> {
        let mut shown = |object: Option<&'d Object>| {
            let shown = object.map(|object| call.shown_as(form, object));
            shown.transpose()
        };
        Ok(Self {
            object: shown(deed.object)?,
            old: shown(deed.old)?,
            request: if sight.request {
                request(call, deed, form)
            } else {
                Json::Null
            },
            namespace: if sight.namespace {
                namespace(call)
            } else {
                Json::Null
            },
            question: Question {
                stage: Stage::Resource,
                group: call.kind.names.group.to_string(),
                resource: call.kind.names.plural.to_string(),
                subresource: call.request.subresource().to_owned(),
                namespace: call.request.namespace().to_owned(),
                name: deed.name().to_owned(),
                ..Question::default()
            },
        })
    }

    /// A machine that sees the scene, for expressions of a policy's `environment`.
    pub(crate) fn machine<'a>(
        &'a self,
        environment: &'a Environment,
        asker: &'a Asker<'_>,
    ) -> Machine<'a> {
        let tree = |object: &'a Option<Cow<'d, Object>>| {
            let tree = object.as_ref().map(|object| &object.0);
            tree.map_or(Value::Null, |tree| Value::Map(Map::Tree(tree, &Type::Dyn)))
        };
        let typed = |json: &'a Json, name: &str| {
            let of = environment.type_of(name).unwrap_or(&Type::Dyn);
            Value::typed(json, of)
        };
        let mut machine = Machine::new(environment).with_authority(asker);
        machine.set(OBJECT, tree(&self.object));
        machine.set(OLD_OBJECT, tree(&self.old));
        machine.set(REQUEST, typed(&self.request, REQUEST));
        machine.set(NAMESPACE, typed(&self.namespace, NAMESPACE));
        machine.set(AUTHORIZER, Value::question(Question::default()));
        machine.set(REQUEST_RESOURCE, Value::question(self.question.clone()));
        machine
    }
}

/// What match conditions come to. One that is false decides, whatever became of the others.
pub(crate) fn hold<'a>(
    machine: &mut Machine<'a>,
    conditions: impl Iterator<Item = (&'a Compiled, &'a str)>,
) -> Conditions {
    let mut wrong = Vec::new();
    for (compiled, text) in conditions {
        match truth(machine, (compiled, text)) {
            Ok(true) => {}
            Ok(false) => return Conditions::Fail,
            Err(why) => wrong.push(why),
        }
    }
    match wrong.as_slice() {
        [] => Conditions::Hold,
        [only] => Conditions::Unclear(only.clone()),
        several => Conditions::Unclear(format!("[{}]", several.join(", "))),
    }
}

/// Whether an expression is true.
pub(crate) fn truth<'a>(
    machine: &mut Machine<'a>,
    (compiled, text): (&'a Compiled, &str),
) -> Result<bool, String> {
    let program = compiled
        .as_ref()
        .map_err(|error| format!("compilation error: {error}"))?;
    match machine.evaluate(program) {
        Ok(value) => Ok(value.as_bool() == Some(true)),
        Err(problem) => Err(failed(text, &problem)),
    }
}

/// The sentence that tells how an expression failed.
pub(crate) fn failed(text: &str, problem: &Problem) -> String {
    format!("expression '{text}' resulted in error: {problem}")
}

/// Who answers the questions of expressions: the server's own permissions.
pub(crate) struct Asker<'c> {
    caller: &'c Caller,
    access: &'c Access,
    snapshot: &'c Snapshot,
}

impl<'c> Asker<'c> {
    pub(crate) const fn new(call: &Call<'c>) -> Self {
        Self {
            caller: &call.request.caller,
            access: call.access,
            snapshot: call.snapshot,
        }
    }
}

impl Authority for Asker<'_> {
    fn decide(&self, question: &Question) -> Verdict {
        let account = question.service_account.as_ref();
        let account = account.map(|(namespace, name)| service_account(namespace, name));
        let target = if question.path.is_empty() {
            Target::Resource(ResourceTarget {
                group: &question.group,
                resource: &question.resource,
                subresource: &question.subresource,
                namespace: &question.namespace,
                name: &question.name,
                field_selector: &question.field_selector,
            })
        } else {
            Target::Path(&question.path)
        };
        let attributes = Attributes {
            caller: account.as_ref().unwrap_or(self.caller),
            verb: &question.verb,
            target,
        };
        let decision = self.access.authorize(&attributes, self.snapshot);
        Verdict {
            allowed: decision.is_allowed(),
            reason: decision.reason().to_owned(),
            error: String::new(),
        }
    }
}

fn service_account(namespace: &str, name: &str) -> Caller {
    Caller {
        user: format!("system:serviceaccount:{namespace}:{name}"),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            AUTHENTICATED.to_owned(),
        ],
        ..Caller::default()
    }
}

fn request(call: &Call<'_>, deed: &Deed<'_>, form: &Descriptor) -> Json {
    let request = call.request;
    let names = |kind: &Descriptor| {
        let names = &kind.names;
        (
            json!({"group": names.group, "version": names.version, "kind": names.kind}),
            json!({"group": names.group, "version": names.version, "resource": names.plural}),
        )
    };
    let (kind, resource) = names(form);
    let (own_kind, own_resource) = names(call.kind);
    json!({
        "kind": kind,
        "resource": resource,
        "subResource": request.subresource(),
        "requestKind": own_kind,
        "requestResource": own_resource,
        "requestSubResource": request.subresource(),
        "name": deed.name(),
        "namespace": request.namespace(),
        "operation": deed.operation.as_str(),
        "userInfo": request.caller,
        "dryRun": call.dry_run,
        "options": options(call),
    })
}

/// The options of the request, as far as they say something.
fn options(call: &Call<'_>) -> Json {
    let kind = match call.request.verb {
        Verb::Patch(_) => "PatchOptions",
        Verb::Update => "UpdateOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        Verb::Create | Verb::Get | Verb::List | Verb::Watch => "CreateOptions",
    };
    let mut options = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
    if call.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    let given = &call.request.options;
    if let Some(manager) = &given.field_manager {
        options["fieldManager"] = Json::from(manager.as_str());
    }
    if matches!(call.request.verb, Verb::Patch(PatchType::Apply)) {
        options["force"] = Json::from(given.force);
    }
    options
}

/// The namespace of the object; null when it lives in none, or is one itself.
fn namespace(call: &Call<'_>) -> Json {
    let name = call.request.namespace();
    if name.is_empty() {
        return Json::Null;
    }
    let key = ObjectKey::new(GroupResource::new("", "namespaces"), "", name);
    let Some(mut own) = call.look_up(&key) else {
        return Json::Null;
    };
    // Expressions call this field differently.
    if let Some(uid) = own.remove(&["metadata", "uid"]) {
        own.set(&["metadata", "UID"], uid);
    }
    own.into_value()
}
