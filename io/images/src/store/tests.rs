use super::*;
use crate::build::{ImageBuilder, Source};

fn skip() -> bool {
    let skip = !rustix::process::geteuid().is_root();
    if skip {
        println!("skipped: only root may set the owners of files");
    }
    skip
}

fn image(content: &str) -> ImageBuilder {
    let base = ImageBuilder::new().file("base", 0o644, Source::Bytes(b"base".to_vec()));
    base.next_layer()
        .file("top", 0o644, Source::Bytes(content.as_bytes().to_vec()))
}

fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

fn open(dir: &Path) -> Images {
    Images::open(dir, Registries::default()).unwrap()
}

#[tokio::test]
async fn what_nobody_uses_goes_and_shared_layers_stay() {
    if skip() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let one = image("one").save_into(&images, &name("one")).await.unwrap();
    let two = image("two").save_into(&images, &name("two")).await.unwrap();
    assert_eq!(images.shared.layers.all().unwrap().len(), 3);

    assert_eq!(images.remove("one").await.unwrap(), one);
    assert_eq!(images.unused(&BTreeSet::new()).unwrap()[0].id, one);
    let kept = images.collect(BTreeSet::from([one.clone()])).await.unwrap();
    assert!(kept.images.is_empty(), "a container still uses it");
    let gone = images.collect(BTreeSet::new()).await.unwrap();
    assert_eq!(gone.images, BTreeSet::from([one.clone()]));
    assert!(gone.bytes > 0);
    assert_eq!(images.shared.layers.all().unwrap().len(), 2);
    assert!(matches!(
        images.rootfs(&one),
        Err(StoreError::Unknown { .. })
    ));
    let rootfs = images.rootfs(&two).unwrap();
    assert!(
        rootfs.lower_dirs[0].join("top").is_file(),
        "the topmost layer comes first"
    );
    assert!(rootfs.lower_dirs[1].join("base").is_file());
}

#[tokio::test]
async fn nothing_is_collected_while_something_is_added() {
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let adding = open(dir.path()).shared.adding().unwrap();
    assert!(matches!(
        images.collect(BTreeSet::new()).await,
        Err(StoreError::Busy)
    ));
    drop(adding);
    images.collect(BTreeSet::new()).await.unwrap();
}

#[tokio::test]
async fn names_ids_and_beginnings_of_ids_lead_to_an_image() {
    if skip() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let id = image("x").save_into(&images, &name("app:1")).await.unwrap();
    images
        .tag("app:1", &name("other.example/app"))
        .await
        .unwrap();
    let hex = id.digest().hex();
    for text in [
        "app:1",
        "docker.io/library/app:1",
        "other.example/app",
        &id.to_string(),
        hex,
        &hex[..12],
    ] {
        assert_eq!(
            images.get(text).unwrap().map(|found| found.id),
            Some(id.clone()),
            "{text}"
        );
    }
    for text in ["app", &hex[..11], "Not A Name", ""] {
        assert_eq!(images.get(text).unwrap(), None, "{text}");
    }
    let other = open(dir.path());
    other.remove(&id.to_string()).await.unwrap();
    assert!(
        images
            .get(&id.to_string())
            .unwrap()
            .unwrap()
            .refs
            .is_empty()
    );
    assert!(matches!(
        images.tag("app:1", &name("b")).await,
        Err(StoreError::Unknown { .. })
    ));
}

#[tokio::test]
async fn an_image_that_lost_a_layer_is_dropped_when_the_store_is_opened() {
    if skip() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let id = image("x").save_into(&images, &name("app")).await.unwrap();
    std::fs::create_dir(dir.path().join("tmp/left-over")).unwrap();
    let layer = images.rootfs(&id).unwrap().lower_dirs[0].clone();
    std::fs::remove_dir_all(layer.parent().unwrap()).unwrap();
    let images = open(dir.path());
    assert!(images.list().unwrap().is_empty());
    assert!(!dir.path().join("tmp/left-over").exists());
    assert_eq!(
        image("x").save_into(&images, &name("app")).await.unwrap(),
        id
    );
}

#[test]
fn a_damaged_list_is_put_aside_and_a_newer_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.json"), "{").unwrap();
    assert!(open(dir.path()).list().unwrap().is_empty());
    assert!(dir.path().join("index.json.damaged").exists());
    std::fs::write(dir.path().join("index.json"), r#"{"version":99}"#).unwrap();
    let error = Images::open(dir.path(), Registries::default()).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Index(IndexError::Newer { found: 99, .. })
    ));
}

#[test]
fn the_store_and_its_work_may_move_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(value: &T) -> &T {
        value
    }
    fn sent<T: Send>(work: T) {
        drop(work);
    }
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let (keyring, reporter) = (crate::Keyring::default(), crate::Reporter::silent());
    sent(shared(&images).pull(&name("app"), &keyring, &reporter));
    sent(images.import(dir.path(), None));
    sent(images.collect(BTreeSet::new()));
    sent(image("x").save_into(&images, &name("app")));
}
