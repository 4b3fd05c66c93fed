use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, symlink};

use super::*;

struct Layer {
    builder: tar::Builder<Vec<u8>>,
}

fn layer() -> Layer {
    Layer {
        builder: tar::Builder::new(Vec::new()),
    }
}

impl Layer {
    fn entry(mut self, kind: tar::EntryType, path: &str, link: &str, mode: u32) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(12);
        header.set_gid(34);
        header.set_mtime(1_000);
        // The name is written as it is: the library's own way refuses what is tested here.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        let content = if kind == tar::EntryType::Regular {
            path.as_bytes()
        } else {
            b""
        };
        header.set_size(content.len() as u64);
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
        header.set_cksum();
        self.builder.append(&header, content).unwrap();
        self
    }

    fn dir(self, path: &str) -> Self {
        self.entry(tar::EntryType::Directory, path, "", 0o750)
    }

    fn file(self, path: &str) -> Self {
        self.entry(tar::EntryType::Regular, path, "", 0o4755)
    }

    fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Symlink, path, target, 0o777)
    }

    fn hardlink(self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Link, path, target, 0o644)
    }

    fn xattr(mut self, name: &str, value: &[u8]) -> Self {
        let key = format!("SCHILY.xattr.{name}");
        self.builder
            .append_pax_extensions([(key.as_str(), value)])
            .unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.builder.into_inner().unwrap()
    }

    fn unpack(self, root: &Path) -> Result<Unpacked, UnpackError> {
        let bytes = self.bytes();
        unpack(&bytes[..], root, &Digest::of(&bytes), &Cancel::default())
    }
}

/// A directory to unpack into, or nothing, with the reason printed, where that takes a right that
/// the tests do not have.
fn place() -> Option<tempfile::TempDir> {
    if rustix::process::geteuid().is_root() {
        return Some(tempfile::tempdir().unwrap());
    }
    println!("skipped: only root may set owners and make devices");
    None
}

fn is_whiteout(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.file_type().is_char_device() && found.rdev() == 0)
}

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 64];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

fn is_opaque(path: &Path) -> bool {
    xattr(path, "trusted.overlay.opaque").as_deref() == Some(b"y")
}

#[test]
fn attributes_and_the_times_of_directories_are_those_of_the_archive() {
    let Some(root) = place() else { return };
    layer()
        .dir("a/")
        .file("a/b")
        .symlink("a/c", "b")
        .hardlink("d", "a/b")
        .unpack(root.path())
        .unwrap();
    let dir = fs::metadata(root.path().join("a")).unwrap();
    assert_eq!(
        (dir.mode() & 0o7777, dir.uid(), dir.gid(), dir.mtime()),
        (0o750, 12, 34, 1_000)
    );
    let file = fs::metadata(root.path().join("d")).unwrap();
    assert_eq!(
        (file.mode() & 0o7777, file.nlink(), file.mtime()),
        (0o4755, 2, 1_000)
    );
    assert_eq!(fs::read(root.path().join("a/c")).unwrap(), b"a/b");
    let link = fs::symlink_metadata(root.path().join("a/c")).unwrap();
    assert_eq!((link.uid(), link.mtime()), (12, 1_000));
}

#[test]
fn deletions_become_what_overlayfs_understands() {
    let Some(root) = place() else { return };
    let at = |path: &str| root.path().join(path);
    let unpacked = layer()
        .file("a/b/.wh.gone")
        .dir("o/")
        .file("o/.wh..wh..opq")
        .file("o/new");
    let unpacked = unpacked.file(".wh..wh.plnk").unpack(root.path()).unwrap();
    assert!(is_whiteout(&at("a/b/gone")));
    assert!(is_opaque(&at("o")) && at("o/new").is_file());
    assert!(!at(".wh..wh.plnk").exists() && !at("o/.wh..wh..opq").exists());
    let implied: Vec<_> = unpacked
        .implied
        .iter()
        .map(|path| path.to_str().unwrap())
        .collect();
    assert_eq!(implied, ["", "a", "a/b"]);
}

#[test]
fn a_whiteout_spares_what_the_same_layer_brings_in_either_order() {
    let Some(root) = place() else { return };
    let at = |path: &str| root.path().join(path);
    let layer = layer().dir("x/").file(".wh.x").file("f").file(".wh.f");
    let layer = layer
        .file(".wh.y")
        .dir("y/")
        .file(".wh.g")
        .file("g")
        .file(".wh.z")
        .file("z/in");
    layer.unpack(root.path()).unwrap();
    assert!(is_opaque(&at("x")) && is_opaque(&at("y")) && is_opaque(&at("z")));
    assert!(at("f").is_file() && at("g").is_file() && at("z/in").is_file());
}

#[test]
fn no_name_and_no_link_leads_out_of_the_layer() {
    let Some(outer) = place() else { return };
    let root = outer.path().join("fs");
    let outside = outer.path().join("outside");
    fs::create_dir(&root).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "s").unwrap();

    for name in ["../outside/x", "a/../../outside/x", ".wh.."] {
        let error = layer().file(name).unpack(&root).unwrap_err();
        assert!(matches!(error, UnpackError::Path { .. }), "{name}");
    }
    let target = outside.to_str().unwrap();
    for escape in [target, "../outside", "../../../../../../../../../../tmp"] {
        // Either the link is followed inside the layer, where it leads nowhere, or it is refused.
        drop(
            layer()
                .symlink("l", escape)
                .file("l/x")
                .file("l/.wh.secret")
                .unpack(&root),
        );
        drop(
            layer()
                .symlink("l", escape)
                .hardlink("h", "l/secret")
                .unpack(&root),
        );
        assert!(!root.join("h").exists());
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"s");
}

#[test]
fn a_file_over_a_link_replaces_the_link_and_not_its_target() {
    let Some(outer) = place() else { return };
    let root = outer.path().join("fs");
    fs::create_dir(&root).unwrap();
    fs::write(outer.path().join("target"), "old").unwrap();
    symlink(outer.path().join("target"), root.join("f")).unwrap();
    layer().file("f").unpack(&root).unwrap();
    assert_eq!(fs::read(outer.path().join("target")).unwrap(), b"old");
    assert_eq!(fs::read(root.join("f")).unwrap(), b"f");
}

#[test]
fn links_to_directories_inside_the_layer_are_followed() {
    let Some(root) = place() else { return };
    layer()
        .dir("usr/")
        .dir("usr/lib/")
        .symlink("lib", "/usr/lib")
        .file("lib/x")
        .unpack(root.path())
        .unwrap();
    assert!(root.path().join("usr/lib/x").is_file());
}

#[test]
fn capabilities_are_kept_and_words_to_overlayfs_are_not() {
    let Some(root) = place() else { return };
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let layer = layer()
        .xattr("security.capability", &capability)
        .file("ping");
    layer
        .xattr("trusted.overlay.redirect", b"/etc")
        .dir("d/")
        .unpack(root.path())
        .unwrap();
    let kept = xattr(&root.path().join("ping"), "security.capability").unwrap();
    assert_eq!(kept, capability);
    assert_eq!(
        xattr(&root.path().join("d"), "trusted.overlay.redirect"),
        None
    );
}

#[test]
fn devices_are_made_with_their_numbers() {
    let Some(root) = place() else { return };
    layer()
        .entry(tar::EntryType::Char, "null", "", 0o666)
        .unpack(root.path())
        .unwrap();
    let device = fs::metadata(root.path().join("null")).unwrap();
    assert_eq!(
        (device.rdev(), device.mode() & 0o777),
        (rustix::fs::makedev(1, 3), 0o666)
    );
}

#[test]
fn parents_of_a_whiteout_look_as_they_do_below() {
    let Some(outer) = place() else { return };
    let [low, high] = ["low", "high"].map(|name| outer.path().join(name));
    fs::create_dir(&low).unwrap();
    fs::create_dir(&high).unwrap();
    layer()
        .dir("./")
        .dir("var/")
        .file("var/x")
        .unpack(&low)
        .unwrap();
    let unpacked = layer().file("var/.wh.x").unpack(&high).unwrap();
    adopt(&high, &unpacked.implied, std::slice::from_ref(&low)).unwrap();
    for name in ["", "var"] {
        let found = fs::metadata(high.join(name)).unwrap();
        assert_eq!(
            (found.mode() & 0o7777, found.uid(), found.mtime()),
            (0o750, 12, 1_000),
            "{name}"
        );
    }
}

#[test]
fn a_layer_that_is_not_the_listed_one_is_refused() {
    let Some(root) = place() else { return };
    let bytes = layer().file("a").bytes();
    let error = unpack(
        &bytes[..],
        root.path(),
        &Digest::of(b"other"),
        &Cancel::default(),
    );
    assert!(matches!(error, Err(UnpackError::Digest { .. })));
}

#[test]
fn unpacking_ends_when_nobody_waits_for_it() {
    let Some(root) = place() else { return };
    let bytes = layer().file("a").bytes();
    let cancel = Cancel::default();
    drop(cancel.on_drop());
    let error = unpack(&bytes[..], root.path(), &Digest::of(&bytes), &cancel);
    assert!(matches!(
        error,
        Err(UnpackError::Archive(ArchiveError::Read(_)))
    ));
}
