//! The wire: tags, lengths and numbers. Knows no messages and no JSON.

/// How a number is written.
pub(super) const VARINT: u32 = 0;
/// How a fraction is written.
pub(super) const FIXED64: u32 = 1;
/// How everything else is written.
pub(super) const LENGTH: u32 = 2;

/// What a field begins with.
pub(super) fn tag(out: &mut Vec<u8>, number: u32, written: u32) {
    varint(out, u64::from(number << 3 | written));
}

/// A number, seven bits to a byte.
pub(super) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while 0x80 <= number {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// A field of bytes.
pub(super) fn piece(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    tag(out, number, LENGTH);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// A field that is a message.
pub(super) fn message(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    tag(out, number, LENGTH);
    let start = out.len();
    write(out);
    close(out, start);
}

/// Puts its length before what was written since `start`.
pub(super) fn close(out: &mut Vec<u8>, start: usize) {
    let end = out.len();
    varint(out, (end - start) as u64);
    let head = out.len() - end;
    out[start..].rotate_right(head);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_goes_before_what_it_counts() {
        let mut out = Vec::new();
        message(&mut out, 2, |out| piece(out, 1, &[7; 300]));
        assert_eq!(out[..6], [0x12, 0xaf, 0x02, 0x0a, 0xac, 0x02]);
        assert_eq!(out.len(), 306);
    }
}
