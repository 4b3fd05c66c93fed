//! Becoming the user that a program runs as.

use gantry_kubelet::sandbox::RunAs;
use rustix::fs::{FileType, Gid, Uid};
use rustix::io::Errno;
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::{Process, Stepped};
use crate::failure::{StartFailure, StartFailureKind};
use crate::user::{Accounts, Identity};

impl Process {
    pub(super) fn become_user(
        &mut self,
        run_as: &RunAs,
        image_user: &str,
        never_root: bool,
    ) -> Stepped {
        let identity = Accounts::read().resolve(run_as, image_user, never_root);
        let identity = identity.map_err(|e| {
            StartFailure::new("choose the user", e).of_kind(StartFailureKind::Refused)
        })?;
        let failed = |e| StartFailure::new(format!("become the user {}", identity.uid), e);
        give_streams(identity.uid).map_err(failed)?;
        change(&identity).map_err(failed)?;
        self.home = Some(identity.home);
        Ok(())
    }
}

/// A program may open its own standard streams anew, as `/dev/stdout`, only if they are its own.
fn give_streams(uid: u32) -> Result<(), Errno> {
    let streams = [
        rustix::stdio::stdin(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
    ];
    for stream in streams {
        let stat = rustix::fs::fstat(stream)?;
        let null = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
            && rustix::fs::major(stat.st_rdev) == MEMORY_DEVICES;
        if !null && stat.st_uid != uid {
            match rustix::fs::fchown(stream, Some(Uid::from_raw(uid)), None) {
                // Streams of a kind that cannot be given away are used as they are.
                Ok(()) | Err(Errno::INVAL | Errno::PERM | Errno::ROFS) => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(())
}

/// The major number of `/dev/null` and its like, which belong to everybody.
const MEMORY_DEVICES: u32 = 1;

fn change(identity: &Identity) -> Result<(), Errno> {
    let groups: Vec<Gid> = identity
        .groups
        .iter()
        .map(|gid| Gid::from_raw(*gid))
        .collect();
    let (gid, uid) = (Gid::from_raw(identity.gid), Uid::from_raw(identity.uid));
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}
