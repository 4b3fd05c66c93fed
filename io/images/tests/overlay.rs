//! What was unpacked, as the kernel's overlay file system shows it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was skipped"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use gantry_images::{ImageBuilder, Images, Registries, Source};
use rustix::mount::{MountFlags, UnmountFlags};

/// An overlay without an upper layer, unmounted with the value.
struct Overlay {
    place: PathBuf,
}

impl Overlay {
    fn mount(lower: &[PathBuf], place: &Path) -> Option<Self> {
        fs::create_dir(place).unwrap();
        let lower: Vec<_> = lower.iter().map(|dir| dir.to_str().unwrap()).collect();
        let options = std::ffi::CString::new(format!("lowerdir={}", lower.join(":"))).unwrap();
        match rustix::mount::mount(
            "overlay",
            place,
            "overlay",
            MountFlags::RDONLY,
            options.as_c_str(),
        ) {
            Ok(()) => Some(Self {
                place: place.to_owned(),
            }),
            Err(error) => {
                println!("skipped: no overlay can be mounted here: {error}");
                None
            }
        }
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let unmounted = rustix::mount::unmount(&self.place, UnmountFlags::DETACH);
        gantry_base::ignore(
            unmounted,
            "the test has its answer; the mount is gone with the machine",
        );
    }
}

#[tokio::test]
async fn the_kernel_hides_what_layers_delete_and_keeps_what_they_go_through() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may mount");
        return;
    }
    let text = |text: &str| Source::Bytes(text.as_bytes().to_vec());
    let image = ImageBuilder::new()
        .directory("etc", 0o751)
        .file("etc/gone", 0o600, text("old"))
        .file("etc/kept", 0o640, text("kept"))
        .directory("replaced", 0o700)
        .file("replaced/old", 0o600, text("old"))
        .next_layer()
        .directory("etc", 0o751)
        .file("etc/.wh.gone", 0, text(""))
        .directory("replaced", 0o755)
        .file("replaced/.wh..wh..opq", 0, text(""))
        .file("replaced/new", 0o644, text("new"));
    let dir = tempfile::tempdir().unwrap();
    let images = Images::open(&dir.path().join("images"), Registries::default()).unwrap();
    let id = image
        .save_into(&images, &"local:1".parse().unwrap())
        .await
        .unwrap();
    let rootfs = images.rootfs(&id).unwrap();

    let place = dir.path().join("merged");
    let Some(_overlay) = Overlay::mount(&rootfs.lower_dirs, &place) else {
        return;
    };
    assert!(!place.join("etc/gone").exists());
    assert_eq!(fs::read_to_string(place.join("etc/kept")).unwrap(), "kept");
    assert_eq!(
        fs::metadata(place.join("etc")).unwrap().mode() & 0o7777,
        0o751
    );
    let names = fs::read_dir(place.join("replaced")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["new"]);
}
