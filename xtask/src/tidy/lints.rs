//! The two strata that are pure carry one list of lints, which repeats the general one: clippy takes
//! the nearest configuration whole and merges nothing.

use super::Finding;
use super::source::Tree;

const GENERAL: &str = "clippy.toml";
const STRICT: &str = "logic/clippy.toml";
const TWIN: &str = "model/clippy.toml";

/// Compares the three configurations.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let text = |path| tree.text(path).unwrap_or_default();
    if text(STRICT) != text(TWIN) {
        findings.push(finding(
            TWIN,
            STRICT.into(),
            "the pure strata have one list: make them equal",
        ));
    }
    let strict: Vec<&str> = text(STRICT).lines().map(str::trim).collect();
    let general = text(GENERAL)
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    for line in general.filter(|line| !strict.contains(line)) {
        findings.push(finding(
            STRICT,
            line.into(),
            "the stricter list repeats the general entries",
        ));
    }
}

fn finding(path: &str, subject: String, advice: &str) -> Finding {
    Finding {
        rule: "lints",
        path: path.into(),
        line: 1,
        subject,
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(general: &str, strict: &str, twin: &str) -> usize {
        let mut findings = Vec::new();
        check(
            &Tree::of(&[(GENERAL, general), (STRICT, strict), (TWIN, twin)]),
            &mut findings,
        );
        findings.len()
    }

    #[test]
    fn the_strict_lists_are_equal_and_hold_the_general_one() {
        assert_eq!(
            count("# why\na = 1\n", "a = 1\nb = 2\n", "a = 1\nb = 2\n"),
            0
        );
        assert_eq!(count("a = 1\n", "a = 1\nb = 2\n", "a = 1\n"), 1);
        assert_eq!(count("a = 3\n", "a = 1\n", "a = 1\n"), 1);
    }
}
