"""Sending and receiving, each method by itself."""

import os
from functools import partial

from kinds import (
    FULL,
    MESSAGE,
    SIMPLE,
    SLOW,
    after,
    before,
    full_queue,
    kind,
    new_queue,
    put_message,
    refused,
    take_message,
)

from mood.mqueue import MessageQueue

SENDING = {
    "send": lambda mq: partial(mq.send, MESSAGE),
    "send_message": lambda mq: partial(mq.send_message, MESSAGE),
    "sendall": lambda mq: partial(mq.sendall, MESSAGE),
    "send_many": lambda mq: partial(mq.send_many, [MESSAGE]),
    "fill": lambda mq: lambda **named: mq.fill(bytearray(MESSAGE), **named),
}

RECEIVING = {
    "receive": lambda mq: mq.receive,
    "receive_message": lambda mq: mq.receive_message,
    "receive_into": lambda mq: partial(mq.receive_into, bytearray(64)),
    "receive_many": lambda mq: mq.receive_many,
    "drain": lambda mq: lambda **named: mq.drain(bytearray(), **named),
}


def closed_queue():
    queue = new_queue()
    queue.close()
    return queue


def queue_for(access):
    named = MessageQueue.create_unique(maxmsg=1, msgsize=64)
    with named:
        return MessageQueue(named.name, access)


def add_sending(name, method):
    kind(name)(lambda: before(take_message(queue := new_queue()), method(queue)))
    kind(f"{name}, full, nonblocking")(
        lambda: refused(BlockingIOError, method(nonblocking(full_queue())))
    )
    kind(f"{name}, full, timeout 0")(lambda: refused(TimeoutError, method(full_queue()), timeout=0))
    kind(f"{name}, full, short timeout", SLOW)(
        lambda: refused(TimeoutError, method(full_queue()), timeout=1e-6)
    )
    kind(f"{name}, closed", SIMPLE)(lambda: refused(OSError, method(closed_queue())))
    kind(f"{name}, read-only", SIMPLE)(lambda: refused(OSError, method(queue_for(os.O_RDONLY))))
    kind(f"{name}, priority too high", SIMPLE)(
        lambda: refused(OSError, method(new_queue()), priority=40_000)
    )
    kind(f"{name}, priority out of range", SIMPLE)(
        lambda: refused(OverflowError, method(new_queue()), priority=2**40)
    )
    kind(f"{name}, priority not an int", SIMPLE)(
        lambda: refused(TypeError, method(new_queue()), priority="1")
    )
    kind(f"{name}, negative timeout", SIMPLE)(
        lambda: refused(ValueError, method(new_queue()), timeout=-1)
    )


def add_receiving(name, method):
    kind(name)(lambda: after(put_message(queue := new_queue()), method(queue)))
    kind(f"{name}, empty, nonblocking")(
        lambda: refused(BlockingIOError, method(nonblocking(new_queue())))
    )
    kind(f"{name}, empty, timeout 0")(lambda: refused(TimeoutError, method(new_queue()), timeout=0))
    kind(f"{name}, empty, short timeout", SLOW)(
        lambda: refused(TimeoutError, method(new_queue()), timeout=1e-6)
    )
    kind(f"{name}, closed", SIMPLE)(lambda: refused(OSError, method(closed_queue())))
    kind(f"{name}, write-only", SIMPLE)(lambda: refused(OSError, method(queue_for(os.O_WRONLY))))
    kind(f"{name}, negative timeout", SIMPLE)(
        lambda: refused(ValueError, method(new_queue()), timeout=-1)
    )


def nonblocking(queue):
    queue.blocking = False
    return queue


for _name, _method in SENDING.items():
    add_sending(_name, _method)
for _name, _method in RECEIVING.items():
    add_receiving(_name, _method)


@kind("send, bytearray, by name")
def _():
    queue = new_queue()
    return before(take_message(queue), queue.send, message=bytearray(100), priority=3, timeout=1)


@kind("send, full size")
def _():
    queue = new_queue()
    return before(take_message(queue), queue.send, FULL)


@kind("send, not bytes", SIMPLE)
def _():
    return refused(TypeError, new_queue().send, "text")


@kind("send_message, not bytes", SIMPLE)
def _():
    return refused(TypeError, new_queue().send_message, "text")


@kind("send_message, too long", SIMPLE)
def _():
    return refused(OSError, new_queue().send_message, bytes(65))


@kind("sendall, second part refused", SIMPLE)
def _():
    queue = new_queue(maxmsg=1)
    return before(take_message(queue), refused(TimeoutError, queue.sendall, bytes(65), timeout=0))


@kind("send_many, not a pair", SIMPLE)
def _():
    return refused(TypeError, new_queue().send_many, [(b"", 1, 2)])


@kind("send_many, second message refused", SIMPLE)
def _():
    queue = new_queue(maxmsg=1)
    return before(take_message(queue), queue.send_many, [b"", b""], timeout=0)


@kind("send_many, one message", SIMPLE)
def _():
    return refused(TypeError, new_queue().send_many, MESSAGE)


@kind("fill, not a bytearray", SIMPLE)
def _():
    return refused(TypeError, new_queue().fill, b"")


@kind("fill, exported", SIMPLE)
def _():
    queue, view = new_queue(), memoryview(bytearray(8))
    return refused(BufferError, lambda: queue.fill(view.obj))


@kind("receive, full size")
def _():
    queue = new_queue(msgsize=4096)
    return after(put_message(queue, bytes(4096)), queue.receive)


@kind("receive, wrong argument", SIMPLE)
def _():
    return refused(TypeError, new_queue().receive, "text")


@kind("receive_message, wrong argument", SIMPLE)
def _():
    return refused(TypeError, new_queue().receive_message, wrong=1)


@kind("receive_into, buffer too small", SIMPLE)
def _():
    return refused(ValueError, new_queue().receive_into, bytearray(63))


@kind("receive_into, read-only buffer", SIMPLE)
def _():
    return refused(BufferError, new_queue().receive_into, bytes(64))


@kind("receive_many, negative", SIMPLE)
def _():
    return refused(ValueError, new_queue().receive_many, -1)


@kind("drain, not a bytearray", SIMPLE)
def _():
    return refused(TypeError, new_queue().drain, b"")


@kind("next")
def _():
    queue = new_queue()
    return after(put_message(queue), next, queue)


@kind("next, empty, nonblocking")
def _():
    return refused(StopIteration, next, nonblocking(new_queue()))


@kind("for, empty, nonblocking")
def _():
    return partial(list, nonblocking(new_queue(flags=os.O_RDWR | os.O_NONBLOCK)))


@kind("next, closed", SIMPLE)
def _():
    return refused(OSError, next, closed_queue())


@kind("in", SIMPLE)
def _():
    queue = new_queue()
    return refused(TypeError, lambda: MESSAGE in queue)
