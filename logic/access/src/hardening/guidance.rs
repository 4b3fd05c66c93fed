//! What NSA and CISA advise in their guidance for hardening Kubernetes, by its chapters.

use super::{Place, Sheet, Verdict};

pub(super) fn fill(sheet: &mut Sheet<'_>) {
    pods(sheet);
    network(sheet);
    access(sheet);
    logs(sheet);
}

fn pods(sheet: &mut Sheet<'_>) {
    let found = sheet.plugin("PodSecurity");
    sheet.row("NSA-1.1", "Pods can be held to a standard", found);
    let found = sheet.plugin("LimitRanger");
    sheet.row("NSA-1.2", "Containers have limits", found);
    let found = sheet.plugin("ResourceQuota");
    sheet.row("NSA-1.3", "Namespaces have quotas", found);
    let found = sheet.answered(
        "default account",
        &[403],
        "a pod's default account may read no Secrets",
    );
    sheet.row(
        "NSA-1.4",
        "Accounts of pods have no rights by default",
        found,
    );
}

fn network(sheet: &mut Sheet<'_>) {
    let found = match sheet.facts.has_node {
        false => (Verdict::Absent, "this machine runs no pods".to_owned()),
        true => (
            Verdict::Fail,
            "NetworkPolicies are stored, and not carried out yet".to_owned(),
        ),
    };
    sheet.row("NSA-2.1", "Pods are kept apart by policies", found);
    let open = sheet
        .facts
        .listens
        .iter()
        .find(|address| address.starts_with("0.0.0.0:") || address.starts_with("[::]:"));
    let found = match open {
        Some(open) => (
            Verdict::Review,
            format!("the server listens on {open}: a firewall has to stand before it"),
        ),
        None if sheet.facts.listens.is_empty() => (
            Verdict::Fail,
            "could not find out where the server listens".to_owned(),
        ),
        None => (
            Verdict::Pass,
            format!("the server listens on {}", sheet.facts.listens.join(", ")),
        ),
    };
    sheet.row(
        "NSA-2.2",
        "The control plane is not open to everybody",
        found,
    );
    let found = sheet.answered(
        "weak cipher",
        &[super::HANDSHAKE_REFUSED],
        "a handshake with weak ciphers is refused",
    );
    sheet.row("NSA-2.3", "Traffic is encrypted", found);
    let found = sheet.sealed();
    sheet.row("NSA-2.4", "Secrets are sealed at rest", found);
    let found = sheet.mode(Place::Sealing, 0o077);
    sheet.row("NSA-2.5", "The key that seals is kept apart", found);
}

fn access(sheet: &mut Sheet<'_>) {
    let found = sheet.answered("anonymous", &[401, 403], "nobody in particular is refused");
    sheet.row("NSA-3.1", "Anonymous access is off", found);
    let found = sheet.without("token-auth-file");
    sheet.row("NSA-3.2", "Strong authentication", found);
    let found = sheet.answered("stranger", &[403], "who has no rights is refused");
    sheet.row("NSA-3.3", "Access by roles, least first", found);
    let found = sheet.mode(Place::Kubeconfig, 0o077);
    sheet.row(
        "NSA-3.4",
        "Administrators' credentials are protected",
        found,
    );
}

fn logs(sheet: &mut Sheet<'_>) {
    let found = sheet.audited(|_| true, "who did what is logged");
    sheet.row("NSA-4.1", "Audit logging", found);
    let found = sheet.audited(|audit| audit.days >= 30, "it is kept for 30 days or longer");
    sheet.row("NSA-4.2", "Logs are kept", found);
    let found = sheet.answered("administrator", &[200], "the server says its version");
    sheet.row("NSA-5.1", "Upgrades can be planned", found);
}
