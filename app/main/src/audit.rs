//! What an operator chose to have written down of requests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gantry_audit::{Audit, AuditConfig, LogConfig, WebhookConfig};
use gantry_base::time::parse_duration;

use crate::config::Settings;

/// Who writes down what is asked, if that was chosen.
pub(crate) fn open(settings: &Settings, is_detached: bool) -> Result<Option<Arc<Audit>>> {
    let Some(config) = config(settings, is_detached)? else {
        return Ok(None);
    };
    let audit = Audit::open(&config, |text| {
        serde_saphyr::from_str::<serde_json::Value>(text)
    });
    Ok(Some(Arc::new(audit.context("write down requests")?)))
}

fn config(settings: &Settings, is_detached: bool) -> Result<Option<AuditConfig>> {
    let log = log(settings, is_detached)?;
    let webhook = webhook(settings)?;
    let is_written = log.is_some() || webhook.is_some();
    let Some(policy) = settings.audit_policy_file.clone() else {
        ensure!(
            !is_written,
            "--audit-policy-file is missing: without a policy nothing is written down; name one, \
             or leave out --audit-log-path and --audit-webhook-config-file"
        );
        return Ok(None);
    };
    ensure!(
        is_written,
        "--audit-policy-file says what is written down, and nothing says where: add \
         --audit-log-path or --audit-webhook-config-file"
    );
    Ok(Some(AuditConfig {
        policy,
        log,
        webhook,
    }))
}

fn log(settings: &Settings, is_detached: bool) -> Result<Option<LogConfig>> {
    let form = settings.audit_log_format.as_deref().unwrap_or("json");
    ensure!(
        form == "json",
        "--audit-log-format {form}: expected json, the only form there is"
    );
    let Some(path) = settings.audit_log_path.clone() else {
        return Ok(None);
    };
    ensure!(
        !(is_detached && path.as_os_str() == "-"),
        "--audit-log-path -: a server in the background has no standard output; name a file, or \
         use `gantry server`"
    );
    let mut log = LogConfig::new(path);
    if let Some(megabytes) = settings.audit_log_maxsize {
        ensure!(
            megabytes > 0,
            "--audit-log-maxsize 0: expected at least one megabyte"
        );
        log.most_bytes = megabytes.saturating_mul(1024 * 1024);
    }
    log.most_backups = settings.audit_log_maxbackup.unwrap_or(log.most_backups);
    log.most_days = settings.audit_log_maxage.unwrap_or(log.most_days);
    log.compress = settings.audit_log_compress;
    Ok(Some(log))
}

fn webhook(settings: &Settings) -> Result<Option<WebhookConfig>> {
    let Some(file) = settings.audit_webhook_config_file.clone() else {
        return Ok(None);
    };
    let usual = WebhookConfig::new(PathBuf::new());
    let wait = &settings.audit_webhook_batch_max_wait;
    let backoff = &settings.audit_webhook_initial_backoff;
    let config = WebhookConfig {
        file,
        backlog: settings
            .audit_webhook_batch_buffer_size
            .unwrap_or(usual.backlog),
        batch: settings.audit_webhook_batch_max_size.unwrap_or(usual.batch),
        wait: duration("--audit-webhook-batch-max-wait", wait, usual.wait)?,
        backoff: duration("--audit-webhook-initial-backoff", backoff, usual.backoff)?,
        rate: settings
            .audit_webhook_batch_throttle_qps
            .unwrap_or(usual.rate),
    };
    ensure!(
        0 < config.batch && config.batch <= config.backlog,
        "--audit-webhook-batch-max-size {}: expected at least 1, and no more than \
         --audit-webhook-batch-buffer-size {}",
        config.batch,
        config.backlog
    );
    Ok(Some(config))
}

fn duration(name: &str, said: &Option<String>, usual: Duration) -> Result<Duration> {
    let Some(text) = said else { return Ok(usual) };
    parse_duration(text).with_context(|| format!("use {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings {
            audit_policy_file: Some("policy".into()),
            audit_log_path: Some("log".into()),
            ..Settings::default()
        };
        change(&mut settings);
        match config(&settings, true) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(config)) => format!("{config:?}"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused_with_its_names() {
        let nothing = told(|settings| *settings = Settings::default());
        assert_eq!(nothing, "nothing");
        let sizes = told(|settings| {
            settings.audit_log_maxsize = Some(2);
            settings.audit_log_maxbackup = Some(3);
        });
        assert!(
            sizes.contains("most_bytes: 2097152, most_backups: 3"),
            "{sizes}"
        );
        let no_policy = told(|settings| settings.audit_policy_file = None);
        assert!(
            no_policy.starts_with("--audit-policy-file is missing"),
            "{no_policy}"
        );
        let nowhere = told(|settings| settings.audit_log_path = None);
        assert!(nowhere.contains("add --audit-log-path"), "{nowhere}");
        let output = told(|settings| settings.audit_log_path = Some("-".into()));
        assert!(output.contains("no standard output"), "{output}");
        let form = told(|settings| settings.audit_log_format = Some("legacy".to_owned()));
        assert!(form.contains("expected json"), "{form}");
        let size = told(|settings| settings.audit_log_maxsize = Some(0));
        assert!(size.contains("--audit-log-maxsize 0"), "{size}");
        let batch = told(|settings| {
            settings.audit_webhook_config_file = Some("hook".into());
            settings.audit_webhook_batch_max_size = Some(0);
        });
        assert!(
            batch.contains("--audit-webhook-batch-max-size 0"),
            "{batch}"
        );
    }
}
