//! What stands before a sealed value: by what it was sealed.
//!
//! Everything here is bound to the value, so that none of it can be exchanged.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut};
use gantry_store::seal::SEALED;

use crate::cipher::FINGERPRINT;

const BY_KEY: u8 = 1;
const BY_PLUG_IN: u8 = 2;

/// By what a value was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A key of a file.
    Key {
        name: String,
        fingerprint: [u8; FINGERPRINT],
    },
    /// A key that only a plug-in can open.
    PlugIn { name: String, wrapped: Wrapped },
}

/// A key as a plug-in gave it out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wrapped {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) key_id: String,
    pub(crate) annotations: BTreeMap<String, Vec<u8>>,
}

/// The bytes that stand before the value.
pub(crate) fn header(by: &By) -> Vec<u8> {
    let mut out = SEALED.to_vec();
    match by {
        By::Key { name, fingerprint } => {
            out.put_u8(BY_KEY);
            put(name.as_bytes(), &mut out);
            out.put_slice(fingerprint);
        }
        By::PlugIn { name, wrapped } => {
            out.put_u8(BY_PLUG_IN);
            put(name.as_bytes(), &mut out);
            put(wrapped.key_id.as_bytes(), &mut out);
            put(&wrapped.ciphertext, &mut out);
            out.put_u16(u16::try_from(wrapped.annotations.len()).expect("they are bounded"));
            for (name, value) in &wrapped.annotations {
                put(name.as_bytes(), &mut out);
                put(value, &mut out);
            }
        }
    }
    out
}

/// By what it was sealed, its header, and the sealed value.
pub(crate) fn read(kept: &[u8]) -> Option<(By, &[u8], &[u8])> {
    let mut rest = kept.strip_prefix(&SEALED)?;
    let input = &mut rest;
    let by = match input.try_get_u8().ok()? {
        BY_KEY => By::Key {
            name: text(input)?,
            fingerprint: *input.split_off(..FINGERPRINT)?.first_chunk()?,
        },
        BY_PLUG_IN => {
            let name = text(input)?;
            let key_id = text(input)?;
            let ciphertext = take(input)?.to_vec();
            let count = input.try_get_u16().ok()?;
            let pair = |_| Some((text(input)?, take(input)?.to_vec()));
            let annotations = (0..count).map(pair).collect::<Option<_>>()?;
            let wrapped = Wrapped {
                ciphertext,
                key_id,
                annotations,
            };
            By::PlugIn { name, wrapped }
        }
        _ => return None,
    };
    let (header, sealed) = kept.split_at(kept.len() - rest.len());
    Some((by, header, sealed))
}

fn put(bytes: &[u8], out: &mut Vec<u8>) {
    out.put_u16(u16::try_from(bytes.len()).expect("it is bounded"));
    out.put_slice(bytes);
}

fn take<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(input.try_get_u16().ok()?);
    input.split_off(..length)
}

fn text(input: &mut &[u8]) -> Option<String> {
    let text = std::str::from_utf8(take(input)?).ok()?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back_and_one_cut_short_is_not() {
        let key = By::Key {
            name: "key-1".to_owned(),
            fingerprint: [7; FINGERPRINT],
        };
        let plug_in = By::PlugIn {
            name: "vault".to_owned(),
            wrapped: Wrapped {
                ciphertext: vec![1, 2, 3],
                key_id: "9".to_owned(),
                annotations: BTreeMap::from([("a.example".to_owned(), vec![4])]),
            },
        };
        for by in [key, plug_in] {
            let header = header(&by);
            let kept = [&header[..], b"sealed"].concat();
            assert_eq!(read(&kept), Some((by, &header[..], &b"sealed"[..])));
            for cut in 0..header.len() {
                assert_eq!(read(&header[..cut]), None, "cut at {cut}");
            }
        }
    }
}
