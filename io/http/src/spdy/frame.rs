//! Frames, and their form on the wire. Pure: bytes in, frames out.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::headers::{Headers, Packer, Unpacker};
use crate::limits::FRAME_BYTES;

const VERSION: u16 = 3;
const HEAD: usize = 8;
/// The flag that ends the sender's half of a stream.
const FIN: u8 = 1;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const SETTINGS: u16 = 4;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
const HEADERS: u16 = 8;
const WINDOW_UPDATE: u16 = 9;

/// Why a stream is refused or ended at once.
pub(super) const REFUSED_STREAM: u32 = 3;
/// A stream that the sender does not know.
pub(super) const INVALID_STREAM: u32 = 2;

/// What ends a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpdyError {
    /// The peer speaks another version.
    #[error("read a SPDY frame of version {found}: only version 3 is spoken here")]
    Version {
        /// Which one.
        found: u16,
    },
    /// A frame is larger than allowed.
    #[error("read a SPDY frame of {length} bytes: {FRAME_BYTES} are the most")]
    TooLarge {
        /// How large it is.
        length: usize,
    },
    /// A frame is shorter than its type requires.
    #[error("read a SPDY frame: it is cut short")]
    Short,
    /// A header block does not uncompress to headers.
    #[error("read the headers of a SPDY stream: they are damaged or too long")]
    Headers,
    /// The transport failed.
    #[error("carry SPDY frames")]
    Transport(#[from] std::io::Error),
}

/// One message on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Opens a stream.
    SynStream {
        id: u32,
        fin: bool,
        headers: Headers,
    },
    /// Accepts a stream.
    SynReply {
        id: u32,
        fin: bool,
        headers: Headers,
    },
    /// Ends a stream at once.
    Reset { id: u32, status: u32 },
    /// Settings of the connection; none of them concerns us.
    Settings,
    /// Asks for, or is, an echo.
    Ping { id: u32 },
    /// No further streams.
    GoAway { last: u32, status: u32 },
    /// More headers for an open stream.
    Headers {
        id: u32,
        fin: bool,
        headers: Headers,
    },
    /// The receiver has room for so many more bytes.
    WindowUpdate { id: u32, delta: u32 },
    /// Bytes of a stream.
    Data { id: u32, fin: bool, bytes: Bytes },
    /// A frame of a type that the protocol tells us to skip.
    Unknown,
}

/// Takes the next whole frame from the front of `buffer`, if there is one.
pub(crate) fn decode(
    buffer: &mut BytesMut,
    unpacker: &mut Unpacker,
) -> Result<Option<Frame>, SpdyError> {
    let Some(mut head) = buffer.get(..HEAD) else {
        return Ok(None);
    };
    let word = head.get_u32();
    let flags_and_length = head.get_u32();
    let length = usize::try_from(flags_and_length & 0x00ff_ffff).unwrap_or(usize::MAX);
    if length > FRAME_BYTES {
        return Err(SpdyError::TooLarge { length });
    }
    if buffer.len() < HEAD + length {
        return Ok(None);
    }
    buffer.advance(HEAD);
    let body = buffer.split_to(length).freeze();
    let fin = flags_and_length >> 24 & u32::from(FIN) != 0;
    if word & 0x8000_0000 == 0 {
        return Ok(Some(Frame::Data {
            id: word,
            fin,
            bytes: body,
        }));
    }
    control(word, fin, body, unpacker).map(Some)
}

fn control(
    word: u32,
    fin: bool,
    mut body: Bytes,
    unpacker: &mut Unpacker,
) -> Result<Frame, SpdyError> {
    let version = u16::try_from(word >> 16 & 0x7fff).expect("fifteen bits fit");
    if version != VERSION {
        return Err(SpdyError::Version { found: version });
    }
    let kind = u16::try_from(word & 0xffff).expect("sixteen bits fit");
    let mut number = || body.try_get_u32().map_err(|_| SpdyError::Short);
    Ok(match kind {
        SYN_STREAM => {
            let id = number()? & 0x7fff_ffff;
            // The associated stream, the priority and the credential slot mean nothing here.
            number()?;
            body.try_get_u16().map_err(|_| SpdyError::Short)?;
            Frame::SynStream {
                id,
                fin,
                headers: unpacker.unpack(&body)?,
            }
        }
        SYN_REPLY => {
            let id = number()? & 0x7fff_ffff;
            Frame::SynReply {
                id,
                fin,
                headers: unpacker.unpack(&body)?,
            }
        }
        HEADERS => {
            let id = number()? & 0x7fff_ffff;
            Frame::Headers {
                id,
                fin,
                headers: unpacker.unpack(&body)?,
            }
        }
        RST_STREAM => Frame::Reset {
            id: number()? & 0x7fff_ffff,
            status: number()?,
        },
        SETTINGS => Frame::Settings,
        PING => Frame::Ping { id: number()? },
        GOAWAY => Frame::GoAway {
            last: number()?,
            status: number()?,
        },
        WINDOW_UPDATE => Frame::WindowUpdate {
            id: number()?,
            delta: number()?,
        },
        _ => Frame::Unknown,
    })
}

/// Appends `frame` to `out`.
pub(crate) fn encode(frame: &Frame, packer: &mut Packer, out: &mut BytesMut) {
    match frame {
        Frame::Data { id, fin, bytes } => {
            out.put_u32(*id);
            put_length(*fin, bytes.len(), out);
            out.put_slice(bytes);
        }
        Frame::SynStream { id, fin, headers } => {
            let block = packer.pack(headers);
            put_head(SYN_STREAM, *fin, block.len() + 10, out);
            out.put_u32(*id);
            out.put_u32(0);
            out.put_u16(0);
            out.put_slice(&block);
        }
        Frame::SynReply { id, fin, headers } => {
            put_block(SYN_REPLY, *id, *fin, &packer.pack(headers), out);
        }
        Frame::Headers { id, fin, headers } => {
            put_block(HEADERS, *id, *fin, &packer.pack(headers), out);
        }
        Frame::Reset { id, status } => put_numbers(RST_STREAM, &[*id, *status], out),
        Frame::Settings => put_numbers(SETTINGS, &[0], out),
        Frame::Ping { id } => put_numbers(PING, &[*id], out),
        Frame::GoAway { last, status } => put_numbers(GOAWAY, &[*last, *status], out),
        Frame::WindowUpdate { id, delta } => put_numbers(WINDOW_UPDATE, &[*id, *delta], out),
        Frame::Unknown => {}
    }
}

fn put_head(kind: u16, fin: bool, length: usize, out: &mut BytesMut) {
    out.put_u16(0x8000 | VERSION);
    out.put_u16(kind);
    put_length(fin, length, out);
}

fn put_length(fin: bool, length: usize, out: &mut BytesMut) {
    let length = u32::try_from(length).expect("frames are cut to size before they get here");
    out.put_u32(u32::from(fin) << 24 | length);
}

fn put_block(kind: u16, id: u32, fin: bool, block: &[u8], out: &mut BytesMut) {
    put_head(kind, fin, block.len() + 4, out);
    out.put_u32(id);
    out.put_slice(block);
}

fn put_numbers(kind: u16, numbers: &[u32], out: &mut BytesMut) {
    put_head(kind, false, numbers.len() * 4, out);
    for number in numbers {
        out.put_u32(*number);
    }
}
