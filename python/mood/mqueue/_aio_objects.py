"""Queues of Python objects that are awaited."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from ._aio_queue import MessageQueue as AwaitedQueue
from ._aio_wait import READABLE, WRITABLE, call_when_ready, maybe_checkpoint
from ._native import MessageQueue
from ._object_base import MAX_OBJECT_SIZE, Name, ObjectQueueBase
from ._serializer import PICKLE

T = TypeVar("T")


class ObjectQueue(ObjectQueueBase[T]):
    """mood.mqueue.objects.ObjectQueue for tasks: put() and get() are awaited.

    The arguments, the errors and the queues are the same; queue.Full and queue.Empty come of
    put_nowait() and get_nowait() alone. There are no timeouts: use asyncio.timeout() or
    anyio.fail_after(). A call that is cancelled has put no object, left no file, and taken nothing.

    The serializer runs in the loop's thread, and a large object is copied to shared memory there,
    which takes about as long as any copy in memory.

    >>> import asyncio
    >>> from mood.mqueue import aio
    >>> async def main():
    ...     async with aio.ObjectQueue.create_unique("/doc-aio-", maxsize=4) as jobs:
    ...         await jobs.put({"litres": 0.5}, priority=3)
    ...         print(await jobs.get())
    >>> asyncio.run(main())
    {'litres': 0.5}

    Source: mq_overview(7).
    """

    # Where a pickle says it is to be imported from.
    __module__ = "mood.mqueue.aio"

    def __init__(
        self,
        name: Name | MessageQueue | AwaitedQueue,
        maxsize: int = 0,
        *,
        serializer: tuple[Callable[[Any], Any], Callable[[bytes], Any]] = PICKLE,
        trust: bool = False,
        flags: int = os.O_RDWR | os.O_CREAT,
        mode: int = 0o600,
        msgsize: int = -1,
        max_object_size: int = MAX_OBJECT_SIZE,
    ) -> None:
        super().__init__(
            name.queue if isinstance(name, AwaitedQueue) else name,
            maxsize,
            serializer=serializer,
            trust=trust,
            flags=flags,
            mode=mode,
            msgsize=msgsize,
            max_object_size=max_object_size,
        )

    async def put(self, item: T, *, priority: int = 0) -> None:
        """Put an object into the queue, waiting for room.

        Raises what the synchronous put() raises, save queue.Full.

        Source: mq_send(3).
        """
        encoded = self._encode(self._serializer.dumps(item))
        # Each attempt makes the file anew and, if it fails, removes it: while the task waits there
        # is none that a kill could leave.
        await call_when_ready(self._mq, WRITABLE, lambda: self._send_encoded(encoded, priority, 0))

    async def get(self) -> T:
        """Take an object out of the queue, waiting for one.

        Raises what the synchronous get() raises, save queue.Empty.

        Source: mq_receive(3).
        """
        self._check_trust()
        received: list[Any] = []
        try:
            self._undelivered.take(received)
            if received:
                await maybe_checkpoint()
            else:
                await call_when_ready(
                    self._mq, READABLE, lambda: self._receive_message(received, 0)
                )
            return self._decode(received)
        except BaseException as error:
            self._save_for_redelivery(received, error)
            raise

    def close(self) -> None:
        """Close the queue, at once; it stays in the system, unless this object is its owner. Tasks
        that wait raise OSError (EBADF). What a failed get() has received goes back, as the
        synchronous close() says.

        Source: mq_close(3).
        """
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
