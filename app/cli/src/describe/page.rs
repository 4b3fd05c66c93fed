//! The paper that pages are written on: levels, labels, and values that line up.

use std::fmt::Write as _;

use gantry_base::Timestamp;
use serde_json::Value;

use crate::events;
use crate::fields::{entries, shown, text};
use crate::print::tabs::Stops;

/// Annotations longer than this are cut.
const ANNOTATION_MAX: usize = 140;
/// What `apply` remembers is not worth reading here.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A page being written. Tabs separate what is to line up.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// One line at a level of indentation.
    pub(crate) fn line(&mut self, level: usize, line: impl AsRef<str>) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// `label: value`.
    pub(crate) fn field(&mut self, level: usize, label: &str, value: impl AsRef<str>) {
        self.line(level, format!("{label}:\t{}", value.as_ref()));
    }

    /// `label: value`, when there is a value.
    pub(crate) fn some(&mut self, level: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.field(level, label, value);
        }
    }

    /// `label:`, and a value on each line.
    pub(crate) fn column(&mut self, label: &str, values: &[String]) {
        let none = ["<none>".to_owned()];
        let values = if values.is_empty() { &none } else { values };
        for (index, value) in values.iter().enumerate() {
            let label = if index == 0 {
                format!("{label}:")
            } else {
                String::new()
            };
            self.line(0, format!("{label}\t{value}"));
        }
    }

    /// A map of texts, one `key=value` a line.
    pub(crate) fn labels(&mut self, label: &str, object: &Value, path: &str) {
        let pairs = entries(object, path).into_iter();
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}={}", shown(value)))
            .collect();
        self.column(label, &pairs);
    }

    /// Annotations; long ones are cut and stand on lines of their own.
    pub(crate) fn annotations(&mut self, label: &str, object: &Value, path: &str) {
        let pairs = entries(object, path)
            .into_iter()
            .filter(|(key, _)| *key != LAST_APPLIED);
        let mut values = Vec::new();
        for (key, value) in pairs {
            let value = shown(value);
            let value = value.strip_suffix('\n').unwrap_or(&value);
            if value.contains('\n') || value.len() + key.len() + 2 > ANNOTATION_MAX {
                values.push(format!("{key}:"));
                values.extend(value.split('\n').map(|line| format!("  {}", cut(line))));
            } else {
                values.push(format!("{key}: {value}"));
            }
        }
        self.column(label, &values);
    }

    /// Name, namespace, labels and annotations.
    pub(crate) fn head(&mut self, object: &Value) {
        self.field(0, "Name", text(object, "metadata.name"));
        self.some(0, "Namespace", text(object, "metadata.namespace"));
        self.labels("Labels", object, "metadata.labels");
        self.annotations("Annotations", object, "metadata.annotations");
    }

    /// A table under a title.
    pub(crate) fn table(&mut self, title: &str, heads: &[&str], rows: &[Vec<String>]) {
        self.line(0, format!("{title}:"));
        self.line(1, heads.join("\t"));
        // The stock tool rules `Age` as if it had four letters, and scripts compare.
        let rule = |head: &&str| "-".repeat(if *head == "Age" { 4 } else { head.len() });
        let rules: Vec<String> = heads.iter().map(rule).collect();
        self.line(1, rules.join("\t"));
        for row in rows {
            self.line(1, row.join("\t"));
        }
    }

    /// What happened to the object.
    pub(crate) fn events(&mut self, events: &[Value], now: Timestamp) {
        if events.is_empty() {
            self.field(0, "Events", "<none>");
            return;
        }
        let row = |event: &Value| {
            vec![
                text(event, "type").to_owned(),
                text(event, "reason").to_owned(),
                events::interval(event, now),
                events::source(event),
                text(event, "message").trim().to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = events.iter().map(row).collect();
        self.table(
            "Events",
            &["Type", "Reason", "Age", "From", "Message"],
            &rows,
        );
    }

    /// The page as it was written, tabs and all.
    pub(crate) fn unaligned(self) -> String {
        self.text
    }

    /// The page with everything lined up.
    pub(crate) fn finish(self) -> String {
        Stops::DESCRIBE.align(&self.text)
    }
}

fn cut(line: &str) -> String {
    let most = ANNOTATION_MAX - 2;
    if line.chars().count() <= most {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(most).collect();
    cut.push_str("...");
    cut
}

/// A time as pages show it: `Mon, 02 Jan 2006 15:04:05 +0000`.
pub(crate) fn time(value: &str) -> String {
    let Ok(time) = value.parse::<Timestamp>() else {
        return "<unset>".to_owned();
    };
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    let mut text = String::new();
    write!(text, "{}", local.strftime("%a, %d %b %Y %H:%M:%S %z"))
        .expect("writing to a string succeeds");
    text
}

/// `True` or `False`.
pub(crate) const fn flag(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
