use std::fs;

use crate::key_file;

use super::*;

struct Lab {
    directory: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        key_file::make(&lab.path()).unwrap();
        lab
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("keys.yaml")
    }

    fn sealer(&self) -> Sealer {
        Sealer::open(&self.path(), Vec::new()).unwrap()
    }
}

fn sealed(sealer: &Sealer, path: &str) -> Vec<u8> {
    sealer.seal(&Key::new(path), b"\0plain".to_vec()).unwrap()
}

fn opened(sealer: &Sealer, path: &str, kept: &[u8]) -> String {
    match sealer.open(&Key::new(path), kept) {
        Ok(opened) => {
            assert_eq!(&*opened.record, b"\0plain");
            let fit = if opened.is_current {
                "current"
            } else {
                "stale"
            };
            fit.to_owned()
        }
        Err(error) => chain(&error),
    }
}

#[test]
fn secrets_are_sealed_and_nothing_else_is() {
    let sealer = Lab::new().sealer();
    let secret = sealed(&sealer, "secrets/a/x");
    assert!(secret.starts_with(&SEALED));
    assert_eq!(opened(&sealer, "secrets/a/x", &secret), "current");
    assert_eq!(sealed(&sealer, "configmaps/a/x"), b"\0plain");
    assert_eq!(opened(&sealer, "configmaps/a/x", b"\0plain"), "current");
    assert_eq!(opened(&sealer, "secrets/a/x", b"\0plain"), "stale");
}

#[test]
fn a_sealed_value_does_not_open_at_another_key() {
    let sealer = Lab::new().sealer();
    let secret = sealed(&sealer, "secrets/a/x");
    for other in ["secrets/b/x", "secrets/a/y", "configmaps/a/x"] {
        let said = opened(&sealer, other, &secret);
        assert!(said.contains("sealed for another place"), "{said}");
    }
}

#[test]
fn after_a_rotation_the_old_is_read_as_stale_and_the_new_key_seals() {
    let lab = Lab::new();
    let sealer = lab.sealer();
    let old = sealed(&sealer, "secrets/a/x");
    key_file::add(&lab.path()).unwrap();
    sealer.reload().unwrap();
    assert_eq!(opened(&sealer, "secrets/a/x", &old), "stale");
    let new = sealed(&sealer, "secrets/a/x");
    assert_eq!(opened(&sealer, "secrets/a/x", &new), "current");
    key_file::retire(&lab.path()).unwrap();
    sealer.reload().unwrap();
    assert_eq!(opened(&sealer, "secrets/a/x", &new), "current");
    let said = opened(&sealer, "secrets/a/x", &old);
    assert!(
        said.contains("is not in") && said.contains("keys.yaml"),
        "{said}"
    );
}

#[test]
fn another_key_of_the_same_name_is_told_apart() {
    let (one, two) = (Lab::new(), Lab::new());
    let secret = sealed(&one.sealer(), "secrets/a/x");
    let name = |lab: &Lab| Configuration::read(&lab.path()).unwrap().keys()[0].to_owned();
    let text = fs::read_to_string(two.path()).unwrap();
    fs::write(two.path(), text.replace(&name(&two), &name(&one))).unwrap();
    let said = opened(&two.sealer(), "secrets/a/x", &secret);
    assert!(said.contains("is another one"), "{said}");
}

#[test]
fn a_configuration_without_identity_does_not_read_what_is_not_sealed() {
    let lab = Lab::new();
    let text = fs::read_to_string(lab.path()).unwrap();
    fs::write(lab.path(), text.replace("  - identity: {}\n", "")).unwrap();
    let said = opened(&lab.sealer(), "secrets/a/x", b"\0plain");
    assert!(said.contains("add the provider identity"), "{said}");
}

#[test]
fn keys_of_a_further_file_open_and_do_not_seal() {
    let (one, two) = (Lab::new(), Lab::new());
    let secret = sealed(&one.sealer(), "secrets/a/x");
    let both = Sealer::open(&two.path(), vec![one.path()]).unwrap();
    assert_eq!(opened(&both, "secrets/a/x", &secret), "stale");
    let fresh = sealed(&both, "secrets/a/x");
    assert_eq!(opened(&two.sealer(), "secrets/a/x", &fresh), "current");
}
