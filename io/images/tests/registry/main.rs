//! Pulls from a real registry on loopback, and from sockets that behave badly.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was skipped"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::{fs, thread};

use gantry_images::{
    Compression, Credentials, Digest, ImageBuilder, ImageId, Images, Keyring, Phase, PullError,
    Reference, Registries, Reporter, Source,
};

mod server;

use server::{OCI_INDEX, Registry, free_address, layers};

fn open(dir: &Path) -> Images {
    Images::open(dir, Registries::default()).unwrap()
}

fn image(compression: Compression) -> ImageBuilder {
    let base = Source::Bytes(b"base ".repeat(100_000));
    ImageBuilder::new()
        .compression(compression)
        .file("usr/share/base", 0o644, base)
        .next_layer()
        .file(
            "usr/bin/run",
            0o755,
            Source::Bytes(format!("{compression:?}").into_bytes()),
        )
        .entrypoint(["/usr/bin/run"])
}

async fn publish(registry: &Registry, compression: Compression, name: &str) -> ImageId {
    let dir = tempfile::tempdir().unwrap();
    let source = open(dir.path());
    let id = image(compression)
        .save_into(&source, &"local:1".parse().unwrap())
        .await
        .unwrap();
    let found = source.get(&id.to_string()).unwrap().unwrap();
    registry.push(dir.path(), &found, name, "1");
    id
}

fn name(address: SocketAddr, rest: &str) -> Reference {
    format!("{address}/{rest}").parse().unwrap()
}

async fn pull(images: &Images, reference: &Reference) -> Result<ImageId, PullError> {
    images
        .pull(reference, &Keyring::default(), &Reporter::silent())
        .await
}

/// What a pod's event would show, without the address that differs from run to run.
async fn fault(images: &Images, reference: &Reference) -> String {
    let error = pull(images, reference).await.unwrap_err();
    gantry_base::chain(&error).replace(reference.registry(), "REGISTRY")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_by_tag_and_by_digest_in_every_compression() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let repository = format!("team/{compression:?}").to_lowercase();
        let id = publish(&registry, compression, &repository).await;
        let tagged = name(registry.address, &format!("{repository}:1"));
        let (reporter, progress) = Reporter::watched();
        let pulled = images
            .pull(&tagged, &Keyring::default(), &reporter)
            .await
            .unwrap();
        assert_eq!(pulled, id);
        let (done, total) = progress.borrow().bytes();
        assert!(done == total && total > 0);
        assert!(
            progress
                .borrow()
                .layers
                .iter()
                .all(|layer| layer.phase == Phase::Ready)
        );

        let rootfs = images.rootfs(&id).unwrap();
        let content = fs::read_to_string(rootfs.lower_dirs[0].join("usr/bin/run")).unwrap();
        assert_eq!(content, format!("{compression:?}"));
        let image = images.get(&tagged.to_string()).unwrap().unwrap();
        assert_eq!(image.repo_digests.len(), 1);
        let pinned: Reference = image.repo_digests[0].parse().unwrap();
        assert_eq!(pull(&images, &pinned).await.unwrap(), id);
    }
    assert_eq!(
        layers(dir.path()).len(),
        4,
        "the base is the same in all three"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pulls_at_the_same_time_share_the_work_and_agree() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let id = publish(&registry, Compression::Gzip, "app").await;
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let reference = name(registry.address, "app:1");
    let (one, two, three) = tokio::join!(
        pull(&images, &reference),
        pull(&images, &reference),
        pull(&images, &reference)
    );
    assert_eq!(
        [one.unwrap(), two.unwrap(), three.unwrap()],
        [(); 3].map(|()| id.clone())
    );
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_leads_to_the_image_for_this_machine() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let id = publish(&registry, Compression::Gzip, "app").await;
    let reference = name(registry.address, "app:1");
    pull(&images, &reference).await.unwrap();
    let image = images.get(&id.to_string()).unwrap().unwrap();
    let digest = image.repo_digests[0].split_once('@').unwrap().1;
    let size = fs::metadata(dir.path().join("blobs/sha256").join(&digest[7..]))
        .unwrap()
        .len();
    let host = gantry_images::Platform::host();
    let index = |platform: serde_json::Value| {
        serde_json::json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
            {"mediaType": server::OCI_MANIFEST, "digest": digest, "size": size, "platform": platform},
        ]})
        .to_string()
    };
    registry.push_manifest(
        "app",
        "here",
        OCI_INDEX,
        index(serde_json::json!(host)).as_bytes(),
    );
    let other = serde_json::json!({"os": "plan9", "architecture": "vax"});
    registry.push_manifest("app", "there", OCI_INDEX, index(other).as_bytes());

    assert_eq!(
        pull(&images, &name(registry.address, "app:here"))
            .await
            .unwrap(),
        id
    );
    let fault = fault(&images, &name(registry.address, "app:there")).await;
    let expected =
        format!("pull image \"REGISTRY/app:there\": no image for {host} under this name");
    assert_eq!(fault, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_its_real_cause() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    assert_eq!(
        fault(&images, &name(registry.address, "app:nope")).await,
        "pull image \"REGISTRY/app:nope\": manifest unknown: REGISTRY/app:nope"
    );
    assert_eq!(
        fault(&images, &name(free_address(), "app:1")).await,
        "pull image \"REGISTRY/app:1\": REGISTRY: connection refused"
    );
    let unknown: Reference = "registry.invalid/app:1".parse().unwrap();
    let fault = fault(&images, &unknown).await;
    assert!(
        fault.starts_with("pull image \"REGISTRY/app:1\": REGISTRY: no such host"),
        "{fault}"
    );
    assert!(images.list().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_does_not_match_its_digest_is_refused_and_leaves_nothing() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    publish(&registry, Compression::None, "app").await;
    let dir = tempfile::tempdir().unwrap();
    let good = open(dir.path());
    pull(&good, &name(registry.address, "app:1")).await.unwrap();
    let mut blobs: Vec<_> = fs::read_dir(dir.path().join("blobs/sha256"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.metadata().unwrap().len(),
                entry.file_name().into_string().unwrap(),
            )
        })
        .collect();
    blobs.sort();
    let largest: Digest = format!("sha256:{}", blobs.last().unwrap().1)
        .parse()
        .unwrap();
    let path = registry.blob(&largest);
    let mut bytes = fs::read(&path).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&path, bytes).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let fault = fault(&images, &name(registry.address, "app:1")).await;
    let expected = format!("as {largest}");
    assert!(
        fault.contains("accept content of digest sha256:") && fault.ends_with(&expected),
        "{fault}"
    );
    assert!(images.list().unwrap().is_empty());
    assert!(!dir.path().join("blobs/sha256").join(largest.hex()).exists());
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_asked_first_and_passed_over_when_it_fails() {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let id = publish(&registry, Compression::Gzip, "library/app").await;
    let dir = tempfile::tempdir().unwrap();
    let dead = free_address();
    let text = format!(
        "registries: {{docker.io: {{mirrors: ['http://{dead}', 'http://{}']}}}}",
        registry.address
    );
    let images = Images::open(dir.path(), Registries::parse(&text).unwrap()).unwrap();
    assert_eq!(pull(&images, &"app:1".parse().unwrap()).await.unwrap(), id);
    let image = images.get("app:1").unwrap().unwrap();
    assert_eq!(image.refs, ["docker.io/library/app:1"]);
}

/// The password is `secret`.
const USERS: &str = "reader:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_a_password_says_unauthorized_without() {
    let Some(registry) = Registry::start(Some(USERS)) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let reference = name(registry.address, "app:1");
    let anonymous = fault(&images, &reference).await;
    assert!(anonymous.contains(": unauthorized: REGISTRY does not give app to an unknown caller"));
    let keyring = |password: &str| {
        let (username, password) = ("reader".to_owned(), password.to_owned());
        let mut keyring = Keyring::default();
        keyring.add(
            reference.registry(),
            Credentials::Basic { username, password },
        );
        keyring
    };
    let silent = Reporter::silent();
    let error = images
        .pull(&reference, &keyring("wrong"), &silent)
        .await
        .unwrap_err();
    let text = gantry_base::chain(&error);
    assert!(
        text.contains("unauthorized") && text.contains("reader"),
        "{text}"
    );
    assert!(!text.contains("wrong"), "{text}");

    // Of several secrets, one that fits is enough; then the answer is about the image.
    let mut both = keyring("wrong");
    both.extend(keyring("secret"));
    let error = images.pull(&reference, &both, &silent).await.unwrap_err();
    assert!(gantry_base::chain(&error).contains("manifest unknown"));
}

/// Answers each connection with the next of these texts, and keeps what was asked.
fn scripted(answers: Vec<String>) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let answer = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut byte = [0];
            while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                asked.push(byte[0]);
            }
            stream
                .write_all(answer.replace("ADDRESS", &address.to_string()).as_bytes())
                .unwrap();
            String::from_utf8(asked).unwrap()
        };
        answers.into_iter().map(answer).collect()
    });
    (address, serving)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_with_the_credentials_and_used() {
    let challenge = "WWW-Authenticate: Bearer realm=\"http://ADDRESS/token\",service=\"s\",scope=\"repository:app:pull\"\r\n";
    let (address, serving) = scripted(vec![
        answer("401 Unauthorized", challenge, ""),
        answer("200 OK", "", r#"{"token":"t0k"}"#),
        answer(
            "429 Too Many Requests",
            "",
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#,
        ),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let images = open(dir.path());
    let reference = name(address, "app:1");
    let json = format!(r#"{{"auths":{{"{address}":{{"username":"u","password":"p"}}}}}}"#);
    let keyring = Keyring::from_docker_config_json(json.as_bytes()).unwrap();
    let error = images
        .pull(&reference, &keyring, &Reporter::silent())
        .await
        .unwrap_err();
    assert!(gantry_base::chain(&error).ends_with("too many requests: slow down"));
    let asked = serving.join().unwrap();
    assert!(
        asked[0].starts_with("GET /v2/app/manifests/1 ") && !asked[0].contains("authorization")
    );
    assert!(asked[1].starts_with("GET /token?service=s&scope=repository%3Aapp%3Apull "));
    assert!(asked[1].contains("authorization: Basic dTpw"));
    assert!(asked[2].contains("authorization: Bearer t0k"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_without_end_is_not_read_to_the_end() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_owned();
    let (address, _serving) = scripted(vec![head + &"x".repeat(5 << 20)]);
    let dir = tempfile::tempdir().unwrap();
    let fault = fault(&open(dir.path()), &name(address, "app:1")).await;
    assert!(
        fault.ends_with("REGISTRY: the answer is longer than 4194304 bytes"),
        "{fault}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_is_started_again() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may set the owners of files");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = open(dir.path());
    let file = Source::Bytes(b"x".repeat(5_000));
    let image = ImageBuilder::new().file("x", 0o644, file);
    let id = image
        .save_into(&source, &"local:1".parse().unwrap())
        .await
        .unwrap();
    let mut blobs: Vec<String> = fs::read_dir(dir.path().join("blobs/sha256"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    blobs.sort_by_key(|blob| (!blob.contains("schemaVersion"), !blob.contains("diff_ids")));
    let [manifest, config, layer] = blobs.try_into().unwrap();
    let broken = answer("200 OK", "", &layer)[..2_000].to_owned();
    let kind = format!("Content-Type: {}\r\n", server::OCI_MANIFEST);
    let (address, serving) = scripted(vec![
        answer("200 OK", &kind, &manifest),
        answer("200 OK", "", &config),
        broken,
        answer("200 OK", "", &layer),
    ]);
    let images = tempfile::tempdir().unwrap();
    assert_eq!(
        pull(&open(images.path()), &name(address, "app:1"))
            .await
            .unwrap(),
        id
    );
    assert_eq!(serving.join().unwrap().len(), 4);
}
