//! Texts and bytes between quotes, with what stands for other characters in them.

use super::{Kind, Wrong};

/// The text or the bytes that `rest` begins with, and their length; nothing if it does not begin
/// with any.
pub(super) fn read(rest: &str) -> Option<Result<(Kind, usize), Wrong>> {
    // At most two letters tell what is quoted.
    let is_quote = |c: &u8| matches!(c, b'"' | b'\'');
    let letters = rest.as_bytes().iter().take(3).position(is_quote)?;
    let prefix = rest[..letters].to_ascii_lowercase();
    let (is_bytes, is_raw) = match prefix.as_str() {
        "" => (false, false),
        "r" => (false, true),
        "b" => (true, false),
        "br" | "rb" => (true, true),
        _ => return None,
    };
    let after = &rest[letters..];
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes.into_iter().find(|quote| after.starts_with(quote))?;
    let begin = letters + quote.len();
    let body = &rest[begin..];
    let Some(length) = end(body, quote, is_raw) else {
        let message = format!("token recognition error at: '{}'", shortened(rest));
        return Some(Err((0, message)));
    };
    let whole = begin + length + quote.len();
    let content = unescaped(&body[..length], is_bytes, is_raw)
        .map_err(|(offset, message)| (begin + offset, message));
    Some(content.map(|bytes| (token(bytes, is_bytes), whole)))
}

fn token(bytes: Vec<u8>, is_bytes: bool) -> Kind {
    if is_bytes {
        return Kind::Bytes(bytes.into());
    }
    let text = String::from_utf8(bytes).expect("texts are put together from characters");
    Kind::Text(text.into())
}

/// Where the closing quote is.
fn end(body: &str, quote: &str, is_raw: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &body[at..];
        if rest.starts_with(quote) {
            return Some(at);
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        if quote.len() == 1 && matches!(c, '\n' | '\r') {
            return None;
        }
        at += c.len_utf8();
        if c == '\\' && !is_raw {
            at += chars.next()?.len_utf8();
        }
    }
}

fn shortened(rest: &str) -> String {
    rest.chars().take(20).collect()
}

fn unescaped(body: &str, is_bytes: bool, is_raw: bool) -> Result<Vec<u8>, Wrong> {
    let mut made = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(c) = body[at..].chars().next() {
        if c != '\\' || is_raw {
            let length = c.len_utf8();
            made.extend_from_slice(&body.as_bytes()[at..at + length]);
            at += length;
            continue;
        }
        let (value, length) = escape(&body[at + 1..])
            .filter(|(value, _)| !is_bytes || *value < 256)
            .ok_or_else(|| (at, "invalid escape sequence".to_owned()))?;
        at += 1 + length;
        match u8::try_from(value) {
            Ok(byte) if is_bytes => made.push(byte),
            _ => {
                let c = char::from_u32(value)
                    .ok_or_else(|| (at, "invalid unicode code point".to_owned()))?;
                made.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Ok(made)
}

/// What an escape stands for, and how long it is behind its stroke.
fn escape(rest: &str) -> Option<(u32, usize)> {
    let c = rest.chars().next()?;
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' | '?' | '"' | '\'' | '`' => u32::from(c),
        'x' | 'X' => return digits(rest, 1, 2, 16),
        'u' => return digits(rest, 1, 4, 16),
        'U' => return digits(rest, 1, 8, 16),
        '0'..='3' => return digits(rest, 0, 3, 8),
        _ => return None,
    };
    Some((simple, 1))
}

fn digits(rest: &str, skip: usize, count: usize, radix: u32) -> Option<(u32, usize)> {
    let digits = rest.get(skip..skip + count)?;
    let are_digits = digits.chars().all(|c| c.is_digit(radix));
    let value = u32::from_str_radix(digits, radix).ok()?;
    are_digits.then_some((value, skip + count))
}
