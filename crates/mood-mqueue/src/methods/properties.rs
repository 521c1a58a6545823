//! What a queue is like.

use std::sync::PoisonError;

use pyo3::prelude::*;

use crate::convert::namedtuples;
use crate::convert::timeout::Seconds;
use crate::queue::{MessageQueue, QueueMetadata};

#[pymethods]
impl MessageQueue {
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

    /// The queue's name, as it was given; empty for an adopted queue. Known after close() too.
    ///
    /// >>> from mood.mqueue import MessageQueue
    /// >>> with MessageQueue.create_unique("/doc-", maxmsg=1, msgsize=8) as mq:
    /// ...     mq.name.startswith("/doc-")
    /// True
    ///
    /// Source: mq_overview(7).
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<&std::ffi::OsStr> {
        self.metadata(py).map(|metadata| metadata.name.as_os_str())
    }

    /// The flags passed to the constructor. Known after close() too; see blocking for the mode of
    /// now.
    ///
    /// >>> import os
    /// >>> mq.flags & os.O_ACCMODE == os.O_RDWR
    /// True
    ///
    /// Source: mq_open(3).
    #[getter]
    fn flags(&self, py: Python<'_>) -> PyResult<i32> {
        self.metadata(py).map(|metadata| metadata.flags)
    }

    /// File type and permissions, as the stat module reads them.
    ///
    /// Raises OSError (EBADF) after close().
    ///
    /// >>> import stat
    /// >>> stat.filemode(mq.mode)
    /// '-rw-------'
    ///
    /// Source: mq_overview(7), inode(7).
    #[getter]
    fn mode(&self, py: Python<'_>) -> PyResult<u32> {
        self.with_open_result(py, |open| open.status()).map(|status| status.mode)
    }

    /// How many messages the queue can hold. Known after close() too.
    ///
    /// >>> mq.maxmsg - len(mq)  # room
    /// 4
    ///
    /// Source: mq_getattr(3).
    #[getter]
    fn maxmsg(&self, py: Python<'_>) -> PyResult<usize> {
        self.metadata(py).map(|metadata| metadata.maxmsg)
    }

    /// How many bytes a message can have. Known after close() too.
    ///
    /// >>> buffer = bytearray(mq.msgsize)  # room for any message
    ///
    /// Source: mq_getattr(3).
    #[getter]
    fn msgsize(&self, py: Python<'_>) -> PyResult<usize> {
        self.metadata(py).map(|metadata| metadata.msgsize)
    }

    /// True if the message queue is closed.
    ///
    /// >>> mq.close()
    /// >>> mq.closed
    /// True
    ///
    /// Source: mq_close(3).
    #[getter]
    fn closed(&self) -> bool {
        self.open.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether receive() and send() wait. The kernel is asked each time: the mode belongs to the
    /// open file description, which forked children and duplicates share.
    ///
    /// Raises OSError (EBADF) after close().
    ///
    /// >>> mq.blocking = False
    /// >>> try:
    /// ...     mq.receive()
    /// ... except BlockingIOError:
    /// ...     print("empty")
    /// empty
    ///
    /// Source: mq_getattr(3).
    #[getter]
    fn blocking(&self, py: Python<'_>) -> PyResult<bool> {
        self.attributes(py).map(|attributes| !attributes.nonblocking)
    }

    #[setter]
    fn set_blocking(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let nonblocking = !value.is_truthy()?;
        self.with_open_result(value.py(), |open| open.set_nonblocking(nonblocking))
    }

    /// Whether close() or collection, in this process, also removes the queue's name: True for
    /// the object that created the queue. Set it to False to leave the queue in the system.
    ///
    /// Raises OSError (EBADF) after close().
    ///
    /// >>> mq.owner
    /// True
    /// >>> mq.owner = False
    /// >>> mq.unlink()  # else it would be left in the system
    ///
    /// Source: mq_unlink(3).
    #[getter]
    fn owner(&self, py: Python<'_>) -> PyResult<bool> {
        self.with_open(py, |open| open.is_owner())
    }

    #[setter]
    fn set_owner(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let owner = value.is_truthy()?;
        self.with_open(value.py(), |open| open.set_owner(owner))
    }

    /// How many seconds a call that has to wait keeps trying before it sleeps; 0.0 at first.
    ///
    /// To be woken on another processor takes longer than a message does: with 0.00005 two busy
    /// processes converse many times as fast, at the cost of a processor for so long at each wait.
    /// Signal handlers run in the meantime, at least every 10 ms.
    ///
    /// Raises ValueError for a negative number or NaN, OSError (EBADF) after close().
    ///
    /// >>> mq.busy_poll
    /// 0.0
    /// >>> mq.busy_poll = 0.00005
    ///
    /// Source: mq_timedreceive(3), which is called again and again meanwhile.
    #[getter]
    fn busy_poll(&self, py: Python<'_>) -> PyResult<f64> {
        self.with_open(py, |open| open.busy_poll()).map(|time| time.as_secs_f64())
    }

    #[setter]
    fn set_busy_poll(&self, py: Python<'_>, value: Seconds) -> PyResult<()> {
        self.with_open(py, |open| open.set_busy_poll(value.0))
    }

    /// Return what the queue is like now, as Status(messages, maxmsg, msgsize, mode, uid, gid,
    /// modified, unlinked). To ask disturbs nothing: a notification stays registered.
    ///
    /// Raises OSError (EBADF) after close().
    ///
    /// >>> mq.send(b"hello")
    /// 5
    /// >>> mq.status().messages, mq.status().maxmsg
    /// (1, 4)
    ///
    /// Source: mq_getattr(3), inode(7).
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = self.with_open_result(py, |open| open.status())?;
        namedtuples::status(py, &status, status.attributes.messages + self.undelivered.len())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.message_count(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.get_type().fully_qualified_name()?;
        let this = slf.get();
        let Some(metadata) = this.metadata.get() else {
            return Ok(format!("<{class} not opened>"));
        };
        let name = metadata.name.as_os_str().into_pyobject(slf.py())?.repr()?;
        let state = match this.open.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => "closed",
            Some(open) if open.is_owner() => "owner",
            Some(_) => "open",
        };
        let QueueMetadata { flags, maxmsg, msgsize, .. } = metadata;
        Ok(format!("<{class} {name} flags={flags:#o} maxmsg={maxmsg} msgsize={msgsize} {state}>"))
    }
}
