//! The unit of everything written: some bytes, their length and their checksum.
//!
//! A frame begins with bytes that cannot occur in text, so that stored objects never look like
//! frames and a search for what is left of frames behind a damaged one is not misled.

use crate::limits::FRAME_BYTES_MAX;

const MAGIC: [u8; 4] = [0xFF, b'G', 0xFE, b'F'];
const HEAD: usize = 12;

/// The link of a journal's first frame, which follows nothing.
pub(crate) const NO_LINK: u32 = 0;

/// What the next frame says it follows: the checksum of this finished frame.
pub(crate) fn link(frame: &[u8]) -> u32 {
    let sum = frame.get(8..HEAD).and_then(|sum| sum.first_chunk::<4>());
    u32::from_be_bytes(*sum.expect("a finished frame has a head"))
}

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
    /// A whole frame with this content, which ends at `end` and whose checksum is `link`.
    Frame {
        content: &'a [u8],
        end: usize,
        link: u32,
    },
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
            link: link(rest),
        },
        None => Found::Broken,
    }
}

/// Whether another frame, whole or not, begins anywhere behind `offset`.
///
/// A frame is begun only when the one before it is durable, so its first bytes alone prove that
/// what stood at `offset` was once whole.
pub(crate) fn is_any_after(bytes: &[u8], offset: usize) -> bool {
    let rest = bytes.get(offset + 1..).unwrap_or_default();
    rest.windows(MAGIC.len()).any(|place| place == MAGIC)
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
        let link = link(&bytes);
        assert_eq!(read(&bytes, 0), Found::Frame { content, end, link });
        assert_eq!(read(&bytes, end), Found::End);
    }

    #[test]
    fn a_frame_behind_damage_is_found_even_when_only_its_beginning_is_left() {
        let mut bytes = frame(b"one");
        let second = bytes.len();
        bytes[13] ^= 1;
        assert!(!is_any_after(&bytes, 0));
        bytes.extend(frame(b"two"));
        assert!(is_any_after(&bytes, 0));
        assert!(is_any_after(&bytes[..second + MAGIC.len()], 0));
        assert!(!is_any_after(&bytes, second));
    }
}
