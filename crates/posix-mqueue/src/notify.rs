//! Notification of a message that arrives on an empty queue.
//!
//! The kernel keeps one registration a queue and tells of it once: not at all, by a signal, or by
//! sending a 32-byte cookie over a netlink socket. Callbacks ride on the last: a dispatcher thread
//! reads the cookies. A cookie carries a registration's number, never a pointer, so one that comes
//! late or is stale finds nothing in the table and does nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::error::Result;
use crate::fork::{PerProcess, PerProcessGuard};
use crate::limits;
use crate::parked;
use crate::queue::MessageQueue;
use crate::sys::{self, COOKIE_LEN, NOTIFY_WOKENUP, SignalMask};

/// How a process wants to be told that a message arrived on an empty queue.
pub enum Notification {
    /// Registered, so that nobody else can be, but not told.
    Silent,
    /// By this signal, whose `si_code` is `SI_MESGQ`.
    Signal {
        /// From 1 to 64.
        number: i32,
        /// What the handler finds in `si_value`.
        value: usize,
    },
    /// By this call. See [`Callback`].
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

/// Called once for each registration, when it ends.
///
/// It runs on the library's dispatcher thread, which serves every queue of the process (or, where
/// that one is behind, on a thread that registers or cancels meanwhile): start a thread of your own
/// for anything that takes time. A panic in it is caught.
pub type Callback = Box<dyn FnOnce(Event) + Send>;

/// How a registration ended.
#[derive(Debug)]
pub enum Event {
    /// A message arrived. Ask the [`Claim`] before acting on it in another thread.
    Arrived(Claim),
    /// It was removed: by [`cancel_notification`](MessageQueue::cancel_notification), or because
    /// this process closed a descriptor of the queue.
    Removed,
}

/// The right to act on a notification, which cancelling takes away.
#[derive(Debug)]
pub struct Claim {
    number: u64,
}

impl Claim {
    /// Whether nobody cancelled it since. After a cancellation has returned, this is false.
    ///
    /// ```
    /// # use posix_mqueue::{Event, Notification};
    #[doc = include_str!("example.txt")]
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
        TABLE.lock().registrations.remove(&self.number).is_some()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        TABLE.lock().registrations.remove(&self.number);
    }
}

/// The registrations of this process whose callback has not run yet.
static TABLE: PerProcess<Table> =
    PerProcess::new(Table { registrations: BTreeMap::new(), channels: Vec::new() });

/// Counts on through forks: a number never means one thing to a parent and another to its child.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Keeps every other thread from registering (through this library) until it is dropped.
pub(crate) fn hold() -> PerProcessGuard<'static, Table> {
    TABLE.lock()
}

/// Whoever has a reference to it holds the lock: there is one, in [`TABLE`].
#[derive(Default)]
pub(crate) struct Table {
    registrations: BTreeMap<u64, Registration>,
    /// Only ever added to: a dispatcher thread knows its own by position.
    channels: Vec<Channel>,
}

struct Registration {
    queue: Identity,
    /// None once it was called and only its claim is open.
    callback: Option<Callback>,
}

/// Device and inode: the queue itself, whatever its name and descriptors.
type Identity = (u64, u64);

/// A netlink socket, and how many registrations still have a cookie to come through it.
struct Channel {
    socket: Arc<OwnedFd>,
    pending: usize,
}

/// The kernel reserves room in the socket's buffer for each cookie, and makes the caller wait when
/// there is none: after 277 with the default of 208 KiB. So a socket takes no more than this.
const COOKIES_PER_CHANNEL: usize = 128;

impl MessageQueue {
    /// `mq_notify(3)`: registers this process to be told, once, when a message arrives on the
    /// queue while it is empty and nobody is asleep in a receive.
    ///
    /// Closing *any* descriptor of the queue in this process ends the registration. A queue for
    /// one message tells nothing of a message that a blocked sender gets in.
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
    /// `EBUSY`: a process is registered already, be it this one. `EINVAL`: no such signal.
    /// For a callback also what `socket(2)` (`EMFILE`, `EAFNOSUPPORT`) and `pthread_create(3)`
    /// (`EAGAIN`) give.
    pub fn notify(&self, how: Notification) -> Result<()> {
        match how {
            Notification::Silent => self.register(&hold(), &sys::Event::Silent),
            Notification::Signal { number, value } => {
                self.register(&hold(), &sys::Event::Signal(number, value))
            }
            Notification::Callback(callback) => self.register_callback(callback),
        }
    }

    /// `mq_notify(3)` with no event: ends this process's registration, whichever handle made it.
    ///
    /// Once it has returned, no [`Claim`] of this queue can be taken any more. Does nothing if
    /// this process is not registered.
    ///
    /// ```
    /// # use posix_mqueue::Notification;
    #[doc = include_str!("example.txt")]
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
            let mut table = TABLE.lock();
            sys::mq_notify(self.borrow(), None).map_err(|e| self.error("mq_notify", &e))?;
            parked::close_finished(&table);
            let numbers: Vec<u64> = table
                .registrations
                .iter()
                .filter_map(|(number, r)| (r.queue == queue).then_some(*number))
                .collect();
            numbers.iter().filter_map(|n| table.registrations.remove(n)).collect::<Vec<_>>()
        };
        for callback in cancelled.into_iter().filter_map(|registration| registration.callback) {
            run(callback, Event::Removed);
        }
        Ok(())
    }

    /// Under the lock of the table, so that none is made while [`parked`] closes a descriptor.
    fn register(&self, _: &Table, event: &sys::Event<'_>) -> Result<()> {
        sys::mq_notify(self.borrow(), Some(event)).map_err(|e| {
            let error = self.error("mq_notify", &e);
            match error.raw_os_error() {
                sys::EBUSY => error.explained(
                    "a process, perhaps this one, is registered for this queue already, and there \
                     can be one only: it must be notified or unregister first"
                        .to_owned(),
                ),
                _ => error,
            }
        })
    }

    fn register_callback(&self, callback: Callback) -> Result<()> {
        let mut due = Vec::new();
        let outcome = self.enter(callback, &mut due);
        // After the lock, as always: what a callback runs may want it.
        for (callback, event) in due {
            run(callback, event);
        }
        outcome
    }

    fn enter(&self, callback: Callback, due: &mut Vec<(Callback, Event)>) -> Result<()> {
        let queue = self.identity()?;
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut cookie = [0; COOKIE_LEN];
        cookie[..size_of::<u64>()].copy_from_slice(&number.to_ne_bytes());

        // A callback that is not registered drops after the lock: dropping it may run anything.
        let mut refused = Some(callback);
        let mut table = TABLE.lock();
        let channel = table.free_channel(due).map_err(|(call, e)| {
            let error = limits::explain_open(self.error(call, &e));
            match error.raw_os_error() {
                sys::EAGAIN => error.explained(
                    "no thread can be started to wait for notifications; end some, or raise the \
                     limit with `ulimit -u`"
                        .to_owned(),
                ),
                _ => error,
            }
        })?;
        let socket = Arc::clone(&table.channels[channel].socket);
        // The cookie may be on its way before this returns: its reader waits for the lock.
        self.register(&table, &sys::Event::Netlink(socket.as_fd(), &cookie))?;
        table.channels[channel].pending += 1;
        table.registrations.insert(number, Registration { queue, callback: refused.take() });
        Ok(())
    }

    fn identity(&self) -> Result<Identity> {
        let stat = sys::fstat(self.borrow()).map_err(|e| self.error("fstat", &e))?;
        Ok((stat.st_dev, sys::wide(stat.st_ino)))
    }
}

impl Table {
    /// The position of a channel with room for one more, opened if need be.
    ///
    /// Where the dispatchers are behind, what they have not read is read here and is `due`: else a
    /// loop that registers and cancels faster than they run would open more and more channels.
    fn free_channel(
        &mut self,
        due: &mut Vec<(Callback, Event)>,
    ) -> std::result::Result<usize, (&'static str, std::io::Error)> {
        for position in 0..self.channels.len() {
            let socket = Arc::clone(&self.channels[position].socket);
            while self.channels[position].pending >= COOKIES_PER_CHANNEL {
                let Ok(cookie) = sys::receive_cookie(socket.as_fd(), false) else { break };
                due.extend(self.arrived(position, &cookie));
            }
            if self.channels[position].pending < COOKIES_PER_CHANNEL {
                return Ok(position);
            }
        }
        let position = self.channels.len();
        let socket = Arc::new(sys::netlink_socket().map_err(|e| ("socket", e))?);
        let theirs = Arc::clone(&socket);
        // Signals are for the threads of the program, so the dispatcher starts with all blocked;
        // what a callback starts has the mask of the thread that registered first.
        let mask = SignalMask::all().set();
        let started = thread::Builder::new()
            .name("mq-notify".to_owned())
            .spawn(move || dispatch(position, &theirs, mask));
        mask.set();
        started.map_err(|e| ("pthread_create", e))?;
        self.channels.push(Channel { socket, pending: 0 });
        Ok(position)
    }

    /// What is due for a cookie that came through a channel: nothing, if it was cancelled.
    fn arrived(&mut self, channel: usize, cookie: &[u8; COOKIE_LEN]) -> Option<(Callback, Event)> {
        parked::close_finished(self);
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.pending = channel.pending.saturating_sub(1);
        }
        let number = u64::from_ne_bytes(*cookie.first_chunk()?);
        if cookie[COOKIE_LEN - 1] == NOTIFY_WOKENUP {
            // It stays in the table until it is claimed.
            let callback = self.registrations.get_mut(&number)?.callback.take()?;
            Some((callback, Event::Arrived(Claim { number })))
        } else {
            Some((self.registrations.remove(&number)?.callback?, Event::Removed))
        }
    }
}

/// The dispatcher thread: one for each channel, as long as the process lives.
fn dispatch(channel: usize, socket: &OwnedFd, mask: SignalMask) {
    loop {
        let cookie = match sys::receive_cookie(socket.as_fd(), true) {
            Ok(cookie) => cookie,
            // Somebody closed every descriptor of the process: what was registered is lost, and
            // the next registration gets another channel.
            Err(error) if matches!(error.raw_os_error(), Some(sys::EBADF | sys::ENOTSOCK)) => {
                return retire(channel);
            }
            // A signal (though all are blocked) or want of memory: it passes.
            Err(_) => continue,
        };
        let due = TABLE.lock().arrived(channel, &cookie);
        if let Some((callback, event)) = due {
            mask.set();
            run(callback, event);
            SignalMask::all().set();
        }
    }
}

fn retire(channel: usize) {
    if let Some(channel) = TABLE.lock().channels.get_mut(channel) {
        channel.pending = COOKIES_PER_CHANNEL;
    }
}

/// A callback that panics must not take the dispatcher with it; the panic hook has told of it.
fn run(callback: Callback, event: Event) {
    let _ = panic::catch_unwind(AssertUnwindSafe(move || callback(event)));
}
