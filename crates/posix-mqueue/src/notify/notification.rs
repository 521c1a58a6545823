//! Notification of a message that arrives on an empty queue.
//!
//! The kernel keeps one registration for each queue, and reports its end once: not at all, by a
//! signal, or by a 32-byte cookie on a netlink socket. Callbacks use the cookie: a dispatcher thread
//! reads it. A cookie carries the number of a registration, never a pointer. A late or stale cookie
//! therefore finds nothing in the table and has no effect.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::deferred_close;
use super::dispatcher::{lock_with_socket, run};
use super::registrations::{Callback, Due, Event, Registrations, lock_registrations, next_number};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::limits;
use crate::queue::MessageQueue;
use crate::sys::{self, COOKIE_LEN};

/// How the kernel notifies this process of a message that arrives on an empty queue.
pub enum Notification {
    /// The process is registered, so that no other can be, and is not notified.
    Silent,
    /// By this signal, whose `si_code` is `SI_MESGQ`.
    Signal {
        /// From 1 to 64.
        number: i32,
        /// What the handler finds in `si_value`.
        value: usize,
    },
    /// By a function of this program. See [`Callback`].
    Callback(Callback),
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("Silent"),
            Self::Signal { number, value } => {
                f.debug_struct("Signal").field("number", number).field("value", value).finish()
            }
            Self::Callback(_) => f.write_str("Callback"),
        }
    }
}

impl MessageQueue {
    /// `mq_notify(3)`: registers this process for one notification of a message that arrives while
    /// the queue is empty and no receiver is blocked.
    ///
    /// Closing *any* descriptor of the queue in this process ends the registration. A queue with a
    /// capacity of 1 does not notify of a message from a blocked sender.
    ///
    /// ```
    /// use posix_mqueue::{Event, Notification, OpenOptions};
    /// use std::sync::mpsc;
    ///
    /// let name = format!("/posix-mqueue-doc-notify-{}", std::process::id());
    /// let queue = OpenOptions::new().read(true).write(true).create(true)
    ///     .capacity(2).message_size(8).open(&name)?;
    /// queue.unlink()?;
    /// let (tell, told) = mpsc::channel();
    /// queue.notify(Notification::Callback(Box::new(move |event| {
    ///     if let Event::Arrived(claim) = event {
    ///         tell.send(claim.take()).unwrap();
    ///     }
    /// })))?;
    /// queue.send(b"!", 0)?;
    /// assert_eq!(told.recv(), Ok(true));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBUSY`: a process, perhaps this one, is registered already. `EINVAL`: no such signal.
    /// A callback also gives those of `socket(2)` (`EMFILE`, `EAFNOSUPPORT`), of `recv(2)` (`EPERM`,
    /// where a seccomp filter refuses it) and of `pthread_create(3)` (`EAGAIN`).
    pub fn notify(&self, how: Notification) -> Result<()> {
        match how {
            Notification::Silent => self.register(&lock_registrations(), &sys::SigEvent::Silent),
            Notification::Signal { number, value } => {
                self.register(&lock_registrations(), &sys::SigEvent::Signal(number, value))
            }
            Notification::Callback(callback) => self.register_callback(callback),
        }
    }

    /// `mq_notify(3)` with no event: ends this process's registration, whichever handle made it.
    ///
    /// After it has returned, no [`Claim`](crate::Claim) of this queue succeeds any more. Does nothing
    /// if this process is not registered.
    ///
    /// ```
    /// # use posix_mqueue::Notification;
    #[doc = include_str!("../example.txt")]
    /// queue.notify(Notification::Silent)?;
    /// assert_eq!(queue.notify(Notification::Silent).unwrap_err().raw_os_error(), 16); // EBUSY
    /// queue.cancel_notification()?;
    /// queue.notify(Notification::Silent)?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF`: the descriptor was closed behind the handle's back.
    pub fn cancel_notification(&self) -> Result<()> {
        let queue = self.identity()?;
        let cancelled = {
            let mut table = lock_registrations();
            sys::mq_notify(self.borrow(), None).map_err(|e| self.error("mq_notify", &e))?;
            deferred_close::close_expired(&table);
            table.remove_queue(queue)
        };
        for callback in cancelled {
            run(callback, Event::Removed);
        }
        Ok(())
    }

    /// Under the lock, so that no registration is made while [`deferred_close`] closes a descriptor.
    fn register(&self, _: &Registrations, event: &sys::SigEvent<'_>) -> Result<()> {
        sys::mq_notify(self.borrow(), Some(event)).map_err(|e| {
            let error = self.error("mq_notify", &e);
            match error.raw_os_error() {
                sys::EBUSY => error.with_explanation(
                    "a process, perhaps this one, is registered for this queue already, and there \
                     can be one only: it must be notified or unregister first"
                        .to_owned(),
                ),
                _ => error,
            }
        })
    }

    fn register_callback(&self, callback: Callback) -> Result<()> {
        // Callbacks are run and dropped without the lock, since that can run any code.
        let mut callback = Some(callback);
        let mut due = Vec::new();
        let outcome = self.insert_registration(&mut callback, &mut due);
        for (callback, event) in due {
            run(callback, event);
        }
        outcome
    }

    fn insert_registration(&self, callback: &mut Option<Callback>, due: &mut Due) -> Result<()> {
        let queue = self.identity()?;
        loop {
            let number = next_number();
            let mut cookie = [0; COOKIE_LEN];
            cookie[..size_of::<u64>()].copy_from_slice(&number.to_ne_bytes());

            let (mut table, (socket, fd)) =
                lock_with_socket(due).map_err(|(call, e)| self.socket_error(call, &e))?;
            deferred_close::close_expired(&table);
            let register =
                |fd: &OwnedFd| self.register(&table, &sys::SigEvent::Netlink(fd.as_fd(), &cookie));
            match fd.get().map(register) {
                Some(Ok(())) => {
                    // The cookie may have been sent already. Its reader waits for the lock.
                    table.insert(number, queue, socket, callback.take());
                    return Ok(());
                }
                Some(Err(error)) if fd.get().is_some() => return Err(error),
                // The program has closed the socket, before or during the call.
                _ => table.mark_socket_dead(socket),
            }
        }
    }

    fn socket_error(&self, call: &'static str, error: &io::Error) -> Error {
        let error = limits::explain_open(self.error(call, error));
        match (call, error.raw_os_error()) {
            ("pthread_create", sys::EAGAIN) => error.with_explanation(
                "no thread can be started to wait for notifications; end some, or raise the limit \
                 with `ulimit -u`"
                    .to_owned(),
            ),
            ("recv", _) => error.with_explanation(
                "notifications for callbacks arrive through a netlink socket, and this process may \
                 not receive from it; have its seccomp filter allow recvfrom(2), or register a \
                 signal"
                    .to_owned(),
            ),
            _ => error,
        }
    }

    fn identity(&self) -> Result<Identity> {
        Identity::of(self.borrow()).map_err(|e| self.error("fstat", &e))
    }
}
