//! How commands fail, and the words in which users hear of it.

use std::io;
use std::process::ExitCode;

use gantry_api::jsonpath::TemplateError;
use gantry_base::{chain, ignore};
use gantry_client::RemoteError;
use gantry_client::kubeconfig::KubeconfigError;
use gantry_client::remote::Refusal;

use crate::output::Output;

/// The status that shells show for a program that wrote to a closed pipe.
const CLOSED_PIPE: u8 = 141;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server could not be asked, or refused. The text says what was being done.
    Remote(Option<String>, RemoteError),
    /// What the user asked for cannot be done.
    Said(String),
    /// The same, without `error:` in front.
    Plain(String),
    /// Several things failed, each on its own.
    Several(Vec<Failure>),
    /// Everything has been said; only the status is left.
    Exit(u8),
    /// Nobody reads the results any more.
    ClosedPipe,
}

/// Fails with a sentence.
pub(crate) fn said<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Said(text.into()))
}

impl Failure {
    /// The same, in the course of `what`, such as `error when creating "x.yml"`.
    pub(crate) fn during(self, what: impl Into<String>) -> Self {
        match self {
            Self::Remote(None, error) => Self::Remote(Some(what.into()), error),
            Self::Said(text) => Self::Said(format!("{}: {text}", what.into())),
            said @ (Self::Remote(..)
            | Self::Plain(_)
            | Self::Several(_)
            | Self::Exit(_)
            | Self::ClosedPipe) => said,
        }
    }

    /// All of `failures` as one; nothing when there are none.
    pub(crate) fn all(mut failures: Vec<Self>) -> Result<(), Self> {
        match failures.len() {
            0 => Ok(()),
            1 => Err(failures.remove(0)),
            _ => Err(Self::Several(failures)),
        }
    }

    /// The server's refusal, when that is what it is.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        if let Self::Remote(_, error) = self {
            error.refusal()
        } else {
            None
        }
    }

    /// Whether the server said that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == 404)
    }

    /// Whether the server said that the object is not as the caller believed.
    pub(crate) fn is_conflict(&self) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.reason() == "Conflict")
    }

    /// The sentence, without what stock clients put in front.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Remote(what, error) => {
                let text = chain(error);
                what.as_ref()
                    .map_or(text.clone(), |what| format!("{what}: {text}"))
            }
            Self::Said(text) | Self::Plain(text) => text.clone(),
            Self::Several(failures) => {
                let texts: Vec<String> = failures.iter().map(Self::sentence).collect();
                texts.join("; ")
            }
            Self::Exit(code) => format!("exit status {code}"),
            Self::ClosedPipe => "the output was closed".to_owned(),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self::Remote(None, error)
    }
}

impl From<KubeconfigError> for Failure {
    fn from(error: KubeconfigError) -> Self {
        Self::Said(chain(&error))
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        Self::Said(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Said(format!("write the output: {error}"))
        }
    }
}

/// Tells the user, and the status to end with.
pub(crate) fn report(failure: &Failure, out: &Output) -> ExitCode {
    match failure {
        Failure::Exit(code) => {
            ignore(out.flush(), "the status says more than a closed pipe");
            return ExitCode::from(*code);
        }
        Failure::ClosedPipe => return ExitCode::from(CLOSED_PIPE),
        Failure::Said(text) => out.remark(format!("error: {text}")),
        Failure::Plain(text) => out.remark(text),
        Failure::Several(failures) => {
            for failure in failures {
                report(failure, out);
            }
        }
        Failure::Remote(what, error) => out.remark(remote(what.as_deref(), error)),
    }
    ExitCode::FAILURE
}

fn remote(what: Option<&str>, error: &RemoteError) -> String {
    let prefixed = |text: &str| what.map_or(text.to_owned(), |what| format!("{what}: {text}"));
    if let RemoteError::Refused(refusal) = error {
        return refused(refusal, &prefixed(refusal.message()));
    }
    if let RemoteError::NobodyListens { address } = error {
        return format!(
            "The connection to the server {address} was refused - did you specify the right host \
             or port?\n(is the cluster up? try: gantry status)"
        );
    }
    format!(
        "Unable to connect to the server: {}",
        prefixed(&chain(error))
    )
}

fn refused(refusal: &Refusal, message: &str) -> String {
    match refusal.reason() {
        "Invalid" => invalid(refusal),
        "Unauthorized" => {
            format!(
                "error: You must be logged in to the server ({})",
                refusal.message()
            )
        }
        "" => format!("Error from server: {message}"),
        reason => format!("Error from server ({reason}): {message}"),
    }
}

/// Everything that is wrong with an object, one line each.
fn invalid(refusal: &Refusal) -> String {
    let details = &refusal.status["details"];
    let text = |key: &str| details[key].as_str().unwrap_or_default();
    let subject = match (text("kind"), text("name")) {
        ("", _) => "The request is invalid".to_owned(),
        (kind, "") => format!("The {kind} is invalid"),
        (kind, name) => format!("The {kind} {name:?} is invalid"),
    };
    let mut lines: Vec<String> = Vec::new();
    for (field, message) in refusal.causes() {
        let line = format!("{field}: {message}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] if text("kind").is_empty() => format!("{subject}: {}", refusal.message()),
        [] => subject,
        [only] => format!("{subject}: {only}"),
        several => format!("{subject}: \n* {}", several.join("\n* ")),
    }
}
