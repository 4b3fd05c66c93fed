//! Probes and lifecycle hooks: what the node may do to a container to learn or tell something.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{
    ExecAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, TCPSocketAction,
};

use super::{check, ports};

/// Fills in what a probe may leave out.
pub fn default(probe: &mut Probe) {
    set(&mut probe.timeout_seconds, 1);
    set(&mut probe.period_seconds, 10);
    set(&mut probe.success_threshold, 1);
    set(&mut probe.failure_threshold, 3);
    probe.initial_delay_seconds = probe.initial_delay_seconds.filter(|delay| *delay != 0);
    if let Some(get) = &mut probe.http_get {
        default_http(get);
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

/// Fills in what lifecycle hooks may leave out.
pub fn default_lifecycle(lifecycle: &mut Lifecycle) {
    for handler in [&mut lifecycle.post_start, &mut lifecycle.pre_stop] {
        if let Some(get) = handler
            .as_mut()
            .and_then(|handler| handler.http_get.as_mut())
        {
            default_http(get);
        }
    }
}

fn set(field: &mut Option<i32>, default: i32) {
    if field.unwrap_or(0) == 0 {
        *field = Some(default);
    }
}

fn default_http(get: &mut HTTPGetAction) {
    if get.path.as_deref().unwrap_or("").is_empty() {
        get.path = Some("/".to_owned());
    }
    if get.scheme.as_deref().unwrap_or("").is_empty() {
        get.scheme = Some("HTTP".to_owned());
    }
}

/// What a probe is for; the three differ in what they may say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Restarts a container.
    Liveness,
    /// Lets traffic in.
    Readiness,
    /// Holds the other two back.
    Startup,
}

/// Checks a probe.
pub fn validate(probe: &Probe, purpose: Purpose, path: &FieldPath, errors: &mut FieldErrors) {
    handlers(probe, path, errors);
    let counts = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, count) in counts {
        check::not_negative(count.map(i64::from), &path.field(field), errors);
    }
    let grace = path.field("terminationGracePeriodSeconds");
    check::positive(probe.termination_grace_period_seconds, &grace, errors);
    match (purpose, probe.termination_grace_period_seconds) {
        (Purpose::Readiness, Some(seconds)) => {
            errors.invalid(&grace, seconds, "must not be set for readinessProbes");
        }
        (Purpose::Readiness | Purpose::Liveness | Purpose::Startup, _) => {}
    }
    let once = probe.success_threshold.filter(|threshold| *threshold != 1);
    if let Some(threshold) = once.filter(|_| purpose != Purpose::Readiness) {
        errors.invalid(&path.field("successThreshold"), threshold, "must be 1");
    }
}

fn handlers(probe: &Probe, path: &FieldPath, errors: &mut FieldErrors) {
    let mut only = OneOf::new(path);
    if let Some(exec) = only.next("exec", probe.exec.as_ref(), errors) {
        validate_exec(exec, &path.field("exec"), errors);
    }
    if let Some(get) = only.next("httpGet", probe.http_get.as_ref(), errors) {
        validate_http(get, &path.field("httpGet"), errors);
    }
    if let Some(tcp) = only.next("tcpSocket", probe.tcp_socket.as_ref(), errors) {
        validate_tcp(tcp, &path.field("tcpSocket"), errors);
    }
    if let Some(grpc) = only.next("grpc", probe.grpc.as_ref(), errors) {
        ports::number(grpc.port, &path.field("grpc").field("port"), errors);
    }
    only.finish(errors);
}

/// Checks lifecycle hooks.
pub fn validate_lifecycle(lifecycle: &Lifecycle, path: &FieldPath, errors: &mut FieldErrors) {
    let both = [
        ("postStart", &lifecycle.post_start),
        ("preStop", &lifecycle.pre_stop),
    ];
    for (field, handler) in both {
        if let Some(handler) = handler {
            lifecycle_handler(handler, &path.field(field), errors);
        }
    }
}

fn lifecycle_handler(handler: &LifecycleHandler, path: &FieldPath, errors: &mut FieldErrors) {
    let mut only = OneOf::new(path);
    if let Some(exec) = only.next("exec", handler.exec.as_ref(), errors) {
        validate_exec(exec, &path.field("exec"), errors);
    }
    if let Some(get) = only.next("httpGet", handler.http_get.as_ref(), errors) {
        validate_http(get, &path.field("httpGet"), errors);
    }
    if let Some(tcp) = only.next("tcpSocket", handler.tcp_socket.as_ref(), errors) {
        validate_tcp(tcp, &path.field("tcpSocket"), errors);
    }
    if let Some(sleep) = only.next("sleep", handler.sleep.as_ref(), errors) {
        check::not_negative(Some(sleep.seconds), &path.field("sleep"), errors);
    }
    only.finish(errors);
}

/// Sees to it that exactly one handler is given: the first counts, the rest are refused.
struct OneOf<'a> {
    path: &'a FieldPath,
    seen: bool,
}

impl<'a> OneOf<'a> {
    fn new(path: &'a FieldPath) -> Self {
        Self { path, seen: false }
    }

    fn next<'b, T>(
        &mut self,
        field: &str,
        handler: Option<&'b T>,
        errors: &mut FieldErrors,
    ) -> Option<&'b T> {
        let handler = handler?;
        if std::mem::replace(&mut self.seen, true) {
            errors.forbidden(
                &self.path.field(field),
                "may not specify more than 1 handler type",
            );
            return None;
        }
        Some(handler)
    }

    fn finish(self, errors: &mut FieldErrors) {
        if !self.seen {
            errors.required(self.path, "must specify a handler type");
        }
    }
}

fn validate_exec(exec: &ExecAction, path: &FieldPath, errors: &mut FieldErrors) {
    if exec.command.as_ref().is_none_or(Vec::is_empty) {
        errors.required(&path.field("command"), "");
    }
}

fn validate_http(get: &HTTPGetAction, path: &FieldPath, errors: &mut FieldErrors) {
    check::given(get.path.as_deref(), &path.field("path"), errors);
    ports::number_or_name(&get.port, &path.field("port"), errors);
    let schemes = ["HTTP", "HTTPS"];
    check::one_of(
        get.scheme.as_deref(),
        &schemes,
        &path.field("scheme"),
        errors,
    );
    for (index, header) in get.http_headers.iter().flatten().enumerate() {
        if !is_header_name(&header.name) {
            let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
                          'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            errors.invalid(
                &path.field("httpHeaders").index(index).field("name"),
                &header.name,
                detail,
            );
        }
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn validate_tcp(tcp: &TCPSocketAction, path: &FieldPath, errors: &mut FieldErrors) {
    ports::number_or_name(&tcp.port, &path.field("port"), errors);
}
