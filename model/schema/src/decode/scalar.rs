//! What a plain YAML scalar means.
//!
//! The rules are those that manifests are written against: YAML 1.1 words for booleans (but `y` and
//! `n` are text), and numbers with a leading zero are octal (`defaultMode: 0644`). Dates stay text.

use serde_json::Number;

use super::node::NodeKind;

/// The meaning of a scalar that was written without quotes and without a tag.
pub(super) fn plain(text: &str) -> Option<NodeKind<'static>> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeKind::Null),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Some(NodeKind::Bool(true));
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Some(NodeKind::Bool(false));
        }
        _ => {}
    }
    number(text).map(NodeKind::Number)
}

/// The number that a scalar spells, if it does. Infinities are not numbers in JSON.
pub(super) fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

fn integer(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'0'..=b'7', ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // `from_str_radix` would take a second sign.
    if !digits.bytes().next()?.is_ascii_hexdigit() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else {
        Some(magnitude.into())
    }
}

/// A whole float becomes an integer, since JSON does not tell `3.0` from `3`.
fn float(text: &str) -> Option<Number> {
    let spelled = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(spelled) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let printed = format!("{value:.0}");
    match printed.parse::<i64>() {
        Ok(whole) if value.fract() == 0.0 && whole.unsigned_abs() < 1 << 53 => Some(whole.into()),
        _ => Number::from_f64(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        number(text).map_or_else(|| "text".into(), |number| number.to_string())
    }

    #[test]
    fn numbers_are_read_as_manifests_mean_them() {
        let spelled = [
            "0644", "0o17", "0x1F", "1_000", "-7", "+3", "1.5", "3.0", "1e3", "0",
        ];
        let meant = [
            "420", "15", "31", "1000", "-7", "3", "1.5", "3", "1000", "0",
        ];
        assert_eq!(spelled.map(shown), meant.map(String::from));
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in [
            "1.2.3",
            "500m",
            "10Gi",
            ".",
            "-",
            "08x",
            "1e",
            "--1",
            "0x",
            "2024-01-02",
            "0x+1",
        ] {
            assert_eq!(shown(text), "text", "{text}");
        }
    }

    #[test]
    fn the_words_of_yaml_1_1_are_booleans() {
        assert!(matches!(plain("yes"), Some(NodeKind::Bool(true))));
        assert!(matches!(plain("Off"), Some(NodeKind::Bool(false))));
        assert!(plain("yEs").is_none());
    }
}
