//! What is known to be otherwise. The list may only shrink: an entry that is needed no more must go,
//! and [`MOST`] goes down with it.

use anyhow::{Context, Result, ensure};

use super::Finding;
use super::source::Tree;

const LIST: &str = "xtask/exceptions.tsv";
/// How many entries there may be. Never raise it.
const MOST: usize = 4;

/// Takes away what is excepted, and complains about exceptions that nothing needs.
pub(crate) fn apply(tree: &Tree, findings: Vec<Finding>) -> Result<Vec<Finding>> {
    let entries = entries(tree.text(LIST).context("read the exceptions")?);
    ensure!(
        entries.len() <= MOST,
        "accept {} exceptions; there may be {MOST}",
        entries.len()
    );
    Ok(without(&entries, findings))
}

type Entry<'a> = (&'a str, &'a str, &'a str);

fn without(entries: &[Entry<'_>], findings: Vec<Finding>) -> Vec<Finding> {
    let key = |finding: &Finding| -> Option<usize> {
        let wanted = (
            finding.rule,
            finding.path.as_str(),
            finding.subject.as_str(),
        );
        entries.iter().position(|entry| *entry == wanted)
    };
    let mut used = vec![false; entries.len()];
    let mut left = Vec::new();
    for finding in findings {
        match key(&finding) {
            Some(place) => used[place] = true,
            None => left.push(finding),
        }
    }
    let stale = entries.iter().zip(used).filter(|(_, used)| !used);
    left.extend(stale.map(|((rule, path, subject), _)| Finding {
        rule: "exceptions",
        path: LIST.into(),
        line: 1,
        subject: format!("{rule} {path} {subject}"),
        advice: "nothing needs this any more: remove it, and lower the most".into(),
    }));
    left
}

/// Rule, path, subject, separated by tabs; lines that begin with `#` say why.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let cells = lines.map(|line| line.splitn(3, '\t'));
    cells
        .filter_map(|mut cells| Some((cells.next()?, cells.next()?, cells.next()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str) -> Finding {
        let (rule, path, advice) = ("names", "a.rs".into(), "rename".into());
        Finding {
            rule,
            path,
            line: 3,
            subject: subject.into(),
            advice,
        }
    }

    #[test]
    fn an_exception_takes_away_what_it_names_and_nothing_else() {
        let entries = entries("# why\nnames\ta.rs\tItem\n");
        let left = without(&entries, vec![finding("Item"), finding("Data")]);
        assert_eq!(left, [finding("Data")]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_finding() {
        let left = without(&[("names", "a.rs", "Item")], vec![]);
        assert_eq!(left[0].subject, "names a.rs Item");
    }
}
