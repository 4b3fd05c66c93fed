use super::*;

#[test]
fn equal_input_gives_equal_digests_in_every_compression() {
    let dir = tempfile::tempdir().unwrap();
    let content = Content::open(dir.path()).unwrap();
    let image = || {
        let source = Source::Bytes(b"x".to_vec());
        ImageBuilder::new()
            .file("/bin/x", 0o755, source)
            .entrypoint(["/bin/x"])
            .expose(80)
    };
    let mut diffs = BTreeSet::new();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let [one, two] =
            [(); 2].map(|()| image().compression(compression).assemble(&content).unwrap());
        assert_eq!(one, two);
        let config = content.read(&one.1.config.digest, 10_000).unwrap();
        let config: ConfigFile = serde_json::from_slice(&config).unwrap();
        diffs.insert(config.rootfs.diff_ids);
        assert_eq!(config.config.exposed_ports, ["80/tcp"]);
    }
    assert_eq!(
        diffs.len(),
        1,
        "the compression does not change what is compressed"
    );
}
