//! Query strings and path segments.

use std::fmt::Write as _;

/// A query being put together.
#[derive(Clone, Debug, Default)]
pub struct Query(String);

impl Query {
    /// Adds `key=value`; an empty value adds nothing.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            write!(self.0, "{key}={}", escape(value)).expect("writing to a string succeeds");
        }
        self
    }

    /// Adds `key=true` when `flag` is set.
    #[must_use]
    pub fn flag(self, key: &str, flag: bool) -> Self {
        self.with(key, if flag { "true" } else { "" })
    }

    /// The path with this query behind it.
    #[must_use]
    pub fn on(&self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// The text with everything escaped that means something in a URL.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string succeeds");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_url_is_escaped() {
        let query = Query::default()
            .with("labelSelector", "a in (b,c)")
            .flag("watch", true);
        assert_eq!(
            query.on("/x"),
            "/x?labelSelector=a%20in%20%28b%2Cc%29&watch=true"
        );
    }
}
