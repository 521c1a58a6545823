"""The kinds of calls that the growth check makes, and what they are built of.

A kind is a function that prepares and returns the call, which then is made again and again. The
call uses one method of the package only. What else it needs, such as a message to receive, comes
from the C library, whose calls the package does not see.
"""

import ctypes
import os
from dataclasses import dataclass
from functools import partial
from typing import Any

from usage import prefix

from mood.mqueue import MessageQueue

MILLION = 1_000_000
# Calls that are refused for their arguments, and attributes: made of the same parts as the others.
SIMPLE = 200_000
# In tasks.
AWAITED = 100_000
# Calls that open files, sleep, or take many system calls.
SLOW = 25_000
# Calls that start threads or write files.
SLOWEST = 2_000

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
SIZES = {"maxmsg": 2, "msgsize": 64}
MESSAGE = b"x" * 32
FULL = b"x" * 64

libc = ctypes.CDLL(None)
if not hasattr(libc, "mq_send"):
    libc = ctypes.CDLL("librt.so.1")
_buffer = ctypes.create_string_buffer(64)


class SkippedError(Exception):
    """The system does not have what this kind needs."""


@dataclass(frozen=True)
class Kind:
    name: str
    prepare: Any
    calls: int
    is_async: bool = False


KINDS: dict[str, Kind] = {}


def kind(name, calls=MILLION, is_async=False):
    def add(prepare):
        assert name not in KINDS
        KINDS[name] = Kind(name, prepare, calls, is_async)
        return prepare

    return add


def new_queue(cls=MessageQueue, flags=os.O_RDWR, **sizes):
    """A queue without a name, so that a run that is killed leaves none."""
    queue = cls.create_unique(prefix(), flags, **(SIZES | sizes))
    queue.unlink()
    return queue


def named_queue():
    return MessageQueue.create_unique(prefix(), **SIZES)


def full_queue(**options):
    queue = new_queue(**options)
    for _ in range(queue.maxmsg):
        queue.send(MESSAGE)
    return queue


def put_message(queue, message=MESSAGE):
    """Returns a call that sends by the C library."""
    return partial(libc.mq_send, queue.fileno(), message, len(message), 0)


def take_message(queue):
    """Returns a call that receives by the C library."""
    return partial(libc.mq_receive, queue.fileno(), _buffer, len(_buffer), None)


def after(first, call, *arguments, **named):
    """Returns a call that makes `first`, then `call`."""

    def both():
        first()
        call(*arguments, **named)

    return both


def before(last, call, *arguments, **named):
    """Returns a call that makes `call`, then `last`."""

    def both():
        call(*arguments, **named)
        last()

    return both


def refused(error, call, *arguments, **named):
    """Returns a call that raises `error` each time."""

    def once():
        try:
            call(*arguments, **named)
        except error:
            return
        raise AssertionError(f"{call} did not raise {error}")

    return once


def refused_async(error, call, *arguments, **named):
    async def once():
        try:
            await call(*arguments, **named)
        except error:
            return
        raise AssertionError(f"{call} did not raise {error}")

    return once
