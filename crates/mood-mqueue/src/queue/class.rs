//! The Python class: its fields, and access to the open queue.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use posix_mqueue::{Attributes, OwnedQueue};
use pyo3::prelude::*;

use crate::errors;
use crate::queue::atexit;
use crate::queue::callbacks::Callbacks;
use crate::queue::metadata::QueueMetadata;
use crate::queue::undelivered::UndeliveredMessages;

/// A POSIX message queue of the Linux kernel, opened or created.
///
/// name (str): a slash followed by 1 to 255 bytes that are neither a slash nor NUL; bytes and
///     paths are taken as well.
/// flags (int): one of os.O_RDONLY (receive), os.O_WRONLY (send) and os.O_RDWR, with any of
///     os.O_CREAT (create the queue if it does not exist), os.O_EXCL (with O_CREAT: it must not
///     exist), os.O_NONBLOCK (never wait: raise BlockingIOError) and os.O_CLOEXEC (always set).
/// mode (int): permissions of a new queue, less the umask.
/// maxmsg (int): messages that a new queue can hold; negative: the system's default; 0: 1.
/// msgsize (int): bytes that a message of a new queue can have; negative: the default; 0: 1.
///
/// from_fd(), create_unique() and reopen() make further ones. A copy, and an object unpickled in
/// this or another process (an argument of multiprocessing's), opens the queue by its name, in the
/// present access mode and blocking mode, and never owns it; TypeError if the queue is unlinked or
/// was adopted.
///
/// The object that created the queue owns it: its close(), or its collection, removes the name
/// too (see owner). A forked child never does so. It is a context manager, and any number of
/// threads may use it at once. len() is how many messages are in the queue, and iteration receives
/// one after the other, in nonblocking mode until the queue is empty.
///
/// Raises FileNotFoundError (ENOENT), FileExistsError (EEXIST), PermissionError (EACCES: no
/// permission, or a second slash in the name), OSError with EINVAL (name, flags or mode) or
/// ENAMETOOLONG; LimitError, which says what to raise, with EINVAL (maxmsg or msgsize over the
/// sysctl), EMFILE (RLIMIT_MSGQUEUE or RLIMIT_NOFILE) or ENOSPC (queues_max); ValueError for a
/// NUL in the name.
///
/// >>> import os
/// >>> from mood.mqueue import MessageQueue
/// >>> with MessageQueue("/doc-example", os.O_RDWR | os.O_CREAT, maxmsg=4, msgsize=64) as mq:
/// ...     mq.send(b"routine"), mq.send(b"urgent", 7)
/// ...     mq.receive(), mq.receive()
/// (7, 6)
/// (b'urgent', b'routine')
///
/// Source: mq_overview(7), mq_open(3).
#[pyclass(frozen, subclass, weakref, module = "mood.mqueue")]
#[derive(Default)]
pub(crate) struct MessageQueue {
    /// None before `__init__` and after `close()`. Whoever waits has a share of its own, so that
    /// the descriptor is not released under it.
    pub(crate) open: RwLock<Option<Arc<OwnedQueue>>>,
    pub(crate) metadata: OnceLock<QueueMetadata>,
    pub(crate) undelivered: UndeliveredMessages,
    /// Whether the last message was as long as one can be, so that the next one may be.
    pub(crate) last_was_full_size: AtomicBool,
    pub(crate) callbacks: Callbacks,
}

impl MessageQueue {
    /// Gives a new object its queue. Once.
    pub(crate) fn initialize(&self, open: OwnedQueue, flags: i32) -> PyResult<()> {
        self.try_initialize(open, flags).map_err(|(error, _)| error)
    }

    /// As `initialize`, but returns the queue with the error.
    // A rare failure may move some bytes.
    #[allow(clippy::result_large_err)]
    pub(crate) fn try_initialize(
        &self,
        open: OwnedQueue,
        flags: i32,
    ) -> Result<(), (PyErr, OwnedQueue)> {
        if self.metadata.set(QueueMetadata::of(&open, flags)).is_err() {
            return Err((errors::already_initialized(), open));
        }
        let open = Arc::new(open);
        atexit::track(&open);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(())
    }

    /// Calls with the open queue, which stays open meanwhile.
    ///
    /// For what neither waits nor touches a Python object: to make or drop one may collect
    /// garbage, and that may close this very queue.
    pub(crate) fn with_open<T>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&Arc<OwnedQueue>) -> T,
    ) -> PyResult<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let answer = open.as_ref().map(call);
        drop(open);
        answer.ok_or_else(|| self.closed_error(py))
    }

    pub(crate) fn with_open_result<T>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&OwnedQueue) -> posix_mqueue::Result<T>,
    ) -> PyResult<T> {
        self.with_open(py, |open| call(open))?.map_err(|error| errors::raise(py, &error))
    }

    pub(crate) fn attributes(&self, py: Python<'_>) -> PyResult<Attributes> {
        self.with_open_result(py, |open| open.attributes())
    }

    /// The number of messages in the kernel and of undelivered ones.
    pub(crate) fn message_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.attributes(py).map(|attributes| attributes.messages + self.undelivered.len())
    }

    pub(crate) fn metadata(&self, py: Python<'_>) -> PyResult<&QueueMetadata> {
        self.metadata.get().ok_or_else(|| self.closed_error(py))
    }

    pub(crate) fn closed_error(&self, py: Python<'_>) -> PyErr {
        errors::closed(py, self.metadata.get().map(|metadata| metadata.name.as_os_str()))
    }

    pub(crate) fn take_open(&self) -> Option<Arc<OwnedQueue>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for MessageQueue {
    /// Collection: the owner's removes the name.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.take_open().map(|open| open.release()) {
            Python::attach(|py| {
                let raised = PyErr::take(py);
                errors::raise(py, &error).write_unraisable(py, None);
                if let Some(raised) = raised {
                    raised.restore(py);
                }
            });
        }
    }
}
