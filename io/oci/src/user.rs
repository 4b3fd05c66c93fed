//! Who a container's program is, by the accounts of its image.
//!
//! Called inside the container's root, so no path can lead out of it. The files belong to the
//! image: their size is bounded, and anything that is not a plain file counts as absent.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

use gantry_kubelet::sandbox::RunAs;
use thiserror::Error;

use crate::limits::ACCOUNT_FILE_BYTES;

/// The numbers behind a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

/// Why a user is nobody.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum UserError {
    #[error("find the user {0:?} in the image's /etc/passwd")]
    NoUser(String),
    #[error("find the group {0:?} in the image's /etc/group")]
    NoGroup(String),
    #[error("run as root: runAsNonRoot forbids it")]
    Root,
}

/// The accounts of an image.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    passwd: String,
    group: String,
}

impl Accounts {
    /// Reads the accounts of the root that this process has.
    pub(crate) fn read() -> Self {
        let read = |path| read_plain(path).unwrap_or_default();
        Self {
            passwd: read("/etc/passwd"),
            group: read("/etc/group"),
        }
    }

    /// Resolves what was asked for, and the image's user for what was left open.
    pub(crate) fn resolve(
        &self,
        run_as: &RunAs,
        image_user: &str,
        never_root: bool,
    ) -> Result<Identity, UserError> {
        let (image_name, image_group) = match image_user.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (image_user, None),
        };
        let user = match run_as.uid {
            Some(uid) => uid.to_string(),
            None if image_name.is_empty() => "0".to_owned(),
            None => image_name.to_owned(),
        };
        let account = self.account(&user)?;
        // The image's group belongs to the image's user, and is not lent to another.
        let gid = match (run_as.gid, image_group, run_as.uid) {
            (Some(gid), _, _) => gid,
            (None, Some(group), None) => self.group_id(group)?,
            (None, _, _) => account.gid,
        };
        if never_root && account.uid == 0 {
            return Err(UserError::Root);
        }
        let mut groups = run_as.groups.clone();
        groups.extend(
            account
                .name
                .map(|name| self.groups_of(name))
                .unwrap_or_default(),
        );
        groups.push(gid);
        groups.sort_unstable();
        groups.dedup();
        Ok(Identity {
            uid: account.uid,
            gid,
            groups,
            home: account.home.to_owned(),
        })
    }

    fn account<'a>(&'a self, user: &str) -> Result<Account<'a>, UserError> {
        let number = user.parse::<u32>().ok();
        let known = self.passwd.lines().filter_map(Account::parse);
        let mut matching = known.filter(|a| a.name == Some(user) || number == Some(a.uid));
        match (matching.next(), number) {
            (Some(account), _) => Ok(account),
            (None, Some(uid)) => Ok(Account {
                name: None,
                uid,
                gid: 0,
                home: "/",
            }),
            (None, None) => Err(UserError::NoUser(user.to_owned())),
        }
    }

    fn group_id(&self, group: &str) -> Result<u32, UserError> {
        let named = self
            .groups()
            .find(|(name, _, _)| *name == group)
            .map(|(_, gid, _)| gid);
        named
            .or_else(|| group.parse().ok())
            .ok_or_else(|| UserError::NoGroup(group.to_owned()))
    }

    fn groups_of(&self, user: &str) -> Vec<u32> {
        let member = |members: &str| members.split(',').any(|member| member == user);
        self.groups()
            .filter(|(_, _, members)| member(members))
            .map(|(_, gid, _)| gid)
            .collect()
    }

    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?);
            Some((name, gid.parse().ok()?, fields.next().unwrap_or_default()))
        })
    }
}

struct Account<'a> {
    name: Option<&'a str>,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl<'a> Account<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let (name, _) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let home = fields.nth(1).filter(|home| !home.is_empty()).unwrap_or("/");
        Some(Self {
            name: Some(name),
            uid,
            gid,
            home,
        })
    }
}

fn read_plain(path: &str) -> io::Result<String> {
    // Without waiting: the image could have put a pipe there that nobody writes to.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    file.take(ACCOUNT_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0::/root:/bin/sh\nbroken\nredis:x:999:998::/data:/bin/sh\n".into(),
            group: "root:x:0:\naudio:x:29:redis,other\nredis:x:998:\n".into(),
        }
    }

    fn resolve(run_as: RunAs, image: &str) -> Result<Identity, UserError> {
        accounts().resolve(&run_as, image, false)
    }

    #[test]
    fn an_images_user_brings_its_group_its_groups_and_its_home() {
        let identity = resolve(RunAs::default(), "redis").unwrap();
        assert_eq!((identity.uid, identity.gid), (999, 998));
        assert_eq!(identity.groups, [29, 998]);
        assert_eq!(identity.home, "/data");
    }

    #[test]
    fn a_number_unknown_to_the_image_is_in_the_root_group() {
        let identity = resolve(
            RunAs {
                uid: Some(4242),
                ..RunAs::default()
            },
            "redis:audio",
        )
        .unwrap();
        assert_eq!(
            (identity.uid, identity.gid, identity.groups),
            (4242, 0, vec![0])
        );
    }

    #[test]
    fn a_group_may_be_a_name_or_a_number() {
        assert_eq!(resolve(RunAs::default(), "redis:audio").unwrap().gid, 29);
        assert_eq!(resolve(RunAs::default(), "redis:77").unwrap().gid, 77);
        assert_eq!(
            resolve(RunAs::default(), "redis:x"),
            Err(UserError::NoGroup("x".into()))
        );
        assert_eq!(
            resolve(RunAs::default(), "nobody"),
            Err(UserError::NoUser("nobody".into()))
        );
    }

    #[test]
    fn root_is_refused_where_it_must_not_be() {
        let refused = accounts().resolve(&RunAs::default(), "", true);
        assert_eq!(refused, Err(UserError::Root));
    }
}
