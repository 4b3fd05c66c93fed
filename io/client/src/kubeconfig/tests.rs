use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::*;

fn entry() -> Entry {
    Entry {
        name: "gantry".to_owned(),
        server: "https://127.0.0.1:6443".to_owned(),
        authority: b"ca".to_vec(),
        certificate: b"cert".to_vec(),
        key: b"key".to_vec(),
    }
}

#[test]
fn what_others_wrote_is_kept_and_their_context_stays_current() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let theirs = "apiVersion: v1\nkind: Config\ncurrent-context: work\nmystery: {a: [1]}\n\
        clusters:\n- name: work\n  cluster: {server: 'https://work', odd: true}\n\
        - name: gantry\n  cluster: {server: 'https://old', tls-server-name: kept}\n";
    fs::write(&path, theirs).unwrap();
    merge(&path, &entry(), false).unwrap();
    let tree = file::read(&path).unwrap().unwrap();
    assert_eq!(tree["mystery"], json!({"a": [1]}));
    assert_eq!(tree["current-context"], "work");
    assert_eq!(tree["clusters"][0]["cluster"]["odd"], true);
    assert_eq!(
        tree["clusters"][1]["cluster"]["server"],
        "https://127.0.0.1:6443"
    );
    assert_eq!(tree["clusters"][1]["cluster"]["tls-server-name"], "kept");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!directory.path().join("config.lock").exists());
}

#[test]
fn a_cluster_that_is_removed_leaves_no_trace_and_no_current_context() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new").join("config");
    merge(&path, &entry(), false).unwrap();
    let config = Kubeconfig::load(Some(&path)).unwrap();
    assert_eq!(config.current_context(), Some("gantry"));
    assert_eq!(config.endpoint(&Overrides::default()).unwrap().port, 6443);
    remove(&path, "gantry").unwrap();
    let tree = file::read(&path).unwrap().unwrap();
    assert_eq!(tree["users"], json!([]));
    assert_eq!(tree["current-context"], "");
}

#[test]
fn the_first_file_wins_and_relative_paths_are_relative_to_their_file() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    fs::write(
        &one,
        "clusters: [{name: a, cluster: {server: 'http://one'}}]",
    )
    .unwrap();
    let second = "current-context: c\ncontexts: [{name: c, context: {cluster: a, user: u}}]\n\
        clusters: [{name: a, cluster: {server: 'http://two'}}]\n\
        users: [{name: u, user: {tokenFile: token}}]";
    fs::write(&two, second).unwrap();
    fs::write(directory.path().join("token"), "secret\n").unwrap();
    let read = |path: &PathBuf| (path.clone(), file::read(path).unwrap().unwrap());
    let config = Kubeconfig {
        files: vec![read(&one), read(&two)],
        target: one.clone(),
    };
    let endpoint = config.endpoint(&Overrides::default()).unwrap();
    assert_eq!(endpoint.host, "one");
    assert_eq!(endpoint.token.as_deref(), Some("secret"));
    assert_eq!(config.home_of("contexts", "c"), two);
}

#[test]
fn plugins_and_unknown_names_are_refused_by_name() {
    let files = vec![(
        PathBuf::from("x"),
        json!({
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"user": "u"}}],
            "users": [{"name": "u", "user": {"exec": {"command": "helper"}}}],
        }),
    )];
    let config = Kubeconfig {
        files,
        target: PathBuf::new(),
    };
    let plugin = config.endpoint(&Overrides::default()).unwrap_err();
    assert!(plugin.to_string().contains("exec"), "{plugin}");
    let overrides = Overrides {
        context: Some("nowhere".to_owned()),
        ..Overrides::default()
    };
    let absent = config.endpoint(&overrides).unwrap_err();
    assert_eq!(absent.to_string(), "context \"nowhere\" does not exist");
}
