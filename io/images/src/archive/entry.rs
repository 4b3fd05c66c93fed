//! One entry: what it is, where it goes, and the attributes that it shall have.

use super::extensions::Extensions;

/// What kind of thing an entry makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink { target: Vec<u8> },
    Hardlink { target: Vec<u8> },
    Character { major: u32, minor: u32 },
    Block { major: u32, minor: u32 },
    Fifo,
}

/// Owner, permissions, time and extended attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Seconds and nanoseconds since 1970.
    pub(crate) modified: (i64, u32),
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// One entry of an archive, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) attributes: Attributes,
}

pub(super) fn read(header: &tar::Header, extensions: Extensions) -> Result<Entry, &'static str> {
    if extensions.is_sparse() {
        return Err("it is a sparse file, which is not supported");
    }
    let link = || {
        let own = || header.link_name_bytes().map(std::borrow::Cow::into_owned);
        extensions
            .link
            .clone()
            .or_else(own)
            .ok_or("it is a link to nothing")
    };
    let kind = kind(header, link)?;
    let seconds = header
        .mtime()
        .ok()
        .and_then(|seconds| i64::try_from(seconds).ok());
    let id = |own: std::io::Result<u64>, field: &[u8], extended: Option<u64>| {
        let own = || own.ok().or(is_blank(field).then_some(0));
        let id = extended.or_else(own).ok_or("its owner is not a number")?;
        u32::try_from(id).map_err(|_| "its owner does not exist on this system")
    };
    let fields = header.as_old();
    let attributes = Attributes {
        mode: header.mode().map_err(|_| "its mode is not a number")? & 0o7777,
        uid: id(header.uid(), &fields.uid, extensions.uid())?,
        gid: id(header.gid(), &fields.gid, extensions.gid())?,
        modified: extensions
            .modified()
            .or(seconds.map(|seconds| (seconds, 0)))
            .unwrap_or_default(),
        xattrs: extensions.xattrs,
    };
    let path = extensions
        .path
        .unwrap_or_else(|| header.path_bytes().into_owned());
    // Old archives mark directories by a slash only.
    let directory = kind == Kind::File && path.ends_with(b"/");
    let kind = if directory { Kind::Directory } else { kind };
    Ok(Entry {
        path,
        kind,
        attributes,
    })
}

/// Some writers leave a number out where it is zero.
fn is_blank(field: &[u8]) -> bool {
    field.iter().all(|byte| matches!(byte, 0 | b' '))
}

fn kind(
    header: &tar::Header,
    link: impl Fn() -> Result<Vec<u8>, &'static str>,
) -> Result<Kind, &'static str> {
    let device = || -> Result<(u32, u32), &'static str> {
        let number = |number: std::io::Result<Option<u32>>| number.ok().flatten();
        let pair = number(header.device_major()).zip(number(header.device_minor()));
        pair.ok_or("it is a device without a number")
    };
    match header.entry_type().as_byte() {
        b'\0' | b'0' | b'7' => Ok(Kind::File),
        b'1' => Ok(Kind::Hardlink { target: link()? }),
        b'2' => Ok(Kind::Symlink { target: link()? }),
        b'3' => device().map(|(major, minor)| Kind::Character { major, minor }),
        b'4' => device().map(|(major, minor)| Kind::Block { major, minor }),
        b'5' => Ok(Kind::Directory),
        b'6' => Ok(Kind::Fifo),
        b'S' => Err("it is a sparse file, which is not supported"),
        _ => Err("it is of an unknown type"),
    }
}
