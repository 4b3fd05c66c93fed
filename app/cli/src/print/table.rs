//! Tables as the server makes them, shown in columns.

use gantry_api::jsonpath::Template;
use gantry_api::table::{ColumnDefinition, Row};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::tabs::Stops;
use crate::fields::{pairs, text};

/// What an answer holds when a table was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Table {
    /// The heads; watches send them only once.
    #[serde(default, rename = "columnDefinitions", deserialize_with = "or_none")]
    pub(crate) columns: Vec<ColumnDefinition>,
    /// One row per object.
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) rows: Vec<Row>,
    /// The list's metadata.
    #[serde(default)]
    pub(crate) metadata: Value,
}

/// A list for which servers may also say `null`.
fn or_none<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// How tables are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) wide: bool,
    pub(crate) no_headers: bool,
    pub(crate) with_namespace: bool,
    /// What stands before each name, such as `pod/`.
    pub(crate) prefix: String,
    pub(crate) show_labels: bool,
    pub(crate) label_columns: Vec<String>,
    /// Whether each row begins with the kind of change.
    pub(crate) with_event: bool,
}

/// Shows rows, now or as they come; columns never get narrower.
#[derive(Debug)]
pub(crate) struct Printer {
    look: Look,
    columns: Vec<ColumnDefinition>,
    widths: Vec<usize>,
    headed: bool,
}

impl Printer {
    pub(crate) fn new(look: Look) -> Self {
        Self {
            headed: look.no_headers,
            look,
            columns: Vec::new(),
            widths: Vec::new(),
        }
    }

    /// Takes note of the heads, for rows that come later.
    pub(crate) fn remember(&mut self, table: &Table) {
        self.columns.clone_from(&table.columns);
    }

    /// The rows of `table`, below the heads when they have not been shown yet.
    pub(crate) fn show(&mut self, table: &Table, event: &str) -> String {
        if !table.columns.is_empty() {
            self.columns.clone_from(&table.columns);
        }
        let mut lines: Vec<Vec<String>> = Vec::new();
        if !self.headed {
            lines.push(self.heads());
            self.headed = true;
        }
        lines.extend(table.rows.iter().map(|row| self.cells(row, event)));
        self.set(&lines)
    }

    fn heads(&self) -> Vec<String> {
        let look = &self.look;
        let mut heads = Vec::new();
        heads.extend(look.with_event.then(|| "EVENT".to_owned()));
        heads.extend(look.with_namespace.then(|| "NAMESPACE".to_owned()));
        let shown = self.columns.iter().filter(|column| self.is_shown(column));
        heads.extend(shown.map(|column| column.name.to_uppercase()));
        let labels = look.label_columns.iter();
        heads.extend(labels.map(|label| {
            let last = label.rsplit('/').next().unwrap_or(label);
            last.to_uppercase()
        }));
        heads.extend(look.show_labels.then(|| "LABELS".to_owned()));
        heads
    }

    const fn is_shown(&self, column: &ColumnDefinition) -> bool {
        self.look.wide || column.priority == 0
    }

    fn cells(&self, row: &Row, event: &str) -> Vec<String> {
        let look = &self.look;
        let mut cells = Vec::new();
        cells.extend(look.with_event.then(|| event.to_owned()));
        let namespace = text(&row.object, "metadata.namespace");
        cells.extend(look.with_namespace.then(|| namespace.to_owned()));
        for (column, value) in self.columns.iter().zip(&row.cells) {
            if !self.is_shown(column) {
                continue;
            }
            let prefix = if column.format == "name" {
                look.prefix.as_str()
            } else {
                ""
            };
            cells.push(format!("{prefix}{}", shown(value)));
        }
        let labels = &row.object["metadata"]["labels"];
        cells.extend(look.label_columns.iter().map(|label| {
            labels[label.as_str()]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        }));
        let all = || pairs(&row.object, "metadata.labels", "<none>");
        cells.extend(look.show_labels.then(all));
        cells
    }

    fn set(&mut self, lines: &[Vec<String>]) -> String {
        let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
        self.widths
            .resize(columns.max(self.widths.len()), Stops::TABLE.least);
        for line in lines {
            for (width, cell) in self.widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count() + Stops::TABLE.padding);
            }
        }
        let mut text = String::new();
        for line in lines {
            let last = line.len().saturating_sub(1);
            for (index, (cell, width)) in line.iter().zip(&self.widths).enumerate() {
                text.push_str(cell);
                if index < last {
                    let rest = width - cell.chars().count();
                    text.extend(std::iter::repeat_n(' ', rest));
                }
            }
            text.push('\n');
        }
        text
    }
}

/// One cell: only its first line, and nothing that moves the cursor.
fn shown(value: &Value) -> String {
    if value.is_null() {
        return "<none>".to_owned();
    }
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match text.split_once(['\n', '\r']) {
        Some((first, _)) => format!("{first}..."),
        None => text.chars().filter(|letter| !letter.is_control()).collect(),
    }
}

/// Puts rows in the order of what `path` finds in their objects.
pub(crate) fn sort_rows(rows: &mut [Row], path: &Template) {
    rows.sort_by(|left, right| path.compare(&left.object, &right.object));
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    fn table() -> Table {
        let column = |name: &str, format: &str, priority: i32| json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority});
        let object =
            json!({"metadata": {"namespace": "ns", "labels": {"app": "web", "x.io/tier": "a"}}});
        serde_json::from_value(json!({
            "columnDefinitions": [column("Name", "name", 0), column("Ready", "", 0), column("IP", "", 1)],
            "rows": [
                {"cells": ["a-long-name", 3, null], "object": object},
                {"cells": ["b", "x\ny", "10.0.0.1"], "object": {}},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let shown = Printer::new(Look::default()).show(&table(), "");
        expect![[r#"
            NAME          READY
            a-long-name   3
            b             x...
        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn labels_namespaces_and_types_come_when_asked_for() {
        let look = Look {
            wide: true,
            with_namespace: true,
            prefix: "pod/".to_owned(),
            show_labels: true,
            label_columns: vec!["x.io/tier".to_owned()],
            ..Look::default()
        };
        expect![[r#"
            NAMESPACE   NAME              READY   IP         TIER   LABELS
            ns          pod/a-long-name   3       <none>     a      app=web,x.io/tier=a
                        pod/b             x...    10.0.0.1          <none>
        "#]]
        .assert_eq(&Printer::new(look).show(&table(), ""));
    }

    #[test]
    fn rows_that_come_later_line_up_with_those_before() {
        let mut printer = Printer::new(Look::default());
        let mut table = table();
        printer.show(&table, "");
        table.columns.clear();
        table.rows.remove(0);
        assert_eq!(printer.show(&table, ""), "b             x...\n");
    }
}
