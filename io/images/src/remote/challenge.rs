//! What a registry asks for before it answers: the `WWW-Authenticate` header.

use std::collections::BTreeMap;

/// One way in which the registry would believe us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The scheme, in lower case.
    pub(super) scheme: String,
    /// Its parameters, with names in lower case.
    pub(super) parameters: BTreeMap<String, String>,
}

/// Reads one header, which may hold several challenges. What does not fit the form ends the reading.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let end = rest.find([' ', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = value_of(value.trim_start());
            let Some(challenge) = challenges.last_mut() else {
                return challenges;
            };
            challenge
                .parameters
                .insert(word.to_ascii_lowercase(), value);
            rest = after.trim_start_matches([' ', ',']);
        } else {
            let scheme = word.to_ascii_lowercase();
            challenges.push(Challenge {
                scheme,
                parameters: BTreeMap::new(),
            });
            rest = after.trim_start_matches([' ', ',']);
        }
    }
    challenges
}

fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[position + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commas_within_quotes_and_several_challenges_are_told_apart() {
        let header = r#"Bearer realm="https://a/t",service="r", scope="repository:x:pull,push", Basic realm=b"#;
        let found = parse(header);
        assert_eq!(
            found
                .iter()
                .map(|one| one.scheme.as_str())
                .collect::<Vec<_>>(),
            ["bearer", "basic"]
        );
        assert_eq!(found[0].parameters["scope"], "repository:x:pull,push");
        assert_eq!(found[1].parameters["realm"], "b");
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic_or_hang(header in ".{0,80}") {
            drop(parse(&header));
        }
    }
}
