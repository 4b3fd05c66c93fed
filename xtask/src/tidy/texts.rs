//! Texts that do not stand in product code: panics in waiting, dropped results, promises, unsafe
//! code outside its file, places on somebody's machine.

use super::Finding;
use super::source::{File, Tree};

struct Rule {
    text: &'static str,
    advice: &'static str,
}

/// In code that ships.
const IN_CODE: &[Rule] = &[
    Rule {
        text: ".unwrap()",
        advice: "return the error, or `expect` with why it cannot fail",
    },
    Rule {
        text: "let _ = ",
        advice: "handle it, or `ignore(result, \"reason\")`",
    },
    Rule {
        text: "allow(dead_code",
        advice: "delete the code",
    },
    Rule {
        text: "allow(clippy::",
        advice: "`expect` with a reason says when it is needed no more",
    },
    Rule {
        text: "unimplemented!(",
        advice: "refuse with an error",
    },
    Rule {
        text: "todo!(",
        advice: "refuse with an error",
    },
];
/// In any text of ours. The words are split so that this file passes its own test.
const ANYWHERE: &[Rule] = &[
    Rule {
        text: concat!("TO", "DO"),
        advice: "plans belong to issues",
    },
    Rule {
        text: concat!("FIX", "ME"),
        advice: "plans belong to issues",
    },
    Rule {
        text: concat!("/ro", "ot/."),
        advice: "name no place on one person's machine",
    },
    Rule {
        text: concat!("/ho", "me/"),
        advice: "name no place on one person's machine",
    },
    Rule {
        text: concat!("/wo", "rk/"),
        advice: "name no place on one person's machine",
    },
];
const UNSAFE: &str = "expect(unsafe_code";

/// Looks for each text.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files().iter().filter(|file| file.path != "Cargo.lock") {
        let text = file
            .text
            .lines()
            .zip(1..)
            .map(|(line, number)| (number, line));
        search(file, text, ANYWHERE, findings);
    }
    for file in tree
        .rust()
        .filter(|file| file.path != "xtask/src/tidy/texts.rs")
    {
        if !file.is_test() {
            search(file, file.code().into_iter(), IN_CODE, findings);
        }
        if file.text.contains(UNSAFE) && !file.path.ends_with("/sys.rs") && !file.is_test() {
            findings.push(finding(
                file,
                1,
                UNSAFE,
                "unsafe code lives in files called sys.rs",
            ));
        }
    }
}

fn search<'a>(
    file: &File,
    lines: impl Iterator<Item = (usize, &'a str)>,
    rules: &[Rule],
    findings: &mut Vec<Finding>,
) {
    for (number, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("///")) {
        for rule in rules.iter().filter(|rule| line.contains(rule.text)) {
            findings.push(finding(file, number, rule.text, rule.advice));
        }
    }
}

fn finding(file: &File, line: usize, text: &str, advice: &str) -> Finding {
    Finding {
        rule: "texts",
        path: file.path.clone(),
        line,
        subject: text.trim().into(),
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
    fn panics_and_dropped_results_are_found_in_product_code_only() {
        let text = "fn a() {\n    let _ = b().unwrap();\n}\n";
        assert_eq!(found("io/x/src/a.rs", text), [".unwrap()", "let _ ="]);
        assert!(found("io/x/tests/a.rs", text).is_empty());
    }

    #[test]
    fn unsafe_code_has_its_file() {
        let text = "#![expect(unsafe_code, reason = \"asks the kernel\")]\n";
        assert!(found("io/x/src/sys.rs", text).is_empty());
        assert_eq!(found("io/x/src/a.rs", text), [UNSAFE]);
    }
}
