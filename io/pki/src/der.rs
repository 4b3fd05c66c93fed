//! The little of DER that certificates need: values written, and parts of a value found.
//!
//! Nothing is understood here; what is written is what the caller says.

/// A sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// A set.
pub(crate) const SET: u8 = 0x31;
/// A number, most significant byte first.
pub(crate) const INTEGER: u8 = 0x02;
/// A string of bits; its first byte says how many of the last one do not count.
pub(crate) const BITS: u8 = 0x03;
/// A string of bytes.
pub(crate) const BYTES: u8 = 0x04;
/// The number of a thing, such as an algorithm.
pub(crate) const OBJECT: u8 = 0x06;
/// Text.
pub(crate) const TEXT: u8 = 0x0c;
/// A time with two digits of its year.
pub(crate) const UTC_TIME: u8 = 0x17;
/// A time with all digits of its year.
pub(crate) const TIME: u8 = 0x18;

/// A value with its tag and its length.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut written = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => written.push(short),
        Ok(_) | Err(_) => {
            let length = content.len().to_be_bytes();
            let from = length.iter().position(|byte| *byte != 0).unwrap_or(0);
            let digits = &length[from..];
            written.push(0x80 | u8::try_from(digits.len()).expect("a length has eight bytes"));
            written.extend(digits);
        }
    }
    written.extend(content);
    written
}

/// A value made of other values.
pub(crate) fn list(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    value(tag, &parts.concat())
}

/// The parts of a value made of others, each with its tag; nothing when it is none.
pub(crate) fn parts(whole: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, after) = content(whole)?;
    if !after.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (_, after) = content(rest)?;
        let (part, others) = rest.split_at(rest.len() - after.len());
        parts.push(part);
        rest = others;
    }
    Some(parts)
}

/// What the first value contains, and what comes after it.
fn content(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = from.split_first()?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return rest.split_at_checked(usize::from(*first));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
    if digits.len() > 4 {
        return None;
    }
    let length = digits
        .iter()
        .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_again() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let inner = value(BYTES, &vec![7; length]);
            let whole = list(SEQUENCE, &[inner.clone(), value(INTEGER, &[1])]);
            assert_eq!(parts(&whole).unwrap()[0], inner, "{length}");
        }
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let whole = list(SEQUENCE, &[value(BYTES, &[7; 300])]);
        for end in 0..whole.len() {
            assert_eq!(parts(&whole[..end]), None, "{end}");
        }
        assert_eq!(parts(&[0x30, 0x85, 1, 1, 1, 1, 1]), None);
    }
}
