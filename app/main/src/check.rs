//! `gantry check`: whether the cluster is hardened, recommendation by recommendation.
//!
//! Looks at the files, at what the running server was told and listens on, and puts questions to
//! it. What all of that means is decided in `gantry_access::hardening`.

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::json;

use gantry_access::hardening::{Row, Verdict, rows};

use crate::cluster::Cluster;
use crate::options::Which;
use crate::output;
use crate::process::serving;

mod facts;
mod questions;

/// Check the running cluster against the CIS Kubernetes Benchmark's control-plane rows and the
/// guidance of NSA and CISA. Ends with an error when a row fails.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How to print the rows.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Prints every row.
pub(crate) async fn run(which: &Which, options: &Check) -> Result<()> {
    let cluster = Cluster::existing(which)?;
    let Some(pid) = serving(&cluster) else {
        bail!(
            "the cluster {:?} is down, and what it does cannot be checked: start it with `gantry{} up`",
            cluster.name,
            cluster.flags()
        );
    };
    let mut facts = facts::gather(&cluster, pid)?;
    facts.answers = questions::ask(&cluster).await?;
    let rows = rows(&facts);
    match options.output {
        Form::Table => table(&rows),
        Form::Json => output::line(serde_json::to_string_pretty(&as_json(&rows))?),
    }
    let failed = rows
        .iter()
        .filter(|row| row.verdict == Verdict::Fail)
        .count();
    ensure!(failed == 0, "{failed} of {} rows fail", rows.len());
    Ok(())
}

fn table(rows: &[Row]) {
    for row in rows {
        let Row {
            id,
            title,
            verdict,
            reason,
        } = row;
        output::line(format!("{id:<8} {:<7} {title}: {reason}", verdict.word()));
    }
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    output::line(format!(
        "\n{} pass, {} fail, {} are about nothing that is here, {} are for a person to judge.",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Absent),
        count(Verdict::Review)
    ));
}

fn as_json(rows: &[Row]) -> serde_json::Value {
    let one = |row: &Row| {
        json!({
            "id": row.id, "title": row.title,
            "status": row.verdict.word().to_lowercase(), "reason": row.reason,
        })
    };
    json!({"rows": rows.iter().map(one).collect::<Vec<_>>()})
}
