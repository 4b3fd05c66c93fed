//! `$(NAME)` in commands, arguments and values. `$$` is a dollar sign; a name that nobody knows
//! stays as it is written.

/// Replaces every `$(NAME)` that `lookup` knows.
pub fn expand(text: &str, mut lookup: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(rest) {
            match lookup(name) {
                Some(value) => out.push_str(&value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// The name in `(NAME)...`, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('(')?.split_once(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expanded: &str) {
        let lookup = |name: &str| (name == "A").then(|| "value".to_owned());
        assert_eq!(expand(text, lookup), expanded, "{text}");
    }

    #[test]
    fn only_known_names_are_replaced() {
        check("$(A)-$(A)", "value-value");
        check("$(B)", "$(B)");
        check("$$(A)", "$(A)");
        check("$$$(A)", "$value");
        check("$(A", "$(A");
        check("$A $", "$A $");
        check("é$(A)é", "évalueé");
    }
}
