//! What a namespace wants of its pods: a level of harmlessness, as one version knew it, for each
//! of three ways of insisting.

use std::collections::BTreeSet;
use std::fmt;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_base::selector::Labels;

use super::subject::Subject;

/// What all labels of a namespace that concern its pods begin with.
const PREFIX: &str = "pod-security.kubernetes.io/";

/// How harmless pods have to be; the later, the more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Anything goes.
    #[default]
    Privileged,
    /// Nothing that is known to lead out of a container.
    Baseline,
    /// As little as a program can run with.
    Restricted,
}

/// As which version knew a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// As it is known now.
    #[default]
    Latest,
    /// As version 1 with this minor number knew it.
    Minor(u32),
}

/// A level as one version knew it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// The level.
    pub level: Level,
    /// As which version knew it.
    pub version: Version,
}

/// What a namespace wants of its pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What is refused.
    pub enforce: Standard,
    /// What is noted.
    pub audit: Standard,
    /// What is told to the writer.
    pub warn: Standard,
}

/// What the operator of a cluster wants of all pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What a namespace wants that does not say.
    pub policy: Policy,
    /// What is left alone.
    pub exempt: Exemptions,
}

/// What is left alone, whatever namespaces want.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Pods in these namespaces.
    pub namespaces: BTreeSet<String>,
    /// Pods of these runtime classes.
    pub runtime_classes: BTreeSet<String>,
    /// Pods that these users make.
    pub usernames: BTreeSet<String>,
}

/// A label that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    label: String,
    value: String,
    expected: &'static str,
}

impl Fault {
    pub(super) fn tell(&self, errors: &mut FieldErrors) {
        let path = FieldPath::new("metadata").field("labels").key(&self.label);
        errors.invalid(&path, self.value.as_str(), self.expected);
    }
}

impl Level {
    /// The level called `text`.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "privileged" => Ok(Self::Privileged),
            "baseline" => Ok(Self::Baseline),
            "restricted" => Ok(Self::Restricted),
            _ => Err("must be one of privileged, baseline, restricted"),
        }
    }
}

impl Version {
    /// The version called `text`.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let is_plain = |digits: &&str| {
            let has_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            has_digits && (*digits == "0" || !digits.starts_with('0'))
        };
        let minor = text.strip_prefix("v1.").filter(is_plain);
        let minor = minor.and_then(|digits| digits.parse().ok());
        minor
            .map(Self::Minor)
            .ok_or(r#"must be "latest" or "v1.x""#)
    }
}

impl Policy {
    /// What the labels of a namespace say, and what `usual` says where they do not; with it what
    /// of them says nothing. A level that cannot be understood is the strictest where it is
    /// enforced, and none where it only informs.
    pub(super) fn of(labels: &Labels, usual: &Self) -> (Self, Vec<Fault>) {
        let mut policy = *usual;
        let mut faults = Vec::new();
        let said = |name: &str| labels.get(&format!("{PREFIX}{name}"));
        let modes = [
            ("enforce", &mut policy.enforce, Level::Restricted),
            ("audit", &mut policy.audit, Level::Privileged),
            ("warn", &mut policy.warn, Level::Privileged),
        ];
        for (mode, standard, otherwise) in modes {
            if let Some(text) = said(mode) {
                let level = noted(Level::read(text), mode, text, &mut faults);
                standard.level = level.unwrap_or(otherwise);
            }
            let mode = format!("{mode}-version");
            if let Some(text) = said(&mode) {
                let version = noted(Version::read(text), &mode, text, &mut faults);
                standard.version = version.unwrap_or(Version::Latest);
            }
        }
        // Who enforces something is warned before it is refused, unless they say otherwise.
        let is_enforced = said("enforce").is_some_and(|text| Level::read(text).is_ok());
        if said("warn").is_none() && is_enforced && policy.warn.level < policy.enforce.level {
            policy.warn.level = policy.enforce.level;
            if said("warn-version").is_none() {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, faults)
    }

    /// Whether nothing is wanted in any way.
    pub(super) fn is_privileged(&self) -> bool {
        let all = [self.enforce, self.audit, self.warn];
        all.iter()
            .all(|standard| standard.level == Level::Privileged)
    }

    /// Whether no pod could tell the two apart.
    pub(super) fn means_the_same_as(&self, other: &Self) -> bool {
        let same = |a: Standard, b: Standard| {
            a == b || (a.level == Level::Privileged && b.level == Level::Privileged)
        };
        same(self.enforce, other.enforce)
            && same(self.audit, other.audit)
            && same(self.warn, other.warn)
    }

    /// What `labels` themselves say of it, in words.
    pub(super) fn said(&self, labels: &Labels) -> String {
        let modes = [
            ("enforce", self.enforce),
            ("audit", self.audit),
            ("warn", self.warn),
        ];
        let is_said = |mode: &str| {
            labels.contains_key(&format!("{PREFIX}{mode}"))
                || labels.contains_key(&format!("{PREFIX}{mode}-version"))
        };
        let said = modes
            .into_iter()
            .filter(|(mode, standard)| standard.level != Level::Privileged && is_said(mode));
        let said: Vec<String> = said
            .map(|(mode, standard)| format!("{mode}={standard}"))
            .collect();
        said.join(", ")
    }
}

/// What was read, or nothing and a note of what is wrong.
fn noted<T>(
    read: Result<T, &'static str>,
    label: &str,
    value: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    read.map_err(|expected| {
        faults.push(Fault {
            label: format!("{PREFIX}{label}"),
            value: value.to_owned(),
            expected,
        });
    })
    .ok()
}

impl Exemptions {
    pub(super) fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }

    pub(super) fn has_user(&self, name: &str) -> bool {
        self.usernames.contains(name)
    }

    pub(super) fn has_class(&self, subject: &Subject<'_>) -> bool {
        self.runtime_classes
            .contains(subject.text(&["runtimeClassName"]))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}
