//! The threads that read the kernel's reports and call callbacks, one for each socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use super::checked_fd::CheckedFd;
use super::deferred_close;
use super::registrations::{
    Callback, Due, Event, NotifySocket, Registrations, SocketRef, lock_registrations, next_number,
};
use crate::fork::PerProcessGuard;
use crate::identity::Identity;
use crate::sys::{self, SignalMask};

/// The kernel reserves room in the socket's receive buffer for each cookie, and `mq_notify` waits
/// where there is none. A cookie takes 770 to 840 bytes on x86_64; longer cache lines add to that.
const COOKIE_ROOM: usize = 1536;

/// How often a dispatcher that receives nothing checks that the socket is still open. If the program
/// closes it, nothing else might end the system call that receives from it.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(1);

/// The C function that failed, and how.
pub(crate) type Failure = (&'static str, io::Error);

/// Locks the registrations and finds a socket with room for one more, opened if need be.
pub(crate) fn lock_with_socket(
    due: &mut Due,
) -> Result<(PerProcessGuard<'static, Registrations>, SocketRef), Failure> {
    let mut table = lock_registrations();
    if let Some(socket) = table.socket_with_room(due) {
        return Ok((table, socket));
    }
    drop(table);
    // Not under the lock: starting a thread reads the environment, and can wait for the lock of the
    // dynamic loader, whose holder can wait for a fork, which waits for our lock.
    let (new, begin) = start()?;
    let mut table = lock_registrations();
    // Another thread may have been faster. Without `begin` the new dispatcher ends.
    if let Some(socket) = table.socket_with_room(due) {
        return Ok((table, socket));
    }
    let socket = (new.number, Arc::clone(&new.fd));
    table.add_socket(new);
    let _ = begin.send(());
    Ok((table, socket))
}

/// A socket, and a dispatcher that begins when it is told to and ends if it never is.
fn start() -> Result<(NotifySocket, Sender<()>), Failure> {
    let socket = sys::netlink_socket().map_err(|e| ("socket", e))?;
    // Where a seccomp filter refuses this call, no notification would ever arrive.
    match sys::receive_cookie(socket.as_fd(), false) {
        Err(error) if error.raw_os_error() != Some(sys::EAGAIN) => return Err(("recv", error)),
        _ => {}
    }
    let buffer = sys::receive_buffer_size(socket.as_fd()).map_err(|e| ("getsockopt", e))?;
    sys::set_receive_timeout(socket.as_fd(), CHECK_INTERVAL).map_err(|e| ("setsockopt", e))?;
    let identity = Identity::of(socket.as_fd()).map_err(|e| ("fstat", e))?;
    let fd = Arc::new(CheckedFd::new(socket, identity));
    let number = next_number();
    let (begin, told_to_begin) = mpsc::channel();
    let shared = Arc::clone(&fd);
    // Signals are for the threads of the program, so the dispatcher starts with all blocked; what a
    // callback starts has the mask of the thread that registered first.
    let mask = SignalMask::all().set();
    let started = thread::Builder::new().name("mq-notify".to_owned()).spawn(move || {
        if told_to_begin.recv().is_ok() {
            dispatch(number, &shared, mask);
        }
    });
    mask.set();
    started.map_err(|e| ("pthread_create", e))?;
    // One cookie fits into an empty buffer of any size.
    let capacity = (buffer / COOKIE_ROOM).max(1);
    Ok((NotifySocket { number, fd, capacity, pending: 0 }, begin))
}

/// Runs until nothing can be received through the socket any more.
fn dispatch(number: u64, fd: &CheckedFd<OwnedFd>, mask: SignalMask) {
    while let Some(socket) = fd.get() {
        match sys::receive_cookie(socket.as_fd(), true) {
            Ok(cookie) => {
                let due = {
                    let mut table = lock_registrations();
                    deferred_close::close_expired(&table);
                    table.handle_cookie(number, &cookie)
                };
                if let Some((callback, event)) = due {
                    run_with(mask, callback, event);
                }
            }
            // The interval is over, or the process was stopped. The pause is for the case that the
            // program has made the socket nonblocking.
            Err(error) if matches!(error.raw_os_error(), Some(sys::EAGAIN | sys::EINTR)) => {
                thread::sleep(PAUSE);
            }
            // A seccomp filter refuses the call, for example, and will refuse the next one.
            Err(_) => break,
        }
    }
    let lost = lock_registrations().remove_socket(number);
    for callback in lost {
        run_with(mask, callback, Event::Removed);
    }
}

fn run_with(mask: SignalMask, callback: Callback, event: Event) {
    mask.set();
    run(callback, event);
    SignalMask::all().set();
}

/// Runs a callback. A panic must not end the dispatcher; the panic hook has reported it.
pub(crate) fn run(callback: Callback, event: Event) {
    let _ = panic::catch_unwind(AssertUnwindSafe(move || callback(event)));
}
