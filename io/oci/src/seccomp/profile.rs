//! Profiles on the node, in the JSON form that container runtimes share.
//!
//! Calls whose name is unknown here are skipped, since a profile is written for many kernels and
//! architectures. Conditions on the kernel's version or the container's capabilities are refused.

use std::fs;
use std::path::Path;

use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};
use serde::Deserialize;

use super::{Filters, Rules, SeccompError, compile, syscalls};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    syscalls: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    names: Vec<String>,
    action: String,
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Vec<Argument>,
    includes: Option<serde_json::Value>,
    excludes: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

/// Reads a profile and makes its filters.
pub(super) fn load(path: &Path) -> Result<Filters, SeccompError> {
    let text = fs::read(path).map_err(|source| SeccompError::Read {
        path: path.to_owned(),
        source,
    })?;
    let profile: Profile =
        serde_json::from_slice(&text).map_err(|source| SeccompError::Profile {
            path: path.to_owned(),
            source,
        })?;
    filters(&profile)
}

/// One program per action. All but the first let everything else pass, so that together they
/// answer each call with the action it has been given, or with the default.
fn filters(profile: &Profile) -> Result<Filters, SeccompError> {
    let otherwise = action(&profile.default_action, profile.default_errno_ret)?;
    let mut by_action: Vec<(SeccompAction, Rules)> = Vec::new();
    for group in &profile.syscalls {
        let action = action(&group.action, group.errno_ret)?;
        if action == otherwise {
            continue;
        }
        let known = by_action
            .iter()
            .position(|(existing, _)| *existing == action);
        let at = known.unwrap_or_else(|| {
            by_action.push((action, Rules::new()));
            by_action.len() - 1
        });
        add(group, &mut by_action[at].1)?;
    }
    programs(otherwise, by_action)
}

fn programs(
    otherwise: SeccompAction,
    by_action: Vec<(SeccompAction, Rules)>,
) -> Result<Filters, SeccompError> {
    let mut programs = Vec::new();
    if otherwise != SeccompAction::Allow {
        let mut named = Rules::new();
        for (action, rules) in &by_action {
            // A call with an answer of its own must pass the default, to meet its own program.
            let open = |rules: &Vec<SeccompRule>| {
                if *action == SeccompAction::Allow {
                    rules.clone()
                } else {
                    Vec::new()
                }
            };
            named.extend(rules.iter().map(|(number, rules)| (*number, open(rules))));
        }
        programs.push(compile(named, otherwise, SeccompAction::Allow)?);
    }
    for (action, rules) in by_action {
        if action != SeccompAction::Allow {
            programs.push(compile(rules, SeccompAction::Allow, action)?);
        }
    }
    Ok(Filters(programs))
}

fn add(group: &Group, rules: &mut Rules) -> Result<(), SeccompError> {
    let is_set = |value: &Option<serde_json::Value>| {
        value
            .as_ref()
            .and_then(|v| v.as_object())
            .is_some_and(|object| !object.is_empty())
    };
    if is_set(&group.includes) || is_set(&group.excludes) {
        return Err(SeccompError::Unsupported("a conditional group".into()));
    }
    for number in group.names.iter().filter_map(|name| syscalls::number(name)) {
        let existing = rules.get(&number);
        // An unconditional entry stays so, whatever else is said of the call.
        if group.args.is_empty() || existing.is_some_and(Vec::is_empty) {
            rules.insert(number, Vec::new());
        } else {
            rules.entry(number).or_default().push(rule(&group.args)?);
        }
    }
    Ok(())
}

fn rule(arguments: &[Argument]) -> Result<SeccompRule, SeccompError> {
    let conditions = arguments
        .iter()
        .map(condition)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(SeccompRule::new(conditions)?)
}

fn condition(argument: &Argument) -> Result<SeccompCondition, SeccompError> {
    let (op, value) = match argument.op.as_str() {
        "SCMP_CMP_EQ" => (SeccompCmpOp::Eq, argument.value),
        "SCMP_CMP_NE" => (SeccompCmpOp::Ne, argument.value),
        "SCMP_CMP_LT" => (SeccompCmpOp::Lt, argument.value),
        "SCMP_CMP_LE" => (SeccompCmpOp::Le, argument.value),
        "SCMP_CMP_GT" => (SeccompCmpOp::Gt, argument.value),
        "SCMP_CMP_GE" => (SeccompCmpOp::Ge, argument.value),
        "SCMP_CMP_MASKED_EQ" => (SeccompCmpOp::MaskedEq(argument.value), argument.value_two),
        other => {
            return Err(SeccompError::Unsupported(format!(
                "the comparison {other:?}"
            )));
        }
    };
    Ok(SeccompCondition::new(
        argument.index,
        SeccompCmpArgLen::Qword,
        op,
        value,
    )?)
}

fn action(name: &str, errno: Option<u32>) -> Result<SeccompAction, SeccompError> {
    Ok(match name {
        "SCMP_ACT_ALLOW" => SeccompAction::Allow,
        "SCMP_ACT_ERRNO" => SeccompAction::Errno(errno.unwrap_or(libc::EPERM.unsigned_abs())),
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => SeccompAction::KillThread,
        "SCMP_ACT_KILL_PROCESS" => SeccompAction::KillProcess,
        "SCMP_ACT_LOG" => SeccompAction::Log,
        "SCMP_ACT_TRAP" => SeccompAction::Trap,
        other => return Err(SeccompError::Unsupported(format!("the action {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<Filters, SeccompError> {
        filters(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_action_besides_the_default_gets_a_program() {
        let profile = r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
            {"names": ["read", "made_up"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["kill"], "action": "SCMP_ACT_KILL_PROCESS"}]}"#;
        assert_eq!(made(profile).unwrap().0.len(), 2);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let profile = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["read"], "action": "SCMP_ACT_NOTIFY"}]}"#;
        assert!(matches!(made(profile), Err(SeccompError::Unsupported(_))));
        let profile = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["read"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_BPF"]}}]}"#;
        assert!(matches!(made(profile), Err(SeccompError::Unsupported(_))));
    }
}
