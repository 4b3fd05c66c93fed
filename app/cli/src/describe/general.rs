//! Any kind: its fields, with labels made from their names.

use serde_json::Value;

use super::Subject;
use super::page::Page;
use crate::fields::shown;

/// What the head of the page already says, and what nobody wants to read.
const SKIPPED: [&str; 5] = [
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
    ".metadata.managedFields",
];

/// Words that are written in capitals.
const ACRONYMS: [&str; 5] = ["API", "URL", "UID", "OSB", "GUID"];

pub(super) fn write(page: &mut Page, subject: &Subject<'_>) {
    page.head_with_empty_namespace(subject.object);
    content(page, 0, subject.object, "");
}

fn content(page: &mut Page, level: usize, value: &Value, path: &str) {
    for (name, value) in entries_of(value) {
        let path = format!("{path}.{name}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let label = label(name);
        if value.is_object() {
            page.line(level, format!("{label}:"));
            content(page, level + 1, value, &path);
        } else if let Some(items) = value.as_array() {
            page.line(level, format!("{label}:"));
            for item in items {
                if item.is_object() {
                    content(page, level + 1, item, &path);
                } else {
                    page.line(level + 1, shown(item));
                }
            }
        } else {
            let value = if value.is_null() {
                "<nil>".to_owned()
            } else {
                shown(value)
            };
            page.field(level, &label, value);
        }
    }
}

fn entries_of(value: &Value) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// `resourceVersion` as `Resource Version`.
fn label(name: &str) -> String {
    if !name.chars().all(char::is_alphanumeric) {
        return name.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut was_lower = false;
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let next_is_lower = letters
            .get(index + 1)
            .is_some_and(|next| next.is_lowercase());
        let starts = letter.is_uppercase() && (was_lower || next_is_lower);
        match words.last_mut() {
            Some(word) if !starts => word.push(*letter),
            _ => words.push(letter.to_string()),
        }
        was_lower = !letter.is_uppercase();
    }
    let words = words.into_iter().map(|word| {
        let upper = word.to_uppercase();
        if ACRONYMS.contains(&upper.as_str()) {
            return upper;
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    });
    words.collect::<Vec<String>>().join(" ")
}

impl Page {
    fn head_with_empty_namespace(&mut self, object: &Value) {
        self.field(0, "Name", crate::fields::text(object, "metadata.name"));
        self.field(
            0,
            "Namespace",
            crate::fields::text(object, "metadata.namespace"),
        );
        self.labels("Labels", object, "metadata.labels");
        self.annotations("Annotations", object, "metadata.annotations");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        let names = [
            "apiVersion",
            "uid",
            "holderIdentity",
            "clusterIPs",
            "x.io/y",
        ];
        let labels: Vec<String> = names.iter().map(|name| label(name)).collect();
        assert_eq!(
            labels,
            [
                "API Version",
                "UID",
                "Holder Identity",
                "Cluster I Ps",
                "x.io/y"
            ]
        );
    }
}
