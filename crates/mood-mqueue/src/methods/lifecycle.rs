//! From opening a queue to closing it.

use std::sync::Arc;

use posix_mqueue::{OpenOptions, OwnedQueue};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::calls::notify::{self, NotifyArgument};
use crate::calls::{blocking, constructors, detach, pickle};
use crate::convert::descriptor::FdArgument;
use crate::convert::{c_uint, name};
use crate::errors;
use crate::queue::MessageQueue;

/// What the constructor's arguments stand for: negative sizes are the system's, 0 is 1.
fn options(flags: i32, mode: u32, maxmsg: i64, msgsize: i64) -> posix_mqueue::Result<OpenOptions> {
    let size = |given| usize::try_from(given).ok().map(|size| size.max(1));
    let mut options = OpenOptions::from_flags(flags)?;
    options.mode(mode);
    size(maxmsg).map(|maxmsg| options.capacity(maxmsg));
    size(msgsize).map(|msgsize| options.message_size(msgsize));
    Ok(options)
}

#[pymethods]
impl MessageQueue {
    /// Opening is `__init__`'s, so that a subclass may have arguments of its own.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    #[pyo3(text_signature = "(name, flags, mode=0o600, maxmsg=-1, msgsize=-1)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    #[pyo3(signature = (name, flags, mode=0o600, maxmsg=-1, msgsize=-1))]
    fn __init__(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        flags: i32,
        #[pyo3(from_py_with = c_uint::mode)] mode: u32,
        maxmsg: i64,
        msgsize: i64,
    ) -> PyResult<()> {
        // Before anything is opened: to close it again would end this process's notification.
        if self.metadata.get().is_some() {
            return Err(errors::already_initialized());
        }
        let open = name::with_encoded(name, |name| {
            options(flags, mode, maxmsg, msgsize)
                .and_then(|options| options.open(name))
                .map_err(|error| errors::raise(py, &error.with_name(name)))
        })?;
        self.initialize(OwnedQueue::new(open), flags)
    }

    /// Adopt fd, an open descriptor of a queue: passed by systemd (ListenMessageQueue=), or received
    /// over a socket. It is the new object's from then on, closed with it, and closed on exec
    /// (os.set_inheritable changes that).
    ///
    /// systemd's is O_RDONLY and O_NONBLOCK: reopen(os.O_RDONLY) gives one that waits. The object
    /// has no name, and does not own the queue. __init__ is not called.
    ///
    /// Raises OSError (EBADF) for what is no queue's descriptor, which stays open; ValueError for
    /// the descriptor of another MessageQueue; TypeError for what is no int, or is a bool.
    ///
    /// >>> import os
    /// >>> from mood.mqueue import MessageQueue
    /// >>> with MessageQueue.from_fd(os.dup(mq.fileno())) as adopted:
    /// ...     adopted.msgsize
    /// 64
    ///
    /// Source: mq_overview(7), sd_listen_fds(3).
    #[classmethod]
    fn from_fd<'py>(cls: &Bound<'py, PyType>, fd: FdArgument) -> PyResult<Bound<'py, Self>> {
        constructors::from_fd(cls, fd)
    }

    /// Create a queue with a name that no other one has: prefix and 16 random digits. It is for
    /// replies, tests, and whatever has its name passed on. The other arguments are the
    /// constructor's; O_CREAT and O_EXCL are implied. __init__ is not called.
    ///
    /// Raises what the constructor raises.
    ///
    /// >>> from mood.mqueue import MessageQueue
    /// >>> with MessageQueue.create_unique("/replies-", maxmsg=1, msgsize=8) as replies:
    /// ...     replies.name.startswith("/replies-"), replies.owner
    /// (True, True)
    ///
    /// Source: mq_open(3), getrandom(2).
    #[classmethod]
    #[pyo3(signature = (prefix=None, flags=2, mode=0o600, maxmsg=-1, msgsize=-1))]
    #[pyo3(text_signature = "($cls, prefix='/mq-', flags=2, mode=0o600, maxmsg=-1, msgsize=-1)")]
    fn create_unique<'py>(
        cls: &Bound<'py, PyType>,
        prefix: Option<&Bound<'py, PyAny>>,
        flags: i32,
        #[pyo3(from_py_with = c_uint::mode)] mode: u32,
        maxmsg: i64,
        msgsize: i64,
    ) -> PyResult<Bound<'py, Self>> {
        let py = cls.py();
        let create = |prefix: &std::ffi::OsStr| {
            options(flags, mode, maxmsg, msgsize)
                .and_then(|options| options.create_unique(prefix))
                .map(|open| (open, flags))
                .map_err(|error| errors::raise(py, &error.with_name(prefix)))
        };
        constructors::open_as(cls, || match prefix {
            Some(prefix) => name::with_encoded(prefix, create),
            None => create("/mq-".as_ref()),
        })
    }

    /// Open the same queue again, be it unlinked, with a descriptor whose O_NONBLOCK is its own:
    /// that of duplicates and of forked children is shared.
    ///
    /// flags is O_RDONLY, O_WRONLY or O_RDWR, with or without O_NONBLOCK; by default what this
    /// object has now. The new object has this one's busy_poll, and does not own the queue. To
    /// close either object ends this process's notification. __init__ is not called.
    ///
    /// Raises PermissionError (EACCES) if the queue's permissions no longer allow it,
    /// FileNotFoundError (ENOENT) where /proc is not mounted, LimitError (EMFILE), OSError with
    /// EINVAL for other flags and EBADF after close().
    ///
    /// >>> import os
    /// >>> with mq.reopen(os.O_RDONLY | os.O_NONBLOCK) as again:
    /// ...     again.blocking, mq.blocking
    /// (False, True)
    ///
    /// Source: mq_overview(7), proc(5).
    #[pyo3(signature = (flags=None))]
    fn reopen<'py>(slf: &Bound<'py, Self>, flags: Option<i32>) -> PyResult<Bound<'py, Self>> {
        constructors::reopen(slf, flags)
    }

    /// Give the descriptor away: the object is closed, and the descriptor stays open, with the
    /// queue's name. A notification of this process ends.
    ///
    /// A call that waits in another thread is woken, as by close(). If one does not leave, since
    /// this is called by a signal handler that interrupted it or no signal can wake its thread,
    /// the descriptor returned is a duplicate.
    ///
    /// Raises OSError (EBADF) after close(), and LimitError (EMFILE) if a duplicate may be needed
    /// and there is no descriptor for it: then nothing has changed.
    ///
    /// >>> import os
    /// >>> mq.unlink()  # else the name would stay in the system
    /// >>> fd = mq.detach()
    /// >>> mq.closed
    /// True
    /// >>> os.close(fd)
    ///
    /// Source: mq_overview(7).
    fn detach(&self, py: Python<'_>) -> PyResult<i32> {
        detach::detach(self, py)
    }

    /// Close the message queue. The owner's close() also removes its name from the system, unless
    /// another queue has it by now. To close again does nothing.
    ///
    /// A send() or receive() that waits in another thread is woken by a signal and raises OSError
    /// (EBADF), as every later use does. A notification that this process has registered for the
    /// queue, through whatever object, is gone.
    ///
    /// The signal is SIGURG, or the highest real-time signal that the program does not handle and
    /// the thread does not block. A thread that blocks all of these when it first waits has one
    /// unblocked while it waits. The handler, which signal.getsignal() does not know, stays:
    /// from then on a SIGURG that the program gets interrupts C calls that it did not interrupt
    /// before.
    ///
    /// Warns with RuntimeWarning if a thread goes on waiting since no signal can wake it: it has
    /// come to block every signal only after its first wait, or the program handles all of them.
    ///
    /// Raises PermissionError (EACCES) if the name may not be removed; the queue is closed all
    /// the same.
    ///
    /// >>> mq.close()
    /// >>> mq.closed, mq.fileno()
    /// (True, -1)
    ///
    /// Source: mq_close(3), mq_unlink(3).
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(open) = self.take_open() else { return Ok(()) };
        let released = open.release();
        self.callbacks.clear();
        let woken = blocking::wake_waiters(py, &open);
        drop(open);
        released.map_err(|error| errors::raise(py, &error))?;
        if woken { Ok(()) } else { errors::warn_of_waiting_thread(py) }
    }

    /// Remove the queue's name from the system now. Whoever has it open can go on using it.
    ///
    /// Raises FileNotFoundError (ENOENT) if the name is gone or is another queue's by now,
    /// PermissionError (EACCES), OSError (EBADF) after close().
    ///
    /// >>> mq.unlink()  # nobody can open it any more; who has it can go on
    /// >>> mq.send(b"still works")
    /// 11
    ///
    /// Source: mq_unlink(3).
    fn unlink(&self, py: Python<'_>) -> PyResult<()> {
        self.with_open_result(py, |open| open.unlink())
    }

    /// Register or unregister for the notification, once, that a message arrived on the empty
    /// queue.
    ///
    /// Without an argument: unregister; once this has returned, no callback of this queue starts.
    /// Otherwise callback is:
    ///
    /// - None: be registered, so that no other process can be, and not be notified;
    /// - a signal number: be sent that signal;
    /// - a callable: have it called in a new thread with the queue as sole argument. It may
    ///   register again. What it raises goes to sys.unraisablehook.
    ///
    /// One process at a time can be registered for a queue, once. If the queue is not empty, the
    /// notification comes when it has been emptied and a message arrives; if somebody waits in
    /// receive(), the message is theirs and the registration stays. So register first, then
    /// empty the queue. A queue that is collected is unregistered. Two traps of the kernel: to
    /// close any object or descriptor of the queue in this process unregisters it, and a queue
    /// with maxmsg 1 notifies nobody of a message whose sender had to wait.
    ///
    /// Raises OSError with EBUSY if a process, perhaps this one, is registered, EBADF after
    /// close(); ValueError for a number that is no signal; TypeError for what is none of these, or is
    /// a bool.
    ///
    /// >>> import threading
    /// >>> arrived = threading.Event()
    /// >>> mq.notify(lambda queue: arrived.set())
    /// >>> mq.send(b"hello")
    /// 5
    /// >>> arrived.wait(timeout=30)
    /// True
    ///
    /// Source: mq_notify(3).
    #[pyo3(signature = (callback=NotifyArgument::Absent), text_signature = "($self, callback=...)")]
    fn notify(slf: &Bound<'_, Self>, callback: NotifyArgument<'_>) -> PyResult<()> {
        let open = slf.get().with_open(slf.py(), Arc::clone)?;
        notify::notify(slf, &open, callback)
    }

    /// Keeps an object until the queue is closed or collected, so that it learns of that in its
    /// `__del__`: tasks of event loops wait where `close()` does not see them.
    #[pyo3(signature = (watcher, /))]
    fn _keep_until_closed(&self, py: Python<'_>, watcher: Py<PyAny>) -> PyResult<()> {
        self.callbacks.keep_until_closed(watcher);
        // A close() that came first has not seen it, and one that comes now does.
        let open = self.with_open(py, |_| ());
        if open.is_err() {
            self.callbacks.clear();
        }
        open
    }

    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().with_open(slf.py(), |_| ())?;
        Ok(slf)
    }

    #[pyo3(signature = (*_exc_info))]
    fn __exit__(&self, py: Python<'_>, _exc_info: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        pickle::reduce(slf)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callbacks.traverse(&visit)
    }

    fn __clear__(&self) {
        self.callbacks.clear();
    }
}
