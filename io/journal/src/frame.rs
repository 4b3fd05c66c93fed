//! The unit of everything written: some bytes, their length and their checksum.
//!
//! A frame begins with bytes that cannot occur in text, so that stored objects never look like
//! frames and a search for surviving frames behind a damaged one cannot be misled.

use crate::limits::FRAME_BYTES_MAX;

const MAGIC: [u8; 4] = [0xFF, b'G', 0xFE, b'F'];
const HEAD: usize = 12;

/// A frame under construction.
#[derive(Debug)]
pub(crate) struct FrameWriter(Vec<u8>);

impl FrameWriter {
    pub(crate) fn new() -> Self {
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(&MAGIC);
        bytes.resize(HEAD, 0);
        Self(bytes)
    }

    /// Where the content goes.
    pub(crate) const fn content(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// The number of bytes of content so far.
    pub(crate) const fn len(&self) -> usize {
        self.0.len() - HEAD
    }

    /// The finished frame.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.len()).expect("a frame stays below its limit");
        self.0[4..8].copy_from_slice(&length.to_be_bytes());
        let sum = checksum(&self.0[4..8], &self.0[HEAD..]);
        self.0[8..HEAD].copy_from_slice(&sum.to_be_bytes());
        self.0
    }
}

/// What is found at one place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A whole frame with this content, which ends at `end`.
    Frame { content: &'a [u8], end: usize },
    /// The end of the file.
    End,
    /// Something that is no whole frame.
    Broken,
}

/// Looks at what begins at `offset`.
pub(crate) fn read(bytes: &[u8], offset: usize) -> Found<'_> {
    let rest = &bytes[offset..];
    if rest.is_empty() {
        return Found::End;
    }
    match whole(rest) {
        Some(content) => Found::Frame {
            content,
            end: offset + HEAD + content.len(),
        },
        None => Found::Broken,
    }
}

/// Whether a whole frame begins anywhere behind `offset`.
pub(crate) fn is_any_after(bytes: &[u8], offset: usize) -> bool {
    let rest = bytes.get(offset + 1..).unwrap_or_default();
    let mut places = 0..rest.len();
    places.any(|at| rest[at..].starts_with(&MAGIC) && whole(&rest[at..]).is_some())
}

fn whole(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(&MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let content = rest.get(..size).filter(|_| size <= FRAME_BYTES_MAX)?;
    (checksum(length, content) == u32::from_be_bytes(*sum)).then_some(content)
}

pub(crate) fn checksum(first: &[u8], second: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(first);
    sum.update(second);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(content: &[u8]) -> Vec<u8> {
        let mut writer = FrameWriter::new();
        writer.content().extend_from_slice(content);
        writer.finish()
    }

    #[test]
    fn a_frame_is_whole_or_broken_at_every_length() {
        let bytes = frame(b"hello");
        for length in 1..bytes.len() {
            assert_eq!(read(&bytes[..length], 0), Found::Broken, "{length}");
        }
        let end = bytes.len();
        let content = b"hello".as_slice();
        assert_eq!(read(&bytes, 0), Found::Frame { content, end });
        assert_eq!(read(&bytes, end), Found::End);
    }

    #[test]
    fn a_survivor_behind_damage_is_found_wherever_it_begins() {
        let mut bytes = frame(b"one");
        let second = bytes.len();
        bytes[13] ^= 1;
        assert!(!is_any_after(&bytes, 0));
        bytes.extend(frame(b"two"));
        assert!(is_any_after(&bytes, 0));
        assert!(!is_any_after(&bytes, second));
    }
}
