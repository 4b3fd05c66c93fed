//! How one text has to be written so that it is read back as the same text.

/// A way of writing a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Words that readers take for truth values or for nothing.
const WORDS: &[&str] = &[
    "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "+.inf",
    "-.inf", "<<",
];

/// The way to write `text` as a value.
pub(super) fn style(text: &str) -> Style {
    if text.contains('\n') && text.chars().all(|c| c == '\n' || is_printable(c)) {
        let lines_end_clean = text.split('\n').all(|line| !line.ends_with(' '));
        if lines_end_clean && !text.trim_matches('\n').is_empty() {
            return Style::Literal;
        }
        return Style::Double;
    }
    flow_style(text)
}

/// A key: never folded, never on several lines.
pub(super) fn key(text: &str) -> String {
    match flow_style(text) {
        Style::Plain => text.to_owned(),
        Style::Single => format!("'{}'", text.replace('\'', "''")),
        Style::Double | Style::Literal => {
            let inner: String = text.chars().map(escape).collect();
            format!("\"{inner}\"")
        }
    }
}

/// One letter inside double quotes.
pub(super) fn escape(letter: char) -> String {
    match letter {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\u{1b}' => "\\e".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{a0}' => "\\_".to_owned(),
        letter if is_printable(letter) => letter.to_string(),
        letter => {
            let code = u32::from(letter);
            match code {
                0..=0xFF => format!("\\x{code:02X}"),
                0x100..=0xFFFF => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            }
        }
    }
}

fn flow_style(text: &str) -> Style {
    if !text.chars().all(is_printable) || is_taken_for_another_type(text) {
        Style::Double
    } else if needs_quotes(text) {
        Style::Single
    } else {
        Style::Plain
    }
}

fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        || ('\u{10000}'..='\u{10ffff}').contains(&letter)
}

/// Whether a mark in it would be read as part of YAML.
fn needs_quotes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let blank_at = |index: usize| bytes.get(index).is_none_or(|byte| *byte == b' ');
    let first = bytes.first().copied().unwrap_or(b' ');
    let starts_badly = b"#,[]{}&*!|>'\"%@`".contains(&first)
        || (b"-?:".contains(&first) && blank_at(1))
        || text.starts_with("---")
        || text.starts_with("...");
    let has_mark = bytes.iter().enumerate().any(|(index, byte)| match byte {
        b':' => blank_at(index + 1),
        b'#' => index > 0 && bytes[index - 1] == b' ',
        _ => false,
    });
    starts_badly || has_mark || text.starts_with(' ') || text.ends_with(' ')
}

fn is_taken_for_another_type(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&lower.as_str()) || is_number(text) || is_time(text)
}

/// Decimal, hexadecimal, octal, binary and base-60 numbers, with underscores anywhere.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = digits.replace('_', "");
    if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let radix = |prefix: &str, radix: u32| {
        plain.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|letter| letter.is_digit(radix))
        })
    };
    let is_base60 = plain.contains(':')
        && plain.split(':').enumerate().all(|(index, part)| {
            let whole = part.split('.').next().unwrap_or_default();
            (index == 0 || matches!(whole.len(), 1 | 2))
                && !whole.is_empty()
                && whole.bytes().all(|byte| byte.is_ascii_digit())
        });
    radix("0x", 16)
        || radix("0o", 8)
        || radix("0b", 2)
        || is_base60
        || (plain.bytes().any(|byte| byte.is_ascii_digit())
            && plain.bytes().all(|byte| b"0123456789.eE+-".contains(&byte))
            && plain.parse::<f64>().is_ok())
}

/// Dates and times, as far as readers recognise them: `2026-01-02` and what may follow it.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is_date = digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'-')
        && digits(8..10);
    let rest = text.get(10..).unwrap_or_default();
    is_date && (rest.is_empty() || (rest.starts_with(['T', 't', ' ']) && rest.contains(':')))
}
