//! One short function per system call, and the only `unsafe` of this crate.
//!
//! No retry, no default, no policy: arguments are types that prove themselves (`BorrowedFd`,
//! `&CStr`, slices), results are `io::Result` with the kernel's errno.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_long};
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;
use std::{ptr, slice};

pub(crate) use libc::{
    EACCES, EAGAIN, EBADF, EBUSY, EEXIST, EINTR, EINVAL, EMFILE, EMSGSIZE, ENAMETOOLONG, ENFILE,
    ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM, ESRCH, ETIMEDOUT, O_CLOEXEC, O_CREAT, O_EXCL,
    O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, POLLIN, POLLOUT, S_IFREG, SIGURG,
};

/// The access mode among the flags, as the kernel has it: musl counts `O_PATH` in.
pub(crate) const O_ACCMODE: c_int = O_WRONLY | O_RDWR;

/// `NOTIFY_COOKIE_LEN` of the kernel's `include/linux/mqueue.h`.
pub(crate) const COOKIE_LEN: usize = 32;
/// What the kernel writes into a cookie's last byte when a message arrived.
pub(crate) const NOTIFY_WOKENUP: u8 = 1;

fn done<T: Copy + PartialEq + From<i8>>(result: T) -> io::Result<()> {
    if result == T::from(-1) { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn owned(fd: c_int) -> io::Result<OwnedFd> {
    done(fd)?;
    // SAFETY: the kernel has just returned this descriptor, so it is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A time as the kernel takes it. Seconds past the end of `time_t` mean its end: for ever.
#[allow(deprecated)] // a warning that musl's `time_t` will be 64 bits wide everywhere
fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        // Below 10^9, so it fits every C long.
        tv_nsec: time.subsec_nanos().cast_signed().into(),
    }
}

fn pointer<T>(value: Option<&T>) -> *const T {
    value.map_or(ptr::null(), ptr::from_ref)
}

/// `sizes` is (`mq_maxmsg`, `mq_msgsize`); without it the kernel takes its defaults.
pub(crate) fn mq_open(
    name: &CStr,
    flags: c_int,
    mode: u32,
    sizes: Option<(c_long, c_long)>,
) -> io::Result<OwnedFd> {
    let attr = sizes.map(|(maxmsg, msgsize)| {
        // SAFETY: mq_attr holds only integers, for which zero is a value.
        let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
        attr.mq_maxmsg = maxmsg as _;
        attr.mq_msgsize = msgsize as _;
        attr
    });
    // SAFETY: name is NUL-terminated and attr is null or points to a live mq_attr; mode and attr
    // are passed always, as the variadic part must be whenever flags hold O_CREAT.
    owned(unsafe {
        libc::mq_open(name.as_ptr(), flags, mode as libc::mode_t, pointer(attr.as_ref()))
    })
}

pub(crate) fn mq_unlink(name: &CStr) -> io::Result<()> {
    // SAFETY: name is NUL-terminated and outlives the call.
    done(unsafe { libc::mq_unlink(name.as_ptr()) })
}

/// `call!(mq_timedsend = SYS_mq_timedsend, fd, …)`: what the system call returns, or the errno.
///
/// On a processor that guards against speculation, each `ret` after a system call is mispredicted,
/// since the call has emptied the predictor of returns. So the two calls that carry messages are
/// made by the instruction itself, where they are written.
#[cfg(all(not(feature = "via-libc"), target_arch = "x86_64", target_pointer_width = "64"))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {{
        let result: i64;
        std::arch::asm!(
            "syscall",
            inlateout("rax") libc::$number => result,
            in("rdi") i64::from($fd), in("rsi") $a, in("rdx") $b, in("r10") $c, in("r8") $d,
            lateout("rcx") _, lateout("r11") _, // which the instruction itself overwrites
            options(nostack),
        );
        or_errno(result)
    }};
}

#[cfg(all(not(feature = "via-libc"), target_arch = "aarch64", target_pointer_width = "64"))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {{
        let result: i64;
        std::arch::asm!(
            "svc 0",
            in("x8") libc::$number,
            inlateout("x0") i64::from($fd) => result,
            in("x1") $a, in("x2") $b, in("x3") $c, in("x4") $d,
            options(nostack),
        );
        or_errno(result)
    }};
}

#[cfg(not(all(
    not(feature = "via-libc"),
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64"
)))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {
        match libc::$libc($fd, $a.cast(), $b, $c, $d) {
            -1 => Err(io::Error::last_os_error()),
            result => Ok(result),
        }
    };
}

/// The kernel's own convention: an error is a negative errno.
#[inline(always)]
#[allow(dead_code)] // where libc makes the calls
fn or_errno(result: i64) -> io::Result<i64> {
    match i32::try_from(result) {
        Ok(errno @ ..0) => Err(io::Error::from_raw_os_error(errno.wrapping_neg())),
        _ => Ok(result),
    }
}

/// `deadline` is time since the epoch on the wall clock; zero means "do not wait", None "for ever".
#[inline(always)]
pub(crate) fn mq_timedsend(
    fd: BorrowedFd<'_>,
    message: &[u8],
    priority: u32,
    deadline: Option<Duration>,
) -> io::Result<()> {
    let deadline = deadline.map(timespec);
    let (fd, until) = (fd.as_raw_fd(), pointer(deadline.as_ref()));
    let (start, length) = (message.as_ptr(), message.len());
    // SAFETY: pointer and length are those of a live slice that the kernel only reads, and the
    // deadline is null or points to a live timespec.
    unsafe { call!(mq_timedsend = SYS_mq_timedsend, fd, start, length, priority, until) }.map(drop)
}

/// The length and priority of the message that is now in the room. Deadline as for sending.
#[inline(always)]
pub(crate) fn mq_timedreceive(
    fd: BorrowedFd<'_>,
    room: &mut Room<'_>,
    deadline: Option<Duration>,
) -> io::Result<(usize, u32)> {
    let deadline = deadline.map(timespec);
    let (fd, until) = (fd.as_raw_fd(), pointer(deadline.as_ref()));
    let (start, length) = (room.bytes.as_mut_ptr(), room.bytes.len());
    let mut priority = 0_u32;
    let to = &raw mut priority;
    // SAFETY: pointer and length are those of a live slice that is ours alone, the priority is a
    // live unsigned int, and the deadline is null or points to a live timespec.
    let result =
        unsafe { call!(mq_timedreceive = SYS_mq_timedreceive, fd, start, length, to, until) };
    // Never negative, and never over the room's length.
    room.filled = usize::try_from(result?).unwrap_or(0);
    Ok((room.filled, priority))
}

/// Room for one message, of which the kernel writes the beginning.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    filled: usize,
}

impl<'a> From<&'a mut [MaybeUninit<u8>]> for Room<'a> {
    fn from(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { bytes, filled: 0 }
    }
}

impl<'a> From<&'a mut [u8]> for Room<'a> {
    #[inline(always)]
    fn from(bytes: &'a mut [u8]) -> Self {
        let (start, length) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the same bytes with the same layout, borrowed as before; only the kernel writes
        // to a room, so they stay initialised.
        Self { bytes: unsafe { slice::from_raw_parts_mut(start, length) }, filled: 0 }
    }
}

impl<'a> Room<'a> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message that was received into it; nothing before that.
    pub(crate) fn filled(self) -> &'a mut [u8] {
        let start = self.bytes.as_mut_ptr().cast();
        // SAFETY: the kernel has written this many bytes at the start of this slice, and the
        // borrow of them goes on in the result.
        unsafe { slice::from_raw_parts_mut(start, self.filled) }
    }
}

/// Replaces what is in a vector by what is received into a room of `size` bytes.
pub(crate) fn receive_into<T, E>(
    vector: &mut Vec<u8>,
    size: usize,
    receive: impl FnOnce(&mut Room<'_>) -> Result<T, E>,
) -> Result<T, E> {
    vector.clear();
    vector.reserve_exact(size);
    let mut room = Room::from(&mut vector.spare_capacity_mut()[..size]);
    let received = receive(&mut room)?;
    let length = room.filled;
    // SAFETY: the room was the vector's own capacity, and the kernel has written that many bytes:
    // what is called here passes the room on to `mq_timedreceive`, and puts no other in its place.
    unsafe { vector.set_len(length) };
    Ok(received)
}

pub(crate) fn mq_getattr(fd: BorrowedFd<'_>) -> io::Result<libc::mq_attr> {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    // SAFETY: attr is a live mq_attr that the kernel fills.
    done(unsafe { libc::mq_getattr(fd.as_raw_fd(), &raw mut attr) })?;
    Ok(attr)
}

/// The kernel takes `O_NONBLOCK` or nothing.
pub(crate) fn mq_setattr(fd: BorrowedFd<'_>, flags: c_int) -> io::Result<()> {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    attr.mq_flags = flags.into();
    // SAFETY: attr is a live mq_attr; a null old attribute is allowed.
    done(unsafe { libc::mq_setattr(fd.as_raw_fd(), &raw const attr, ptr::null_mut()) })
}

/// A number that nobody can guess.
pub(crate) fn getrandom() -> io::Result<u64> {
    let mut bytes = [0; size_of::<u64>()];
    // SAFETY: pointer and length are those of a live array that is ours alone. So few bytes come
    // whole or not at all.
    done(unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) })?;
    Ok(u64::from_ne_bytes(bytes))
}

/// How the kernel is to tell of a message.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// `SIGEV_NONE`.
    Silent,
    /// `SIGEV_SIGNAL`, with this in `si_value`.
    Signal(c_int, usize),
    /// `SIGEV_THREAD` as the kernel knows it: the cookie comes back over a netlink socket.
    Netlink(BorrowedFd<'a>, &'a [u8; COOKIE_LEN]),
}

/// The system call itself, not libc's wrapper: glibc's `SIGEV_THREAD` shares one socket between a
/// parent and its forked child, and musl has its own.
pub(crate) fn mq_notify(fd: BorrowedFd<'_>, event: Option<&Event<'_>>) -> io::Result<()> {
    let event = event.map(|event| {
        // SAFETY: sigevent holds integers and a pointer, for which zero is a value.
        let mut sigevent: libc::sigevent = unsafe { mem::zeroed() };
        match event {
            Event::Silent => sigevent.sigev_notify = libc::SIGEV_NONE,
            Event::Signal(signal, value) => {
                sigevent.sigev_notify = libc::SIGEV_SIGNAL;
                sigevent.sigev_signo = *signal;
                sigevent.sigev_value.sival_ptr = ptr::without_provenance_mut(*value);
            }
            Event::Netlink(socket, cookie) => {
                sigevent.sigev_notify = libc::SIGEV_THREAD;
                sigevent.sigev_signo = socket.as_raw_fd();
                sigevent.sigev_value.sival_ptr = cookie.as_ptr().cast_mut().cast();
            }
        }
        sigevent
    });
    // SAFETY: the sigevent is null or live; a cookie in it is COOKIE_LEN bytes that the kernel
    // copies during the call, and the descriptors are borrowed, so open.
    done(unsafe { libc::syscall(libc::SYS_mq_notify, fd.as_raw_fd(), pointer(event.as_ref())) })
}

pub(crate) fn fstat(fd: BorrowedFd<'_>) -> io::Result<libc::stat> {
    // SAFETY: stat holds only integers, for which zero is a value.
    let mut stat: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: stat is a live struct stat that the kernel fills.
    done(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) })?;
    Ok(stat)
}

/// Device and inode, which identify the file. On some processors they are less than 64 bits wide.
pub(crate) fn identity(fd: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let stat = fstat(fd)?;
    Ok((wide(stat.st_dev), wide(stat.st_ino)))
}

/// The flags of the open file description, access mode and all.
pub(crate) fn fcntl_getfl(fd: BorrowedFd<'_>) -> io::Result<c_int> {
    // SAFETY: takes no pointer.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    done(flags)?;
    Ok(flags)
}

/// Has the descriptor closed when the process executes another program.
pub(crate) fn close_on_exec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes no pointer.
    done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })
}

/// Whether there is a queue behind this number, which may be no descriptor at all.
pub(crate) fn is_queue(number: RawFd) -> bool {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    // SAFETY: attr is a live mq_attr that the kernel fills; any number may be asked about.
    done(unsafe { libc::mq_getattr(number, &raw mut attr) }).is_ok()
}

/// Whether the number is that of a descriptor that stays open on `exec`, as one does that this
/// process was started with.
pub(crate) fn survives_exec(number: RawFd) -> bool {
    // SAFETY: takes no pointer, and any number may be asked about.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}

/// Takes over a descriptor that this process was started with, and closes it on `exec`.
///
/// The caller takes over each once, and only one that the service manager says it passed to this
/// process and that [`survives_exec`]. No descriptor that Rust code owns does, unless a program
/// asks for that: `std` and this library open all of theirs with `O_CLOEXEC`.
pub(crate) fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer, and changes a flag of a descriptor that is ours, as said above.
    done(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: open, as the call above has shown, and nobody else's, as said above.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Whether the descriptor became ready before the timeout.
pub(crate) fn ppoll(fd: BorrowedFd<'_>, events: i16, timeout: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let timeout = timespec(timeout);
    // SAFETY: one live pollfd, a live timespec, and a null signal mask, which changes none.
    let ready = unsafe { libc::ppoll(&raw mut poll, 1, &raw const timeout, ptr::null()) };
    done(ready)?;
    Ok(ready > 0)
}

/// A socket that only the kernel can send to, being bound to no address.
pub(crate) fn netlink_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes no pointer.
    owned(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })
}

/// `SO_RCVBUF`: how many bytes the kernel holds for the socket, its own overhead included.
#[allow(clippy::cast_possible_truncation)] // of the size of an int
pub(crate) fn receive_buffer(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut bytes: c_int = 0;
    let mut length = size_of::<c_int>() as _;
    let (value, length) = ((&raw mut bytes).cast(), &raw mut length);
    // SAFETY: the value is a live int and the length, its size, is live too; both are ours alone.
    done(unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, length)
    })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// `SO_RCVTIMEO`: how long a call that receives waits before it fails with `EAGAIN`.
#[allow(clippy::cast_possible_truncation)] // of the size of a timeval
pub(crate) fn set_receive_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> io::Result<()> {
    let timeout = libc::timeval {
        tv_sec: timespec(timeout).tv_sec,
        // Below 10^6, so it fits every C long.
        tv_usec: timeout.subsec_micros().cast_signed().into(),
    };
    let size = size_of::<libc::timeval>() as _;
    let value = (&raw const timeout).cast();
    // SAFETY: the value is a live timeval, and the size is that of one.
    done(unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVTIMEO, value, size)
    })
}

/// The next cookie from a netlink socket; with `wait` false, `EAGAIN` if none has come.
pub(crate) fn receive_cookie(socket: BorrowedFd<'_>, wait: bool) -> io::Result<[u8; COOKIE_LEN]> {
    let mut cookie = [0; COOKIE_LEN];
    let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: pointer and length are those of a live array that is ours alone.
    let n =
        unsafe { libc::recv(socket.as_raw_fd(), cookie.as_mut_ptr().cast(), COOKIE_LEN, flags) };
    done(n)?;
    Ok(cookie)
}

/// An integer of libc whose size depends on the machine.
pub(crate) fn wide(value: impl Into<u64>) -> u64 {
    value.into()
}

/// A limit that each process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `RLIMIT_MSGQUEUE`, in bytes.
    QueueBytes,
    /// `RLIMIT_NOFILE`.
    Descriptors,
}

/// The soft and the hard limit; `u64::MAX` is "unlimited".
pub(crate) fn getrlimit(resource: Resource) -> io::Result<(u64, u64)> {
    let resource = match resource {
        Resource::QueueBytes => libc::RLIMIT_MSGQUEUE,
        Resource::Descriptors => libc::RLIMIT_NOFILE,
    };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: limit is a live struct that the kernel fills.
    done(unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    let value = |limit| if limit == libc::RLIM_INFINITY { u64::MAX } else { wide(limit) };
    Ok((value(limit.rlim_cur), value(limit.rlim_max)))
}

/// The user whose rights this thread has.
pub(crate) fn geteuid() -> u32 {
    // SAFETY: it takes no argument and always succeeds.
    unsafe { libc::geteuid() }
}

/// Runs the three handlers around every `fork(2)` of this process from now on.
pub(crate) fn pthread_atfork(
    prepare: extern "C" fn(),
    parent: extern "C" fn(),
    child: extern "C" fn(),
) -> io::Result<()> {
    // SAFETY: the handlers are functions of this program, so they live as long as it does. (libc
    // declares them `unsafe extern "C"`, which any safe function may stand for.)
    let error = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

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

extern "C" fn on_interrupt(_signal: c_int) {}

/// The best signal to wake a thread with: not blocked, and with no handler but ours.
///
/// `SIGURG` is ignored by default, does not queue up, and is harmless if it is still pending when
/// the process executes another program. Of real-time signals programs use the highest the least.
pub(crate) fn waking_signal(is_blocked: impl Fn(c_int) -> bool) -> Option<c_int> {
    std::iter::once(SIGURG)
        .chain((libc::SIGRTMIN()..=libc::SIGRTMAX()).rev())
        .find(|&signal| !is_blocked(signal) && is_free(signal))
}

fn is_free(signal: c_int) -> bool {
    let free = [libc::SIG_DFL, libc::SIG_IGN, ours()];
    handler(signal).is_ok_and(|current| free.contains(&current))
}

/// Has the signal interrupt a system call and do nothing else.
///
/// The handler stays installed: removing it could let a signal that is on its way end the process.
pub(crate) fn make_interrupting(signal: c_int) -> io::Result<()> {
    // SAFETY: sigaction holds integers and pointers, for which zero is a value. Zero flags: no
    // SA_RESTART, so that a blocked call returns.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = ours();
    // SAFETY: action is live and its handler an empty function, safe in any context.
    done(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })
}

fn ours() -> libc::sighandler_t {
    on_interrupt as extern "C" fn(c_int) as libc::sighandler_t
}

fn handler(signal: c_int) -> io::Result<libc::sighandler_t> {
    // SAFETY: sigaction holds integers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a null new action changes nothing; action is live and filled by the call.
    done(unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) })?;
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

/// `include/uapi/linux/mount.h`.
const FSOPEN_CLOEXEC: c_long = 1;
const FSCONFIG_CMD_CREATE: c_long = 6;
const FSMOUNT_CLOEXEC: c_long = 1;
/// Not read-only, so that modes and owners can be changed in it.
const NO_ATTRIBUTES: c_long = 0;

/// The root of a new mount of this IPC namespace's queues, as `O_PATH` has it. The mount is
/// attached nowhere and goes with its last user.
pub(crate) fn detached_queue_mount() -> io::Result<OwnedFd> {
    // A descriptor fits an int; -1 stands for the error as ever.
    let descriptor = |result: c_long| owned(c_int::try_from(result).unwrap_or(-1));
    // SAFETY: the name is NUL-terminated; nothing else is a pointer.
    let context =
        descriptor(unsafe { libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), FSOPEN_CLOEXEC) })?;
    let none = ptr::null::<u8>();
    // SAFETY: this command takes neither key nor value, which have to be null.
    done(unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            FSCONFIG_CMD_CREATE,
            none,
            none,
            0 as c_long,
        )
    })?;
    // SAFETY: takes no pointer.
    descriptor(unsafe {
        libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, NO_ATTRIBUTES)
    })
}
