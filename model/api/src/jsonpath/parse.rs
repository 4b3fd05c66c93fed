//! From text to steps.

use serde_json::Value;

use super::{Comparison, Operand, Part, Step, TemplateError};

fn said<T>(text: impl Into<String>) -> Result<T, TemplateError> {
    Err(TemplateError(text.into()))
}

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Part>, TemplateError> {
    // The innermost list is the one being filled; each `range` opens one, each `end` closes one.
    let mut open: Vec<(Vec<Step>, Vec<Part>)> = vec![(Vec::new(), Vec::new())];
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        push(&mut open, Part::Text(rest[..start].to_owned()));
        let end = closing(&rest[start..])? + start;
        action(rest[start + 1..end].trim(), &mut open)?;
        rest = &rest[end + 1..];
    }
    push(&mut open, Part::Text(rest.to_owned()));
    match (open.pop(), open.is_empty()) {
        (Some((_, parts)), true) => Ok(parts),
        _ => said(": unclosed range, expected {end}"),
    }
}

fn push(open: &mut [(Vec<Step>, Vec<Part>)], part: Part) {
    if part == Part::Text(String::new()) {
        return;
    }
    if let Some((_, parts)) = open.last_mut() {
        parts.push(part);
    }
}

fn action(text: &str, open: &mut Vec<(Vec<Step>, Vec<Part>)>) -> Result<(), TemplateError> {
    if text == "end" {
        return match open.pop() {
            Some((steps, parts)) if !open.is_empty() => {
                push(open, Part::Range(steps, parts));
                Ok(())
            }
            _ => said(": not in range, nothing to end"),
        };
    }
    if let Some(path) = text.strip_prefix("range ") {
        open.push((Reader::new(path.trim()).path()?, Vec::new()));
        return Ok(());
    }
    let mut reader = Reader::new(text);
    while !reader.rest.is_empty() {
        let part = match reader.rest.chars().next() {
            Some('"' | '\'') => Part::Text(reader.quoted()?),
            _ => Part::Path(reader.path()?),
        };
        push(open, part);
        reader.rest = reader.rest.trim_start();
    }
    Ok(())
}

/// Where the brace that opens `text` is closed; quotes hide braces.
fn closing(text: &str) -> Result<usize, TemplateError> {
    let mut quote = None;
    let mut escaped = false;
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(mark), letter) if letter == mark => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '}') => return Ok(index),
            (None, _) => {}
        }
    }
    said(": unclosed action")
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    const fn new(rest: &'t str) -> Self {
        Self { rest }
    }

    fn take(&mut self, prefix: &str) -> bool {
        let taken = self.rest.strip_prefix(prefix);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn path(&mut self) -> Result<Vec<Step>, TemplateError> {
        let mut steps = Vec::new();
        if self.take("$") {
            steps.push(Step::Root);
        } else if !self.take("@") && !self.rest.starts_with(['.', '[']) {
            return said(format!(" {:?}: unrecognized identifier", self.rest));
        }
        loop {
            if self.take("..") {
                steps.push(Step::Descend);
                if !self.rest.starts_with('[') {
                    steps.extend(self.name());
                }
            } else if self.take(".") {
                steps.extend(self.name());
            } else if self.take("[") {
                steps.push(self.brackets()?);
            } else {
                return Ok(steps);
            }
        }
    }

    /// A field's name, in which a backslash takes the meaning from the next letter.
    fn name(&mut self) -> Option<Step> {
        if self.take("*") {
            return Some(Step::All);
        }
        let mut name = String::new();
        let mut letters = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((index, letter)) = letters.next() {
            match letter {
                '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
                '.' | '[' | ']' | ' ' | ')' | '=' | '!' | '<' | '>' | ',' | '}' => {
                    end = index;
                    break;
                }
                letter => name.push(letter),
            }
        }
        self.rest = &self.rest[end..];
        Some(Step::Field(name)).filter(|step| *step != Step::Field(String::new()))
    }

    fn brackets(&mut self) -> Result<Step, TemplateError> {
        if self.take("?(") {
            return self.filter();
        }
        let mut steps = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            steps.push(self.bracketed()?);
            self.rest = self.rest.trim_start();
            if self.take("]") {
                break;
            }
            if !self.take(",") {
                return said(": unterminated array");
            }
        }
        Ok(if steps.len() == 1 {
            steps.remove(0)
        } else {
            Step::Union(steps)
        })
    }

    fn bracketed(&mut self) -> Result<Step, TemplateError> {
        if self.take("*") {
            return Ok(Step::All);
        }
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted().map(Step::Field);
        }
        let end = self.rest.find([',', ']']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let text = text.trim();
        let number = |text: &str| match text {
            "" => Ok(None),
            text => text
                .parse::<i64>()
                .map(Some)
                .or_else(|_| said(format!(": invalid array index {text}"))),
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            [only] if only.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                Ok(Step::Index(number(only)?.unwrap_or_default()))
            }
            [only] => Ok(Step::Field(only.trim_start_matches('.').to_owned())),
            [from, to] => Ok(Step::Slice(number(from)?, number(to)?, 1)),
            [from, to, step] => Ok(Step::Slice(
                number(from)?,
                number(to)?,
                number(step)?.unwrap_or(1).max(1),
            )),
            _ => said(format!(": invalid array index {text}")),
        }
    }

    fn filter(&mut self) -> Result<Step, TemplateError> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let left = self.operand()?;
        let sign = SIGNS.into_iter().find(|(sign, _)| self.take(sign));
        let right = match sign {
            Some((_, comparison)) => Some((comparison, self.operand()?)),
            None => None,
        };
        if self.take(")]") {
            Ok(Step::Filter(Box::new(left), right))
        } else {
            said(": unterminated filter")
        }
    }

    fn operand(&mut self) -> Result<Operand, TemplateError> {
        self.rest = self.rest.trim_start();
        let operand = match self.rest.chars().next() {
            Some('"' | '\'') => Operand::Literal(Value::from(self.quoted()?)),
            Some('@' | '$' | '.') => Operand::Path(self.path()?),
            _ => {
                let end = self
                    .rest
                    .find([' ', ')', '=', '!', '<', '>'])
                    .unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                let number = serde_json::from_str(word);
                Operand::Literal(number.unwrap_or_else(|_| Value::from(word)))
            }
        };
        self.rest = self.rest.trim_start();
        Ok(operand)
    }

    fn quoted(&mut self) -> Result<String, TemplateError> {
        let mut letters = self.rest.char_indices();
        let mark = letters.next().map(|(_, letter)| letter);
        let mut text = String::new();
        while let Some((index, letter)) = letters.next() {
            if Some(letter) == mark {
                self.rest = &self.rest[index + 1..];
                return Ok(text);
            }
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            match letters.next().map(|(_, letter)| letter) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => {}
            }
        }
        said(": unterminated quoted string")
    }
}
