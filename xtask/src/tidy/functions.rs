//! How long functions are.
//!
//! Relies on the formatter: a function ends where a brace stands under its first letter.

use super::Finding;
use super::source::{File, Tree, indentation};

/// Lines of code that no function passes.
const MOST: usize = 80;
/// Nearly all are shorter than this.
const USUAL: usize = 50;
const MAY_BE_LONGER_PERCENT: usize = 5;
/// What may stand before `fn`.
const QUALIFIERS: [&str; 7] = [
    "pub ",
    "pub(crate) ",
    "pub(super) ",
    "const ",
    "async ",
    "unsafe ",
    "extern \"C\" ",
];

/// Measures all functions of the product.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let (mut measured, mut longer) = (0, 0);
    let product = tree
        .rust()
        .filter(|file| !file.is_test() && !file.is_generated());
    for (file, function) in product.flat_map(|file| all(file).into_iter().map(move |f| (file, f))) {
        measured += 1;
        longer += usize::from(USUAL < function.length);
        if MOST < function.length {
            let subject = format!("{} has {} lines", function.name, function.length);
            let advice = format!("cut it where the story has a paragraph; {MOST} is the most");
            let (rule, path, line) = ("functions", file.path.clone(), function.line);
            findings.push(Finding {
                rule,
                path,
                line,
                subject,
                advice,
            });
        }
    }
    if measured * MAY_BE_LONGER_PERCENT < longer * 100 {
        let subject = format!("{longer} of {measured} functions");
        let advice = format!("are past {USUAL} lines; 5 in 100 may be");
        let (rule, path) = ("functions", ".".into());
        findings.push(Finding {
            rule,
            path,
            line: 1,
            subject,
            advice,
        });
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    length: usize,
}

fn all(file: &File) -> Vec<Function<'_>> {
    let code = file.code();
    let start = |(place, (_, line)): (usize, &(usize, &'_ str))| -> Option<usize> {
        name(line).map(|_| place)
    };
    let starts = code.iter().enumerate().filter_map(start);
    starts.filter_map(|start| measure(&code[start..])).collect()
}

fn name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    while let Some(after) = QUALIFIERS.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    let name = rest.strip_prefix("fn ")?;
    Some(&name[..name.find(['(', '<']).unwrap_or(name.len())])
}

/// A declaration without a body, or one on a single line, has no length worth measuring.
fn measure<'a>(code: &[(usize, &'a str)]) -> Option<Function<'a>> {
    let (line, first) = *code.first()?;
    let opens = code
        .iter()
        .position(|(_, text)| text.ends_with(['{', ';', '}']))?;
    if !code[opens].1.ends_with('{') {
        return None;
    }
    let end = format!("{}}}", indentation(first));
    let body = code[opens + 1..]
        .iter()
        .take_while(|(_, text)| **text != end);
    let counts = |text: &str| !text.trim().is_empty() && !text.trim_start().starts_with("//");
    let length = body.filter(|(_, text)| counts(text)).count();
    Some(Function {
        name: name(first)?,
        line,
        length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str) -> Vec<(String, usize)> {
        let tree = Tree::of(&[("a.rs", text)]);
        let functions = all(&tree.files()[0]);
        functions
            .into_iter()
            .map(|one| (one.name.to_owned(), one.length))
            .collect()
    }

    #[test]
    fn a_function_is_as_long_as_its_code() {
        let text =
            "pub(crate) async fn a(\n    x: u8,\n) {\n    // Why.\n\n    b();\n    c();\n}\n";
        assert_eq!(lengths(text), [("a".to_owned(), 2)]);
    }

    #[test]
    fn methods_end_under_their_own_first_letter() {
        let text =
            "impl A {\n    fn a(&self) {\n        if x {\n            y();\n        }\n    }\n}\n";
        assert_eq!(lengths(text), [("a".to_owned(), 3)]);
    }

    #[test]
    fn declarations_have_no_length() {
        assert!(lengths("trait A {\n    fn a(&self);\n    fn b(&self) {}\n}\n").is_empty());
    }
}
