"""Queues of Python objects, shared by processes that know the name: queue.Queue, in the kernel.

>>> from mood.mqueue.objects import ObjectQueue
>>> with ObjectQueue("/doc-jobs", maxsize=8) as jobs:
...     jobs.put({"plant": "fern", "litres": 0.5})
...     jobs.put("fire!", priority=9)
...     jobs.get(), jobs.get()
...     jobs.unlink()
('fire!', {'plant': 'fern', 'litres': 0.5})

Each object is one message, made by a serializer: pickle, JSON, or any pair of functions. One that
is larger than a message travels in a file in shared memory, and the message names it.

See mq_overview(7), shm_overview(7).
"""

from queue import Empty, Full
from types import TracebackType
from typing import Self, TypeVar

from ._object_base import ObjectQueueBase
from ._serializer import JSON, PICKLE, DecodeError, Serializer
from ._sweep import sweep

__all__ = [
    "JSON",
    "PICKLE",
    "DecodeError",
    "Empty",
    "Full",
    "ObjectQueue",
    "Serializer",
    "sweep",
]

T = TypeVar("T")


class ObjectQueue(ObjectQueueBase[T]):
    """A queue of objects: ObjectQueue(name, maxsize=0, *, serializer=PICKLE, trust=False,
    flags=O_RDWR | O_CREAT, mode=0o600, msgsize=-1, max_object_size=67108864).

    Opens the queue of that name for both directions, or creates it. It stays in the system, with
    what is in it, until unlink(), whoever closes it or dies; the object of create_unique() alone
    removes it by close().

    name: a slash and 1 to 255 bytes without another slash; or a MessageQueue that is open, which
    is this object's from then on. maxsize, msgsize: of a new queue, how many objects it holds, and
    how many bytes each can have without a file of its own; 0 and -1 are the system's defaults.
    mode: a new queue's permissions, less the umask. flags: as MessageQueue has them.

    serializer: two callables, (dumps, loads). With pickle.loads, get() refuses a queue that other
    users can send to, since unpickling runs whatever code the sender likes: trust=True says that
    it may. Other callables are not checked: whether they are safe with what a stranger sends is
    for who chooses them to know.

    max_object_size: how many bytes an object can have, as its serializer makes them; 64 MiB by
    default. put() refuses a larger one, and get() drops it unread and raises DecodeError.

    Opening never waits for another process. Collection, and the end of the interpreter, remove what
    close() would remove, and put back what close() would put back.

    Any number of threads, processes and forked children can use the queue, and it can be passed to
    a process that multiprocessing spawns: there it is opened by name.

    Raises what MessageQueue() raises.

    Source: mq_open(3).
    """

    def put(
        self, item: T, block: bool = True, timeout: float | None = None, *, priority: int = 0
    ) -> None:
        """Put an object into the queue, waiting for room: for timeout seconds at most, or, if block
        is false, not at all.

        priority is from 0 (low) to 32767 (high); the highest is taken first, the oldest of equals
        before the others. Once put() has returned, the object no longer needs this process.

        Raises queue.Full if there is no room in time; what the serializer raises; OSError with
        EMSGSIZE for an object of more than max_object_size bytes; OSError for an object that is
        larger than msgsize and cannot have a file in /dev/shm: with ENOSPC if that is full, with
        EMSGSIZE if the queue has no name or its msgsize is too small for the file's, with EPERM
        (PermissionError) if this process is neither of the queue's owner nor root, with EBUSY if
        another process has a lock on the queue, with EOPNOTSUPP if /dev/shm is on a file system
        that does not say how much a file uses; and what MessageQueue.send_message() raises. Then
        the object is not in the queue, and no file is left.

        >>> jobs.put("water the plants")
        >>> jobs.put("put out the fire", priority=9)
        >>> jobs.get()
        'put out the fire'

        Source: mq_send(3), open(2) on O_TMPFILE.
        """
        self._send(item, priority, timeout if block else 0)

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Take an object out of the queue, waiting for one: for timeout seconds at most, or, if
        block is false, not at all.

        Raises queue.Empty if there is none in time; PermissionError (EACCES) before anything is
        taken, if others can send pickles to the queue; DecodeError, once, for a message that is not
        an object, for an object of more than max_object_size bytes, and for a large object whose
        file is missing, cannot be read or is not the one that was sent; and what
        MessageQueue.receive_message() raises.

        After any other exception, such as MemoryError, EMFILE or one of a signal handler, the next
        get() returns the object that was received: undelivered counts such objects, and discard()
        drops one. But an Exception that a signal handler raises while a loads written in Python
        runs looks like one of loads, and becomes a DecodeError, which has the object's bytes.

        >>> jobs.put("water the plants")
        >>> jobs.get(timeout=5)
        'water the plants'

        Source: mq_receive(3).
        """
        return self._receive(timeout if block else 0)

    def close(self) -> None:
        """Close the queue; it stays in the system, unless this object is its owner. To close again
        does nothing. A put() or get() that waits in another thread raises OSError (EBADF), as every
        later use does.

        An object that a failed get() has received goes back into the queue, after others of its
        priority. If that is not possible, as when the queue is full, a RuntimeWarning says that the
        object is lost.

        >>> jobs.close()
        >>> jobs.closed
        True

        Source: mq_close(3).
        """
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
