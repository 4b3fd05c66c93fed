//! Whether a cluster is hardened as the CIS Kubernetes Benchmark asks of control planes, and as NSA
//! and CISA advise.
//!
//! Pure: what was found on a machine and said by a server goes in, one row per recommendation comes
//! out. Recommendations are named by their numbers; their words are ours.

use std::collections::BTreeMap;

mod benchmark;
mod guidance;
#[cfg(test)]
mod tests;

/// Stands for the answer of a server that refused to speak with weak ciphers: there is no status.
pub const HANDSHAKE_REFUSED: u16 = 525;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the running server was told, by the name of the flag.
    pub flags: BTreeMap<String, String>,
    /// Files and folders that were looked at, by what they are.
    pub files: BTreeMap<Place, Vec<FileFact>>,
    /// As which user the server runs.
    pub server_uid: u32,
    /// What the server answered to questions that were put to it, by their names.
    pub answers: BTreeMap<&'static str, Answer>,
    /// Paths of other installations' files that are there.
    pub foreign: Vec<String>,
    /// Local ports of other components that somebody listens on.
    pub ports: Vec<u16>,
    /// Addresses that the server listens on.
    pub listens: Vec<String>,
    /// Resources that are sealed before they are kept, and with what.
    pub sealed: Vec<(String, String)>,
    /// Whether this machine is a node.
    pub has_node: bool,
    /// The etcd that keeps the state, if one does.
    pub etcd: Option<EtcdFacts>,
    /// The server's log of who did what.
    pub audit: Option<AuditFacts>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The data directory.
    Data,
    /// Where the state is kept.
    Store,
    /// The folder of keys and certificates.
    Keys,
    /// A file in it that holds a private key.
    Key,
    /// A file in it that holds none.
    Certificate,
    /// The administrator's way in.
    Kubeconfig,
    /// What is sealed with.
    Sealing,
    /// The container network's configuration.
    Network,
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFact {
    /// Where.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// Whose it is.
    pub uid: u32,
}

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub code: u16,
    /// What it said.
    pub text: String,
}

/// How an etcd is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EtcdFacts {
    /// Where its members are.
    pub endpoints: String,
    /// Whether its certificate is checked against an authority of its own.
    pub has_authority: bool,
    /// Whether a certificate is shown to it.
    pub has_certificate: bool,
}

/// How a log of who did what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFacts {
    /// Where.
    pub path: String,
    /// Days for which it is kept.
    pub days: u64,
    /// Files that are kept.
    pub files: u64,
    /// Megabytes of one file.
    pub megabytes: u64,
    /// Whether a policy decides what is logged.
    pub has_policy: bool,
}

/// What is to be said of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is followed.
    Pass,
    /// It is not.
    Fail,
    /// There is nothing here that it could be about.
    Absent,
    /// A person has to judge.
    Review,
}

impl Verdict {
    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Absent => "n/a",
            Self::Review => "review",
        }
    }
}

/// One recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What is to be said.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// Every recommendation, in the order of their numbers.
#[must_use]
pub fn rows(facts: &Facts) -> Vec<Row> {
    let mut sheet = Sheet {
        facts,
        rows: Vec::new(),
    };
    benchmark::fill(&mut sheet);
    guidance::fill(&mut sheet);
    sheet.rows
}

type Found = (Verdict, String);

/// Rows that are being written.
struct Sheet<'a> {
    facts: &'a Facts,
    rows: Vec<Row>,
}

impl Sheet<'_> {
    fn row(&mut self, id: &'static str, title: &'static str, found: Found) {
        let (verdict, reason) = found;
        self.rows.push(Row {
            id,
            title,
            verdict,
            reason,
        });
    }

    /// Nobody but the owner has any of `mask` on the files of a place.
    fn mode(&self, place: Place, mask: u32) -> Found {
        self.each(place, |file| {
            (file.mode & mask != 0).then(|| format!("mode {:o}", file.mode))
        })
    }

    /// The files of a place are those of root, or of the user as whom the server runs.
    fn owner(&self, place: Place) -> Found {
        let server = self.facts.server_uid;
        self.each(place, |file| {
            let is_ours = file.uid == 0 || file.uid == server;
            (!is_ours).then(|| format!("user {} owns it", file.uid))
        })
    }

    fn each(&self, place: Place, wrong: impl Fn(&FileFact) -> Option<String>) -> Found {
        let files = self.facts.files.get(&place).map_or(&[][..], Vec::as_slice);
        let bad = files.iter().find_map(|file| Some((file, wrong(file)?)));
        match (bad, files) {
            (Some((file, what)), _) => (Verdict::Fail, format!("{}: {what}", file.path)),
            (None, []) => (Verdict::Absent, "there is no such file".to_owned()),
            (None, [one]) => (Verdict::Pass, format!("{}: mode {:o}", one.path, one.mode)),
            (None, [first, ..]) => (
                Verdict::Pass,
                format!("{} and {} more", first.path, files.len() - 1),
            ),
        }
    }

    /// A file that only other installations have.
    fn foreign(&self, path: &str) -> Found {
        if self.facts.foreign.iter().any(|known| known == path) {
            let what = format!("{path} is there, and nothing of this cluster's: look whose it is");
            return (Verdict::Review, what);
        }
        (
            Verdict::Absent,
            format!("there is no {path}: one process, no manifests"),
        )
    }

    /// A port that only other installations have.
    fn no_port(&self, port: u16, what: &str) -> Found {
        if self.facts.ports.contains(&port) {
            return (Verdict::Fail, format!("somebody listens on port {port}"));
        }
        (
            Verdict::Absent,
            format!("{what} has no port of its own: nobody listens on {port}"),
        )
    }

    /// The answer to a question has one of these codes.
    fn answered(&self, question: &str, codes: &[u16], means: &str) -> Found {
        match self.facts.answers.get(question) {
            Some(answer) if codes.contains(&answer.code) => {
                (Verdict::Pass, format!("{means} ({})", answer.code))
            }
            Some(answer) => (
                Verdict::Fail,
                format!("{question}: answered with {} {}", answer.code, answer.text),
            ),
            None => (Verdict::Fail, format!("{question}: could not be asked")),
        }
    }

    /// A flag that is not to be used.
    fn without(&self, flag: &str) -> Found {
        match self.facts.flags.get(flag) {
            None => (Verdict::Pass, format!("--{flag} is not set")),
            Some(value) => (Verdict::Fail, format!("--{flag} is {value}")),
        }
    }

    /// A plug-in of admission that is on unless somebody switches it off.
    fn plugin(&self, name: &str) -> Found {
        let off = self.facts.flags.get("disable-admission-plugins");
        match off.is_some_and(|off| off.contains(name)) {
            true => (
                Verdict::Fail,
                format!("--disable-admission-plugins names {name}"),
            ),
            false => (
                Verdict::Pass,
                format!("{name} is on, and nothing switches it off"),
            ),
        }
    }

    fn sealed(&self) -> Found {
        let secrets = self
            .facts
            .sealed
            .iter()
            .find(|(what, _)| matches!(what.as_str(), "secrets" | "*." | "*.*"));
        match secrets {
            Some((_, by)) if by != "identity" => {
                (Verdict::Pass, format!("Secrets are sealed with {by}"))
            }
            Some(_) | None => (Verdict::Fail, "Secrets are kept in the clear".to_owned()),
        }
    }

    fn audited(&self, is_enough: impl Fn(&AuditFacts) -> bool, what: &str) -> Found {
        match &self.facts.audit {
            Some(audit) if is_enough(audit) => (Verdict::Pass, format!("{what}: {}", audit.path)),
            Some(audit) => (Verdict::Fail, format!("{} does not: {what}", audit.path)),
            None => (Verdict::Fail, "no audit log is kept".to_owned()),
        }
    }
}
