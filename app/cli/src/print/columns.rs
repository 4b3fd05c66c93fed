//! Tables of the user's own columns: `NAME:.metadata.name,IMAGE:.spec.containers[*].image`.

use gantry_api::jsonpath::Template;
use serde_json::Value;

use super::tabs::Stops;
use crate::failure::{Failure, said};
use crate::fields::shown;

/// The user's columns: heads and where to find the cells.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    columns: Vec<(String, Template)>,
    pub(crate) no_headers: bool,
}

impl Columns {
    /// Reads the notation of the command line.
    pub(crate) fn parse(spec: &str) -> Result<Self, Failure> {
        if spec.is_empty() {
            return said("custom-columns format specified but no custom columns given");
        }
        let column = |part: &str| match part.split_once(':') {
            Some((head, path)) => Ok((head.to_owned(), Template::relaxed(path)?)),
            None => said(format!(
                "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            )),
        };
        let columns = split_outside_brackets(spec).into_iter().map(column);
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
            no_headers: false,
        })
    }

    /// Reads the notation of files: a line of heads, and a line of paths.
    pub(crate) fn parse_file(content: &str) -> Result<Self, Failure> {
        let mut lines = content.lines();
        let heads = lines.next().unwrap_or_default().split_whitespace();
        let paths = lines.next().unwrap_or_default().split_whitespace();
        let pairs: Vec<String> = heads
            .zip(paths)
            .map(|(head, path)| format!("{head}:{path}"))
            .collect();
        Self::parse(&pairs.join(","))
    }

    /// The objects, one line each.
    pub(crate) fn render(&self, objects: &[Value]) -> String {
        let mut text = String::new();
        if !self.no_headers {
            let heads: Vec<&str> = self.columns.iter().map(|(head, _)| head.as_str()).collect();
            text.push_str(&heads.join("\t"));
            text.push('\n');
        }
        for object in objects {
            let cells: Vec<String> = self
                .columns
                .iter()
                .map(|(_, path)| cell(path, object))
                .collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        Stops::TABLE.align(&text)
    }
}

fn cell(path: &Template, object: &Value) -> String {
    let found = path.find(object);
    if found.is_empty() {
        return "<none>".to_owned();
    }
    let texts: Vec<String> = found
        .iter()
        .map(|value| match value.as_object() {
            Some(_) => go_map(value),
            None if value.is_null() => "<none>".to_owned(),
            None => shown(value),
        })
        .collect();
    texts.join(",")
}

/// A map in the notation that the stock command line happens to have.
fn go_map(value: &Value) -> String {
    let entries = value.as_object().into_iter().flatten();
    let pairs: Vec<String> = entries
        .map(|(key, value)| format!("{key}:{}", shown(value)))
        .collect();
    format!("map[{}]", pairs.join(" "))
}

fn split_outside_brackets(spec: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, letter) in spec.char_indices() {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&spec[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&spec[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn several_values_share_a_cell_and_missing_ones_are_named() {
        let columns = Columns::parse("NAME:.metadata.name,IMAGES:.c[*].image,NO:.x.y").unwrap();
        let object = json!({"metadata": {"name": "web"}, "c": [{"image": "a"}, {"image": "b"}]});
        assert_eq!(
            columns.render(&[object]),
            "NAME   IMAGES   NO\nweb    a,b      <none>\n"
        );
        assert!(Columns::parse("NAME").is_err());
    }
}
