//! Volumes: what they are and where their content comes from.

use serde_json::Value;

use super::page::Page;
use crate::fields::{items, number, text};

pub(super) fn write(page: &mut Page, volumes: &[Value], in_template: bool) {
    let (indent, name_indent) = if in_template { ("  ", " ") } else { ("", "") };
    if volumes.is_empty() {
        page.field(0, &format!("{indent}Volumes"), "<none>");
        return;
    }
    page.line(0, format!("{indent}Volumes:"));
    for volume in volumes {
        page.line(1, format!("{name_indent}{}:", text(volume, "name")));
        one(page, volume);
    }
}

fn one(page: &mut Page, volume: &Value) {
    let mut fields = |kind: &str, pairs: &[(&str, String)]| {
        page.field(2, "Type", kind);
        for (label, value) in pairs {
            page.field(2, label, value);
        }
    };
    let at = |path: &str| text(volume, path).to_owned();
    let optional = |path: &str| (crate::fields::at(volume, path) == true).to_string();
    if volume["hostPath"].is_object() {
        fields(
            "HostPath (bare host directory volume)",
            &[
                ("Path", at("hostPath.path")),
                ("HostPathType", at("hostPath.type")),
            ],
        );
    } else if volume["emptyDir"].is_object() {
        let limit = at("emptyDir.sizeLimit");
        fields(
            "EmptyDir (a temporary directory that shares a pod's lifetime)",
            &[
                ("Medium", at("emptyDir.medium")),
                (
                    "SizeLimit",
                    if limit.is_empty() {
                        "<unset>".to_owned()
                    } else {
                        limit
                    },
                ),
            ],
        );
    } else if volume["secret"].is_object() {
        fields(
            "Secret (a volume populated by a Secret)",
            &[
                ("SecretName", at("secret.secretName")),
                ("Optional", optional("secret.optional")),
            ],
        );
    } else if volume["configMap"].is_object() {
        fields(
            "ConfigMap (a volume populated by a ConfigMap)",
            &[
                ("Name", at("configMap.name")),
                ("Optional", optional("configMap.optional")),
            ],
        );
    } else if volume["persistentVolumeClaim"].is_object() {
        fields(
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            &[
                ("ClaimName", at("persistentVolumeClaim.claimName")),
                ("ReadOnly", optional("persistentVolumeClaim.readOnly")),
            ],
        );
    } else {
        composed(page, volume);
    }
}

/// Volumes that are put together from several things.
fn composed(page: &mut Page, volume: &Value) {
    if volume["downwardAPI"].is_object() {
        page.field(
            2,
            "Type",
            "DownwardAPI (a volume populated by information about the pod)",
        );
        page.line(2, "Items:");
        for item in items(volume, "downwardAPI.items") {
            page.line(
                3,
                format!(
                    "{} -> {}",
                    text(item, "fieldRef.fieldPath"),
                    text(item, "path")
                ),
            );
        }
    } else if volume["projected"].is_object() {
        page.field(
            2,
            "Type",
            "Projected (a volume that contains injected data from multiple sources)",
        );
        for source in items(volume, "projected.sources") {
            projected(page, source);
        }
    } else {
        page.line(2, "<unknown>");
    }
}

fn projected(page: &mut Page, source: &Value) {
    let optional = |value: &Value| (value["optional"] == true).to_string();
    if source["secret"].is_object() {
        page.field(2, "SecretName", text(source, "secret.name"));
        page.field(2, "Optional", optional(&source["secret"]));
    } else if source["configMap"].is_object() {
        page.field(2, "ConfigMapName", text(source, "configMap.name"));
        page.field(2, "Optional", optional(&source["configMap"]));
    } else if source["downwardAPI"].is_object() {
        page.field(2, "DownwardAPI", "true");
    } else if source["serviceAccountToken"].is_object() {
        let seconds = number(source, "serviceAccountToken.expirationSeconds");
        page.field(2, "TokenExpirationSeconds", seconds.to_string());
    }
}
