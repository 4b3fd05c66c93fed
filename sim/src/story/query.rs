//! What a person sees: the server's own tables, with names that stay and without what is only a
//! matter of the hour.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use gantry_api::table::{ColumnDefinition, Row};

use super::names::Names;

/// Columns that tell how long ago something was.
const AGES: [&str; 3] = ["Age", "Last Seen", "First Seen"];
/// The room between columns.
const GAP: usize = 3;

/// What an answer holds when a table was asked for.
#[derive(Debug, Deserialize)]
struct Table {
    #[serde(rename = "columnDefinitions")]
    columns: Vec<ColumnDefinition>,
    #[serde(default)]
    rows: Vec<Row>,
}

/// How a table is to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub(super) is_wide: bool,
    pub(super) has_namespaces: bool,
}

/// The table in an answer, as text.
pub(super) fn shown(answer: &Bytes, look: Look, names: &Names) -> Result<String, String> {
    let table = serde_json::from_slice::<Table>(answer);
    let mut table = table.map_err(|error| format!("the answer is no table: {error}"))?;
    if table.rows.is_empty() {
        return Ok("No resources found".to_owned());
    }
    let about = table
        .columns
        .iter()
        .position(|column| column.name == "Object");
    table.rows.sort_by_key(|row| order(row, about, names));
    let mut lines: Vec<Vec<String>> = vec![Vec::new(); table.rows.len() + 1];
    if look.has_namespaces {
        lines[0].push("NAMESPACE".to_owned());
        for (line, row) in lines[1..].iter_mut().zip(&table.rows) {
            line.push(cell(&row.object["metadata"]["namespace"]));
        }
    }
    for (at, column) in table.columns.iter().enumerate() {
        let cells: Vec<String> = table
            .rows
            .iter()
            .map(|row| without_age(names.stable(&cell(&row.cells[at]))))
            .collect();
        let is_bare = cells.iter().all(|cell| cell == "<none>");
        let is_meant = column.priority == 0 || (look.is_wide && !is_bare);
        if !is_meant || AGES.contains(&column.name.as_str()) {
            continue;
        }
        lines[0].push(column.name.to_uppercase());
        for (line, cell) in lines[1..].iter_mut().zip(cells) {
            line.push(cell);
        }
    }
    Ok(set(&lines))
}

/// By name, with numbers as numbers. Events go by what they are about and then by age: what happens
/// to different things at the same time has no order that is worth telling.
fn order(row: &Row, about: Option<usize>, names: &Names) -> (String, String, u64, usize) {
    let text = |field: &str| row.object["metadata"][field].as_str().unwrap_or_default();
    if let Some(place) = names.event(text("uid")) {
        let about = about.map(|at| names.stable(&cell(&row.cells[at])));
        return (String::new(), about.unwrap_or_default(), 0, place);
    }
    let name = names.stable(text("name"));
    let digits = name
        .trim_end_matches(|letter: char| letter.is_ascii_digit())
        .len();
    let (base, number) = name.split_at(digits);
    let namespace = text("namespace").to_owned();
    (namespace, base.to_owned(), number.parse().unwrap_or(0), 0)
}

fn cell(value: &Value) -> String {
    if value.is_null() {
        return "<none>".to_owned();
    }
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

/// `3 (40s ago)` is three.
fn without_age(cell: String) -> String {
    match cell.split_once(" (") {
        Some((count, rest)) if rest.ends_with(" ago)") => count.to_owned(),
        _ => cell,
    }
}

/// Columns as wide as their widest cell.
fn set(lines: &[Vec<String>]) -> String {
    let columns = lines[0].len();
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0) + GAP
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            row += &format!("{cell:<width$}");
        }
        text += row.trim_end();
        text.push('\n');
    }
    text
}
