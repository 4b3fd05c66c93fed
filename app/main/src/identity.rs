//! Whom the server believes besides the cluster itself, as the settings say.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use gantry_access::authn::issuer::Flags;
use gantry_access::authn::listed::Listed;
use gantry_access::authn::{AuthenticationConfiguration, Issuer};
use gantry_authn::{Config, WebhookConfig, limits};
use gantry_base::time::parse_duration;

use crate::config::Settings;

/// What the settings say, with the files that they name.
pub(crate) fn config(settings: &Settings) -> Result<Config> {
    let mut config = Config {
        webhook: webhook(settings)?,
        ..Config::default()
    };
    if let Some(path) = &settings.token_auth_file {
        let listed = Listed::read(&read(path)?);
        config.listed = listed.with_context(|| format!("use {}", path.display()))?;
    }
    config.issuers.extend(from_flags(settings)?);
    if let Some(anonymous) = settings.anonymous_auth {
        config.anonymous.enabled = anonymous;
    }
    if let Some(path) = &settings.authentication_config {
        ensure!(
            config.issuers.is_empty(),
            "--authentication-config and --oidc-issuer-url say the same: use one of them"
        );
        structured(settings, path, &mut config)
            .with_context(|| format!("use {}", path.display()))?;
    }
    Ok(config)
}

fn structured(settings: &Settings, path: &Path, config: &mut Config) -> Result<()> {
    let file: AuthenticationConfiguration = serde_saphyr::from_str(&read(path)?)?;
    file.check()?;
    for jwt in &file.jwt {
        config.issuers.push(Issuer::read(jwt)?);
    }
    if let Some(anonymous) = file.anonymous {
        ensure!(
            settings.anonymous_auth.is_none(),
            "--anonymous-auth says the same as the field anonymous: use one of them"
        );
        config.anonymous = anonymous;
    }
    Ok(())
}

fn from_flags(settings: &Settings) -> Result<Option<Issuer>> {
    let Some(issuer_url) = settings.oidc_issuer_url.clone() else {
        let client = &settings.oidc_client_id;
        ensure!(
            client.is_none() && settings.oidc_ca_file.is_none(),
            "--oidc-client-id and --oidc-ca-file need --oidc-issuer-url"
        );
        return Ok(None);
    };
    let authority = settings.oidc_ca_file.as_deref().map(read).transpose()?;
    Ok(Some(Issuer::from_flags(&Flags {
        issuer_url,
        client_id: settings.oidc_client_id.clone().unwrap_or_default(),
        username_claim: settings.oidc_username_claim.clone(),
        username_prefix: settings.oidc_username_prefix.clone(),
        groups_claim: settings.oidc_groups_claim.clone(),
        groups_prefix: settings.oidc_groups_prefix.clone(),
        required_claims: settings.oidc_required_claim.clone(),
        algorithms: settings.oidc_signing_algs.clone(),
        authority,
    })?))
}

fn webhook(settings: &Settings) -> Result<Option<WebhookConfig>> {
    let age = match &settings.authentication_token_webhook_cache_ttl {
        None => limits::ANSWER_AGE,
        Some(text) => {
            parse_duration(text).context("use --authentication-token-webhook-cache-ttl")?
        }
    };
    let version = settings.authentication_token_webhook_version.clone();
    let Some(file) = settings.authentication_token_webhook_config_file.clone() else {
        if version.is_some() {
            bail!(
                "--authentication-token-webhook-version needs \
                 --authentication-token-webhook-config-file"
            );
        }
        return Ok(None);
    };
    Ok(Some(WebhookConfig {
        file,
        version: version.unwrap_or_else(|| "v1".to_owned()),
        age,
    }))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_need_others_are_refused_without_them() {
        let refused = |settings: Settings| config(&settings).is_err();
        assert!(refused(Settings {
            oidc_client_id: Some("cluster".to_owned()),
            ..Settings::default()
        }));
        assert!(refused(Settings {
            oidc_issuer_url: Some("https://issuer.example".to_owned()),
            ..Settings::default()
        }));
        assert!(refused(Settings {
            authentication_token_webhook_version: Some("v1".to_owned()),
            ..Settings::default()
        }));
        assert!(!refused(Settings::default()));
    }

    #[test]
    fn a_file_says_whom_to_believe() {
        let dir = std::env::temp_dir().join(format!("gantry-identity-{}", std::process::id()));
        let text = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n\
                    jwt:\n- issuer: {url: 'https://issuer.example', audiences: [cluster]}\n  \
                    claimMappings: {username: {claim: sub, prefix: 'x:'}}\n\
                    anonymous: {enabled: false}\n";
        fs::write(&dir, text).unwrap();
        let settings = Settings {
            authentication_config: Some(dir.clone()),
            ..Settings::default()
        };
        let read = config(&settings);
        fs::remove_file(&dir).unwrap();
        let read = read.unwrap();
        assert_eq!(read.issuers[0].url, "https://issuer.example");
        assert!(!read.anonymous.allows("/livez"));
    }
}
