"""Tasks that wait for a queue: when it is ready, whose turn it is, and that its close wakes them.

An event loop never watches the queue's descriptor, but an epoll instance that watches it:

- uvloop makes the descriptors that it watches nonblocking, and the queue's mode must not change.
- A program may have the loop watch `fileno()` as well.
- After a queue is closed, its number can come to mean another file. The epoll instance stays valid.
- Closing a duplicate of the descriptor would end a notification. Closing the instance does not.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections import OrderedDict
from contextlib import suppress
from errno import EAGAIN, ETIMEDOUT
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.lowlevel

from ._aio_wakeup import WakeupFd

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ._native import MessageQueue

T = TypeVar("T")

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT

# So many calls, or messages of one call, before other tasks are let in.
CALLS_PER_CHECKPOINT = 32


class _Budget(threading.local):
    left = CALLS_PER_CHECKPOINT


_budget = _Budget()


async def maybe_checkpoint() -> None:
    """A cancellation point, which lets other tasks run every so often."""
    if _must_checkpoint():
        _budget.left = CALLS_PER_CHECKPOINT
        await anyio.lowlevel.checkpoint()
    else:
        consume_budget(1)
        await anyio.lowlevel.checkpoint_if_cancelled()


def consume_budget(messages: int) -> None:
    _budget.left -= messages


def _must_checkpoint() -> bool:
    if _budget.left <= 0:
        return True
    # anyio looks at its own scopes alone; a task of asyncio may have cancelled itself.
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


async def call_when_ready(queue: MessageQueue, event: int, attempt: Callable[[], T]) -> T:
    """What `attempt` returns, once it need not wait. Nothing is awaited after that.

    `attempt` raises as the queue's methods do with `timeout=0`.
    """
    # While others run, somebody may come later and be served: then not without a place.
    if not _must_checkpoint():
        consume_budget(1)
        await anyio.lowlevel.checkpoint_if_cancelled()
        readiness = _by_queue.get(id(queue))
        # Who is in line comes first.
        if readiness is None or not readiness.waiters[event]:
            try:
                return attempt()
            except (BlockingIOError, TimeoutError) as error:
                raise_unless_would_block(error)
    with Waiter(queue, event) as waiter:
        await waiter.wait_turn()
        while True:
            try:
                return attempt()
            except (BlockingIOError, TimeoutError) as error:
                raise_unless_would_block(error)
            await waiter.wait_ready()


def raise_unless_would_block(error: OSError) -> None:
    """Raises again what only looks like it: a signal handler may raise TimeoutError as well."""
    if error.errno not in {EAGAIN, ETIMEDOUT}:
        raise error


class Waiter:
    """A task's place in the line of those of its loop that wait for the same."""

    def __init__(self, queue: MessageQueue, event: int) -> None:
        self._queue = queue
        self._event = event
        self._readiness = _readiness_of(queue)
        self._loop = anyio.lowlevel.current_token()
        self._turn: anyio.Event | None = None

    def __enter__(self) -> Waiter:
        waiting = self._readiness.waiters[self._event].setdefault(self._loop, OrderedDict())
        if waiting:
            self._turn = anyio.Event()
        waiting[self] = None
        return self

    async def wait_turn(self) -> None:
        await maybe_checkpoint()
        if self._turn is not None:
            await self._turn.wait()

    async def wait_ready(self) -> None:
        """Waits until the queue is ready or closed. For who has the turn."""
        await anyio.wait_readable(self._readiness.epoll(self._queue, self._event))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        by_loop = self._readiness.waiters[self._event]
        waiting = by_loop[self._loop]
        del waiting[self]
        if not waiting:
            del by_loop[self._loop]
        elif (turn := next(iter(waiting))._turn) is not None:
            # The loop may be closed, if it left its tasks where they were.
            with suppress(RuntimeError):
                turn.set()


class _Readiness:
    """What the tasks of every loop need to wait for one queue.

    It is given back with the last of them, so that no loop watches what is given back.
    """

    def __init__(self) -> None:
        self.waiters: dict[int, dict[object, OrderedDict[Waiter, None]]] = {
            READABLE: {},
            WRITABLE: {},
        }
        self.closing = WakeupFd()
        self._epolls: dict[int, select.epoll] = {}

    def epoll(self, queue: MessageQueue, event: int) -> select.epoll:
        """Readable when the queue is ready, and once it is closed."""
        if event not in self._epolls:
            epoll = select.epoll()
            epoll.register(self.closing.fileno(), select.EPOLLIN)
            try:
                epoll.register(queue.fileno(), event)
            except (OSError, ValueError):
                # If it was closed just now, `closing` is readable.
                if not queue.closed:
                    raise
            self._epolls.setdefault(event, epoll)
        return self._epolls[event]


class _CloseHook:
    """Is dropped by a queue that is closed or collected."""

    def __init__(self, queue: MessageQueue, readiness: _Readiness) -> None:
        self._key = id(queue)
        self._readiness = readiness

    def __del__(self) -> None:
        if _by_queue.get(self._key) is self._readiness:
            del _by_queue[self._key]
        self._readiness.closing.wake()


# By identity: an entry is gone before the number can be another queue's.
_by_queue: dict[int, _Readiness] = {}
# What the parent's loops watch is theirs.
os.register_at_fork(after_in_child=_by_queue.clear)


def _readiness_of(queue: MessageQueue) -> _Readiness:
    key = id(queue)
    readiness = _by_queue.get(key)
    if readiness is None:
        new = _Readiness()
        # Another thread may be as far.
        readiness = _by_queue.setdefault(key, new)
        if readiness is new:
            queue._keep_until_closed(_CloseHook(queue, readiness))
    return readiness
