//! Reads the little of TOML that `layers.toml` and `deny.toml` use: sections, and keys with a text
//! or a list of texts. Anything else is an error, so nothing is skipped by mistake.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// Section, then key, then its texts.
pub(crate) type Config = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Reads a whole file.
pub(crate) fn parse(text: &str) -> Result<Config> {
    let mut config = Config::new();
    let mut section = String::new();
    let mut lines = text
        .lines()
        .map(without_comment)
        .zip(1..)
        .filter(|(line, _)| !line.is_empty());
    while let Some((line, number)) = lines.next() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
            config.entry(section.clone()).or_default();
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .with_context(|| format!("read line {number}"))?;
        let mut value = value.trim().to_owned();
        while value.starts_with('[') && !value.ends_with(']') {
            let (more, _) = lines
                .next()
                .with_context(|| format!("end the list of line {number}"))?;
            value += more;
        }
        let texts = texts(&value).with_context(|| format!("read line {number}"))?;
        config
            .entry(section.clone())
            .or_default()
            .insert(key.trim().to_owned(), texts);
    }
    Ok(config)
}

fn without_comment(line: &str) -> &str {
    line.split_once('#')
        .map_or(line, |(before, _)| before)
        .trim()
}

fn texts(value: &str) -> Result<Vec<String>> {
    let list = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(value);
    let parts = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(text).collect()
}

fn text(part: &str) -> Result<String> {
    match part
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(text) => Ok(text.to_owned()),
        None if part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') => Ok(part.to_owned()),
        None => bail!("understand {part:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_texts_and_lists_are_read() {
        let text =
            "[a.b] # why\none = \"x\"\nmany = [\n  \"y\", # because\n  \"z\",\n]\nyes = true\n";
        let config = parse(text).unwrap();
        let keys = &config["a.b"];
        assert_eq!(keys["one"], ["x"]);
        assert_eq!(keys["many"], ["y", "z"]);
        assert_eq!(keys["yes"], ["true"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(parse("[a]\nb = { c = 1 }\n").is_err());
        assert!(parse("[a]\nb = [\n").is_err());
        assert!(parse("[a]\nnonsense\n").is_err());
    }
}
