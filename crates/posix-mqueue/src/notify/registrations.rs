//! The registrations of this process, and the sockets through which the kernel reports their end.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::checked_fd::CheckedFd;
use crate::fork::{PerProcess, PerProcessGuard};
use crate::identity::Identity;
use crate::sys::{self, COOKIE_LEN, NOTIFY_WOKENUP};

/// Called once for each registration, when it ends.
///
/// It runs on the library's dispatcher thread, which serves every queue of the process. If that
/// thread is late, it runs on a thread that registers or cancels. Start a thread of your own for
/// anything that takes time. A panic in it is caught.
pub type Callback = Box<dyn FnOnce(Event) + Send>;

/// How a registration ended.
#[derive(Debug)]
pub enum Event {
    /// A message arrived. Ask the [`Claim`] before acting on it in another thread.
    Arrived(Claim),
    /// No message will be reported any more, for one of three reasons:
    ///
    /// - [`cancel_notification`](crate::MessageQueue::cancel_notification) ended the registration;
    /// - this process closed a descriptor of the queue;
    /// - the library has lost the socket that the kernel reports through: the program closed that
    ///   descriptor, or a seccomp filter now refuses `recv(2)`. The kernel does not know this, and
    ///   keeps the registration until a message arrives or the program cancels it.
    Removed,
}

/// The right to act on a notification. Canceling the registration ends it.
#[derive(Debug)]
pub struct Claim {
    number: u64,
}

impl Claim {
    /// Claims the notification. Returns false if the registration was cancelled: once
    /// [`cancel_notification`](crate::MessageQueue::cancel_notification) has returned, no claim
    /// succeeds.
    ///
    /// ```
    /// # use posix_mqueue::{Event, Notification};
    #[doc = include_str!("../example.txt")]
    /// let (tell, told) = std::sync::mpsc::channel();
    /// queue.notify(Notification::Callback(Box::new(move |event| tell.send(event).unwrap())))?;
    /// queue.send(b"job", 7)?;
    /// if let Ok(Event::Arrived(claim)) = told.recv() {
    ///     queue.cancel_notification()?;
    ///     assert!(!claim.take()); // too late to act on it
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn take(self) -> bool {
        lock_registrations().by_number.remove(&self.number).is_some()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock_registrations().by_number.remove(&self.number);
    }
}

static REGISTRATIONS: PerProcess<Registrations> =
    PerProcess::new(Registrations { by_number: BTreeMap::new(), sockets: Vec::new() });

/// Keeps every other thread from registering (through this library) until the guard is dropped.
pub(crate) fn lock_registrations() -> PerProcessGuard<'static, Registrations> {
    REGISTRATIONS.lock()
}

/// A number that no registration and no socket has had. Counts on through forks: a number never
/// means one thing to a parent and another to its child.
pub(crate) fn next_number() -> u64 {
    static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// There is one value, in [`REGISTRATIONS`], so a reference proves that the caller has the lock.
#[derive(Default)]
pub(crate) struct Registrations {
    by_number: BTreeMap<u64, Registration>,
    sockets: Vec<NotifySocket>,
}

struct Registration {
    queue: Identity,
    /// The number of the socket.
    socket: u64,
    /// None once it was called and only its claim is left.
    callback: Option<Callback>,
}

/// A netlink socket with its dispatcher thread.
pub(crate) struct NotifySocket {
    pub(crate) number: u64,
    pub(crate) fd: Arc<CheckedFd<OwnedFd>>,
    /// How many cookies the kernel has room for; zero once the program has closed the socket.
    pub(crate) capacity: usize,
    /// How many registrations still expect a cookie.
    pub(crate) pending: usize,
}

/// The number and the descriptor of a [`NotifySocket`].
pub(crate) type SocketRef = (u64, Arc<CheckedFd<OwnedFd>>);

/// Callbacks to run after the lock is released: a callback could need the lock.
pub(crate) type Due = Vec<(Callback, Event)>;

impl Registrations {
    pub(crate) fn insert(
        &mut self,
        number: u64,
        queue: Identity,
        socket: u64,
        callback: Option<Callback>,
    ) {
        self.by_number.insert(number, Registration { queue, socket, callback });
        if let Some(socket) = self.sockets.iter_mut().find(|each| each.number == socket) {
            socket.pending += 1;
        }
    }

    /// Removes the registrations for a queue.
    pub(crate) fn remove_queue(&mut self, queue: Identity) -> Vec<Callback> {
        self.remove_where(|registration| registration.queue == queue)
    }

    fn remove_where(&mut self, is_over: impl Fn(&Registration) -> bool) -> Vec<Callback> {
        let numbers: Vec<u64> = self
            .by_number
            .iter()
            .filter_map(|(number, registration)| is_over(registration).then_some(*number))
            .collect();
        numbers.iter().filter_map(|number| self.by_number.remove(number)?.callback).collect()
    }

    pub(crate) fn add_socket(&mut self, socket: NotifySocket) {
        self.sockets.push(socket);
    }

    /// A socket with room for one more cookie.
    ///
    /// Cookies that a slow dispatcher has not read are read here and become `due`. Otherwise a loop
    /// that registers and cancels faster than the dispatcher runs would open socket after socket.
    pub(crate) fn socket_with_room(&mut self, due: &mut Due) -> Option<SocketRef> {
        for position in 0..self.sockets.len() {
            let number = self.sockets[position].number;
            let fd = Arc::clone(&self.sockets[position].fd);
            while self.sockets[position].is_full()
                && let Some(socket) = fd.get()
                && let Ok(cookie) = sys::receive_cookie(socket.as_fd(), false)
            {
                due.extend(self.handle_cookie(number, &cookie));
            }
            if !self.sockets[position].is_full() {
                return Some((number, fd));
            }
        }
        None
    }

    /// Makes a socket unusable for further registrations. Its dispatcher will remove it.
    pub(crate) fn mark_socket_dead(&mut self, socket: u64) {
        if let Some(socket) = self.sockets.iter_mut().find(|each| each.number == socket) {
            socket.capacity = 0;
        }
    }

    /// The callback for a cookie that came through a socket: none if the registration was canceled.
    pub(crate) fn handle_cookie(
        &mut self,
        socket: u64,
        cookie: &[u8; COOKIE_LEN],
    ) -> Option<(Callback, Event)> {
        if let Some(socket) = self.sockets.iter_mut().find(|each| each.number == socket) {
            socket.pending = socket.pending.saturating_sub(1);
        }
        let number = u64::from_ne_bytes(*cookie.first_chunk()?);
        if cookie[COOKIE_LEN - 1] == NOTIFY_WOKENUP {
            // The registration stays in the table until it is claimed.
            let callback = self.by_number.get_mut(&number)?.callback.take()?;
            Some((callback, Event::Arrived(Claim { number })))
        } else {
            Some((self.by_number.remove(&number)?.callback?, Event::Removed))
        }
    }

    /// Removes a socket that nothing can be received from any more, and the registrations that it
    /// was to report.
    pub(crate) fn remove_socket(&mut self, socket: u64) -> Vec<Callback> {
        self.sockets.retain(|each| each.number != socket);
        // A registration without a callback was reported already, and can be claimed.
        self.remove_where(|each| each.socket == socket && each.callback.is_some())
    }
}

impl NotifySocket {
    fn is_full(&self) -> bool {
        self.pending >= self.capacity
    }
}
