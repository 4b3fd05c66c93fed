//! What a legal name is, for every place where names are used.
//!
//! Each rule answers with nothing, or with the sentence that clients know.

const CHARACTERS: &str = "characters";
const BYTES: &str = "bytes";
const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

/// Says what is wrong with a name; empty when nothing is.
pub type Rule = fn(&str) -> Vec<String>;

/// An RFC 1123 label: namespaces, containers, host names.
#[must_use]
pub fn dns_label(name: &str) -> Vec<String> {
    let mut wrong = longer_than(name, LABEL_MAX);
    if is_lower_label(name) {
        return wrong;
    }
    let told = if name.split('.').all(is_lower_label) {
        "must not contain dots"
    } else {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
         and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
         regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    };
    wrong.push(told.to_owned());
    wrong
}

/// An RFC 1035 label: services.
#[must_use]
pub fn dns1035_label(name: &str) -> Vec<String> {
    let mut wrong = longer_than(name, LABEL_MAX);
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || !is_lower_label(name) {
        wrong.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
             with an alphabetic character, and end with an alphanumeric character (e.g. \
             'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    wrong
}

/// An RFC 1123 subdomain: most objects.
#[must_use]
pub fn dns_subdomain(name: &str) -> Vec<String> {
    subdomain(name, CHARACTERS)
}

fn subdomain(name: &str, unit: &str) -> Vec<String> {
    let mut wrong = longer(name, SUBDOMAIN_MAX, unit);
    if !name.split('.').all(is_lower_label) {
        wrong.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    wrong
}

/// All subdomains of a subdomain, as in `*.example.com`.
#[must_use]
pub fn wildcard_subdomain(name: &str) -> Vec<String> {
    let mut wrong = longer_than(name, SUBDOMAIN_MAX);
    let rest = name.strip_prefix("*.");
    if !rest.is_some_and(|rest| dns_subdomain(rest).is_empty()) {
        wrong.push(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS \
             subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and \
             end with an alphanumeric character (e.g. '*.example.com', regex used for validation \
             is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    wrong
}

/// A segment of a URL path: roles and their bindings.
#[must_use]
pub fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    let forbidden = ['/', '%'].into_iter().filter(|c| name.contains(*c));
    forbidden
        .map(|c| format!("may not contain '{c}'"))
        .collect()
}

/// What the name in the key of a label must be.
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
                         and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  \
                         or '123-abc', regex used for validation is \
                         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// The key of a label or an annotation: an optional subdomain, a slash, a name.
#[must_use]
pub fn qualified(name: &str) -> Vec<String> {
    let (prefix, short) = match name.split_once('/') {
        Some((prefix, short)) => (Some(prefix), short),
        None => (None, name),
    };
    if short.contains('/') {
        return vec![format!(
            "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. \
             'example.com/MyName')"
        )];
    }
    let mut wrong = Vec::new();
    match prefix {
        Some("") => wrong.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            let told = subdomain(prefix, BYTES).into_iter();
            wrong.extend(told.map(|text| format!("prefix part {text}")));
        }
        None => {}
    }
    if short.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else {
        let told = longer(short, LABEL_MAX, BYTES).into_iter();
        wrong.extend(told.map(|text| format!("name part {text}")));
    }
    if !is_qualified(short) {
        wrong.push(format!("name part {QUALIFIED}"));
    }
    wrong
}

/// The value of a label.
#[must_use]
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = longer(value, LABEL_MAX, BYTES);
    if !value.is_empty() && !is_qualified(value) {
        wrong.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue', \
              or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    wrong
}

/// A key of a `ConfigMap` or a `Secret`.
#[must_use]
pub fn config_key(key: &str) -> Vec<String> {
    let mut wrong = longer_than(key, SUBDOMAIN_MAX);
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if key.is_empty() || !key.chars().all(legal) {
        wrong.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    if key == "." || key == ".." {
        wrong.push(format!("must not be '{key}'"));
    } else if key.starts_with("..") {
        wrong.push("must not start with '..'".to_owned());
    }
    wrong
}

/// The name of a port: an IANA service name.
#[must_use]
pub fn port_name(name: &str) -> Vec<String> {
    let mut wrong = longer_than(name, 15);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.chars().all(legal) || name.is_empty() {
        wrong.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !name.contains(|c: char| c.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

/// The name of an environment variable.
#[must_use]
pub fn env_var(name: &str) -> Vec<String> {
    let legal = |c: char| (' '..='~').contains(&c) && c != '=';
    if name.is_empty() || !name.chars().all(legal) {
        return vec![
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .to_owned(),
        ];
    }
    Vec::new()
}

fn longer_than(name: &str, most: usize) -> Vec<String> {
    longer(name, most, CHARACTERS)
}

/// Names are said to be too long in characters, labels of objects in bytes.
fn longer(name: &str, most: usize, unit: &str) -> Vec<String> {
    if name.len() > most {
        vec![format!("must be no more than {most} {unit}")]
    } else {
        Vec::new()
    }
}

fn is_lower_label(name: &str) -> bool {
    is_label(name, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn is_label(name: &str, alphanumeric: impl Fn(char) -> bool) -> bool {
    let ends = |c: char| alphanumeric(c);
    name.starts_with(ends)
        && name.ends_with(ends)
        && name.chars().all(|c| c == '-' || alphanumeric(c))
}

fn is_qualified(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(ends) && name.ends_with(ends) && name.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_at_the_edges_are_told_apart() {
        assert!(dns_label("web-1").is_empty());
        assert!(!dns_label("-web").is_empty());
        assert!(!dns_label("Web").is_empty());
        assert!(!dns_label(&"a".repeat(64)).is_empty());
        assert!(dns1035_label("a1").is_empty());
        assert!(!dns1035_label("1a").is_empty());
        assert!(dns_subdomain("a.b-c.d").is_empty());
        assert!(!dns_subdomain("a..b").is_empty());
        assert!(wildcard_subdomain("*.a.b").is_empty());
        assert!(!wildcard_subdomain("a.*.b").is_empty());
        assert!(qualified("app.kubernetes.io/name").is_empty());
        assert!(!qualified("/name").is_empty());
        assert!(!qualified("a/b/c").is_empty());
        assert!(label_value("").is_empty());
        assert!(!label_value("a b").is_empty());
        assert!(port_name("http").is_empty());
        assert!(!port_name("80").is_empty());
        assert!(!config_key("..x").is_empty());
    }
}
