//! What Python sees of the class: signatures and documentation, one call each.

use std::sync::{Arc, PoisonError};

use posix_mqueue::{OpenOptions, Owned};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyTuple};

use crate::callback::{self, Argument};
use crate::queue::{Facts, MessageQueue};
use crate::timeout::{self, Timeout};
use crate::{block, errors, exit, name, transfer};

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
        mode: u32,
        maxmsg: i64,
        msgsize: i64,
    ) -> PyResult<()> {
        // Before anything is opened: to close it again would end this process's notification.
        if self.facts.get().is_some() {
            return Err(errors::initialised_twice());
        }
        let size = |given| usize::try_from(given).ok().map(|size| size.max(1));
        let open = name::with_encoded(name, |name| {
            OpenOptions::from_flags(flags)
                .and_then(|mut options| {
                    options.mode(mode);
                    size(maxmsg).map(|maxmsg| options.capacity(maxmsg));
                    size(msgsize).map(|msgsize| options.message_size(msgsize));
                    options.open(name)
                })
                .map_err(|error| errors::raise(py, &error.about(name)))
        })?;
        let open = Owned::new(open);
        let name = open.name().map(|name| name.as_os_str().to_owned()).unwrap_or_default();
        let facts = Facts { name, flags, maxmsg: open.capacity(), msgsize: open.message_size() };
        self.facts.set(facts).map_err(|_| errors::initialised_twice())?;
        let open = Arc::new(open);
        exit::remember(&open);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(())
    }

    /// Close the message queue. The owner's close() also removes its name from the system, unless
    /// another queue has it by now. To close again does nothing.
    ///
    /// A send() or receive() that waits in another thread is woken and raises OSError (EBADF),
    /// as every later use does. A notification that this process has registered for the queue,
    /// through whatever object, is gone.
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
        block::wake(py, &open);
        drop(open);
        released.map_err(|error| errors::raise(py, &error))
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
        self.ask(py, |open| open.unlink())
    }

    /// Return the underlying file descriptor, -1 after close(). It works with select, poll, epoll
    /// and an asyncio loop's add_reader.
    ///
    /// >>> import select
    /// >>> mq.send(b"hello")
    /// 5
    /// >>> select.select([mq], [], []) == ([mq], [], [])
    /// True
    ///
    /// Source: mq_overview(7).
    fn fileno(&self) -> i32 {
        use std::os::fd::{AsFd, AsRawFd};
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map_or(-1, |open| open.as_fd().as_raw_fd())
    }

    /// Send one message and return the number of bytes sent: at most msgsize, the rest is not.
    ///
    /// message is any bytes-like object; it may be empty. priority is from 0 (low) to 32767 (high,
    /// os.sysconf("SC_MQ_PRIO_MAX") - 1); the highest is received first, the oldest of equals
    /// before the others. Waits while the queue is full, for timeout seconds at most (None: as long
    /// as it takes; 0: not at all; on the monotonic clock).
    ///
    /// Raises BlockingIOError (EAGAIN) for a full queue in nonblocking mode; TimeoutError
    /// (ETIMEDOUT) at the timeout; OSError with EINVAL for a priority over 32767 and EBADF for a
    /// queue that is closed or opened with O_RDONLY; OverflowError for a priority that no C
    /// unsigned int holds; BufferError for a message that is not contiguous. A signal handler that
    /// raises ends the wait, with nothing sent.
    ///
    /// >>> mq.send(b"hello"), mq.send(b"x" * 100, priority=9)  # msgsize is 64
    /// (5, 64)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (message, priority=0, timeout=None))]
    fn send<'py>(
        &self,
        message: &Bound<'py, PyAny>,
        priority: u32,
        timeout: Option<Timeout>,
    ) -> PyResult<Bound<'py, PyAny>> {
        transfer::send(self, message, priority, timeout::deadline(timeout))
    }

    /// Send all of message, in as many messages of at most msgsize bytes as it takes. An empty
    /// one is one empty message. The timeout is for all of it.
    ///
    /// Raises what send() raises. Where some messages are sent already, the exception's
    /// characters_written tells how many bytes they took.
    ///
    /// >>> mq.sendall(b"x" * 100)  # msgsize is 64
    /// >>> len(mq.receive()), len(mq.receive())
    /// (64, 36)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (message, priority=0, timeout=None))]
    fn sendall(
        &self,
        message: &Bound<'_, PyAny>,
        priority: u32,
        timeout: Option<Timeout>,
    ) -> PyResult<()> {
        transfer::sendall(self, message, priority, timeout::deadline(timeout))
    }

    /// Receive and return one message, waiting while the queue is empty, for timeout seconds at
    /// most (see send()).
    ///
    /// Raises BlockingIOError (EAGAIN) for an empty queue in nonblocking mode, TimeoutError
    /// (ETIMEDOUT) at the timeout, OSError (EBADF) for a queue that is closed or opened with
    /// O_WRONLY. A signal handler that raises ends the wait, with nothing taken; after a
    /// MemoryError the message comes with the next receive().
    ///
    /// >>> mq.send(b"hello")
    /// 5
    /// >>> mq.receive()
    /// b'hello'
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (timeout=None))]
    fn receive<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<Timeout>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        transfer::receive(py, self, timeout::deadline(timeout))
    }

    /// Append the messages that are in the queue now to buffer, a bytearray, up to the first
    /// empty one; return whether the last one was empty. Waits for one if the queue is empty,
    /// for timeout seconds at most.
    ///
    /// Raises what receive() raises, and BufferError for a buffer that cannot grow because
    /// somebody has a view of it; what was taken before is in the buffer.
    ///
    /// >>> mq.sendall(b"x" * 100)
    /// >>> buffer = bytearray(b"head")
    /// >>> mq.drain(buffer), len(buffer)
    /// (False, 104)
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (buffer, timeout=None))]
    fn drain(&self, buffer: &Bound<'_, PyByteArray>, timeout: Option<Timeout>) -> PyResult<bool> {
        transfer::drain(self, buffer, timeout::deadline(timeout))
    }

    /// Send all of buffer, a bytearray, as sendall() does, and remove from it what was sent. An
    /// empty one sends nothing. The timeout is for all of it.
    ///
    /// Raises what send() raises, and BufferError for a buffer that cannot shrink because
    /// somebody has a view of it. What is not sent stays in buffer. Where what was sent cannot be
    /// removed, since somebody took a view meanwhile or for want of memory, the exception's
    /// characters_written tells how many of the first bytes it is.
    ///
    /// >>> buffer = bytearray(100)
    /// >>> mq.fill(buffer)
    /// >>> len(buffer), len(mq)
    /// (0, 2)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (buffer, priority=0, timeout=None))]
    fn fill(
        &self,
        buffer: &Bound<'_, PyByteArray>,
        priority: u32,
        timeout: Option<Timeout>,
    ) -> PyResult<()> {
        transfer::fill(self, buffer, priority, timeout::deadline(timeout))
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
    /// close(); ValueError for a number that is no signal; TypeError for what is none of these.
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
    #[pyo3(signature = (callback=Argument::Absent), text_signature = "($self, callback=...)")]
    fn notify(slf: &Bound<'_, Self>, callback: Argument<'_>) -> PyResult<()> {
        let open = slf.get().with_open(slf.py(), Arc::clone)?;
        callback::notify(slf, &open, callback)
    }

    /// The queue's name.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<&std::ffi::OsStr> {
        self.facts(py).map(|facts| facts.name.as_os_str())
    }

    /// The flags passed to the constructor.
    #[getter]
    fn flags(&self, py: Python<'_>) -> PyResult<i32> {
        self.facts(py).map(|facts| facts.flags)
    }

    /// File type and permissions, as the stat module reads them.
    #[getter]
    fn mode(&self, py: Python<'_>) -> PyResult<u32> {
        self.ask(py, |open| open.status()).map(|status| status.mode)
    }

    /// Maximum number of messages.
    #[getter]
    fn maxmsg(&self, py: Python<'_>) -> PyResult<usize> {
        self.facts(py).map(|facts| facts.maxmsg)
    }

    /// Maximum message size, in bytes.
    #[getter]
    fn msgsize(&self, py: Python<'_>) -> PyResult<usize> {
        self.facts(py).map(|facts| facts.msgsize)
    }

    /// True if the message queue is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.open.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether receive() and send() wait. The kernel is asked each time: the mode belongs to the
    /// open file description, which forked children and duplicates share.
    #[getter]
    fn blocking(&self, py: Python<'_>) -> PyResult<bool> {
        self.attributes(py).map(|attributes| !attributes.nonblocking)
    }

    #[setter]
    fn set_blocking(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let nonblocking = !value.is_truthy()?;
        self.ask(value.py(), |open| open.set_nonblocking(nonblocking))
    }

    /// Whether close() or collection, in this process, also removes the queue's name: True for
    /// the object that created the queue. Set it to False to leave the queue in the system.
    #[getter]
    fn owner(&self, py: Python<'_>) -> PyResult<bool> {
        self.with_open(py, |open| open.is_owner())
    }

    #[setter]
    fn set_owner(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let owner = value.is_truthy()?;
        self.with_open(value.py(), |open| open.set_owner(owner))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.messages(py)
    }

    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().with_open(slf.py(), |_| ())?;
        Ok(slf)
    }

    #[pyo3(signature = (*_exc_info))]
    fn __exit__(&self, py: Python<'_>, _exc_info: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.get_type().fully_qualified_name()?;
        let this = slf.get();
        let Some(facts) = this.facts.get() else { return Ok(format!("<{class} not opened>")) };
        let name = facts.name.as_os_str().into_pyobject(slf.py())?.repr()?;
        let state = match this.open.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => "closed",
            Some(open) if open.is_owner() => "owner",
            Some(_) => "open",
        };
        let Facts { flags, maxmsg, msgsize, .. } = facts;
        Ok(format!("<{class} {name} flags={flags:#o} maxmsg={maxmsg} msgsize={msgsize} {state}>"))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(errors::cannot_pickle(slf))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callbacks.traverse(&visit)
    }

    fn __clear__(&self) {
        self.callbacks.clear();
    }
}
