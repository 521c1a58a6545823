//! Threads of this process, and the signals that wake them from a blocking call.

use std::ffi::c_int;
use std::io;
use std::mem;
use std::ptr;

use super::result::check;

/// A thread of this process, by the kernel's number: libc's name for it is a pointer on musl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thread(libc::pid_t);

impl Thread {
    pub(crate) fn current() -> Self {
        // SAFETY: takes nothing and always succeeds. (glibc has a function for it since 2.30 only.)
        let number = unsafe { libc::syscall(libc::SYS_gettid) };
        // The kernel's numbers fit an int; it has no thread 0.
        Self(libc::pid_t::try_from(number).unwrap_or(0))
    }

    pub(crate) fn id(self) -> i32 {
        self.0
    }

    /// Makes the system call that the thread is blocked in return `EINTR`, if the thread does not
    /// block the signal and [`make_interrupting`] was called for it.
    ///
    /// The caller keeps the thread from ending: its number could become another one's.
    pub(crate) fn interrupt(self, signal: c_int) {
        // SAFETY: takes no pointer. An error, which there is for a real-time signal when
        // RLIMIT_SIGPENDING is reached, means that nothing is interrupted.
        unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), self.0, signal) };
    }
}

extern "C" fn do_nothing(_signal: c_int) {}

/// The best signal to wake a thread with: not blocked, and with no handler but ours.
///
/// `SIGURG` is ignored by default, does not queue up, and is harmless if it is still pending when
/// the process executes another program. Of real-time signals programs use the highest the least.
pub(crate) fn waking_signal(is_blocked: impl Fn(c_int) -> bool) -> Option<c_int> {
    std::iter::once(libc::SIGURG)
        .chain((libc::SIGRTMIN()..=libc::SIGRTMAX()).rev())
        .find(|&signal| !is_blocked(signal) && is_free(signal))
}

fn is_free(signal: c_int) -> bool {
    let free = [libc::SIG_DFL, libc::SIG_IGN, interrupt_handler()];
    current_handler(signal).is_ok_and(|current| free.contains(&current))
}

/// Has the signal interrupt a system call and do nothing else.
///
/// The handler stays installed: removing it could let a signal that is on its way end the process.
pub(crate) fn make_interrupting(signal: c_int) -> io::Result<()> {
    // SAFETY: sigaction holds integers and pointers, for which zero is a value. Zero flags: no
    // SA_RESTART, so that a blocked call returns.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = interrupt_handler();
    // SAFETY: action is live and its handler an empty function, safe in any context.
    check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })
}

fn interrupt_handler() -> libc::sighandler_t {
    do_nothing as extern "C" fn(c_int) as libc::sighandler_t
}

fn current_handler(signal: c_int) -> io::Result<libc::sighandler_t> {
    // SAFETY: sigaction holds integers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a null new action changes nothing; action is live and filled by the call.
    check(unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) })?;
    Ok(action.sa_sigaction)
}

/// A set of signals that a thread does not take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// That of the calling thread.
    pub(crate) fn current() -> Self {
        // SAFETY: sigset_t holds only integers, for which zero is a value.
        let mut set: libc::sigset_t = unsafe { mem::zeroed() };
        // SAFETY: a null new set changes nothing; set is live and filled by the call.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), &raw mut set) };
        Self(set)
    }

    pub(crate) fn blocks(&self, signal: c_int) -> bool {
        // SAFETY: the set is live; -1, for what is not a signal, is not 1.
        unsafe { libc::sigismember(&raw const self.0, signal) == 1 }
    }

    pub(crate) fn without(mut self, signal: c_int) -> Self {
        // SAFETY: the set is live.
        unsafe { libc::sigdelset(&raw mut self.0, signal) };
        self
    }

    pub(crate) fn all() -> Self {
        // SAFETY: sigset_t holds only integers, for which zero is a value.
        let mut set: libc::sigset_t = unsafe { mem::zeroed() };
        // SAFETY: set is a live sigset_t.
        unsafe { libc::sigfillset(&raw mut set) };
        Self(set)
    }

    /// Gives the calling thread this mask and returns the one it had.
    pub(crate) fn set(self) -> Self {
        // SAFETY: sigset_t holds only integers, for which zero is a value.
        let mut old: libc::sigset_t = unsafe { mem::zeroed() };
        // SAFETY: both sets are live; SIG_SETMASK with a valid set cannot fail.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, &raw mut old) };
        Self(old)
    }
}
