//! The system calls that no safe library offers, each behind a small safe face.
//!
//! Everything here assumes the shim's one invariant: the process has a single thread, so that a
//! forked child may go on running ordinary code.
#![expect(
    unsafe_code,
    reason = "the kernel's interface, wrapped here and nowhere else"
)]

use std::ffi::{CStr, CString};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use rustix::process::Pid;
use rustix::thread::UnshareFlags;
use seccompiler::sock_filter;

/// The exit code of a child whose code panicked before it could run a program.
const PANICKED: i32 = 70;

/// Forks with extra namespaces and runs `child` in the new process, which exits with its result.
///
/// The child may start its life inside a cgroup of the second version, which costs nothing, while
/// moving a process that already runs makes the kernel wait.
pub(crate) fn fork(
    namespaces: u64,
    cgroup: Option<BorrowedFd<'_>>,
    child: impl FnOnce() -> i32,
) -> io::Result<Pid> {
    // SAFETY: all-zero is a valid value of this plain structure, and means "nothing asked for".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = namespaces;
    args.exit_signal = libc::SIGCHLD.unsigned_abs().into();
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = u64::from(cgroup.as_raw_fd().unsigned_abs());
    }
    // SAFETY: without CLONE_VM and without a stack this is fork(2); the structure outlives the
    // call, and the process has one thread, so no lock is held by a thread that is not copied.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw mut args,
            size_of::<libc::clone_args>(),
        )
    };
    match i32::try_from(pid) {
        Ok(0) => exit_now(catch_unwind(AssertUnwindSafe(child)).unwrap_or(PANICKED)),
        Ok(pid) if pid > 0 => Pid::from_raw(pid).ok_or_else(io::Error::last_os_error),
        _ => Err(io::Error::last_os_error()),
    }
}

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Ends this process without running destructors, which belong to the parent.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; nothing is touched afterwards.
    unsafe { libc::_exit(code) }
}

/// Replaces this process by a program; returns only when that is impossible.
pub(crate) fn execve(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let argv = pointers(argv);
    let env = pointers(env);
    // SAFETY: both arrays end with a null pointer, and the strings they point to outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain([ptr::null()])
        .collect()
}

/// A descriptor that becomes readable when a child changes state or a signal to end arrives.
///
/// Those signals are blocked from here on; a child undoes it with [`reset_signals`].
pub(crate) fn signal_fd(signals: &[i32]) -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before use and lives on this stack; the
    // descriptor returned by signalfd belongs to nobody else.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) < 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        owned(fd)
    }
}

/// Gives every signal its default meaning and unblocks them all, as a new program expects.
pub(crate) fn reset_signals() {
    // SAFETY: SIG_DFL is a valid disposition for every signal; those that cannot be changed are
    // refused without effect. The empty set lives on this stack.
    unsafe {
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// What to change about a mount.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MountChange {
    /// `MOUNT_ATTR_` flags to set.
    pub(crate) set: u64,
    /// The `MS_` propagation to give it; 0 leaves it.
    pub(crate) propagation: u64,
    /// Whether mounts below are changed too.
    pub(crate) recursive: bool,
}

/// Changes the attributes of the mount that a descriptor stands for.
pub(crate) fn mount_setattr(mount: BorrowedFd<'_>, change: MountChange) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: change.set,
        attr_clr: 0,
        propagation: change.propagation,
        userns_fd: 0,
    };
    let depth = if change.recursive {
        libc::AT_RECURSIVE
    } else {
        0
    };
    // SAFETY: the path is an empty string, so the descriptor itself is meant; the structure
    // outlives the call and its size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | depth,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Adds a system call filter to this process for good.
pub(crate) fn add_seccomp_filter(filter: &[sock_filter]) -> io::Result<()> {
    let len =
        u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog {
        len,
        filter: filter.as_ptr().cast_mut().cast(),
    };
    // SAFETY: `sock_filter` has the kernel's layout in both libraries; the kernel copies the
    // program during the call and never writes to it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Marks every descriptor from `first` on to be closed when a program is run.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: only sets a flag on descriptors; none is closed here.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Sets the flags of the loopback link of this network namespace to "up".
pub(crate) fn raise_loopback(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all-zero is a valid request; the name fits and stays null-terminated, and the
    // structure outlives the call.
    let result = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
            *to = libc::c_char::try_from(*from).unwrap_or_default();
        }
        request.ifr_ifru.ifru_flags = IFF_UP_RUNNING;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request)
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

const IFF_UP_RUNNING: libc::c_short = 0x1 | 0x40;

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just returned by the kernel to our caller, who gave it away.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Gives this process namespaces of its own.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    debug_assert!(
        !flags.contains(UnshareFlags::FILES),
        "descriptors stay as they are"
    );
    // SAFETY: the process has one thread, so no other one is left with a table of descriptors
    // that this one believes to be its own.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Sends a signal to a process, or to a group of them when the number is negative.
pub(crate) fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes two numbers and touches no memory.
    if unsafe { libc::kill(pid, signal) } < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
