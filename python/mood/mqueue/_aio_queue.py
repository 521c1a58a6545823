"""Queues of bytes that are awaited: the methods of the synchronous class, each a way of waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, overload

from ._aio_notify import wait_notified
from ._aio_send import fill, send_all, send_many, snapshot
from ._aio_wait import READABLE, WRITABLE, Waiter, call_when_ready, consume_budget
from ._native import MessageQueue as SyncMessageQueue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self, SupportsIndex, TypeAlias

    from typing_extensions import Buffer

    from ._values import Message, Status

    _Name: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class MessageQueue:
    """A POSIX message queue whose messages are awaited.

    MessageQueue(queue) is about a mood.mqueue.MessageQueue that is open, which can be used besides;
    MessageQueue(name, flags, mode=0o600, maxmsg=-1, msgsize=-1) opens one, with the arguments and
    errors of that class. Either way it is closed with this object.

    A method that waits tries at once and returns without suspending if it can, but lets other tasks
    run every so often. Any number of tasks may wait; those of one event loop are served in the
    order they came. Several loops in several threads may use one queue. There are no timeouts:
    use asyncio.timeout() or anyio.fail_after(). The nonblocking mode makes no difference.

    A call that is cancelled has taken no message and sent none, save sendall(), send_many() and
    fill(), which tell how far they came. One in a scope that was cancelled before does nothing.

    To close the queue, in whatever thread and through whichever object, ends what waits with
    OSError (EBADF).

    >>> import asyncio, os
    >>> from mood.mqueue import aio
    >>> async def main():
    ...     flags = os.O_RDWR | os.O_CREAT
    ...     async with aio.MessageQueue("/doc-aio", flags, maxmsg=4, msgsize=64) as mq:
    ...         await mq.send(b"hello")
    ...         print(await mq.receive())
    >>> asyncio.run(main())
    b'hello'

    Source: mq_overview(7).
    """

    # Where a pickle says it is to be imported from.
    __module__ = "mood.mqueue.aio"
    __slots__ = ("__weakref__", "_queue")

    @overload
    def __init__(self, name: SyncMessageQueue, flags: None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: _Name,
        flags: SupportsIndex,
        mode: SupportsIndex = 0o600,
        maxmsg: SupportsIndex = -1,
        msgsize: SupportsIndex = -1,
    ) -> None: ...
    def __init__(
        self,
        name: _Name | SyncMessageQueue,
        flags: SupportsIndex | None = None,
        mode: SupportsIndex = 0o600,
        maxmsg: SupportsIndex = -1,
        msgsize: SupportsIndex = -1,
    ) -> None:
        if not isinstance(name, SyncMessageQueue):
            if flags is None:
                raise TypeError("flags are required to open a queue, such as os.O_RDWR")
            name = SyncMessageQueue(name, flags, mode, maxmsg, msgsize)
        elif (flags, mode, maxmsg, msgsize) != (None, 0o600, -1, -1):
            raise TypeError("a queue that is open already takes no further arguments")
        self._queue: SyncMessageQueue = name

    @classmethod
    def from_fd(cls, fd: SupportsIndex) -> Self:
        """Adopt fd, an open descriptor of a queue.

        Source: mq_overview(7), sd_listen_fds(3).
        """
        return cls(SyncMessageQueue.from_fd(fd))

    @classmethod
    def create_unique(
        cls,
        prefix: _Name = "/mq-",
        flags: SupportsIndex = os.O_RDWR,
        mode: SupportsIndex = 0o600,
        maxmsg: SupportsIndex = -1,
        msgsize: SupportsIndex = -1,
    ) -> Self:
        """Create a queue with a name that no other one has.

        Source: mq_open(3), getrandom(2).
        """
        return cls(SyncMessageQueue.create_unique(prefix, flags, mode, maxmsg, msgsize))

    def reopen(self, flags: SupportsIndex | None = None) -> Self:
        """Open the same queue again, with a descriptor of its own.

        Source: mq_overview(7), proc(5).
        """
        return type(self)(self._queue.reopen(flags))

    async def send(self, message: Buffer, priority: SupportsIndex = 0) -> int:
        """Send one message and return the number of bytes sent: at most msgsize, the rest is not.

        Waits while the queue is full. Raises what the synchronous send() does.

        Source: mq_send(3).
        """
        queue, message = self._queue, snapshot(message)
        return await call_when_ready(queue, WRITABLE, lambda: queue.send(message, priority, 0))

    async def send_message(self, message: Buffer, priority: SupportsIndex = 0) -> None:
        """Send one message, whole: what is longer than msgsize is refused (EMSGSIZE), not cut.

        Source: mq_send(3).
        """
        queue, message = self._queue, snapshot(message)
        await call_when_ready(queue, WRITABLE, lambda: queue.send_message(message, priority, 0))

    async def sendall(self, message: Buffer, priority: SupportsIndex = 0) -> None:
        """Send all of message, in as many messages of at most msgsize bytes as it takes. An empty
        one is one empty message. No other task of this loop sends in between.

        If it fails or is cancelled when some of it is sent, the exception's characters_written
        tells how many bytes.

        Source: mq_send(3).
        """
        await send_all(self._queue, message, priority)

    async def send_many(
        self,
        messages: Iterable[Buffer | tuple[Buffer, SupportsIndex]],
        priority: SupportsIndex = 0,
    ) -> int:
        """Send several messages, each whole, bytes-like or (bytes-like, priority), and return how
        many were sent. All are looked at before the first one is sent. No other task of this loop
        sends in between.

        Raises what send_message() does if no message was sent. If some were, it returns their
        number, except that a cancellation is raised; its messages_sent tells the number.

        Source: mq_send(3).
        """
        return await send_many(self._queue, messages, priority)

    async def fill(self, buffer: bytearray, priority: SupportsIndex = 0) -> None:
        """Send all of buffer, a bytearray, as sendall() does, and remove from it what was sent. An
        empty one sends nothing. What is not sent, if it fails or is cancelled, stays in buffer.

        Source: mq_send(3).
        """
        await fill(self._queue, buffer, priority)

    async def receive(self) -> bytes:
        """Receive and return one message, waiting while the queue is empty.

        Source: mq_receive(3).
        """
        queue = self._queue
        return await call_when_ready(queue, READABLE, lambda: queue.receive(0))

    async def receive_message(self) -> Message:
        """Receive one message with its priority, as Message(data, priority).

        Source: mq_receive(3).
        """
        queue = self._queue
        return await call_when_ready(queue, READABLE, lambda: queue.receive_message(0))

    async def receive_into(self, buffer: Buffer) -> tuple[int, int]:
        """Receive one message into buffer, a writable object of at least msgsize bytes, and return
        (nbytes, priority). The buffer is not touched before the message is there.

        Source: mq_receive(3).
        """
        queue = self._queue
        return await call_when_ready(queue, READABLE, lambda: queue.receive_into(buffer, 0))

    async def receive_many(self, max_messages: SupportsIndex | None = None) -> list[Message]:
        """Receive the messages that are there, at least one, max_messages at most, as a list.

        Source: mq_receive(3).
        """
        queue = self._queue
        messages = await call_when_ready(
            queue, READABLE, lambda: queue.receive_many(max_messages, 0)
        )
        consume_budget(len(messages))
        return messages

    async def drain(self, buffer: bytearray) -> bool:
        """Append the messages that are there, at least one, to buffer, a bytearray, up to the first
        empty one; return whether the last one was empty.

        Source: mq_receive(3).
        """
        queue = self._queue
        return await call_when_ready(queue, READABLE, lambda: queue.drain(buffer, 0))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self.receive()

    async def wait_readable(self) -> None:
        """Wait until there is a message, which somebody else may then take. Tasks that wait to
        receive come first.

        Source: poll(2).
        """
        await self._wait(READABLE)

    async def wait_writable(self) -> None:
        """Wait until there is room for a message, which somebody else may then take. Tasks that
        wait to send come first.

        Source: poll(2).
        """
        await self._wait(WRITABLE)

    async def _wait(self, event: int) -> None:
        with Waiter(self._queue, event) as waiter:
            await waiter.wait_turn()
            await waiter.wait_ready()
        len(self._queue)  # raises if it is closed

    async def notify(self) -> None:
        """Register for the notification, once, and wait until a message arrives on the empty queue.

        To cancel it unregisters. One process at a time can be registered for a queue, once; what
        else the synchronous notify() says of notifications holds as well.

        Raises OSError with EBUSY if a process, perhaps this one, is registered, with ECANCELED if
        the registration ends without a message, by the synchronous notify() or because this process
        closes another descriptor of the queue, and with EBADF if the queue is closed.

        Source: mq_notify(3).
        """
        await wait_notified(self._queue)

    async def __aenter__(self) -> Self:
        self._queue.__enter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the queue, at once and from any thread. Tasks that wait, in whatever loop, raise
        OSError (EBADF). The owner's close() also removes the name.

        Source: mq_close(3), mq_unlink(3).
        """
        self._queue.close()

    def detach(self) -> int:
        """Give the descriptor away: the object is closed, and the descriptor stays open.

        Source: mq_overview(7).
        """
        return self._queue.detach()

    def unlink(self) -> None:
        """Remove the queue's name from the system now.

        Source: mq_unlink(3).
        """
        self._queue.unlink()

    def status(self) -> Status:
        """Return what the queue is like now, as Status.

        Source: mq_getattr(3), inode(7).
        """
        return self._queue.status()

    def fileno(self) -> int:
        """Return the file descriptor, -1 after close(). A loop may watch it besides; uvloop makes
        it nonblocking then.

        Source: mq_overview(7).
        """
        return self._queue.fileno()

    def __len__(self) -> int:
        return len(self._queue)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} of {self._queue!r}>"

    @property
    def queue(self) -> SyncMessageQueue:
        """The synchronous object."""
        return self._queue

    @property
    def name(self) -> str:
        """The queue's name, as it was given; empty for an adopted queue."""
        return self._queue.name

    @property
    def flags(self) -> int:
        """The flags that it was opened with."""
        return self._queue.flags

    @property
    def mode(self) -> int:
        """File type and permissions, as the stat module reads them."""
        return self._queue.mode

    @property
    def maxmsg(self) -> int:
        """Maximum number of messages."""
        return self._queue.maxmsg

    @property
    def msgsize(self) -> int:
        """Maximum message size, in bytes."""
        return self._queue.msgsize

    @property
    def closed(self) -> bool:
        """True if the queue is closed."""
        return self._queue.closed

    @property
    def blocking(self) -> bool:
        """Whether the methods of the synchronous object wait; these here do in any case."""
        return self._queue.blocking

    @blocking.setter
    def blocking(self, value: bool) -> None:
        self._queue.blocking = value

    @property
    def owner(self) -> bool:
        """Whether close() or collection also removes the queue's name."""
        return self._queue.owner

    @owner.setter
    def owner(self, value: bool) -> None:
        self._queue.owner = value
