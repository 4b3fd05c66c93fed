//! `Secret`: bytes that not everybody should read.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use crate::column::Column;
use crate::cost::Counted;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::rules::Rules;

/// All values together may be this long.
const SIZE_MAX: usize = 1024 * 1024;
const IMMUTABLE: &str = "field is immutable when `immutable` is set";
/// The account that a token speaks for.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Bytes that not everybody should read.
#[derive(Debug)]
pub struct Secrets;

impl Kind for Secrets {
    type Object = Secret;

    const COLUMNS: &'static [Column<Secret>] = &[
        Column::NAME,
        Column::text("Type", "What kind of secret it is.", |secret, _| {
            secret.type_.as_deref().unwrap_or("").into()
        }),
        Column::text("Data", "How many entries it has.", |secret, _| {
            secret.data.as_ref().map_or(0, |data| data.len()).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counted(Counted::ByPlural);
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "type",
        read: |secret: &Object| secret.text(&["type"]).to_owned(),
    }];

    fn default(secret: &mut Secret) {
        fill(&mut secret.type_, "Opaque");
        // Texts are a convenience of writing; only bytes are stored.
        let texts = secret.string_data.take().unwrap_or_default();
        if !texts.is_empty() {
            let bytes = texts
                .into_iter()
                .map(|(key, text)| (key, ByteString(text.into_bytes())));
            secret.data.get_or_insert_default().extend(bytes);
        }
    }

    fn validate(secret: &Secret, old: Option<&Secret>, errors: &mut FieldErrors) {
        let path = FieldPath::new("data");
        for key in secret.data.iter().flatten().map(|(key, _)| key) {
            errors.named(&path.key(key), key, name::config_key);
        }
        let size: usize = secret
            .data
            .iter()
            .flatten()
            .map(|(_, bytes)| bytes.0.len())
            .sum();
        if size > SIZE_MAX {
            errors.too_long(&path, SIZE_MAX);
        }
        of_type(secret, &path, errors);
        if let Some(old) = old {
            changes(secret, old, errors);
        }
    }
}

/// Each well-known type has entries that must be there.
fn of_type(secret: &Secret, path: &FieldPath, errors: &mut FieldErrors) {
    match secret.type_.as_deref().unwrap_or("") {
        "kubernetes.io/service-account-token" => account(secret, errors),
        "kubernetes.io/dockercfg" => json(secret, ".dockercfg", path, errors),
        "kubernetes.io/dockerconfigjson" => json(secret, ".dockerconfigjson", path, errors),
        "kubernetes.io/basic-auth"
            if entry(secret, "username").is_none() && entry(secret, "password").is_none() =>
        {
            errors.required(&path.key("username"), "");
            errors.required(&path.key("password"), "");
        }
        "kubernetes.io/ssh-auth" => required(secret, "ssh-privatekey", path, errors),
        "kubernetes.io/tls" => {
            required(secret, "tls.crt", path, errors);
            required(secret, "tls.key", path, errors);
        }
        _ => {}
    }
}

fn account(secret: &Secret, errors: &mut FieldErrors) {
    let annotations = secret.metadata.annotations.as_ref();
    let name = annotations.and_then(|annotations| annotations.get(ACCOUNT));
    if name.is_none_or(String::is_empty) {
        errors.required(
            &FieldPath::new("metadata").field("annotations").key(ACCOUNT),
            "",
        );
    }
}

fn entry<'a>(secret: &'a Secret, key: &str) -> Option<&'a ByteString> {
    secret.data.as_ref().and_then(|data| data.get(key))
}

fn required(secret: &Secret, key: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if entry(secret, key).is_none() {
        errors.required(&path.key(key), "");
    }
}

fn json(secret: &Secret, key: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(bytes) = entry(secret, key) else {
        errors.required(&path.key(key), "");
        return;
    };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes.0) {
        errors.invalid(
            &path.key(key),
            "<secret contents redacted>",
            error.to_string(),
        );
    }
}

fn changes(secret: &Secret, old: &Secret, errors: &mut FieldErrors) {
    errors.require_same(&"type".into(), &secret.type_, &old.type_);
    if old.immutable != Some(true) {
        return;
    }
    if secret.immutable != Some(true) {
        errors.forbidden(&"immutable".into(), IMMUTABLE);
    }
    if secret.data != old.data {
        errors.forbidden(&"data".into(), IMMUTABLE);
    }
}
