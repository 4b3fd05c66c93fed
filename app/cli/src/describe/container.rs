//! Containers, of pods and of templates.

use serde_json::Value;

use super::page::{Page, flag, time};
use crate::fields::{entries, items, number, shown, text};

/// Where containers stand on the page, and what is known of them besides their specification.
pub(super) struct Setting<'a> {
    /// Whether they belong to a template, which is indented.
    pub(super) in_template: bool,
    /// Their statuses; templates have none.
    pub(super) statuses: &'a [Value],
    /// The pod, from which some values come.
    pub(super) pod: Option<&'a Value>,
}

pub(super) fn write(page: &mut Page, label: &str, containers: &[Value], setting: &Setting<'_>) {
    let (indent, name_indent) = if setting.in_template {
        ("  ", " ")
    } else {
        ("", "")
    };
    page.line(0, format!("{indent}{label}:"));
    for container in containers {
        let name = text(container, "name");
        let status = setting
            .statuses
            .iter()
            .find(|status| text(status, "name") == name);
        page.line(1, format!("{name_indent}{name}:"));
        basics(page, container, status);
        words(page, "Command", items(container, "command"));
        words(page, "Args", items(container, "args"));
        if let Some(status) = status {
            state(page, "State", &status["state"]);
            if !status["lastState"]["terminated"].is_null() {
                state(page, "Last State", &status["lastState"]);
            }
            page.field(2, "Ready", flag(status["ready"] == true));
            page.field(
                2,
                "Restart Count",
                number(status, "restartCount").to_string(),
            );
        }
        amounts(page, "Limits", container, "resources.limits");
        amounts(page, "Requests", container, "resources.requests");
        for (label, field) in [
            ("Liveness", "livenessProbe"),
            ("Readiness", "readinessProbe"),
            ("Startup", "startupProbe"),
        ] {
            if container[field].is_object() {
                page.field(2, label, probe(&container[field]));
            }
        }
        environment(page, container, setting.pod);
        mounts(page, container);
    }
}

fn basics(page: &mut Page, container: &Value, status: Option<&Value>) {
    if let Some(status) = status {
        page.field(2, "Container ID", text(status, "containerID"));
    }
    page.field(2, "Image", text(container, "image"));
    if let Some(status) = status {
        page.field(2, "Image ID", text(status, "imageID"));
    }
    for (label, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports = items(container, "ports").iter();
        let ports: Vec<String> = ports
            .map(|port| {
                let protocol = text(port, "protocol");
                let protocol = if protocol.is_empty() { "TCP" } else { protocol };
                let shown = format!("{}/{protocol}", number(port, field));
                let name = text(port, "name");
                if name.is_empty() || field == "hostPort" {
                    shown
                } else {
                    format!("{shown} ({name})")
                }
            })
            .collect();
        match ports.as_slice() {
            [] => page.field(2, label, "<none>"),
            [only] => page.field(2, label, only),
            several => page.field(2, &format!("{label}s"), several.join(", ")),
        }
    }
}

fn words(page: &mut Page, label: &str, words: &[Value]) {
    if words.is_empty() {
        return;
    }
    page.line(2, format!("{label}:"));
    for word in words {
        for line in shown(word).split('\n') {
            page.line(3, line);
        }
    }
}

fn state(page: &mut Page, label: &str, state: &Value) {
    if state["running"].is_object() {
        page.field(2, label, "Running");
        page.field(3, "Started", time(text(state, "running.startedAt")));
    } else if state["terminated"].is_object() {
        let end = &state["terminated"];
        page.field(2, label, "Terminated");
        page.some(3, "Reason", text(end, "reason"));
        page.some(3, "Message", text(end, "message"));
        page.field(3, "Exit Code", number(end, "exitCode").to_string());
        if number(end, "signal") > 0 {
            page.field(3, "Signal", number(end, "signal").to_string());
        }
        page.field(3, "Started", time(text(end, "startedAt")));
        page.field(3, "Finished", time(text(end, "finishedAt")));
    } else {
        page.field(2, label, "Waiting");
        page.some(3, "Reason", text(state, "waiting.reason"));
    }
}

fn amounts(page: &mut Page, label: &str, container: &Value, path: &str) {
    let amounts = entries(container, path);
    if amounts.is_empty() {
        return;
    }
    page.line(2, format!("{label}:"));
    for (name, amount) in amounts {
        page.field(3, name, shown(amount));
    }
}

fn probe(probe: &Value) -> String {
    let or = |field: &str, default: i64| probe[field].as_i64().unwrap_or(default);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        or("initialDelaySeconds", 0),
        or("timeoutSeconds", 0),
        or("periodSeconds", 0),
        or("successThreshold", 0),
        or("failureThreshold", 0),
    );
    let action = if probe["exec"].is_object() {
        let words: Vec<String> = items(probe, "exec.command").iter().map(shown).collect();
        format!("exec [{}]", words.join(" "))
    } else if probe["httpGet"].is_object() {
        let get = &probe["httpGet"];
        let scheme = text(get, "scheme").to_lowercase();
        let path = text(get, "path");
        let slash = if path.starts_with('/') || path.is_empty() {
            ""
        } else {
            "/"
        };
        format!(
            "http-get {scheme}://{}:{}{slash}{path}",
            text(get, "host"),
            shown(&get["port"])
        )
    } else if probe["tcpSocket"].is_object() {
        let socket = &probe["tcpSocket"];
        format!(
            "tcp-socket {}:{}",
            text(socket, "host"),
            shown(&socket["port"])
        )
    } else if probe["grpc"].is_object() {
        format!(
            "grpc <pod>:{} {}",
            shown(&probe["grpc"]["port"]),
            text(probe, "grpc.service")
        )
    } else {
        "unknown".to_owned()
    };
    format!("{action} {attributes}")
}

fn environment(page: &mut Page, container: &Value, pod: Option<&Value>) {
    let sources = items(container, "envFrom");
    if !sources.is_empty() {
        page.line(2, "Environment Variables from:");
    }
    for source in sources {
        let (kind, reference) = if source["secretRef"].is_object() {
            ("Secret", &source["secretRef"])
        } else {
            ("ConfigMap", &source["configMapRef"])
        };
        let prefix = text(source, "prefix");
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!(" with prefix '{prefix}'")
        };
        let optional = reference["optional"] == true;
        page.line(
            3,
            format!(
                "{}\t{kind}{prefix}\tOptional: {optional}",
                text(reference, "name")
            ),
        );
    }
    let variables = items(container, "env");
    if variables.is_empty() {
        page.field(2, "Environment", "<none>");
        return;
    }
    page.line(2, "Environment:");
    for variable in variables {
        page.line(3, variable_line(variable, pod));
    }
}

fn variable_line(variable: &Value, pod: Option<&Value>) -> String {
    let name = text(variable, "name");
    let from = &variable["valueFrom"];
    if from["fieldRef"].is_object() {
        let path = text(from, "fieldRef.fieldPath");
        let value = pod.map(|pod| text(pod, path)).unwrap_or_default();
        let value = if path.starts_with("status.") {
            ""
        } else {
            value
        };
        return format!(
            "{name}:\t{value} ({}:{path})",
            text(from, "fieldRef.apiVersion")
        );
    }
    if from["resourceFieldRef"].is_object() {
        return format!("{name}:\t ({})", text(from, "resourceFieldRef.resource"));
    }
    for (field, words) in [
        ("secretKeyRef", "in secret"),
        ("configMapKeyRef", "of config map"),
    ] {
        let reference = &from[field];
        if reference.is_object() {
            let optional = reference["optional"] == true;
            return format!(
                "{name}:\t<set to the key '{}' {words} '{}'>\tOptional: {optional}",
                text(reference, "key"),
                text(reference, "name"),
            );
        }
    }
    let value = text(variable, "value");
    let lines: Vec<&str> = value.split('\n').collect();
    format!("{name}:\t{}", lines.join("\n      \t"))
}

fn mounts(page: &mut Page, container: &Value) {
    let mut mounts: Vec<&Value> = items(container, "volumeMounts").iter().collect();
    if mounts.is_empty() {
        page.field(2, "Mounts", "<none>");
        return;
    }
    mounts.sort_by_key(|mount| text(mount, "mountPath"));
    page.line(2, "Mounts:");
    for mount in mounts {
        let mut flags = if mount["readOnly"] == true {
            "ro".to_owned()
        } else {
            "rw".to_owned()
        };
        let part = text(mount, "subPath");
        if !part.is_empty() {
            flags = format!("{flags},path={part:?}");
        }
        page.line(
            3,
            format!(
                "{} from {} ({flags})",
                text(mount, "mountPath"),
                text(mount, "name")
            ),
        );
    }
}
