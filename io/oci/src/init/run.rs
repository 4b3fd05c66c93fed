//! The last step: finding the program and becoming it.

use std::convert::Infallible;
use std::ffi::{CString, NulError};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Process;
use crate::failure::{StartFailure, StartFailureKind};
use crate::sys;

impl Process {
    /// Becomes the program of the plan.
    pub(super) fn run(&mut self) -> Result<Infallible, StartFailure> {
        let argv = std::mem::take(&mut self.launch.plan.argv);
        let mut env = std::mem::take(&mut self.launch.plan.env);
        let program = argv.first().map_or("", String::as_str);
        let what = format!("run {program:?}");
        if let Some(home) = self.home.take() {
            env.entry("HOME".to_owned()).or_insert(home);
        }
        let path = env.get("PATH").map_or("", String::as_str);
        let candidates = candidates(program, path);
        let cut = |e: NulError| StartFailure::new(&what, e);
        let argv = argv
            .iter()
            .map(|a| CString::new(a.as_str()))
            .collect::<Result<Vec<_>, _>>();
        let argv = argv.map_err(cut)?;
        let env = env
            .iter()
            .map(|(name, value)| CString::new(format!("{name}={value}")));
        let env = env.collect::<Result<Vec<_>, _>>().map_err(cut)?;
        sys::close_on_exec_from(3).map_err(|e| StartFailure::new("close descriptors", e))?;
        let mut first_refusal = None;
        for candidate in candidates {
            let refusal = become_program(&candidate, &argv, &env).map_err(cut)?;
            if refusal.kind() != io::ErrorKind::NotFound {
                first_refusal.get_or_insert(refusal);
            }
        }
        Err(refused(&what, program, first_refusal))
    }
}

fn candidates(program: &str, path: &str) -> Vec<String> {
    if program.contains('/') || program.is_empty() {
        return vec![program.to_owned()];
    }
    let directories = path.split(':').map(|d| if d.is_empty() { "." } else { d });
    directories
        .map(|directory| format!("{directory}/{program}"))
        .collect()
}

fn become_program(
    candidate: &str,
    argv: &[CString],
    env: &[CString],
) -> Result<io::Error, NulError> {
    if is_this_program(Path::new(candidate)) {
        return Ok(io::ErrorKind::PermissionDenied.into());
    }
    Ok(sys::execve(&CString::new(candidate)?, argv, env))
}

/// A link such as `/proc/self/exe` would turn the container into the node's own program, under
/// the image's libraries; and a container that is that program could try to change its file.
fn is_this_program(candidate: &Path) -> bool {
    let (Ok(candidate), Ok(own)) = (fs::metadata(candidate), fs::metadata("/proc/self/exe")) else {
        return false;
    };
    (candidate.dev(), candidate.ino()) == (own.dev(), own.ino())
}

fn refused(what: &str, program: &str, refusal: Option<io::Error>) -> StartFailure {
    match refusal {
        Some(e) => StartFailure::new(what, e).of_kind(StartFailureKind::NotExecutable),
        None if program.contains('/') => {
            StartFailure::new(what, "no such file or directory").of_kind(StartFailureKind::NotFound)
        }
        None => StartFailure::new(what, "executable file not found in $PATH")
            .of_kind(StartFailureKind::NotFound),
    }
}
