//! One clause of an `Accept` header: a range of media types, how much it is liked, and parameters.

/// One clause.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Clause {
    /// Such as `application`, or `*`.
    major: String,
    /// Such as `json`, or `*`.
    minor: String,
    parameters: Vec<(String, String)>,
    quality: f32,
}

// The quality comes from decimal digits and is never out of order.
impl Eq for Clause {}

impl Clause {
    /// All clauses, what is liked best first; of those that are liked alike the more exact ones.
    pub(super) fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Self> {
        let mut clauses: Vec<Self> = texts.filter_map(Self::parse).collect();
        clauses.sort_by(|one, other| {
            let by_quality = other.quality.total_cmp(&one.quality);
            by_quality.then(one.is_range().cmp(&other.is_range()))
        });
        clauses
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or("").to_ascii_lowercase();
        let (major, minor) = match name.split_once('/') {
            Some(pair) => pair,
            None if name == "*" => ("*", "*"),
            None => return None,
        };
        let pair = |part: &str| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        };
        let mut parameters: Vec<_> = parts.filter_map(pair).collect();
        let quality = quality(&parameters);
        parameters.retain(|(key, _)| key != "q");
        Some(Self {
            major: major.to_owned(),
            minor: minor.to_owned(),
            parameters,
            quality,
        })
    }

    pub(super) fn parameter(&self, key: &str) -> &str {
        let known = self.parameters.iter().find(|(known, _)| known == key);
        known.map_or("", |(_, value)| value)
    }

    /// Whether a media type is within the clause's range.
    pub(super) fn allows(&self, media_type: &str) -> bool {
        let (major, minor) = media_type.split_once('/').unwrap_or((media_type, ""));
        let is_within = |range: &str, word: &str| range == "*" || range == word;
        is_within(&self.major, major) && is_within(&self.minor, minor)
    }

    /// How much is left open: nothing, the minor type, or both.
    fn is_range(&self) -> (bool, bool) {
        (self.major == "*", self.minor == "*")
    }
}

/// How much something is liked, from 0 to 1; as much as can be unless it says otherwise.
fn quality(parameters: &[(String, String)]) -> f32 {
    let said = parameters.iter().find(|(key, _)| key == "q");
    let said = said.and_then(|(_, value)| value.parse::<f32>().ok());
    said.filter(|quality| quality.is_finite()).unwrap_or(1.0)
}

/// Whether a clause of an `Accept-Encoding` header wants gzip.
pub(super) fn is_gzip(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let is_named = parts.next() == Some("gzip");
    let is_unwanted = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    is_named && !is_unwanted
}
