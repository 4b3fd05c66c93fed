use std::os::unix::fs::{MetadataExt, symlink};

use gantry_kubelet::volume_content::{File, Files};
use tempfile::TempDir;

use super::*;

fn volumes() -> (TempDir, Volumes) {
    let dir = tempfile::tempdir().unwrap();
    let volumes = Volumes::open(&dir.path().join("pods")).unwrap();
    (dir, volumes)
}

fn files(all: &[(&str, &str)]) -> Content {
    let file = |text: &str| File {
        bytes: text.as_bytes().to_vec(),
        mode: 0o644,
        user: None,
    };
    Content::Files(Files {
        files: all
            .iter()
            .map(|(path, text)| ((*path).to_owned(), file(text)))
            .collect(),
        ..Files::default()
    })
}

/// Mounting needs root; without it the rest is still tried.
fn may_mount() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn files_change_together_and_names_that_go_are_gone() {
    let (_dir, volumes) = volumes();
    let first = files(&[("a", "1"), ("b/c", "2")]);
    let at = volumes.put("uid", "config", &first).unwrap();
    assert_eq!(fs::read_to_string(at.join("b/c")).unwrap(), "2");
    let current = || fs::read_link(at.join("..data")).unwrap();
    let before = current();
    volumes.put("uid", "config", &first).unwrap();
    assert_eq!(current(), before, "what is the same is not written again");
    volumes.put("uid", "config", &files(&[("a", "3")])).unwrap();
    assert_ne!(current(), before);
    assert_eq!(fs::read_to_string(at.join("a")).unwrap(), "3");
    assert!(at.join("b").symlink_metadata().is_err());
    assert!(!at.join(before).exists());
    volumes.remove("uid").unwrap();
    assert!(volumes.pods().unwrap().is_empty());
}

#[test]
fn an_interrupted_change_is_finished_by_the_next() {
    let (_dir, volumes) = volumes();
    let at = volumes.put("uid", "config", &files(&[("a", "1")])).unwrap();
    fs::create_dir(at.join("..v2")).unwrap();
    symlink("..v2", at.join("..data_tmp")).unwrap();
    volumes.put("uid", "config", &files(&[("a", "2")])).unwrap();
    assert_eq!(fs::read_to_string(at.join("a")).unwrap(), "2");
}

#[test]
fn an_empty_directory_is_open_to_all() {
    let (_dir, volumes) = volumes();
    let content = Content::Empty {
        memory: None,
        group: None,
    };
    let at = volumes.put("uid", "cache", &content).unwrap();
    assert_eq!(fs::metadata(at).unwrap().mode() & 0o7777, 0o777);
}

#[test]
fn a_path_of_the_node_must_be_what_it_is_said_to_be() {
    let (dir, volumes) = volumes();
    let path = dir.path().join("here");
    let host = |kind: &str| Content::Host {
        path: path.to_str().unwrap().to_owned(),
        kind: kind.to_owned(),
    };
    let error = volumes.put("uid", "v", &host("File")).unwrap_err();
    assert!(error.to_string().ends_with("here is not a file"), "{error}");
    volumes.put("uid", "v", &host("DirectoryOrCreate")).unwrap();
    volumes.put("uid", "v", &host("Directory")).unwrap();
    assert!(volumes.put("uid", "v", &host("FileOrCreate")).is_err());
    assert!(volumes.put("uid", "v", &host("Nonsense")).is_err());
}

#[test]
fn a_part_never_leads_out_of_its_volume() {
    if !may_mount() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let (dir, volumes) = volumes();
    let volume = dir.path().join("volume");
    fs::create_dir_all(&volume).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/secret"), "x").unwrap();
    symlink("../outside", volume.join("up")).unwrap();
    symlink(dir.path().join("outside"), volume.join("absolute")).unwrap();
    for (number, sub_path) in ["up", "absolute", "a/b"].into_iter().enumerate() {
        let part = Part {
            volume: &volume,
            sub_path,
            container: "c",
            number,
        };
        if let Ok(at) = volumes.part("uid", part) {
            assert!(!at.join("secret").exists(), "{sub_path}");
        }
        volumes.part("uid", part).ok();
    }
    assert!(volume.join("a/b").is_dir());
    volumes.remove("uid").unwrap();
    assert!(volume.join("a/b").is_dir());
    assert!(mounts::below(dir.path()).unwrap().is_empty());
}

#[test]
fn memory_is_limited_and_given_back() {
    if !may_mount() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let (dir, volumes) = volumes();
    let content = Content::Empty {
        memory: Some(MemoryLimit(Some(8192))),
        group: Some(4242),
    };
    let at = volumes.put("uid", "m", &content).unwrap();
    volumes.put("uid", "m", &content).unwrap();
    let metadata = fs::metadata(&at).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.gid()), (0o2777, 4242));
    assert!(fs::write(at.join("big"), vec![0; 1 << 20]).is_err());
    volumes.remove("uid").unwrap();
    assert!(mounts::below(dir.path()).unwrap().is_empty());
}
