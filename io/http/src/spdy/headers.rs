//! Header blocks: names and values, compressed in one run over the whole connection.
//!
//! Because the run is shared, every block must pass through the codec in the order of the wire,
//! also those that nobody wants.

use bytes::{Buf, BufMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::dictionary::dictionary;
use super::frame::SpdyError;
use crate::limits::HEADER_BLOCK_BYTES;

/// The headers of a stream; names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    /// The first value under `name`, in whatever case the peer wrote it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Compresses the blocks that we send.
pub(crate) struct Packer(Compress);

impl Packer {
    pub(crate) fn new() -> Self {
        let mut compress = Compress::new(Compression::default(), true);
        compress
            .set_dictionary(&dictionary())
            .expect("nothing was compressed yet, so a dictionary can be set");
        Self(compress)
    }

    /// The compressed form of `headers`.
    pub(crate) fn pack(&mut self, headers: &Headers) -> Vec<u8> {
        let plain = write(headers);
        let mut packed = Vec::with_capacity(plain.len() + 64);
        let start = self.0.total_in();
        loop {
            let done = usize::try_from(self.0.total_in() - start).unwrap_or(plain.len());
            self.0
                .compress_vec(&plain[done..], &mut packed, FlushCompress::Sync)
                .expect("compressing into memory succeeds");
            if packed.len() < packed.capacity() {
                return packed;
            }
            packed.reserve(256);
        }
    }
}

/// Uncompresses the blocks that we receive.
pub(crate) struct Unpacker(Decompress);

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self(Decompress::new(true))
    }

    /// The headers in `packed`.
    pub(crate) fn unpack(&mut self, packed: &[u8]) -> Result<Headers, SpdyError> {
        let mut plain = Vec::with_capacity(1024);
        let start = self.0.total_in();
        loop {
            let done = usize::try_from(self.0.total_in() - start).unwrap_or(packed.len());
            let outcome = self
                .0
                .decompress_vec(&packed[done..], &mut plain, FlushDecompress::Sync);
            match outcome {
                Ok(Status::StreamEnd) => return Err(SpdyError::Headers),
                Ok(Status::Ok | Status::BufError) if plain.len() < plain.capacity() => {
                    return read(&plain);
                }
                Ok(Status::Ok | Status::BufError) if plain.len() > HEADER_BLOCK_BYTES => {
                    return Err(SpdyError::Headers);
                }
                Ok(Status::Ok | Status::BufError) => plain.reserve(plain.len()),
                Err(error) if error.needs_dictionary().is_some() => {
                    let set = self.0.set_dictionary(&dictionary());
                    set.map_err(|_| SpdyError::Headers)?;
                }
                Err(_) => return Err(SpdyError::Headers),
            }
        }
    }
}

fn write(headers: &Headers) -> Vec<u8> {
    let mut plain = Vec::new();
    let count = u32::try_from(headers.0.len()).expect("we send a handful of headers");
    plain.put_u32(count);
    for text in headers.0.iter().flat_map(|(name, value)| [name, value]) {
        plain.put_u32(u32::try_from(text.len()).expect("we send short headers"));
        plain.put_slice(text.as_bytes());
    }
    plain
}

fn read(mut plain: &[u8]) -> Result<Headers, SpdyError> {
    let count = plain.try_get_u32().map_err(|_| SpdyError::Headers)?;
    let mut headers = Vec::new();
    for _ in 0..count {
        let name = read_text(&mut plain)?;
        let value = read_text(&mut plain)?;
        headers.push((name, value));
    }
    Ok(Headers(headers))
}

fn read_text(plain: &mut &[u8]) -> Result<String, SpdyError> {
    let length = plain
        .try_get_u32()
        .ok()
        .and_then(|length| usize::try_from(length).ok());
    let length = length
        .filter(|length| *length <= plain.len())
        .ok_or(SpdyError::Headers)?;
    let (text, rest) = plain.split_at(length);
    *plain = rest;
    String::from_utf8(text.to_vec()).map_err(|_| SpdyError::Headers)
}
