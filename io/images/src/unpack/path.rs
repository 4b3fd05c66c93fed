//! Names in a layer, made plain: relative, without `.`, never with `..`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::UnpackError;
use crate::limits;

/// The plain form of a name. The empty path is the layer's root.
pub(super) fn plain(name: &[u8]) -> Result<PathBuf, UnpackError> {
    let wrong = |fault| UnpackError::Path {
        path: String::from_utf8_lossy(name).into_owned(),
        fault,
    };
    if name.contains(&0) {
        return Err(wrong("the name has a zero byte"));
    }
    let mut path = PathBuf::new();
    for (depth, component) in Path::new(OsStr::from_bytes(name)).components().enumerate() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(wrong("the name leads upwards"));
            }
        }
        if depth > limits::PATH_COMPONENTS {
            return Err(wrong("the name has too many parts"));
        }
    }
    Ok(path)
}

/// What an entry's last name says about lower layers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    /// Nothing: it is an ordinary entry.
    None,
    /// This name is gone.
    Whiteout(&'a OsStr),
    /// The whole directory hides what is below.
    Opaque,
    /// Notes of an older storage driver, without a meaning here.
    Ignored,
}

const MARK: &[u8] = b".wh.";

pub(super) fn mark(path: &Path) -> Result<Mark<'_>, UnpackError> {
    let Some(rest) = path
        .file_name()
        .and_then(|name| name.as_bytes().strip_prefix(MARK))
    else {
        return Ok(Mark::None);
    };
    match rest {
        b".wh..opq" => Ok(Mark::Opaque),
        _ if rest.starts_with(MARK) => Ok(Mark::Ignored),
        b"" | b"." | b".." => {
            let path = path.to_string_lossy().into_owned();
            Err(UnpackError::Path {
                path,
                fault: "the whiteout names nothing",
            })
        }
        name => Ok(Mark::Whiteout(OsStr::from_bytes(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain_and_none_leads_upwards() {
        assert_eq!(plain(b"./").unwrap(), Path::new(""));
        assert_eq!(plain(b"/a/./b//c/").unwrap(), Path::new("a/b/c"));
        for wrong in [&b"../x"[..], b"a/../../x", b"a\0b"] {
            assert!(matches!(plain(wrong), Err(UnpackError::Path { .. })));
        }
    }

    #[test]
    fn marks_are_told_apart() {
        assert_eq!(
            mark(Path::new("a/.wh.b")).unwrap(),
            Mark::Whiteout(OsStr::new("b"))
        );
        assert_eq!(mark(Path::new("a/.wh..wh..opq")).unwrap(), Mark::Opaque);
        assert_eq!(mark(Path::new(".wh..wh.plnk")).unwrap(), Mark::Ignored);
        assert_eq!(mark(Path::new("a.wh.b")).unwrap(), Mark::None);
        for wrong in [".wh.", "a/.wh..", "a/.wh..."] {
            assert!(mark(Path::new(wrong)).is_err());
        }
    }
}
