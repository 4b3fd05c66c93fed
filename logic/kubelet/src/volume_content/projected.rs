//! Volumes made of several sources, tokens of ServiceAccounts among them.

use k8s_openapi::api::core::v1::{Pod, ProjectedVolumeSource, VolumeProjection};

use super::{ContentError, Files, Tokens, files};
use crate::container::{Surroundings, fs_group, sole_user};

/// How long a token is good for when nobody says.
const TOKEN_SECONDS: i64 = 3600;

/// A token that a pod's volumes need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenWanted {
    /// The volume.
    pub volume: String,
    /// The number of the source within it.
    pub source: usize,
    /// For whom the token is good; the API server when empty.
    pub audience: String,
    /// For how long.
    pub seconds: i64,
}

/// The tokens that the pod's volumes need.
#[must_use]
pub fn tokens(pod: &Pod) -> Vec<TokenWanted> {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    let mut wanted = Vec::new();
    for volume in volumes {
        let sources = volume
            .projected
            .iter()
            .flat_map(|all| all.sources.iter().flatten());
        for (source, part) in sources.enumerate() {
            if let Some(token) = &part.service_account_token {
                wanted.push(TokenWanted {
                    volume: volume.name.clone(),
                    source,
                    audience: token.audience.clone().unwrap_or_default(),
                    seconds: token.expiration_seconds.unwrap_or(TOKEN_SECONDS),
                });
            }
        }
    }
    wanted
}

pub(super) fn content(
    on: &Surroundings<'_>,
    (volume, source): (&str, &ProjectedVolumeSource),
    tokens: &Tokens,
    files: &mut Files,
) -> Result<(), ContentError> {
    let mode = source.default_mode;
    for (number, part) in source.sources.iter().flatten().enumerate() {
        if part.service_account_token.is_some() {
            let token = tokens.get(&(volume.to_owned(), number));
            let token = token.ok_or_else(|| ContentError::Token(volume.to_owned()))?;
            add_token(on, part, token, mode, files)?;
        } else {
            add_part(on, part, mode, files)?;
        }
    }
    Ok(())
}

fn add_part(
    on: &Surroundings<'_>,
    part: &VolumeProjection,
    mode: Option<i32>,
    all: &mut Files,
) -> Result<(), ContentError> {
    if let Some(source) = &part.config_map {
        files::of_config_map(on, &files::Wanted::from(source).within(mode), all)
    } else if let Some(source) = &part.secret {
        files::of_secret(on, &files::Wanted::from(source).within(mode), all)
    } else if let Some(source) = &part.downward_api {
        let items = source.items.as_deref().unwrap_or(&[]);
        files::of_downward_api(on, items, mode, all)
    } else {
        Err(ContentError::Type("projected".to_owned()))
    }
}

/// Only those who run in the pod may read its token, when it is known who that is.
fn add_token(
    on: &Surroundings<'_>,
    part: &VolumeProjection,
    token: &str,
    mode: Option<i32>,
    all: &mut Files,
) -> Result<(), ContentError> {
    let path = part
        .service_account_token
        .as_ref()
        .map_or("", |source| &source.path);
    let group = fs_group(on.pod);
    let user = if group.is_some() {
        None
    } else {
        sole_user(on.pod)
    };
    let private = group.is_some() || user.is_some();
    let mode = if private { Some(0o600) } else { mode };
    files::put(all, path, token.as_bytes().to_vec(), mode)?;
    if let Some(file) = all.files.get_mut(path) {
        file.user = user;
    }
    Ok(())
}
