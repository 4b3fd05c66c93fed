//! The control-plane rows of the CIS Kubernetes Benchmark: files, API server, controllers,
//! scheduler, etcd, authentication and audit.

use super::{Found, Place, Sheet, Verdict};

/// What nobody but the owner may have on files with secrets.
const OTHERS: u32 = 0o077;
/// What nobody but the owner may have on files without.
const WRITERS: u32 = 0o022;
/// Seconds that a request may take.
const REQUEST_SECONDS: u64 = 300;

pub(super) fn fill(sheet: &mut Sheet<'_>) {
    manifests(sheet);
    files(sheet);
    callers(sheet);
    admission(sheet);
    logs(sheet);
    keys(sheet);
    controllers(sheet);
    etcd(sheet);
    policies(sheet);
}

const MANIFESTS: [(&str, &str, &str); 8] = [
    (
        "1.1.1",
        "Permissions of the API server's manifest",
        "kube-apiserver",
    ),
    (
        "1.1.2",
        "Owner of the API server's manifest",
        "kube-apiserver",
    ),
    (
        "1.1.3",
        "Permissions of the controllers' manifest",
        "kube-controller-manager",
    ),
    (
        "1.1.4",
        "Owner of the controllers' manifest",
        "kube-controller-manager",
    ),
    (
        "1.1.5",
        "Permissions of the scheduler's manifest",
        "kube-scheduler",
    ),
    (
        "1.1.6",
        "Owner of the scheduler's manifest",
        "kube-scheduler",
    ),
    ("1.1.7", "Permissions of etcd's manifest", "etcd"),
    ("1.1.8", "Owner of etcd's manifest", "etcd"),
];

fn manifests(sheet: &mut Sheet<'_>) {
    for (id, title, name) in MANIFESTS {
        let found = sheet.foreign(&format!("/etc/kubernetes/manifests/{name}.yaml"));
        sheet.row(id, title, found);
    }
}

fn files(sheet: &mut Sheet<'_>) {
    let found = sheet.mode(Place::Network, WRITERS);
    sheet.row(
        "1.1.9",
        "Permissions of the container network's files",
        found,
    );
    let found = sheet.owner(Place::Network);
    sheet.row("1.1.10", "Owner of the container network's files", found);
    let found = sheet.mode(Place::Store, OTHERS);
    sheet.row("1.1.11", "Permissions of the state's directory", found);
    let found = sheet.owner(Place::Store);
    sheet.row("1.1.12", "Owner of the state's directory", found);
    let found = sheet.mode(Place::Kubeconfig, OTHERS);
    sheet.row(
        "1.1.13",
        "Permissions of the administrator's credentials",
        found,
    );
    let found = sheet.owner(Place::Kubeconfig);
    sheet.row("1.1.14", "Owner of the administrator's credentials", found);
    for (id, title, name) in [
        (
            "1.1.15",
            "Permissions of the scheduler's credentials",
            "scheduler",
        ),
        (
            "1.1.16",
            "Owner of the scheduler's credentials",
            "scheduler",
        ),
        (
            "1.1.17",
            "Permissions of the controllers' credentials",
            "controller-manager",
        ),
        (
            "1.1.18",
            "Owner of the controllers' credentials",
            "controller-manager",
        ),
    ] {
        let found = sheet.foreign(&format!("/etc/kubernetes/{name}.conf"));
        sheet.row(id, title, found);
    }
    let found = sheet.owner(Place::Keys);
    sheet.row("1.1.19", "Owner of the directory of keys", found);
    let found = sheet.mode(Place::Certificate, WRITERS);
    sheet.row("1.1.20", "Permissions of certificates", found);
    let found = sheet.mode(Place::Key, OTHERS);
    sheet.row("1.1.21", "Permissions of keys", found);
}

fn callers(sheet: &mut Sheet<'_>) {
    let found = sheet.answered("anonymous", &[401, 403], "nobody in particular is refused");
    sheet.row("1.2.1", "Anonymous requests", found);
    let found = sheet.without("token-auth-file");
    sheet.row("1.2.2", "No file of static tokens", found);
    let found = (
        Verdict::Review,
        "Services with externalIPs are accepted: grant who may write Services with care".to_owned(),
    );
    sheet.row("1.2.3", "External addresses of Services", found);
    let found = sheet.no_port(10250, "the node's agent");
    sheet.row(
        "1.2.4",
        "A certificate for requests to nodes",
        found.clone(),
    );
    sheet.row("1.2.5", "An authority for certificates of nodes", found);
    let found = sheet.answered("stranger", &[403], "who has no rights is refused");
    sheet.row("1.2.6", "Not everything is allowed", found);
    let found = sheet.answered(
        "node reads",
        &[403],
        "a node may not read what none of its pods uses",
    );
    sheet.row("1.2.7", "Nodes have a node's rights", found);
    let found = sheet.answered("roles", &[200], "roles are bound to callers");
    sheet.row("1.2.8", "Access by roles", found);
}

fn admission(sheet: &mut Sheet<'_>) {
    let found = sheet.answered("fairness", &[200], "floods wait by priority and fairness");
    sheet.row("1.2.9", "Limits for floods", found);
    let on = sheet.facts.flags.get("enable-admission-plugins");
    let always = |name| on.is_some_and(|on| on.contains(name));
    let found = match always("AlwaysAdmit") {
        true => (Verdict::Fail, "AlwaysAdmit is on".to_owned()),
        false => (Verdict::Pass, "AlwaysAdmit is not on".to_owned()),
    };
    sheet.row("1.2.10", "Not everything is admitted", found);
    let found = (
        Verdict::Review,
        "images that are on a node may be used by every pod there: keep tenants who must not share on nodes of their own".to_owned(),
    );
    sheet.row("1.2.11", "Images are pulled anew", found);
    let found = sheet.plugin("ServiceAccount");
    sheet.row("1.2.12", "Accounts of pods", found);
    let found = sheet.answered(
        "lost namespace",
        &[404],
        "nothing is made in a namespace that is not there",
    );
    sheet.row("1.2.13", "Life of namespaces", found);
    let found = sheet.answered("node writes", &[403], "a node may not change another one");
    sheet.row("1.2.14", "Restrictions of nodes", found);
    let found = sheet.answered("profile", &[404], "no profile is served");
    sheet.row("1.2.15", "No profiling", found);
}

fn logs(sheet: &mut Sheet<'_>) {
    let found = sheet.audited(|_| true, "who did what is logged");
    sheet.row("1.2.16", "An audit log", found);
    let found = sheet.audited(|audit| audit.days >= 30, "it is kept for 30 days or longer");
    sheet.row("1.2.17", "Age of the audit log", found);
    let found = sheet.audited(|audit| audit.files >= 10, "10 files or more are kept");
    sheet.row("1.2.18", "Files of the audit log", found);
    let found = sheet.audited(|audit| audit.megabytes >= 100, "files of 100 MB or more");
    sheet.row("1.2.19", "Size of the audit log", found);
    let found = timeout(sheet);
    sheet.row("1.2.20", "Requests end", found);
    let found = sheet.answered(
        "deleted account",
        &[401],
        "the token of a deleted account is refused",
    );
    sheet.row("1.2.21", "Accounts are looked up", found);
}

fn timeout(sheet: &Sheet<'_>) -> Found {
    let Some(text) = sheet.facts.flags.get("request-timeout") else {
        return (
            Verdict::Pass,
            "--request-timeout is 1m, the default".to_owned(),
        );
    };
    let seconds = gantry_base::time::parse_duration(text).map(|length| length.as_secs());
    match seconds {
        Ok(seconds) if seconds <= REQUEST_SECONDS => {
            (Verdict::Pass, format!("--request-timeout is {text}"))
        }
        Ok(_) | Err(_) => (Verdict::Fail, format!("--request-timeout is {text}")),
    }
}

fn keys(sheet: &mut Sheet<'_>) {
    let found = sheet.mode(Place::Key, OTHERS);
    sheet.row("1.2.22", "A key for tokens", found);
    let found = with_etcd(
        sheet,
        |etcd| etcd.has_certificate,
        "a certificate is shown to etcd",
    );
    sheet.row("1.2.23", "A certificate for etcd", found);
    let found = sheet.answered(
        "serving",
        &[200],
        "its certificate is one of the cluster's authority",
    );
    sheet.row("1.2.24", "TLS", found);
    let found = sheet.answered(
        "administrator",
        &[200],
        "certificates of clients are accepted",
    );
    sheet.row("1.2.25", "An authority for clients", found);
    let found = with_etcd(
        sheet,
        |etcd| etcd.has_authority,
        "etcd's certificate is checked",
    );
    sheet.row("1.2.26", "An authority for etcd", found);
    let found = sheet.sealed();
    sheet.row(
        "1.2.27",
        "Secrets are sealed before they are kept",
        found.clone(),
    );
    sheet.row("1.2.28", "A good cipher seals", found);
    let found = sheet.answered(
        "weak cipher",
        &[super::HANDSHAKE_REFUSED],
        "a handshake with weak ciphers is refused",
    );
    sheet.row("1.2.29", "Strong ciphers", found);
}

fn controllers(sheet: &mut Sheet<'_>) {
    let found = (
        Verdict::Review,
        "pods that ended stay until their owner or somebody removes them: give Jobs a time to live"
            .to_owned(),
    );
    sheet.row("1.3.1", "Pods that ended are removed", found);
    let found = sheet.answered("profile", &[404], "no profile is served");
    sheet.row("1.3.2", "No profiling of controllers", found.clone());
    let accounts = sheet.answered(
        "controllers' roles",
        &[200],
        "each controller has a role of its own",
    );
    sheet.row("1.3.3", "Controllers have accounts of their own", accounts);
    let key = sheet.mode(Place::Key, OTHERS);
    sheet.row("1.3.4", "A key for tokens of accounts", key);
    let root = sheet.answered(
        "authority in namespaces",
        &[200],
        "pods are given the authority's certificate",
    );
    sheet.row("1.3.5", "Pods know the authority", root);
    let port = sheet.no_port(10250, "the node's agent");
    sheet.row("1.3.6", "Certificates of nodes are rotated", port);
    let port = sheet.no_port(10257, "what runs the controllers");
    sheet.row("1.3.7", "Controllers listen on loopback", port);
    sheet.row("1.4.1", "No profiling of the scheduler", found);
    let port = sheet.no_port(10259, "the scheduler");
    sheet.row("1.4.2", "The scheduler listens on loopback", port);
}

fn etcd(sheet: &mut Sheet<'_>) {
    let secure = |etcd: &super::EtcdFacts| {
        etcd.endpoints
            .split(',')
            .all(|one| one.starts_with("https://"))
    };
    for (id, title) in [
        ("2.1", "etcd speaks TLS"),
        ("2.3", "etcd's certificates are not its own making"),
    ] {
        let found = with_etcd(
            sheet,
            |etcd| secure(etcd) && etcd.has_authority,
            "etcd is spoken to over TLS, and its certificate is checked",
        );
        sheet.row(id, title, found);
    }
    let found = with_etcd(
        sheet,
        |etcd| etcd.has_certificate,
        "a certificate is shown to etcd",
    );
    sheet.row("2.2", "etcd asks for certificates", found);
    for (id, title) in [
        ("2.4", "Members of etcd speak TLS"),
        ("2.5", "Members of etcd ask for certificates"),
        ("2.6", "Members' certificates are not their own making"),
    ] {
        let found = match &sheet.facts.etcd {
            None => embedded(),
            Some(etcd) => (
                Verdict::Review,
                format!("ask the members at {}", etcd.endpoints),
            ),
        };
        sheet.row(id, title, found);
    }
    let found = with_etcd(
        sheet,
        |etcd| etcd.has_authority,
        "etcd has an authority of its own",
    );
    sheet.row("2.7", "etcd has an authority of its own", found);
}

fn with_etcd(sheet: &Sheet<'_>, holds: impl Fn(&super::EtcdFacts) -> bool, means: &str) -> Found {
    match &sheet.facts.etcd {
        None => embedded(),
        Some(etcd) if holds(etcd) => (Verdict::Pass, means.to_owned()),
        Some(etcd) => (
            Verdict::Fail,
            format!("not so at {}: {means}", etcd.endpoints),
        ),
    }
}

fn embedded() -> Found {
    let why = "the state is embedded: no etcd, and no connection to one";
    (Verdict::Absent, why.to_owned())
}

fn policies(sheet: &mut Sheet<'_>) {
    let found = (
        Verdict::Review,
        "certificates of people last a short time and can be taken back; prefer OIDC for people"
            .to_owned(),
    );
    sheet.row("3.1.1", "People have no certificates", found);
    let found = sheet.answered(
        "long tokens",
        &[200],
        "no token of an account is kept in a Secret",
    );
    sheet.row("3.1.2", "People have no accounts of pods", found);
    let found = sheet.answered("bootstrap tokens", &[200], "there is no bootstrap token");
    sheet.row("3.1.3", "People have no bootstrap tokens", found);
    let found = sheet.audited(|audit| audit.has_policy, "a policy says what is logged");
    // What matters here is for a person to say, once there is a policy.
    let covers = match &found {
        (Verdict::Pass, _) => (
            Verdict::Review,
            "a policy says what is logged: see that it covers Secrets, pods and changes of access"
                .to_owned(),
        ),
        missing => missing.clone(),
    };
    sheet.row("3.2.1", "A policy of the audit log", found);
    sheet.row("3.2.2", "The policy covers what matters", covers);
}
