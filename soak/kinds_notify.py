"""Notifications, and what else a queue keeps until it is closed."""

import os
import signal
import threading

from kinds import MESSAGE, SIMPLE, SLOW, SLOWEST, kind, new_queue, put_message, refused


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
