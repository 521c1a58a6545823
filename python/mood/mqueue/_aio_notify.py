"""Waiting for a notification as a task."""

from __future__ import annotations

import os
from contextlib import suppress
from errno import ECANCELED
from typing import TYPE_CHECKING

import anyio

from ._aio_wait import maybe_checkpoint
from ._aio_wakeup import WakeupFd

if TYPE_CHECKING:
    from ._native import MessageQueue


class _NotifyWaiter(WakeupFd):
    """Rings when the registration has ended."""

    ended = False
    arrived = False


class _Callback:
    """The queue drops it as soon as the registration has ended, called or not."""

    def __init__(self, waiter: _NotifyWaiter) -> None:
        self._waiter = waiter

    def __call__(self, queue: MessageQueue) -> None:
        self._waiter.arrived = True

    def __del__(self) -> None:
        self._waiter.ended = True
        self._waiter.wake()


async def wait_notified(queue: MessageQueue) -> None:
    """Registers, and returns when a message has arrived on the empty queue."""
    await maybe_checkpoint()
    waiter = _NotifyWaiter()
    try:
        queue.notify(_Callback(waiter))
        try:
            await anyio.wait_readable(waiter.fileno())
        except BaseException:
            # Not if it is over: somebody else may be registered by now.
            if not (waiter.arrived or waiter.ended):
                with suppress(OSError):
                    queue.notify()
            raise
        arrived = waiter.arrived
    finally:
        # A traceback would keep it, and its descriptor.
        del waiter
    if not arrived:
        len(queue)  # raises if it is closed
        raise OSError(
            ECANCELED,
            f"{os.strerror(ECANCELED)}: the registration ended before a message arrived, by "
            "notify() or because this process closed another descriptor of the queue, or a socket "
            "of this library",
            queue.name,
        )
