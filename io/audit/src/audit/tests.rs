//! Events in files: whole, rotated, never more than there is room for, and never lost in silence.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn parsed(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

const POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
    "rules": [{"level": "Metadata"}]}"#;

fn config(dir: &TempDir, change: impl FnOnce(&mut LogConfig)) -> AuditConfig {
    let policy = dir.path().join("policy.yaml");
    fs::write(&policy, POLICY).unwrap();
    let mut log = LogConfig::new(dir.path().join("audit.log"));
    change(&mut log);
    AuditConfig {
        policy,
        log: Some(log),
        webhook: None,
    }
}

/// All lines of all files of the log, and how many files there are.
fn written(dir: &Path) -> (Vec<Value>, usize) {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("audit")
        })
        .collect();
    files.sort();
    let mut lines = Vec::new();
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let text = if path.extension().is_some_and(|end| end == "gz") {
            std::io::read_to_string(flate2::read::GzDecoder::new(bytes.as_slice())).unwrap()
        } else {
            String::from_utf8(bytes).unwrap()
        };
        lines.extend(text.lines().map(|line| parsed(line).unwrap()));
    }
    (lines, files.len())
}

async fn tell(audit: &Audit, from: u32, to: u32) {
    for number in from..to {
        audit.ready().await;
        audit.tell(&json!({"number": number, "text": "x".repeat(100)}));
    }
}

#[tokio::test]
async fn every_event_is_a_line_and_a_second_start_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&dir, |_| {});
    for start in [0, 500] {
        let audit = Audit::open(&config, parsed).unwrap();
        tell(&audit, start, start + 500).await;
        audit.close().await;
        assert_eq!(audit.lost(), 0);
    }
    let (lines, files) = written(dir.path());
    assert_eq!((lines.len(), files), (1000, 1));
    let numbers = lines.iter().map(|line| line["number"].as_u64().unwrap());
    assert!(numbers.eq(0..1000));
}

#[tokio::test]
async fn a_full_file_is_put_aside_and_only_the_newest_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&dir, |log| {
        log.most_bytes = 2000;
        log.most_backups = 2;
        log.compress = true;
    });
    for start in 0..10 {
        let audit = Audit::open(&config, parsed).unwrap();
        tell(&audit, start * 10, start * 10 + 10).await;
        audit.close().await;
        assert_eq!(audit.lost(), 0);
    }
    let (lines, files) = written(dir.path());
    assert_eq!(files, 3, "the file itself and two that were full");
    let last = lines
        .iter()
        .filter_map(|line| line["number"].as_u64())
        .max();
    assert_eq!(last, Some(99));
}

/// The device that is always full.
#[tokio::test]
async fn a_full_disk_is_counted_and_holds_nobody_up_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&dir, |log| log.path = PathBuf::from("/dev/full"));
    let audit = Audit::open(&config, parsed).unwrap();
    tell(&audit, 0, 10).await;
    audit.close().await;
    let (_, counts) = audit.counts().next().unwrap();
    assert_eq!(counts.told.load(Ordering::Relaxed), 10);
    assert_eq!(audit.lost(), 10);
    assert!(counts.failures.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_says_what_to_change() {
    let dir = tempfile::tempdir().unwrap();
    let told = |change: &dyn Fn(&mut AuditConfig)| {
        let mut config = config(&dir, |_| {});
        change(&mut config);
        let error = Audit::open(&config, parsed).unwrap_err();
        gantry_base::chain(&error).replace(dir.path().to_str().unwrap(), "DIR")
    };
    let policy = dir.path().join("policy.yaml");
    let missing = told(&|config| config.policy = dir.path().join("none"));
    assert!(
        missing.starts_with("read DIR/none: name a file that is there"),
        "{missing}"
    );
    let wrong = told(&|_| fs::write(&policy, r#"{"kind": "Policy"}"#).unwrap());
    assert!(wrong.contains("DIR/policy.yaml"), "{wrong}");
    assert!(
        wrong.contains("apiVersion: expected \"audit.k8s.io/v1\""),
        "{wrong}"
    );
    let garbage = told(&|_| fs::write(&policy, "{").unwrap());
    assert!(garbage.contains("the file: "), "{garbage}");
    let log = told(&|config| config.log = Some(LogConfig::new(PathBuf::from("/proc/none/log"))));
    assert!(log.contains("open the audit log /proc/none/log"), "{log}");
    let webhook = told(&|config| {
        config.webhook = Some(WebhookConfig::new(dir.path().join("none")));
    });
    assert!(
        webhook.contains("use the audit webhook configuration DIR/none"),
        "{webhook}"
    );
}
