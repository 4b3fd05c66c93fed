//! The query of a request, as names and values.

use percent_encoding::percent_decode_str;

use gantry_api::Rejection;
use gantry_api::field_error::FieldErrors;
use gantry_registry::options::refusal;
use gantry_registry::request::{DeleteOptions, FieldValidation, Include, Options, Verb};

/// The names and values of a query, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let pairs = query
            .unwrap_or("")
            .split('&')
            .filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(pairs.map(pair).collect())
    }

    /// The first value of this name; an empty one counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == name)?.1.as_str();
        (!value.is_empty()).then_some(value)
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether this name is there with a value that means yes.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|(known, value)| {
            known == name
                && matches!(
                    value.as_str(),
                    "" | "1" | "true" | "True" | "t" | "T" | "TRUE"
                )
        })
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Rejection> {
        let read = |text: &str| {
            text.parse().map_err(|_| {
                Rejection::bad_request(format!(
                    "invalid value {text:?} for query parameter {name}: expected a number"
                ))
            })
        };
        self.get(name).map(read).transpose()
    }

    /// How much of an object comes with its table row.
    pub(crate) fn include(&self) -> Include {
        match self.get("includeObject") {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            Some(_) | None => Include::Metadata,
        }
    }

    /// The options that requests for objects understand. Names that nobody knows are ignored.
    pub(crate) fn options(&self, verb: Verb) -> Result<Options, Rejection> {
        let text = |name: &str| self.get(name).map(str::to_owned);
        let mut errors = FieldErrors::new();
        let dry_run = self.dry_run(&mut errors);
        let field_validation = self.field_validation(&mut errors);
        let writes = !matches!(verb, Verb::Get | Verb::List | Verb::Watch);
        if writes && !errors.is_empty() {
            return Err(refusal(verb, errors));
        }
        Ok(Options {
            dry_run,
            field_manager: text("fieldManager"),
            field_validation,
            force: self.flag("force"),
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            resource_version: text("resourceVersion"),
            resource_version_match: text("resourceVersionMatch"),
            limit: self.number("limit")?.filter(|limit| *limit > 0),
            continue_token: text("continue"),
            timeout_seconds: self.number("timeoutSeconds")?,
            allow_bookmarks: self.flag("allowWatchBookmarks"),
            send_initial_events: self
                .get("sendInitialEvents")
                .map(|_| self.flag("sendInitialEvents")),
            pretty: self.flag("pretty"),
            // Only parts of this process say what they have seen.
            seen: Vec::new(),
            delete: DeleteOptions {
                grace_period_seconds: self.number("gracePeriodSeconds")?,
                propagation_policy: text("propagationPolicy"),
                orphan_dependents: self
                    .get("orphanDependents")
                    .map(|_| self.flag("orphanDependents")),
                dry_run,
                ..DeleteOptions::default()
            },
        })
    }

    fn dry_run(&self, errors: &mut FieldErrors) -> bool {
        match self.get("dryRun") {
            None => false,
            Some("All") => true,
            Some(other) => {
                errors.not_supported(&"dryRun".into(), [other], &["All"]);
                true
            }
        }
    }

    fn field_validation(&self, errors: &mut FieldErrors) -> FieldValidation {
        match self.get("fieldValidation") {
            None | Some("Warn") => FieldValidation::Warn,
            Some("Ignore") => FieldValidation::Ignore,
            Some("Strict") => FieldValidation::Strict,
            Some(other) => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.not_supported(&"fieldValidation".into(), other, &known);
                FieldValidation::Strict
            }
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
