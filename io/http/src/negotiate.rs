//! What a client is able to read, as its `Accept` headers say.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING};

use gantry_api::Rejection;
use gantry_registry::request::{Include, View};

/// What can be answered, for those who asked for something else.
pub(crate) const ACCEPTED: &str = "application/json";

/// What a client is able to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    types: Vec<MediaType>,
    pub(crate) gzip: bool,
}

/// One media type with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    name: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or("").to_ascii_lowercase();
        let pair = |part: &str| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        };
        Self {
            name,
            parameters: parts.filter_map(pair).collect(),
        }
    }

    fn parameter(&self, key: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| known == key)
            .map_or("", |(_, value)| value)
    }

    fn is_json(&self) -> bool {
        matches!(
            self.name.as_str(),
            "application/json" | "*/*" | "application/*"
        )
    }
}

impl Wanted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let types = values
            .flat_map(|value| value.split(','))
            .map(MediaType::parse);
        let encodings = headers
            .get_all(ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut encodings = encodings.flat_map(|value| value.split(','));
        Self {
            types: types.filter(|known| !known.name.is_empty()).collect(),
            gzip: encodings.any(|encoding| encoding.trim().split(';').next() == Some("gzip")),
        }
    }

    /// The first form of objects that the client wants and we have.
    pub(crate) fn view(&self, include: Include) -> Result<View, Rejection> {
        if self.types.is_empty() {
            return Ok(View::Object);
        }
        let views = self.types.iter().filter(|known| known.is_json());
        let mut views = views.filter_map(|known| view(known, include));
        views.next().ok_or_else(|| Rejection::NotAcceptable {
            accepted: ACCEPTED.to_owned(),
        })
    }

    /// The version of aggregated discovery that the client wants before anything else.
    pub(crate) fn aggregated(&self) -> Option<&'static str> {
        let first = self.types.first()?;
        let asks = first.is_json()
            && first.parameter("g") == "apidiscovery.k8s.io"
            && first.parameter("as") == "APIGroupDiscoveryList";
        match first.parameter("v") {
            "v2" if asks => Some("v2"),
            "v2beta1" if asks => Some("v2beta1"),
            _ => None,
        }
    }

    /// Whether the client reads JSON, or did not say.
    pub(crate) fn reads_json(&self) -> bool {
        self.types.is_empty() || self.types.iter().any(MediaType::is_json)
    }
}

/// The form that one media type asks for; nothing when we do not have it.
fn view(known: &MediaType, include: Include) -> Option<View> {
    let version = known.parameter("v");
    match known.parameter("as") {
        "" => Some(View::Object),
        "Table" if matches!(version, "v1" | "v1beta1") => Some(View::Table { include }),
        "PartialObjectMetadata" | "PartialObjectMetadataList"
            if matches!(version, "v1" | "v1beta1") =>
        {
            Some(View::PartialMetadata)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Wanted::of(&headers)
    }

    #[test]
    fn the_first_form_that_we_have_is_taken() {
        let table = View::Table {
            include: Include::Metadata,
        };
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(wanted(kubectl).view(Include::Metadata), Ok(table));
        assert_eq!(
            wanted("application/vnd.kubernetes.protobuf, */*").view(Include::Metadata),
            Ok(View::Object)
        );
        assert_eq!(
            wanted("application/json;as=New;v=v1,application/json").view(Include::Metadata),
            Ok(View::Object)
        );
        assert!(
            wanted("application/vnd.kubernetes.protobuf")
                .view(Include::Metadata)
                .is_err()
        );
    }

    #[test]
    fn aggregated_discovery_is_told_by_its_parameters() {
        let accept =
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        assert_eq!(wanted(accept).aggregated(), Some("v2"));
        assert_eq!(wanted("application/json").aggregated(), None);
    }
}
