//! The folder with the cluster's keys: loaded, or made on the first start.
//!
//! The authority and the token key are never replaced: whoever trusts them would be lost. The
//! server's certificate is remade whenever it is old or its names have changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gantry_base::Timestamp;

use crate::authority::damaged;
use crate::serving::Serving;
use crate::tls::{provider, server_config};
use crate::{
    Authority, Certificate, FrontProxy, Identity, PkiError, ServerNames, TokenKey, files,
    needs_renewal,
};

/// The cluster's keys.
#[derive(Debug)]
pub struct Pki {
    folder: PathBuf,
    names: ServerNames,
    authority: Authority,
    front_proxy: Arc<FrontProxy>,
    tokens: Arc<TokenKey>,
    serving: Arc<Serving>,
}

impl Pki {
    /// Opens the keys in `dir`, making those that are missing, for a server called `names`.
    pub fn open(dir: &Path, names: ServerNames, now: Timestamp) -> Result<Self, PkiError> {
        files::make_folder(dir)?;
        let authority = Authority::open_or_create(dir, now)?;
        let front_proxy = FrontProxy::open(&dir.join("front-proxy-ca.pem"), now)?;
        let tokens = token_key(&dir.join("service-accounts.pem"))?;
        let identity = serving_identity(dir, &authority, &names, now)?;
        Ok(Self {
            folder: dir.to_owned(),
            serving: Arc::new(Serving::new(&identity, &provider())?),
            names,
            authority,
            front_proxy: Arc::new(front_proxy),
            tokens: Arc::new(tokens),
        })
    }

    /// The certificate that clients trust, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.authority.ca_pem()
    }

    /// How this server shows others that it may speak for its callers.
    #[must_use]
    pub fn front_proxy(&self) -> Arc<FrontProxy> {
        Arc::clone(&self.front_proxy)
    }

    /// The key for service account tokens.
    #[must_use]
    pub fn tokens(&self) -> Arc<TokenKey> {
        Arc::clone(&self.tokens)
    }

    /// A new key and certificate for `user` in `groups`, good for `ttl`.
    pub fn client_identity(
        &self,
        user: &str,
        groups: &[&str],
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Identity, PkiError> {
        self.authority.issue_client(user, groups, ttl, now)
    }

    /// The authority, for whoever issues certificates in its name.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A new key and certificate for the administrator, good for thirty days.
    pub fn admin_identity(&self, now: Timestamp) -> Result<Identity, PkiError> {
        self.authority.issue_admin(now)
    }

    /// What the server's certificate says at the moment.
    #[must_use]
    pub fn serving_certificate(&self) -> Certificate {
        self.serving.certificate()
    }

    /// Replaces the server's certificate if half its life is over, without closing connections.
    /// Says whether it did.
    pub fn renew(&self, now: Timestamp) -> Result<bool, PkiError> {
        if !needs_renewal(&self.serving.certificate(), now) {
            return Ok(false);
        }
        let identity = serving_identity(&self.folder, &self.authority, &self.names, now)?;
        self.serving.replace(&identity, &provider())?;
        Ok(true)
    }

    /// TLS for the server: shows its certificate, asks for those of clients, speaks h2 and http/1.1.
    pub fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, PkiError> {
        server_config(Arc::clone(&self.serving), self.ca_pem())
    }
}

fn token_key(path: &Path) -> Result<TokenKey, PkiError> {
    if let Some(text) = files::read(path)? {
        return TokenKey::from_pem(&text).map_err(|error| damaged(path, &error));
    }
    let made = TokenKey::create();
    let key = made.map_err(|source| PkiError::Issue {
        subject: "service accounts".into(),
        source,
    })?;
    files::write(path, key.pem())?;
    Ok(key)
}

/// The stored certificate of the server if it still serves, else a new one.
fn serving_identity(
    dir: &Path,
    authority: &Authority,
    names: &ServerNames,
    now: Timestamp,
) -> Result<Identity, PkiError> {
    let path = dir.join("server.pem");
    let stored = files::read(&path)?.and_then(|text| split(&text, authority.ca_pem()));
    if let Some(identity) = stored
        && still_serves(&identity, names, now)
    {
        return Ok(identity);
    }
    let identity = authority.issue_server(names, now)?;
    let text = format!(
        "{}{}{}",
        identity.key_pem, identity.cert_pem, identity.ca_pem
    );
    files::write(&path, &text)?;
    Ok(identity)
}

fn still_serves(identity: &Identity, names: &ServerNames, now: Timestamp) -> bool {
    identity
        .certificate()
        .is_ok_and(|found| !needs_renewal(&found, now) && found.names == names.all())
}

/// Key, certificate and authority out of one file, if it was made under this authority.
fn split(text: &str, ca_pem: &str) -> Option<Identity> {
    let own = text.strip_suffix(ca_pem)?;
    let (key, cert) = own.split_at(own.find("-----BEGIN CERTIFICATE")?);
    Some(Identity {
        cert_pem: cert.to_owned(),
        key_pem: key.to_owned(),
        ca_pem: ca_pem.to_owned(),
    })
}
