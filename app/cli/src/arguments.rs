//! Arguments as users of the stock command line write them, and its words for wrong ones.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command};

use crate::output::Output;

/// Makes `--flag=true` a `--flag`, and drops `--flag=false`, for flags that take no value here.
pub(crate) fn normalise(args: Vec<OsString>, definition: &Command) -> Vec<OsString> {
    let mut known = switches(definition);
    let mut command = definition;
    let mut kept = Vec::with_capacity(args.len());
    let mut is_rest = false;
    for (index, arg) in args.into_iter().enumerate() {
        let text = arg.to_string_lossy().into_owned();
        is_rest |= text == "--";
        if is_rest || index == 0 {
            kept.push(arg);
            continue;
        }
        if let Some(found) = command.find_subcommand(&text) {
            command = found;
            known.extend(switches(found));
        }
        match text.split_once('=') {
            Some((flag, "true")) if known.iter().any(|name| name == flag) => {
                kept.push(flag.into());
            }
            Some((flag, "false")) if known.iter().any(|name| name == flag) => {}
            _ => kept.push(arg),
        }
    }
    kept
}

fn switches(command: &Command) -> Vec<String> {
    let flags = command.get_arguments();
    let flags = flags.filter(|flag| matches!(flag.get_action(), ArgAction::SetTrue));
    let names = flags.flat_map(|flag| {
        let long = flag.get_long().map(|name| format!("--{name}"));
        long.into_iter()
            .chain(flag.get_short().map(|name| format!("-{name}")))
    });
    names.collect()
}

/// The command line in the form that `--record` notes: words first, then flags by their long names.
pub(crate) fn cause(args: &[OsString], definition: &Command) -> String {
    let mut command = definition;
    let (mut words, mut flags) = (vec!["kubectl".to_owned()], Vec::new());
    let mut rest = args
        .iter()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = rest.next() {
        if !arg.starts_with('-') || arg == "-" {
            command = command.find_subcommand(&arg).unwrap_or(command);
            words.push(arg);
            continue;
        }
        if arg == "--" {
            words.extend(rest.by_ref());
            break;
        }
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (arg.as_str(), None),
        };
        let mut all = command.get_arguments().chain(definition.get_arguments());
        let known = all.find(|flag| {
            let long = flag
                .get_long()
                .is_some_and(|long| name.strip_prefix("--") == Some(long));
            let mut letters = name.chars().skip(1);
            long || (flag.get_short().is_some() && letters.next() == flag.get_short())
        });
        let long = known
            .and_then(clap::Arg::get_long)
            .unwrap_or(name.trim_start_matches('-'));
        let takes_value = known.is_some_and(|flag| {
            matches!(flag.get_action(), ArgAction::Set | ArgAction::Append)
                && !flag.is_require_equals_set()
        });
        let value = match value {
            None if takes_value => rest.next(),
            None => Some("true".to_owned()),
            value => value,
        };
        flags.push(format!("--{long}={}", value.unwrap_or_default()));
    }
    words.extend(flags);
    words.join(" ")
}

/// Says what is wrong with the arguments, or shows the help that was asked for.
pub(crate) fn explain(error: &clap::Error, out: &Output) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let shown = out
            .write(error.render().to_string())
            .and_then(|()| out.flush());
        return if shown.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    out.remark(words(error));
    ExitCode::FAILURE
}

fn words(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("\", \""),
        _ => String::new(),
    };
    let kind = error.kind();
    if kind == ErrorKind::UnknownArgument {
        let argument = text(ContextKind::InvalidArg);
        let what = if argument.starts_with("--") {
            "unknown flag"
        } else {
            "unexpected argument"
        };
        format!("error: {what}: {argument}\nSee 'kubectl --help' for usage.")
    } else if kind == ErrorKind::InvalidSubcommand {
        let name = text(ContextKind::InvalidSubcommand);
        format!("error: unknown command {name:?} for \"kubectl\"")
    } else if kind == ErrorKind::MissingRequiredArgument {
        let missing = text(ContextKind::InvalidArg);
        let names = missing.split("\", \"").map(bare).collect::<Vec<_>>();
        format!(
            "error: required flag(s) \"{}\" not set",
            names.join("\", \"")
        )
    } else {
        error.render().to_string()
    }
}

/// `image` of `--image <IMAGE>`.
fn bare(usage: &str) -> &str {
    usage
        .split([' ', '='])
        .next()
        .unwrap_or(usage)
        .trim_start_matches('-')
}
