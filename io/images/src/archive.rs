//! Reads tar archives from strangers: plain, gzip or zstd, told apart by their first bytes.
//!
//! Every length that an archive can name is bounded before memory is used for it, which is why the
//! headers are walked here. Sparse files are refused. Nothing here touches the file system.

use std::io::{self, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

mod entry;
mod extensions;
#[cfg(test)]
mod tests;

pub(crate) use entry::{Attributes, Entry, Kind};
use extensions::Extensions;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The input broke off, or its compression is damaged.
    #[error("read the archive")]
    Read(#[source] io::Error),
    /// A header is not one.
    #[error("read entry {index} of the archive: {fault}")]
    Header {
        /// Which entry, counted from 0.
        index: u64,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The archive has more than a real one has.
    #[error("read an archive of more than {limit} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

const BLOCK: usize = 512;

/// The entries of an archive in order.
pub(crate) struct Entries<R> {
    input: R,
    /// What is left of the current entry's content, and of the padding after it.
    content: u64,
    padding: u64,
    index: u64,
    limit: u64,
}

impl<R: Read> Entries<R> {
    pub(crate) fn new(input: R, limit: u64) -> Self {
        Self {
            input,
            content: 0,
            padding: 0,
            index: 0,
            limit,
        }
    }

    /// The next entry; what was not read of the one before is skipped.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let mut extensions = Extensions::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            self.count()?;
            let kind = header.entry_type();
            let size = header
                .entry_size()
                .map_err(|_| self.fault("it has no size"))?;
            if kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions() {
                self.set_content(size);
                let bytes = self.extension()?;
                extensions
                    .add(kind, &bytes)
                    .map_err(|fault| self.fault(fault))?;
            } else if kind.is_pax_global_extensions() {
                self.set_content(size);
            } else {
                let size = extensions.size().unwrap_or(size);
                let entry = entry::read(&header, extensions).map_err(|fault| self.fault(fault))?;
                self.set_content(if entry.kind == Kind::File { size } else { 0 });
                return Ok(Some(entry));
            }
        }
    }

    /// How many bytes of the current entry's content are left.
    pub(crate) fn remaining(&self) -> u64 {
        self.content
    }

    /// Reads what follows the end of the archive, so that a digest of the input is complete.
    pub(crate) fn drain(mut self) -> Result<(), ArchiveError> {
        self.skip()?;
        io::copy(&mut self.input, &mut io::sink())
            .map(|_| ())
            .map_err(ArchiveError::Read)
    }

    fn fault(&self, fault: &'static str) -> ArchiveError {
        ArchiveError::Header {
            index: self.index.saturating_sub(1),
            fault,
        }
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.index += 1;
        if self.index > self.limit {
            return Err(ArchiveError::TooMuch {
                what: "entries",
                limit: self.limit,
            });
        }
        Ok(())
    }

    fn set_content(&mut self, size: u64) {
        self.content = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn skip(&mut self) -> Result<(), ArchiveError> {
        let length = self.content.saturating_add(self.padding);
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink());
        (self.content, self.padding) = (0, 0);
        match skipped {
            Ok(count) if count == length => Ok(()),
            Ok(_) => Err(ArchiveError::Read(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(ArchiveError::Read(error)),
        }
    }

    /// The next header, or nothing at the end, which is a block of zeros or of nothing.
    fn header(&mut self) -> Result<Option<tar::Header>, ArchiveError> {
        let mut header = tar::Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(ArchiveError::Read(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ArchiveError::Read(error)),
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let spaces = 8 * u32::from(b' ');
        let actual = sum(&block[..148]) + spaces + sum(&block[156..]);
        if header.cksum().ok() == Some(actual) {
            return Ok(Some(header));
        }
        Err(ArchiveError::Header {
            index: self.index,
            fault: "its checksum does not match",
        })
    }

    fn extension(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let limit = crate::limits::EXTENSION_BYTES;
        if self.content > limit {
            return Err(ArchiveError::TooMuch {
                what: "bytes in an extension",
                limit,
            });
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).map_err(ArchiveError::Read)?;
        Ok(bytes)
    }
}

/// Reads the content of the current entry. An input that ends within it is an error.
impl<R: Read> Read for Entries<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want =
            usize::try_from(self.content).map_or(buffer.len(), |left| left.min(buffer.len()));
        if want == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut buffer[..want])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.content -= count as u64;
        Ok(count)
    }
}

/// The input as it was before it was compressed, in a form found by looking at it.
pub(crate) fn decompressed<'a>(mut input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = Vec::new();
    input.by_ref().take(4).read_to_end(&mut magic)?;
    let (gzip, zstd) = (
        magic.starts_with(&[0x1f, 0x8b]),
        magic == [0x28, 0xb5, 0x2f, 0xfd],
    );
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(magic).chain(input);
    if gzip {
        return Ok(Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(
            64 << 10,
            whole,
        ))));
    }
    if zstd {
        return Ok(Box::new(zstd::Decoder::new(whole)?));
    }
    Ok(Box::new(whole))
}
