//! Trees written as YAML, in the layout that users of Kubernetes know: keys in alphabetical order,
//! lists not indented, long texts folded.
//!
//! Reading YAML is not done here: that needs positions and limits, and has its own home.

mod scalar;

use serde_json::{Map, Value};

use scalar::Style;

/// A line is folded at the first space behind this column.
const WIDTH: usize = 80;
/// Bytes of a key that stands on a line with its value; readers look no further for the colon than
/// some hundred letters.
const SIMPLE_KEY: usize = 128;
/// By how much a level is indented.
const STEP: usize = 2;

/// The tree as one YAML document, with a line end.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut writer = Writer::default();
    match Shape::of(value) {
        Shape::Map(map) => writer.map(map, 0, false),
        Shape::List(items) => writer.list(items, 0, false),
        Shape::Short => {
            writer.scalar(value, 0);
            writer.end_line();
        }
    }
    writer.text
}

/// How a value is laid out: over lines of its own, or behind its key.
enum Shape<'v> {
    Map(&'v Map<String, Value>),
    List(&'v [Value]),
    Short,
}

impl<'v> Shape<'v> {
    fn of(value: &'v Value) -> Self {
        let map = value
            .as_object()
            .filter(|map| !map.is_empty())
            .map(Self::Map);
        let list = value.as_array().filter(|items| !items.is_empty());
        map.or(list.map(|items| Self::List(items)))
            .unwrap_or(Self::Short)
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn end_line(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.column = 0;
    }

    fn indent(&mut self, level: usize) {
        self.put(&" ".repeat(level));
    }

    /// `inline` says that the first entry goes where the writer stands.
    fn map(&mut self, map: &Map<String, Value>, level: usize, inline: bool) {
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 || !inline {
                self.indent(level);
            }
            let is_simple = key.len() <= SIMPLE_KEY;
            self.put(if is_simple { "" } else { "? " });
            self.put(&scalar::key(key));
            if !is_simple {
                self.end_line();
                self.indent(level);
            }
            self.put(":");
            match Shape::of(value) {
                Shape::Map(inner) if !is_simple => {
                    self.put(" ");
                    self.map(inner, level + STEP, true);
                }
                Shape::List(items) if !is_simple => {
                    self.put(" ");
                    self.list(items, level + STEP, true);
                }
                Shape::Map(inner) => {
                    self.end_line();
                    self.map(inner, level + STEP, false);
                }
                Shape::List(items) => {
                    self.end_line();
                    self.list(items, level, false);
                }
                Shape::Short => {
                    self.put(" ");
                    self.scalar(value, level + STEP);
                    self.end_line();
                }
            }
        }
    }

    fn list(&mut self, items: &[Value], level: usize, inline: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !inline {
                self.indent(level);
            }
            self.put("- ");
            match Shape::of(item) {
                Shape::Map(inner) => self.map(inner, level + STEP, true),
                Shape::List(inner) => self.list(inner, level + STEP, true),
                Shape::Short => {
                    self.scalar(item, level + STEP);
                    self.end_line();
                }
            }
        }
    }

    fn scalar(&mut self, value: &Value, level: usize) {
        match value {
            Value::Null => self.put("null"),
            Value::Bool(flag) => self.put(if *flag { "true" } else { "false" }),
            Value::Number(number) => self.put(&number.to_string()),
            Value::String(text) => self.string(text, level),
            Value::Array(_) => self.put("[]"),
            Value::Object(_) => self.put("{}"),
        }
    }

    fn string(&mut self, text: &str, level: usize) {
        match scalar::style(text) {
            Style::Plain => self.folded(text, level),
            Style::Single => {
                self.put("'");
                self.folded(&text.replace('\'', "''"), level);
                self.put("'");
            }
            Style::Double => {
                self.put("\"");
                self.escaped(text, level);
                self.put("\"");
            }
            Style::Literal => self.literal(text, level),
        }
    }

    /// Writes text that needs no escapes, folding it at single spaces.
    fn folded(&mut self, text: &str, level: usize) {
        let mut letters = text.chars().peekable();
        let mut was_space = false;
        let mut is_first = true;
        while let Some(letter) = letters.next() {
            let next = letters.peek().copied();
            let is_inner = !is_first && next.is_some_and(|next| next != ' ');
            if letter == ' ' && !was_space && is_inner && self.column > WIDTH {
                self.end_line();
                self.indent(level);
            } else {
                self.text.push(letter);
                self.column += 1;
            }
            was_space = letter == ' ';
            is_first = false;
        }
    }

    fn escaped(&mut self, text: &str, level: usize) {
        let mut letters = text.chars().peekable();
        let mut was_space = false;
        let mut is_first = true;
        while let Some(letter) = letters.next() {
            let may_fold = !is_first && !was_space && letters.peek().is_some();
            if letter == ' ' && may_fold && self.column > WIDTH {
                self.end_line();
                self.indent(level);
                if letters.peek() == Some(&' ') {
                    self.put("\\");
                }
                was_space = true;
            } else {
                self.put(&scalar::escape(letter));
                was_space = letter == ' ';
            }
            is_first = false;
        }
    }

    fn literal(&mut self, text: &str, level: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put(&STEP.to_string());
        }
        let body = text.strip_suffix('\n');
        match body {
            None => self.put("-"),
            Some(body) if body.ends_with('\n') || body.is_empty() => self.put("+"),
            Some(_) => {}
        }
        for line in body.unwrap_or(text).split('\n') {
            self.text.push('\n');
            if !line.is_empty() {
                self.indent(level);
                self.text.push_str(line);
            }
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        let tree = json!({
            "b": [{"x": 1, "a": "80"}, [], ["true"]], "empty": "", "no": "no", "time": "2026-01-02T03:04:05Z",
            "colon": "a: b", "star": "*x", "tab": "a\tb", "lines": "a\n b\n", "open": "a\nb", "n": null, "o": {},
        });
        assert_eq!(
            write(&tree),
            "b:\n- a: \"80\"\n  x: 1\n- []\n- - \"true\"\ncolon: 'a: b'\nempty: \"\"\nlines: |\n  a\n   b\n\"n\": null\n\"no\": \"no\"\no: {}\nopen: |-\n  a\n  b\nstar: '*x'\ntab: \"a\\tb\"\ntime: \"2026-01-02T03:04:05Z\"\n"
        );
    }

    #[test]
    fn a_long_key_stands_on_a_line_of_its_own() {
        let key = "k".repeat(129);
        let tree = json!({"a": {key.clone(): {"b": 1, "c": [2]}, format!("{key}l"): [3, 4], format!("{key}m"): "d"}});
        assert_eq!(
            write(&tree),
            format!(
                "a:\n  ? {key}\n  : b: 1\n    c:\n    - 2\n  ? {key}l\n  : - 3\n    - 4\n  ? {key}m\n  : d\n"
            )
        );
    }

    #[test]
    fn long_texts_are_folded_at_spaces() {
        let text = "word ".repeat(20) + "end";
        let written = write(&json!({"message": text}));
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1], "  word word word word word end");
    }
}
