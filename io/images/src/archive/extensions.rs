//! What precedes an entry because it did not fit its header: long names, large numbers, fractions of
//! seconds, extended attributes.

use std::collections::BTreeMap;

const XATTR_PREFIX: &[u8] = b"SCHILY.xattr.";

#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    other: BTreeMap<String, String>,
}

impl Extensions {
    pub(super) fn add(&mut self, kind: tar::EntryType, bytes: &[u8]) -> Result<(), &'static str> {
        let name = || bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
        if kind.is_gnu_longname() {
            self.path = Some(name());
        } else if kind.is_gnu_longlink() {
            self.link = Some(name());
        } else {
            for record in (Records { bytes }) {
                let (key, value) = record?;
                self.set(key, value);
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        if let Some(name) = key.strip_prefix(XATTR_PREFIX) {
            self.xattrs.push((name.to_vec(), value.to_vec()));
        } else if key == b"path" {
            self.path = Some(value.to_vec());
        } else if key == b"linkpath" {
            self.link = Some(value.to_vec());
        } else if let (Ok(key), Ok(value)) = (str::from_utf8(key), str::from_utf8(value)) {
            self.other.insert(key.to_owned(), value.to_owned());
        }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.number("size")
    }

    pub(super) fn uid(&self) -> Option<u64> {
        self.number("uid")
    }

    pub(super) fn gid(&self) -> Option<u64> {
        self.number("gid")
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.other.keys().any(|key| key.starts_with("GNU.sparse."))
    }

    /// Seconds since 1970, perhaps negative, perhaps with a fraction.
    pub(super) fn modified(&self) -> Option<(i64, u32)> {
        let text = self.other.get("mtime")?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let seconds: i64 = whole.parse().ok()?;
        let digits: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        let nanoseconds: u32 = digits.parse().ok()?;
        // The fraction of a time before 1970 points further back; the kernel's only forward.
        if whole.starts_with('-') && nanoseconds > 0 {
            return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds));
        }
        Some((seconds, nanoseconds))
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.other.get(key)?.parse().ok()
    }
}

/// Records of the form `length key=value\n`, where the length counts all of it. Values may hold any
/// bytes, newlines too.
struct Records<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() || self.bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let record = split_record(self.bytes).ok_or("its extension records are damaged");
        self.bytes = record.map_or(&[], |(_, rest)| rest);
        Some(record.map(|(record, _)| record))
    }
}

type Record<'a> = ((&'a [u8], &'a [u8]), &'a [u8]);

fn split_record(bytes: &[u8]) -> Option<Record<'_>> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let line = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some(((&line[..equals], &line[equals + 1..]), &bytes[length..]))
}
