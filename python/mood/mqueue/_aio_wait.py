"""Tasks that wait for a queue: when it is ready, whose turn it is, and that its close wakes them.

What an event loop watches is never the queue's descriptor but an epoll instance of ours, which
watches it. So a loop that makes what it watches nonblocking, as uvloop does, leaves the queue's
mode alone; a program may have the loop watch `fileno()` besides; a queue closed by whatever means
leaves no number behind that could come to mean another file; and to give the instance back ends no
notification, as closing a duplicate of the descriptor would.
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

from ._aio_bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ._native import MessageQueue

T = TypeVar("T")

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT

# So many calls, or messages of one call, before other tasks are let in.
BURST = 32


class _Budget(threading.local):
    left = BURST


_budget = _Budget()


async def pace() -> None:
    """A cancellation point, which lets other tasks run every so often."""
    if _others_are_due():
        _budget.left = BURST
        await anyio.lowlevel.checkpoint()
    else:
        spend(1)
        await anyio.lowlevel.checkpoint_if_cancelled()


def spend(messages: int) -> None:
    _budget.left -= messages


def _others_are_due() -> bool:
    if _budget.left <= 0:
        return True
    # anyio looks at its own scopes alone; a task of asyncio may have cancelled itself.
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


async def when_ready(queue: MessageQueue, event: int, attempt: Callable[[], T]) -> T:
    """What `attempt` returns, once it need not wait. Nothing is awaited after that.

    `attempt` raises as the queue's methods do with `timeout=0`.
    """
    # While others run, somebody may come later and be served: then not without a place.
    if not _others_are_due():
        spend(1)
        await anyio.lowlevel.checkpoint_if_cancelled()
        watch = _watches.get(id(queue))
        # Who is in line comes first.
        if watch is None or not watch.lines[event]:
            try:
                return attempt()
            except (BlockingIOError, TimeoutError) as error:
                unless_would_block(error)
    with Place(queue, event) as place:
        await place.turn()
        while True:
            try:
                return attempt()
            except (BlockingIOError, TimeoutError) as error:
                unless_would_block(error)
            await place.ready()


def unless_would_block(error: OSError) -> None:
    """Raises again what only looks like it: a signal handler may raise TimeoutError as well."""
    if error.errno not in {EAGAIN, ETIMEDOUT}:
        raise error


class Place:
    """A task's place in the line of those of its loop that wait for the same."""

    def __init__(self, queue: MessageQueue, event: int) -> None:
        self._queue = queue
        self._event = event
        self._watch = _watch(queue)
        self._loop = anyio.lowlevel.current_token()
        self._turn: anyio.Event | None = None

    def __enter__(self) -> Place:
        line = self._watch.lines[self._event].setdefault(self._loop, OrderedDict())
        if line:
            self._turn = anyio.Event()
        line[self] = None
        return self

    async def turn(self) -> None:
        await pace()
        if self._turn is not None:
            await self._turn.wait()

    async def ready(self) -> None:
        """Waits until the queue is ready or closed. For who has the turn."""
        await anyio.wait_readable(self._watch.epoll(self._queue, self._event))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        lines = self._watch.lines[self._event]
        line = lines[self._loop]
        del line[self]
        if not line:
            del lines[self._loop]
        elif (turn := next(iter(line))._turn) is not None:
            # The loop may be closed, if it left its tasks where they were.
            with suppress(RuntimeError):
                turn.set()


class _Watch:
    """What the tasks of every loop need to wait for one queue.

    It is given back with the last of them, so that no loop watches what is given back.
    """

    def __init__(self) -> None:
        self.lines: dict[int, dict[object, OrderedDict[Place, None]]] = {
            READABLE: {},
            WRITABLE: {},
        }
        self.closing = Bell()
        self._epolls: dict[int, select.epoll] = {}

    def epoll(self, queue: MessageQueue, event: int) -> select.epoll:
        """Readable when the queue is ready, and once it is closed."""
        if event not in self._epolls:
            epoll = select.epoll()
            epoll.register(self.closing.fileno(), select.EPOLLIN)
            try:
                epoll.register(queue.fileno(), event)
            except (OSError, ValueError):
                # If it was closed just now the bell rings.
                if not queue.closed:
                    raise
            self._epolls.setdefault(event, epoll)
        return self._epolls[event]


class _Alarm:
    """Is dropped by a queue that is closed or collected."""

    def __init__(self, queue: MessageQueue, watch: _Watch) -> None:
        self._key = id(queue)
        self._watch = watch

    def __del__(self) -> None:
        if _watches.get(self._key) is self._watch:
            del _watches[self._key]
        self._watch.closing.ring()


# By identity: an entry is gone before the number can be another queue's.
_watches: dict[int, _Watch] = {}
# What the parent's loops watch is theirs.
os.register_at_fork(after_in_child=_watches.clear)


def _watch(queue: MessageQueue) -> _Watch:
    key = id(queue)
    watch = _watches.get(key)
    if watch is None:
        new = _Watch()
        # Another thread may be as far.
        watch = _watches.setdefault(key, new)
        if watch is new:
            queue._until_closed(_Alarm(queue, watch))
    return watch
