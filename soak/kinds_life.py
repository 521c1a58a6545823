"""Opening, looking at, changing, and closing queues; notifications."""

import contextlib
import copy
import gc
import os
import pickle
import signal
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from kinds import (
    MESSAGE,
    NEW,
    SIMPLE,
    SIZES,
    SLOW,
    SLOWEST,
    SkippedError,
    kind,
    named_queue,
    new_queue,
    put_message,
    refused,
)
from usage import prefix

from mood.mqueue import LimitError, MessageQueue, limits, list_queues, unlink

# Of a queue that nobody creates.
NONE = "/growth-none"
NOT_A_NAME: Any = 1
ANY_OPEN: Any = MessageQueue


class Subclass(MessageQueue):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.itself = self


@kind("create, close", SLOW)
def _():
    return lambda: MessageQueue(prefix(), NEW, **SIZES).close()


@kind("create, collect", SLOW)
def _():
    return lambda: MessageQueue(prefix(), NEW, **SIZES)


@kind("create, collect a cycle", SLOWEST // 5)
def _():
    def call():
        Subclass(prefix(), NEW, **SIZES)
        gc.collect()

    return call


@kind("create_unique, with", SLOW)
def _():
    def call():
        with MessageQueue.create_unique(prefix(), **SIZES):
            pass

    return call


@kind("open, close", SLOW)
def _():
    queue = named_queue()
    return lambda: MessageQueue(queue.name, os.O_RDONLY).close()


@kind("reopen, close", SLOW)
def _():
    queue = new_queue()
    return lambda: queue.reopen(os.O_RDONLY).close()


@kind("from_fd, close", SLOW)
def _():
    queue = new_queue()
    return lambda: MessageQueue.from_fd(os.dup(queue.fileno())).close()


@kind("from_fd, detach", SLOW)
def _():
    fd = new_queue().detach()
    return lambda: MessageQueue.from_fd(fd).detach()


@kind("pickle", SLOW)
def _():
    return partial(pickle.dumps, named_queue())


@kind("unpickle, close", SLOW)
def _():
    queue = named_queue()
    pickled = pickle.dumps(queue)
    return lambda: (queue, pickle.loads(pickled).close())


@kind("copy, close", SLOW)
def _():
    queue = named_queue()
    return lambda: copy.copy(queue).close()


@kind("weak reference", SIMPLE)
def _():
    queue = new_queue()
    return lambda: weakref.ref(queue)


REFUSED: list[tuple[str, type[Exception], Callable[[], Any]]] = [
    ("open, missing", FileNotFoundError, lambda: MessageQueue(NONE, os.O_RDWR)),
    ("open, second slash", PermissionError, lambda: MessageQueue("/a/b", os.O_RDWR)),
    ("open, no slash", OSError, lambda: MessageQueue("a", os.O_RDWR)),
    ("open, NUL", ValueError, lambda: MessageQueue("/a\0", os.O_RDWR)),
    ("open, not a name", TypeError, lambda: MessageQueue(NOT_A_NAME, os.O_RDWR)),
    ("open, no flags", TypeError, lambda: ANY_OPEN(NONE)),
    ("open, flags too large", OverflowError, lambda: MessageQueue(NONE, 2**40)),
    ("open, mode too large", OverflowError, lambda: MessageQueue(NONE, 0, 2**40)),
    ("open, invalid flags", OSError, lambda: MessageQueue(NONE, 3)),
    ("create, over a limit", LimitError, lambda: MessageQueue(NONE, NEW, maxmsg=2**40)),
    ("create_unique, no slash", OSError, lambda: MessageQueue.create_unique("a")),
    ("from_fd, not a queue's", OSError, lambda: MessageQueue.from_fd(0)),
    ("from_fd, negative", OSError, lambda: MessageQueue.from_fd(-1)),
    ("from_fd, bool", TypeError, lambda: MessageQueue.from_fd(True)),
    ("unlink, missing", FileNotFoundError, lambda: unlink(NONE)),
    ("unlink, not a name", TypeError, lambda: unlink(NOT_A_NAME)),
]
for _name, _error, _call in REFUSED:
    kind(_name, SLOW)(partial(refused, _error, _call))


@kind("create, exists", SLOW)
def _():
    queue = named_queue()
    return refused(FileExistsError, lambda: MessageQueue(queue.name, NEW, **SIZES))


@kind("initialize twice", SIMPLE)
def _():
    queue = new_queue()
    return refused(RuntimeError, lambda: MessageQueue.__init__(queue, NONE, NEW))


@kind("from_fd, adopted already", SLOW)
def _():
    queue = new_queue()
    return refused(ValueError, lambda: MessageQueue.from_fd(queue.fileno()))


@kind("reopen, invalid flags", SIMPLE)
def _():
    return refused(OSError, new_queue().reopen, os.O_CREAT)


@kind("pickle, unlinked", SLOW)
def _():
    return refused(TypeError, partial(pickle.dumps, new_queue()))


@kind("unlink method, unlinked", SLOW)
def _():
    return refused(FileNotFoundError, new_queue().unlink)


# Attributes

for _attribute in (
    *("name", "flags", "mode", "maxmsg", "msgsize", "closed", "blocking", "owner", "busy_poll"),
):
    kind(_attribute, SIMPLE)(lambda attribute=_attribute: partial(getattr, new_queue(), attribute))

for _attribute, _value in [("blocking", True), ("owner", False), ("busy_poll", 0.0)]:
    kind(f"set {_attribute}", SIMPLE)(
        lambda attribute=_attribute, value=_value: partial(setattr, new_queue(), attribute, value)
    )


@kind("set busy_poll, negative", SIMPLE)
def _():
    return refused(ValueError, setattr, new_queue(), "busy_poll", -1)


@kind("len", SIMPLE)
def _():
    return partial(len, new_queue())


@kind("repr", SIMPLE)
def _():
    return partial(repr, new_queue())


@kind("fileno", SIMPLE)
def _():
    return new_queue().fileno


@kind("status", SIMPLE)
def _():
    return new_queue().status


@kind("close again", SIMPLE)
def _():
    queue = new_queue()
    queue.close()
    return queue.close


for _attribute in ("mode", "blocking", "owner", "busy_poll"):
    kind(f"{_attribute}, closed", SIMPLE)(
        lambda attribute=_attribute: refused(OSError, partial(getattr, closed(), attribute))
    )
for _method in ("status", "unlink", "detach", "reopen", "notify", "__enter__", "__len__"):
    kind(f"{_method}, closed", SIMPLE)(
        lambda name=_method: refused(OSError, getattr(closed(), name))
    )


def closed():
    queue = new_queue()
    queue.close()
    return queue


@kind("limits", SLOW)
def _():
    return limits


@kind("list_queues", SLOW)
def _():
    try:
        list_queues()
    except OSError as error:
        raise SkippedError("the queue file system is not mounted") from error
    return list_queues


# Notifications


@kind("notify, None and cancel", SIMPLE)
def _():
    queue = new_queue()
    return lambda: (queue.notify(None), queue.notify())


@kind("notify, nothing to cancel", SIMPLE)
def _():
    return new_queue().notify


@kind("notify, signal", SLOW)
def _():
    queue = new_queue()
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    send = put_message(queue)

    def call():
        queue.notify(signal.SIGUSR1)
        send()
        queue.receive()

    return call


@kind("notify, callable and cancel", SLOW)
def _():
    queue = new_queue()
    return lambda: (queue.notify(lambda queue: None), queue.notify())


@kind("notify, callable and close", SLOW)
def _():
    def call():
        with new_queue() as queue:
            queue.notify(lambda queue: None)

    return call


@kind("notify, called", SLOWEST)
def _():
    queue, called = new_queue(), threading.Semaphore(0)

    def call():
        before = threading.active_count()
        queue.notify(lambda queue: called.release())
        queue.send(MESSAGE)
        called.acquire()
        queue.receive()
        while threading.active_count() > before:
            os.sched_yield()

    return call


@kind("notify, registered already", SIMPLE)
def _():
    queue = new_queue()
    queue.notify(None)
    return refused(OSError, queue.notify, print)


for _given, _error in [(65, ValueError), (True, TypeError), ("text", TypeError)]:
    kind(f"notify, {_given!r}", SIMPLE)(
        lambda value=_given, error=_error: refused(error, new_queue().notify, value)
    )


@kind("_keep_until_closed", SLOW)
def _():
    def call():
        queue = new_queue()
        queue._keep_until_closed(object())
        queue.close()

    return call


@kind("__exit__", SLOW)
def _():
    def call():
        with contextlib.suppress(LookupError), new_queue():
            raise LookupError

    return call
