//! How long files are, and that each says what it is.
//!
//! Tests, tables and generated files are exempt from lengths, tests also from introductions.

use super::Finding;
use super::source::{File, Tree};

/// Lines past which a module's first lines must say why it is one piece.
const FILE_MOST: usize = 600;
/// Where to look for the seam; five files in a hundred may be longer.
const FILE_USUAL: usize = 400;
const MAY_BE_LONGER_PERCENT: usize = 5;

/// Measures all files.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut longer = 0;
    let mut measured = 0;
    for file in tree.rust() {
        if !introduces_itself(file) {
            let subject = "the module's first lines".into();
            findings.push(finding(
                file,
                subject,
                "begin with `//!`: purpose, non-purpose, invariant",
            ));
        }
        if file.path.ends_with("/mod.rs") {
            let subject = "mod.rs".into();
            findings.push(finding(file, subject, "`thing.rs` stands beside `thing/`"));
        }
        if file.is_test() || file.is_generated() {
            continue;
        }
        let lines = file.code().len();
        measured += 1;
        longer += usize::from(FILE_USUAL < lines);
        if FILE_MOST < lines {
            let advice = format!("cut it at a seam: {FILE_MOST} is the most");
            findings.push(finding(file, format!("{lines} lines"), &advice));
        }
    }
    if measured * MAY_BE_LONGER_PERCENT < longer * 100 {
        let subject = format!("{longer} of {measured} files");
        let advice = format!("are past {FILE_USUAL} lines; 5 in 100 may be");
        let (rule, path) = ("sizes", ".".into());
        findings.push(Finding {
            rule,
            path,
            line: 1,
            subject,
            advice,
        });
    }
}

/// A file that only holds tests is introduced by the module that it tests.
fn introduces_itself(file: &File) -> bool {
    file.is_test() || file.is_generated() || file.text.starts_with("//! ")
}

fn finding(file: &File, subject: String, advice: &str) -> Finding {
    let (rule, path) = ("sizes", file.path.clone());
    Finding {
        rule,
        path,
        line: 1,
        subject,
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut findings);
        findings
            .into_iter()
            .map(|finding| finding.subject)
            .collect()
    }

    #[test]
    fn a_module_says_what_it_is() {
        assert_eq!(
            found("a/b.rs", "fn main() {}\n"),
            ["the module's first lines"]
        );
        assert!(found("a/b.rs", "//! Says hello.\nfn main() {}\n").is_empty());
        assert!(found("a/tests.rs", "use super::*;\n").is_empty());
    }

    #[test]
    fn length_counts_without_the_tests() {
        let body = "fn a() {}\n".repeat(590);
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "    fn b() {}\n".repeat(90)
        );
        let long = found("a/b.rs", &format!("//! Long.\n{body}{tests}"));
        assert_eq!(long, ["1 of 1 files"]);
        let longer = found("a/b.rs", &format!("//! Long.\n{body}{body}"));
        assert_eq!(longer, ["1181 lines", "1 of 1 files"]);
    }
}
