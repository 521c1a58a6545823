"""What object queues that wait and those that are awaited have in common: all but the waiting."""

import atexit
import operator
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, TypeVar
from weakref import WeakValueDictionary

from . import _payload_file, _sweep
from ._native import MessageQueue
from ._object_messages import ObjectMessages
from ._serializer import PICKLE, Serializer, pair

T = TypeVar("T")
Name = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# In a container /dev/shm has 64 MiB, as a rule: what is over that travels on some machines only.
MAX_OBJECT_SIZE = 64 * 1024 * 1024

# Those that are not closed, by identity, since a subclass need not be hashable.
_open: WeakValueDictionary[int, Any] = WeakValueDictionary()


@atexit.register
def _end_all() -> None:
    for objects in list(_open.values()):
        with suppress(OSError):  # nobody is left to be told
            objects._end()


def _maxmsg(maxsize: int) -> int:
    # To queue.Queue 0 is no bound, to MessageQueue it is 1.
    return maxsize if operator.index(maxsize) > 0 else -1


class ObjectQueueBase(ObjectMessages[T]):
    def __init__(
        self,
        name: Name | MessageQueue,
        maxsize: int = 0,
        *,
        serializer: tuple[Callable[[Any], Any], Callable[[bytes], Any]] = PICKLE,
        trust: bool = False,
        flags: int = os.O_RDWR | os.O_CREAT,
        mode: int = 0o600,
        msgsize: int = -1,
        max_object_size: int = MAX_OBJECT_SIZE,
    ) -> None:
        codec = pair(serializer)
        if operator.index(max_object_size) < 0:
            text = f"max_object_size must be a non-negative number of bytes, not {max_object_size}"
            raise ValueError(text)
        if isinstance(name, MessageQueue):
            if (maxsize, flags, mode, msgsize) != (0, os.O_RDWR | os.O_CREAT, 0o600, -1):
                raise TypeError(
                    "a queue that is open already takes no maxsize, flags, mode or msgsize"
                )
            mq = name
        else:
            mq = MessageQueue(name, flags, mode, _maxmsg(maxsize), msgsize)
            _sweep.sweep_queue(mq)
            # The queue is to outlast this program, and every other. Not before it is made: what a
            # constructor that fails has created goes again.
            mq.owner = False
        super().__init__(mq, codec, trust, max_object_size)
        _open[id(self)] = self

    def __getstate__(self) -> tuple[MessageQueue, Serializer, bool, int]:
        return self._mq, self._serializer, self._trust, self._max_object_size

    def __setstate__(self, state: tuple[MessageQueue, Serializer, bool, int]) -> None:
        mq, serializer, trust, max_object_size = state
        ObjectQueueBase.__init__(
            self, mq, serializer=serializer, trust=trust, max_object_size=max_object_size
        )

    @classmethod
    def create_unique(
        cls,
        prefix: Name = "/mq-",
        maxsize: int = 0,
        *,
        serializer: tuple[Callable[[Any], Any], Callable[[bytes], Any]] = PICKLE,
        msgsize: int = -1,
        max_object_size: int = MAX_OBJECT_SIZE,
    ) -> Self:
        """Create a queue with a name that no other one has, for replies or for a pool of workers.

        close(), collection, or the end of the interpreter, in the process that created it, removes
        the queue and the files of the large objects in it. The arguments are the constructor's.

        >>> replies = type(jobs).create_unique("/replies-", maxsize=1)
        >>> replies.owner
        True

        Source: mq_open(3).
        """
        mq = MessageQueue.create_unique(prefix, maxmsg=_maxmsg(maxsize), msgsize=msgsize)
        return cls(mq, serializer=serializer, max_object_size=max_object_size)

    # What needs no waiting

    def put_nowait(self, item: T, *, priority: int = 0) -> None:
        """Put an object if there is room; the same as put(item, block=False).

        Raises queue.Full if there is none, and what put() raises.

        >>> jobs.put_nowait("feed the cat")

        Source: mq_send(3).
        """
        self._send(item, priority, 0)

    def get_nowait(self) -> T:
        """Get an object if there is one; the same as get(block=False).

        Raises queue.Empty if there is none, and what get() raises.

        >>> jobs.put("feed the cat")
        >>> jobs.get_nowait()
        'feed the cat'

        Source: mq_receive(3).
        """
        return self._receive(0)

    def qsize(self) -> int:
        """How many objects are in the queue now.

        Source: mq_getattr(3).
        """
        return len(self._mq) + self.undelivered

    def empty(self) -> bool:
        """Whether the queue is empty now.

        Source: mq_getattr(3).
        """
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether put() would wait now.

        Source: mq_getattr(3).
        """
        return len(self._mq) >= self._mq.maxmsg

    @property
    def name(self) -> str:
        """The queue's name, as it was given; empty for an adopted queue."""
        return self._mq.name

    @property
    def maxsize(self) -> int:
        """How many objects the queue can hold: MessageQueue.maxmsg."""
        return self._mq.maxmsg

    @property
    def msgsize(self) -> int:
        """How many bytes an object can have without a file of its own: MessageQueue.msgsize."""
        return self._mq.msgsize

    @property
    def max_object_size(self) -> int:
        """How many bytes an object can have: put() refuses a larger one, and get() drops it."""
        return self._max_object_size

    @property
    def closed(self) -> bool:
        """True if the queue is closed."""
        return self._mq.closed

    @property
    def owner(self) -> bool:
        """Whether close(), in this process, also removes the queue: that of create_unique() does.
        Can be set."""
        return self._mq.owner

    @owner.setter
    def owner(self, value: bool) -> None:
        self._mq.owner = value

    def fileno(self) -> int:
        """The descriptor, for select and poll; -1 after close()."""
        return self._mq.fileno()

    def unlink(self) -> None:
        """Remove the queue's name from the system now, and with it the large objects in the queue.

        Whoever has it open can go on, but with small objects only.

        Raises FileNotFoundError (ENOENT) if the name is gone or is another queue's by now,
        PermissionError (EACCES), OSError (EBADF) after close().

        Source: mq_unlink(3).
        """
        mq = self._mq
        mq.status()
        queue = _payload_file.QueueId.of(mq)
        try:
            mq.unlink()
        finally:
            if os.fstat(mq.fileno()).st_nlink == 0:
                _sweep.remove_files(queue)

    def _close(self) -> None:
        try:
            self._end()
        finally:
            self._mq.close()
            _open.pop(id(self), None)

    def _end(self) -> None:
        self._requeue()
        if not self.closed and self.owner:
            with suppress(FileNotFoundError):
                self.unlink()
            self.owner = False

    def __del__(self) -> None:
        if not hasattr(self, "_mq"):  # its constructor has failed
            return
        self._requeue()
        mq = self._mq
        if not mq.closed and mq.owner:
            # Whoever gave us the queue may have it still: the files go with the queue.
            mq._keep_until_closed(_PayloadFiles(_payload_file.QueueId.of(mq)))

    def __repr__(self) -> str:
        state = "closed" if self.closed else "owner" if self.owner else "open"
        kind = type(self)
        sizes = f"maxsize={self.maxsize} msgsize={self.msgsize}"
        return f"<{kind.__module__}.{kind.__qualname__} {self.name!r} {sizes} {state}>"


class _PayloadFiles:
    """Is dropped by a queue that its owner has closed or that is collected."""

    def __init__(self, queue: _payload_file.QueueId) -> None:
        self._queue = queue
        self._process = os.getpid()

    def __del__(self) -> None:
        # A forked child removes neither its parent's queue nor its files.
        if self._process == os.getpid():
            _sweep.remove_files(self._queue)
