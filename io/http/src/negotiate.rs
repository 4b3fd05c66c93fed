//! What a client is able to read, as its `Accept` headers say, and what of it we have.
//!
//! Clauses are tried in the client's order of preference; the first that we can answer counts. A
//! clause may ask for another form of the same objects, such as a table.

mod clause;

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING};

use gantry_api::Rejection;
use gantry_registry::Encoding;
use gantry_registry::request::{Include, View};

use clause::Clause;

/// What a client is able to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The preferred ones first.
    clauses: Vec<Clause>,
    pub(crate) gzip: bool,
}

/// What can be answered to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// How much of an object comes with its table row.
    pub(crate) include: Include,
    /// Whether the answer is a stream of events, which nobody reads in YAML.
    pub(crate) is_watch: bool,
    /// Whether the objects themselves can be written in protobuf.
    pub(crate) has_message: bool,
}

impl Default for Offer {
    /// One object with a message.
    fn default() -> Self {
        Self {
            include: Include::Metadata,
            is_watch: false,
            has_message: true,
        }
    }
}

impl Offer {
    /// The encodings of objects.
    fn encodings(self) -> impl Iterator<Item = Encoding> {
        let is_offered = move |encoding: &Encoding| match encoding {
            Encoding::Json => true,
            Encoding::Yaml => !self.is_watch,
            Encoding::Protobuf => self.has_message,
        };
        Encoding::ALL.into_iter().filter(is_offered)
    }

    fn refusal(self) -> Rejection {
        let suffix = if self.is_watch { ";stream=watch" } else { "" };
        let names = self
            .encodings()
            .map(|encoding| format!("{}{suffix}", encoding.media_type()));
        Rejection::NotAcceptable {
            accepted: names.collect::<Vec<_>>().join(", "),
        }
    }

    /// The form of objects that a clause asks for; nothing when we do not have it in `encoding`.
    fn view(self, clause: &Clause, encoding: Encoding) -> Option<View> {
        let is_stream = match clause.parameter("stream") {
            "" => false,
            "watch" => true,
            _ => return None,
        };
        if encoding == Encoding::Yaml && (is_stream || self.is_watch) {
            return None;
        }
        let is_ours = clause.parameter("g") == "meta.k8s.io"
            && matches!(clause.parameter("v"), "v1" | "v1beta1");
        let (include, is_binary) = (self.include, encoding == Encoding::Protobuf);
        match clause.parameter("as") {
            "" if is_binary && !self.has_message => None,
            "" => Some(View::Object),
            "Table" if is_ours && !is_binary => Some(View::Table { include }),
            "PartialObjectMetadata" | "PartialObjectMetadataList" if is_ours => {
                Some(View::PartialMetadata)
            }
            _ => None,
        }
    }
}

impl Wanted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let texts = |name| {
            let values = headers.get_all(name).iter();
            let values = values.filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(','))
        };
        Self {
            clauses: Clause::sorted(texts(ACCEPT)),
            gzip: texts(ACCEPT_ENCODING).any(clause::is_gzip),
        }
    }

    /// The form and the encoding of objects that the client likes best of what is offered.
    pub(crate) fn form(&self, offer: Offer) -> Result<(View, Encoding), Rejection> {
        if self.clauses.is_empty() {
            return Ok((View::Object, Encoding::Json));
        }
        let clauses = self.clauses.iter();
        let mut found = clauses.flat_map(|clause| {
            let encodings = Encoding::ALL.into_iter();
            let fitting = encodings.filter(|encoding| clause.allows(encoding.media_type()));
            fitting.filter_map(|encoding| Some((offer.view(clause, encoding)?, encoding)))
        });
        found.next().ok_or_else(|| offer.refusal())
    }

    /// The encoding of refusals: JSON for those who can read nothing that we have.
    pub(crate) fn encoding(&self) -> Encoding {
        let allowed = |clause: &Clause| {
            let mut all = Encoding::ALL.into_iter();
            all.find(|encoding| clause.allows(encoding.media_type()))
        };
        self.clauses.iter().find_map(allowed).unwrap_or_default()
    }

    /// The version of aggregated discovery that the client wants before anything else.
    pub(crate) fn aggregated(&self) -> Option<&'static str> {
        let first = self.clauses.first()?;
        let asks = first.allows(Encoding::Json.media_type())
            && first.parameter("g") == "apidiscovery.k8s.io"
            && first.parameter("as") == "APIGroupDiscoveryList";
        match first.parameter("v") {
            "v2" if asks => Some("v2"),
            "v2beta1" if asks => Some("v2beta1"),
            _ => None,
        }
    }

    /// Refuses whoever does not read JSON, where there is nothing else.
    pub(crate) fn require_json(&self) -> Result<(), Rejection> {
        let json = Encoding::Json.media_type();
        if self.clauses.is_empty() || self.clauses.iter().any(|clause| clause.allows(json)) {
            return Ok(());
        }
        Err(Rejection::NotAcceptable {
            accepted: json.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
