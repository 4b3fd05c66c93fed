//! Where a story takes place: a cluster, and what its commands do to it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_kinds::{Names as KindNames, Scope};
use gantry_registry::Request;
use gantry_registry::request::{Include, PatchType, Verb, View};
use gantry_steering::requests::{body, request};

use super::Trouble;
use super::manifests::manifest;
use super::names::Names;
use super::phrase::{Phrase, length, number};
use super::query::{Look, shown};
use crate::faults::{Fault, Rate};
use crate::plant::Plant;
use crate::profile::Profile;
use crate::simulation::Simulation;

/// How long whoever is killed is away.
const AWAY: Duration = Duration::from_secs(1);

type Output = Result<String, Trouble>;

/// A cluster in a story.
pub(super) struct Stage {
    simulation: Simulation,
    names: Names,
    kinds: Vec<(KindNames, Scope)>,
}

/// A kind of objects, or one of them.
struct Target {
    key: ObjectKey,
    version: String,
    kind: String,
}

impl Stage {
    /// The cluster that the first command of a story describes.
    pub(super) fn new(phrase: &Phrase) -> Result<Self, String> {
        phrase.only(&[
            "seed",
            "profile",
            "nodes",
            "members",
            "humans",
            "applications",
            "replicas",
            "without",
        ])?;
        let mut profile = match phrase.named("profile") {
            Some(name) => Profile::named(name).ok_or_else(|| format!("there is no {name}"))?,
            None => Profile::story(),
        };
        profile.nodes = phrase.number("nodes", profile.nodes)?;
        profile.members = phrase.number("members", profile.members)?;
        profile.humans = phrase.number("humans", profile.humans)?;
        profile.applications = phrase.number("applications", profile.applications)?;
        profile.replicas = phrase.number("replicas", profile.replicas)?;
        let without = phrase.named("without").unwrap_or_default();
        if without == "all" {
            profile.rates.clear();
        }
        let names = without.split(',');
        for name in names.filter(|name| !["", "all"].contains(name)) {
            profile = profile.without(fault(name)?);
        }
        let seed = phrase.number("seed", 1)?;
        let mut simulation = Simulation::new(seed, profile, &Plant::default(), false);
        simulation.listen();
        let kinds = gantry_kinds::builtin().into_iter();
        let mut stage = Self {
            simulation,
            names: Names::default(),
            kinds: kinds.map(|kind| (kind.names, kind.scope)).collect(),
        };
        stage.begin()?;
        Ok(stage)
    }

    /// Nobody tells of the minute in which a cluster comes to be.
    fn begin(&mut self) -> Result<(), String> {
        let begun = self.simulation.settle();
        match begun {
            Ok(true) => Ok(()),
            Ok(false) => Err("the cluster does not come to rest".to_owned()),
            Err(violation) => Err(violation.to_string()),
        }
    }

    /// Carries out a command; what it prints.
    pub(super) fn perform(&mut self, phrase: &Phrase) -> Output {
        let done = self.perform_one(phrase);
        self.names.learn(self.simulation.newborn());
        done
    }

    fn perform_one(&mut self, phrase: &Phrase) -> Output {
        match phrase.verb.as_str() {
            "apply" => self.apply(phrase),
            "delete" => self.delete(phrase),
            "scale" => self.scale(phrase),
            "set" => self.set_image(phrase),
            "pause" => self.pause(phrase, true),
            "resume" => self.pause(phrase, false),
            "label" => self.label(phrase),
            "finalize" => self.finalize(phrase),
            "cordon" => self.cordon(phrase.word(0)?, true),
            "uncordon" => self.cordon(phrase.word(0)?, false),
            "drain" => self.drain(phrase.word(0)?),
            "get" => self.get(phrase),
            "run" => {
                self.simulation.run_for(length(phrase.word(0)?)?)?;
                nothing()
            }
            "settle" => match self.simulation.settle()? {
                true => nothing(),
                false => Ok("it does not settle".to_owned()),
            },
            "calm" => {
                self.simulation.end_trouble();
                nothing()
            }
            _ => self.trouble(phrase),
        }
    }

    fn trouble(&mut self, phrase: &Phrase) -> Output {
        let name = phrase.word(0)?;
        let world = &mut self.simulation;
        let known = match phrase.verb.as_str() {
            "cut" => world.cut(name, true),
            "join" => world.cut(name, false),
            "power" => world.power(name, phrase.word(1)? == "on"),
            "kill" => world.kill(name, phrase.length("away", AWAY)?),
            "restart" if name == "store" => {
                world.restart_store();
                Some(())
            }
            "fault" => {
                let rate = phrase.number("rate", 1_000_000)?;
                let rate = (phrase.word(1)? == "on").then_some(Rate::PerMillion(rate));
                world.set_fault(fault(name)?, rate);
                Some(())
            }
            "exit" => {
                let real = self.names.real("pods", "default", name);
                world.end_containers(real, phrase.number("code", 1)?)
            }
            verb => return Err(format!("nobody knows how to {verb}").into()),
        };
        known.ok_or_else(|| format!("there is no {name}"))?;
        nothing()
    }

    fn apply(&mut self, phrase: &Phrase) -> Output {
        let target = self.target(phrase)?;
        let content = manifest(&target.kind, &target.key.name, phrase)?;
        let mut request = target.request(Verb::Patch(PatchType::Apply));
        request.options.field_manager = Some("kubectl".to_owned());
        request.options.force = true;
        request.body = body(&content);
        self.send(request)
    }

    fn delete(&mut self, phrase: &Phrase) -> Output {
        phrase.only(&["n", "cascade", "grace"])?;
        let mut request = self.target(phrase)?.request(Verb::Delete);
        request.options.delete.propagation_policy = phrase.named("cascade").map(capital);
        if phrase.named("grace").is_some() {
            request.options.delete.grace_period_seconds = Some(phrase.number("grace", 0)?);
        }
        self.send(request)
    }

    fn scale(&mut self, phrase: &Phrase) -> Output {
        let mut request = self.target(phrase)?.request(Verb::Get);
        request.subresource = Some("scale".to_owned());
        let replicas: u64 = number(phrase.word(1)?)?;
        self.merge(request, &json!({"spec": {"replicas": replicas}}))
    }

    fn set_image(&mut self, phrase: &Phrase) -> Output {
        let (what, image) = (phrase.word(0)?, phrase.word(2)?);
        if what != "image" {
            return Err("only an image can be set".to_owned().into());
        }
        let mut about = phrase.clone();
        about.words.remove(0);
        let mut request = self
            .target(&about)?
            .request(Verb::Patch(PatchType::StrategicMerge));
        request.body = body(&json!({"spec": {"template": {"spec": {
            "containers": [{"name": "main", "image": image}],
        }}}}));
        self.send(request)
    }

    fn pause(&mut self, phrase: &Phrase, is_paused: bool) -> Output {
        let request = self.target(phrase)?.request(Verb::Get);
        self.merge(request, &json!({"spec": {"paused": is_paused}}))
    }

    fn label(&mut self, phrase: &Phrase) -> Output {
        phrase.only(&["n", "app"])?;
        let request = self.target(phrase)?.request(Verb::Get);
        let app = phrase.named("app");
        self.merge(request, &json!({"metadata": {"labels": {"app": app}}}))
    }

    /// Puts a finalizer on an object, or takes all of them off.
    fn finalize(&mut self, phrase: &Phrase) -> Output {
        let request = self.target(phrase)?.request(Verb::Get);
        let finalizers: Vec<&String> = phrase.words[1..].iter().collect();
        self.merge(request, &json!({"metadata": {"finalizers": finalizers}}))
    }

    fn cordon(&mut self, node: &str, is_cordoned: bool) -> Output {
        let key = ObjectKey::new(GroupResource::new("", "nodes"), "", node);
        let patch = json!({"spec": {"unschedulable": is_cordoned}});
        self.merge(request(Verb::Get, &key, "v1"), &patch)
    }

    fn drain(&mut self, node: &str) -> Output {
        let mut output = self.cordon(node, true)?;
        let key = ObjectKey::new(GroupResource::new("", "pods"), "", "");
        let mut list = request(Verb::List, &key, "v1");
        list.options.field_selector = Some(format!("spec.nodeName={node}"));
        let answer = match self.simulation.request(list)? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(output + &self.said(&refusal)),
        };
        let list: Value = serde_json::from_slice(&answer).unwrap_or_default();
        for pod in list["items"].as_array().into_iter().flatten() {
            output += &self.evict(pod)?;
        }
        Ok(output)
    }

    fn evict(&mut self, pod: &Value) -> Output {
        let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default();
        let key = ObjectKey::new(
            GroupResource::new("", "pods"),
            text("namespace"),
            text("name"),
        );
        let mut request = request(Verb::Create, &key, "v1");
        request.subresource = Some("eviction".to_owned());
        request.body = body(&json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": key.name, "namespace": key.namespace},
        }));
        self.send(request)
    }

    fn get(&mut self, phrase: &Phrase) -> Output {
        phrase.only(&["n", "o", "A", "l"])?;
        let target = self.target(phrase)?;
        let is_one = !target.key.name.is_empty();
        let mut request = target.request(if is_one { Verb::Get } else { Verb::List });
        request.options.label_selector = phrase.named("l").map(str::to_owned);
        let has_namespaces = phrase.named("A").is_some();
        if has_namespaces {
            request.namespace = None;
        }
        request.view = View::Table {
            include: Include::Metadata,
        };
        let look = Look {
            is_wide: phrase.named("o") == Some("wide"),
            has_namespaces,
        };
        match self.simulation.request(request)? {
            Ok(answer) => {
                self.names.learn(self.simulation.newborn());
                Ok(shown(&answer, look, &self.names)?)
            }
            Err(refusal) => Ok(self.said(&refusal)),
        }
    }

    fn merge(&mut self, mut request: Request, patch: &Value) -> Output {
        request.verb = Verb::Patch(PatchType::Merge);
        request.body = body(patch);
        self.send(request)
    }

    /// Asks for something of which only a refusal is worth telling.
    fn send(&mut self, request: Request) -> Output {
        let answer: Result<Bytes, Rejection> = self.simulation.request(request)?;
        self.names.learn(self.simulation.newborn());
        Ok(answer.err().map_or_else(String::new, |why| self.said(&why)))
    }

    fn said(&self, refusal: &Rejection) -> String {
        format!("Error: {}\n", self.names.stable(&refusal.to_string()))
    }

    /// The object or collection that a command names first: `pods`, `deployment/web`.
    fn target(&self, phrase: &Phrase) -> Result<Target, String> {
        let word = phrase.word(0)?;
        let (kind, name) = word.split_once('/').unwrap_or((word, ""));
        let is_meant = |names: &KindNames| {
            [&names.plural, &names.singular].contains(&&kind.into())
                || names.short.iter().any(|short| short == kind)
        };
        let known = self.kinds.iter().find(|(names, _)| is_meant(names));
        let (names, scope) = known.ok_or_else(|| format!("there is no kind {kind}"))?;
        let namespace = match scope {
            Scope::Cluster => "",
            Scope::Namespaced => phrase.named("n").unwrap_or("default"),
        };
        let name = self.names.real(&names.plural, namespace, name);
        Ok(Target {
            key: ObjectKey::new(names.resource(), namespace, name),
            version: names.version.clone().into_owned(),
            kind: names.singular.clone().into_owned(),
        })
    }
}

impl Target {
    fn request(&self, verb: Verb) -> Request {
        request(verb, &self.key, &self.version)
    }
}

fn nothing() -> Output {
    Ok(String::new())
}

fn fault(name: &str) -> Result<Fault, String> {
    Fault::named(name).ok_or_else(|| format!("there is no fault {name}"))
}

/// `orphan` as the API spells it.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
