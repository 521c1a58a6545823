//! The border to C: the exported functions and the caller's memory.
//!
//! The crate calls the C library's functions, whose names are ours now: what it calls comes back
//! here. Each thread knows whether it is inside the crate; a function that is called then makes
//! the system call, as the C library's own does.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_uint, c_void};
use std::mem::{self, MaybeUninit};
use std::os::unix::ffi::OsStrExt;
use std::panic::{self, AssertUnwindSafe};
use std::{ptr, slice};

use crate::calls::{self, Attr, Creation, SigEvent, Time};
use crate::counts::{self, Function};
use crate::errno::Errno;
use crate::table;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A call from the program: counted and answered, with -1 and errno for an error.
fn answer<T: From<i8>>(function: Function, call: impl FnOnce() -> Result<T, Errno>) -> T {
    counts::count(function);
    INSIDE.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Errno::EIO));
    INSIDE.set(false);
    outcome.unwrap_or_else(|errno| {
        errno.set();
        T::from(-1)
    })
}

/// A call from the crate: what `system_call` returns. None if it is one from the program.
///
/// A signal handler that runs during the system call is the program's, so outside.
fn inside(system_call: impl FnOnce() -> c_long) -> Option<c_long> {
    INSIDE.replace(false).then(|| {
        let result = system_call();
        INSIDE.set(true);
        result
    })
}

/// What a system call returned, where it is the success or failure of an `int`.
fn int(result: c_long) -> c_int {
    c_int::try_from(result).unwrap_or(-1)
}

/// Copies `length` bytes the way the kernel does: `EFAULT` for an address that is no memory.
fn transfer(
    call: unsafe extern "C" fn(
        libc::pid_t,
        *const libc::iovec,
        libc::c_ulong,
        *const libc::iovec,
        libc::c_ulong,
        libc::c_ulong,
    ) -> libc::ssize_t,
    ours: *mut c_void,
    theirs: *mut c_void,
    length: usize,
) -> Result<(), Errno> {
    let ours = libc::iovec { iov_base: ours, iov_len: length };
    let theirs = libc::iovec { iov_base: theirs, iov_len: length };
    // SAFETY: takes nothing and always succeeds.
    let process = unsafe { libc::getpid() };
    // SAFETY: one live iovec each. `ours` is `length` bytes of a value of the caller, and `theirs`
    // is an address that the kernel checks; what the program has there is the program's to give.
    let n = unsafe { call(process, &raw const ours, 1, &raw const theirs, 1, 0) };
    match usize::try_from(n) {
        Ok(n) if n == length => Ok(()),
        Ok(_) => Err(Errno::EFAULT),
        Err(_) => Err(Errno::last()),
    }
}

/// A structure of the program's, as the words it consists of; None for a null pointer.
fn read<const N: usize>(from: *const c_void) -> Result<Option<[c_long; N]>, Errno> {
    if from.is_null() {
        return Ok(None);
    }
    let mut words = [0; N];
    let ours = words.as_mut_ptr().cast();
    transfer(libc::process_vm_readv, ours, from.cast_mut(), size_of_val(&words))?;
    Ok(Some(words))
}

/// Gives the program a value, unless it wants none.
fn write<T: Copy>(to: *mut T, value: &T) -> Result<(), Errno> {
    if to.is_null() {
        return Ok(());
    }
    let ours = ptr::from_ref(value).cast_mut().cast();
    transfer(libc::process_vm_writev, ours, to.cast(), size_of::<T>())
}

/// # Safety
///
/// `name` is null or points to a string that nobody changes during `'a`.
unsafe fn text<'a>(name: *const c_char) -> Result<&'a OsStr, Errno> {
    if name.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: as the caller promises.
    let name = unsafe { CStr::from_ptr(name) };
    Ok(OsStr::from_bytes(name.to_bytes()))
}

/// # Safety
///
/// `data` is null or points to `length` bytes that nobody changes during `'a`.
unsafe fn bytes<'a>(data: *const c_char, length: usize) -> Result<&'a [u8], Errno> {
    match length {
        0 => Ok(&[]),
        _ if data.is_null() => Err(Errno::EFAULT),
        // SAFETY: not null, and the caller promises the rest.
        _ => Ok(unsafe { slice::from_raw_parts(data.cast(), length) }),
    }
}

/// # Safety
///
/// `data` is null or points to `length` bytes that nobody else uses during `'a`.
unsafe fn bytes_mut<'a>(data: *mut c_char, length: usize) -> Result<&'a mut [u8], Errno> {
    match length {
        0 => Ok(&mut []),
        _ if data.is_null() => Err(Errno::EFAULT),
        // SAFETY: not null, and the caller promises the rest. That C may not have written there
        // yet does no harm: the compiler cannot know, and only the kernel looks at the bytes.
        _ => Ok(unsafe { slice::from_raw_parts_mut(data.cast(), length) }),
    }
}

extern "C" fn before_fork() {
    table::hold();
}

extern "C" fn after_fork_in_parent() {
    table::release();
}

extern "C" fn after_fork_in_child() {
    counts::forget();
    table::release_empty();
}

extern "C" fn at_exit() {
    counts::write();
}

extern "C" fn at_load() {
    counts::start();
    // SAFETY: functions of this library, which is never unloaded; that it may fail for want of
    // memory is put up with, at the start of a process.
    unsafe { libc::atexit(at_exit) };
    // SAFETY: as above.
    unsafe {
        libc::pthread_atfork(
            Some(before_fork),
            Some(after_fork_in_parent),
            Some(after_fork_in_child),
        )
    };
}

// SAFETY: the loader calls each pointer of this section once, before the program starts.
#[unsafe(link_section = ".init_array")]
#[used]
static AT_LOAD: extern "C" fn() = at_load;

fn leave(status: c_int) -> ! {
    counts::write();
    loop {
        // SAFETY: takes no pointer; ends the process.
        unsafe { libc::syscall(libc::SYS_exit_group, status) };
    }
}

// SAFETY (of each name here and below): that it takes the place of the C library's function is the
// purpose, and it has its type and does what that one does.

/// A forked child leaves by this name more often than not, and no handler runs then.
#[unsafe(no_mangle)]
extern "C" fn _exit(status: c_int) -> ! {
    leave(status)
}

#[unsafe(no_mangle)]
extern "C" fn _Exit(status: c_int) -> ! {
    leave(status)
}

// In C the last two arguments are variadic. On x86_64 (System V ABI) and on aarch64 (AAPCS64 as
// Linux has it) integers and pointers that are passed so travel in the same registers as named
// ones; where the caller passed none, the registers hold anything, and nobody looks.
#[unsafe(no_mangle)]
unsafe extern "C" fn mq_open(
    name: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    attr: *const Attr,
) -> c_int {
    let system_call = || {
        // SAFETY: the crate passes a name with a slash before its NUL, so there is a next byte.
        let name = unsafe { name.add(1) };
        // SAFETY: the kernel checks the pointers, which the crate vouches for besides.
        unsafe { libc::syscall(libc::SYS_mq_open, name, flags, mode, attr) }
    };
    if let Some(result) = inside(system_call) {
        return int(result);
    }
    answer(Function::Open, || {
        let new = if flags & libc::O_CREAT == 0 {
            None
        } else {
            Some(Creation { mode, attr: read(attr.cast())? })
        };
        // SAFETY: the program passes a string, as C asks of it.
        let name = unsafe { text(name) }?;
        calls::open(name, flags, new.as_ref())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __mq_open_2(name: *const c_char, flags: c_int) -> c_int {
    answer(Function::Open2, || {
        if flags & libc::O_CREAT != 0 {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the program passes a string, as C asks of it.
        let name = unsafe { text(name) }?;
        calls::open(name, flags, None)
    })
}

#[unsafe(no_mangle)]
extern "C" fn mq_close(queue: c_int) -> c_int {
    answer(Function::Close, || calls::close(queue).map(|()| 0))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mq_unlink(name: *const c_char) -> c_int {
    let system_call = || {
        // SAFETY: the crate passes a name with a slash before its NUL, so there is a next byte.
        let name = unsafe { name.add(1) };
        // SAFETY: the kernel checks the pointer, which the crate vouches for besides.
        unsafe { libc::syscall(libc::SYS_mq_unlink, name) }
    };
    if let Some(result) = inside(system_call) {
        // POSIX has no EPERM here, and the C library turns it round.
        if result == -1 && Errno::last().0 == libc::EPERM {
            Errno(libc::EACCES).set();
        }
        return int(result);
    }
    answer(Function::Unlink, || {
        // SAFETY: the program passes a string, as C asks of it.
        let name = unsafe { text(name) }?;
        calls::unlink(name).map(|()| 0)
    })
}

/// # Safety
///
/// `data` and `length` are as `mq_send(3)` asks.
unsafe fn send(
    queue: c_int,
    data: *const c_char,
    length: usize,
    priority: c_uint,
    until: Option<Time>,
) -> Result<c_int, Errno> {
    let deadline = calls::deadline(until)?;
    // One byte too many is as wrong as any number, and no length is too long for a slice then.
    // SAFETY: as the caller promises.
    let message = |size: usize| unsafe { bytes(data, length.min(size.saturating_add(1))) };
    calls::send(queue, message, priority, deadline).map(|()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mq_send(
    queue: c_int,
    data: *const c_char,
    length: usize,
    priority: c_uint,
) -> c_int {
    answer(Function::Send, || {
        // SAFETY: the program passes a message, as C asks of it.
        unsafe { send(queue, data, length, priority, None) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mq_timedsend(
    queue: c_int,
    data: *const c_char,
    length: usize,
    priority: c_uint,
    until: *const Time,
) -> c_int {
    let system_call = || {
        // SAFETY: the kernel checks the pointers, which the crate vouches for besides.
        unsafe { libc::syscall(libc::SYS_mq_timedsend, queue, data, length, priority, until) }
    };
    if let Some(result) = inside(system_call) {
        return int(result);
    }
    answer(Function::TimedSend, || {
        let until = read(until.cast())?;
        // SAFETY: the program passes a message, as C asks of it.
        unsafe { send(queue, data, length, priority, until) }
    })
}

/// # Safety
///
/// `data` and `length` are as `mq_receive(3)` asks.
unsafe fn receive(
    queue: c_int,
    data: *mut c_char,
    length: usize,
    priority: *mut c_uint,
    until: Option<Time>,
) -> Result<isize, Errno> {
    let deadline = calls::deadline(until)?;
    // No message needs more than the queue's size.
    // SAFETY: as the caller promises.
    let buffer = |size: usize| unsafe { bytes_mut(data, length.min(size)) };
    let (received, with) = calls::receive(queue, buffer, deadline)?;
    write(priority, &with)?;
    isize::try_from(received).map_err(|_| Errno::EIO)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mq_receive(
    queue: c_int,
    data: *mut c_char,
    length: usize,
    priority: *mut c_uint,
) -> isize {
    answer(Function::Receive, || {
        // SAFETY: the program passes a buffer, as C asks of it.
        unsafe { receive(queue, data, length, priority, None) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mq_timedreceive(
    queue: c_int,
    data: *mut c_char,
    length: usize,
    priority: *mut c_uint,
    until: *const Time,
) -> isize {
    let system_call = || {
        // SAFETY: the kernel checks the pointers, which the crate vouches for besides.
        unsafe { libc::syscall(libc::SYS_mq_timedreceive, queue, data, length, priority, until) }
    };
    if let Some(result) = inside(system_call) {
        return isize::try_from(result).unwrap_or(-1);
    }
    answer(Function::TimedReceive, || {
        let until = read(until.cast())?;
        // SAFETY: the program passes a buffer, as C asks of it.
        unsafe { receive(queue, data, length, priority, until) }
    })
}

fn getsetattr(queue: c_int, new: *const Attr, old: *mut Attr) -> c_long {
    // SAFETY: the kernel checks the pointers, which the crate vouches for besides.
    unsafe { libc::syscall(libc::SYS_mq_getsetattr, queue, new, old) }
}

#[unsafe(no_mangle)]
extern "C" fn mq_getattr(queue: c_int, attr: *mut Attr) -> c_int {
    if let Some(result) = inside(|| getsetattr(queue, ptr::null(), attr)) {
        return int(result);
    }
    answer(Function::GetAttr, || write(attr, &calls::getattr(queue)?).map(|()| 0))
}

#[unsafe(no_mangle)]
extern "C" fn mq_setattr(queue: c_int, new: *const Attr, old: *mut Attr) -> c_int {
    if let Some(result) = inside(|| getsetattr(queue, new, old)) {
        return int(result);
    }
    answer(Function::SetAttr, || {
        let new = read(new.cast())?;
        write(old, &calls::setattr(queue, new)?).map(|()| 0)
    })
}

/// What a thread starts with. In C the notification's function returns nothing; what a detached
/// thread returns is not looked at.
type Start = extern "C" fn(*mut c_void) -> *mut c_void;

/// Runs the program's function in a thread of its own, with no frame of ours under it: it may
/// leave by `pthread_exit`. A thread that cannot be had is a notification that is lost, in the C
/// library too.
fn start_thread(function: Start, value: usize) {
    let mut thread = MaybeUninit::uninit();
    let value = ptr::with_exposed_provenance_mut(value);
    // SAFETY: null attributes are the defaults, and the program gave the function for this.
    let error = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), function, value) };
    if error != 0 {
        return;
    }
    // SAFETY: the call succeeded, so this is filled.
    let thread = unsafe { thread.assume_init() };
    // SAFETY: nobody else joins or detaches it, so it is a thread's id even if that has ended.
    unsafe { libc::pthread_detach(thread) };
}

#[unsafe(no_mangle)]
extern "C" fn mq_notify(queue: c_int, event: *const c_void) -> c_int {
    answer(Function::Notify, || {
        // sigev_value; sigev_signo and sigev_notify; sigev_notify_function; its attributes.
        let Some([value, kind, function, _]) = read::<4>(event)? else {
            return calls::notify(queue, None, None).map(|()| 0);
        };
        let value = usize::from_ne_bytes(value.to_ne_bytes());
        let kind = kind.to_ne_bytes();
        let ([signal, notify], []) = kind.as_chunks() else { return Err(Errno::EIO) };
        let (signal, notify) = (c_int::from_ne_bytes(*signal), c_int::from_ne_bytes(*notify));
        let start = (notify == libc::SIGEV_THREAD)
            .then(|| start_of(function))
            .flatten()
            .map(|function| Box::new(move || start_thread(function, value)) as Box<_>);
        calls::notify(queue, Some(SigEvent { value, signal, notify }), start).map(|()| 0)
    })
}

fn start_of(function: c_long) -> Option<Start> {
    let address = usize::from_ne_bytes(function.to_ne_bytes());
    let address = ptr::with_exposed_provenance::<c_void>(address);
    // SAFETY: null becomes None, and anything else is the function that the program gave. Its
    // argument, a union of an int and a pointer, is passed as a pointer is.
    unsafe { mem::transmute::<*const c_void, Option<Start>>(address) }
}
