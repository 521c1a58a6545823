"""Waiting for a notification as a task."""

from __future__ import annotations

import os
from contextlib import suppress
from errno import ECANCELED
from typing import TYPE_CHECKING

import anyio

from ._aio_bell import Bell
from ._aio_wait import pace

if TYPE_CHECKING:
    from ._native import MessageQueue


class _Notice(Bell):
    """Rings when the registration has ended."""

    ended = False
    arrived = False


class _Callback:
    """The queue drops it as soon as the registration has ended, called or not."""

    def __init__(self, notice: _Notice) -> None:
        self._notice = notice

    def __call__(self, queue: MessageQueue) -> None:
        self._notice.arrived = True

    def __del__(self) -> None:
        self._notice.ended = True
        self._notice.ring()


async def notified(queue: MessageQueue) -> None:
    """Registers, and returns when a message has arrived on the empty queue."""
    await pace()
    notice = _Notice()
    try:
        queue.notify(_Callback(notice))
        try:
            await anyio.wait_readable(notice.fileno())
        except BaseException:
            # Not if it is over: somebody else may be registered by now.
            if not (notice.arrived or notice.ended):
                with suppress(OSError):
                    queue.notify()
            raise
        arrived = notice.arrived
    finally:
        # A traceback would keep it, and its descriptor.
        del notice
    if not arrived:
        len(queue)  # raises if it is closed
        raise OSError(
            ECANCELED,
            f"{os.strerror(ECANCELED)}: the registration ended before a message arrived, by "
            "notify() or because this process closed another descriptor of the queue, or a socket "
            "of this library",
            queue.name,
        )
