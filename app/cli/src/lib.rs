//! The command line users already know: `gantry kubectl`, and the binary called as `kubectl`.
//!
//! Commands learn from the server what kinds there are; only generators and `describe/` name one.
//! The face of this crate is [`kubectl`]; everything is printed through one writer, so that a
//! reader that goes away ends a command quietly.

mod arguments;
mod commands;
mod describe;
mod discovery;
mod edits;
mod events;
mod failure;
mod fields;
mod limits;
mod manifest;
mod merge;
mod objects;
mod output;
mod pods;
mod print;
mod rollout;
mod selection;
mod session;
mod streams;
mod terminal;
mod watching;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use commands::Root;
use output::Output;
use session::Session;

/// Runs one command as `kubectl` would; `args` are what stands behind the program's name.
pub async fn kubectl(args: impl Iterator<Item = OsString>) -> ExitCode {
    let out = Output::stdout();
    let definition = Root::command();
    let args = std::iter::once(OsString::from("kubectl"))
        .chain(args)
        .collect();
    let args = arguments::normalise(args, &definition);
    let cause = arguments::cause(&args, &definition);
    let matches = match definition.try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return arguments::explain(&error, &out),
    };
    let root = match Root::from_arg_matches(&matches) {
        Ok(root) => root,
        Err(error) => return arguments::explain(&error, &out),
    };
    let session = Session::new(root.globals, cause, out);
    let result = commands::run(&session, root.command).await;
    let result = result.and_then(|()| session.out.flush());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure::report(&failure, &session.out),
    }
}
