use super::*;
use crate::build::{Compression, ImageBuilder, Source};
use crate::registries::Registries;

fn builder(content: &str) -> ImageBuilder {
    let source = Source::Bytes(content.as_bytes().to_vec());
    ImageBuilder::new()
        .file("bin/x", 0o755, source)
        .entrypoint(["/bin/x"])
}

fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

fn skip() -> bool {
    let skip = !rustix::process::geteuid().is_root();
    if skip {
        println!("skipped: only root may set the owners of files");
    }
    skip
}

fn docker_archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        if let Some(target) = content.strip_prefix(b"-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder
                .append_link(&mut header, path, str::from_utf8(target).unwrap())
                .unwrap();
        } else {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, *content).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn an_oci_archive_that_was_written_can_be_imported() {
    if skip() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.tar");
    let image = builder("hello").compression(Compression::Zstd);
    image
        .write_oci_archive(&path, &name("gantry.local/demo"))
        .unwrap();
    let images = Images::open(&dir.path().join("store"), Registries::default()).unwrap();
    let names = images.import(&path, None).await.unwrap();
    assert_eq!(names, [name("gantry.local/demo:latest")]);
    let found = images.get("gantry.local/demo").unwrap().unwrap();
    let rootfs = images.rootfs(&found.id).unwrap();
    assert_eq!(
        std::fs::read(rootfs.lower_dirs[0].join("bin/x")).unwrap(),
        b"hello"
    );
    assert_eq!(rootfs.config.entrypoint, ["/bin/x"]);
}

#[tokio::test]
async fn a_saved_archive_may_link_to_layers_and_be_compressed_as_a_whole() {
    if skip() {
        return;
    }
    let layer = docker_archive(&[("etc/name", b"n")]);
    let diff = crate::digest::Digest::of(&layer);
    let config =
        format!(r#"{{"os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff}","{diff}"]}}}}"#);
    let list = br#"[{"Config":"c.json","RepoTags":["web:2","alias"],"Layers":["a/layer.tar","b/layer.tar"]}]"#;
    let archive = docker_archive(&[
        ("a/layer.tar", &layer),
        ("b/layer.tar", b"-> ../a/layer.tar"),
        ("c.json", config.as_bytes()),
        ("manifest.json", list),
    ]);
    let archive = zstd::encode_all(&archive[..], 1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let images = Images::open(dir.path(), Registries::default()).unwrap();
    let names = images
        .import_from(std::io::Cursor::new(archive), None)
        .await
        .unwrap();
    assert_eq!(names, [name("web:2"), name("alias")]);
    let image = images.get("web:2").unwrap().unwrap();
    assert_eq!(
        image.refs,
        ["docker.io/library/alias:latest", "docker.io/library/web:2"]
    );
    assert_eq!(images.rootfs(&image.id).unwrap().lower_dirs.len(), 2);
}

#[tokio::test]
async fn an_archive_that_is_no_image_or_not_whole_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let images = Images::open(dir.path(), Registries::default()).unwrap();
    let import = async |archive: Vec<u8>| {
        images
            .import_from(std::io::Cursor::new(archive), None)
            .await
            .unwrap_err()
    };
    let error = import(docker_archive(&[("readme", b"x")])).await;
    assert!(matches!(error, ImportError::NoImage));
    let list = br#"[{"Config":"c.json","Layers":["a/layer.tar"]}]"#;
    let error = import(docker_archive(&[("manifest.json", list)])).await;
    assert!(matches!(error, ImportError::Missing { member } if member == "c.json"));
    let error = import(b"this is not an archive at all".repeat(100)).await;
    assert!(matches!(error, ImportError::Archive(_)));
    assert!(images.list().unwrap().is_empty());
}
