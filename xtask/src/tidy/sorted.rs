//! Lists that say so are in order: the lines after `tidy: sorted` up to a blank line or one that
//! closes a bracket.

use super::Finding;
use super::source::{File, Tree};

const MARK: [&str; 2] = ["// tidy: sorted", "# tidy: sorted"];

/// Looks at every marked list.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files() {
        check_file(file, findings);
    }
}

fn check_file(file: &File, findings: &mut Vec<Finding>) {
    let mut before: Option<String> = None;
    let mut inside = false;
    for (line, number) in file.text.lines().map(str::trim).zip(1..) {
        if MARK.contains(&line) {
            (inside, before) = (true, None);
        } else if line.is_empty() || line.starts_with([']', '}', ')']) {
            inside = false;
        } else if inside && !line.starts_with("//") && !line.starts_with('#') {
            // Case matters to nobody who looks something up.
            let entry = line.to_lowercase();
            if before.is_some_and(|before| entry < before) {
                findings.push(finding(file, number, line));
            }
            before = Some(entry);
        }
    }
}

fn finding(file: &File, line: usize, entry: &str) -> Finding {
    Finding {
        rule: "sorted",
        path: file.path.clone(),
        line,
        subject: entry.into(),
        advice: "the list is in alphabetical order".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&Tree::of(&[("a.toml", text)]), &mut findings);
        findings
            .into_iter()
            .map(|finding| finding.subject)
            .collect()
    }

    #[test]
    fn an_entry_out_of_order_is_found_and_others_are_left_alone() {
        assert_eq!(found("# tidy: sorted\na\nC\nb\n"), ["b"]);
        assert!(found("# tidy: sorted\na\n# why\nb\n\na\n").is_empty());
        assert!(found("b\na\n").is_empty());
    }
}
