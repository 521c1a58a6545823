"""Queues in the tasks of an asyncio loop."""

import asyncio
import functools
import os

from kinds import (
    AWAITED,
    MESSAGE,
    SLOW,
    SLOWEST,
    full_queue,
    kind,
    new_queue,
    put_message,
    refused_async,
    take_message,
)
from kinds_objects import PICKLED, full_objects, new_objects

from mood.mqueue import aio

aio_kind = functools.partial(kind, is_async=True)


def later(call):
    """Calls once the task waits."""
    asyncio.get_running_loop().call_soon(call)


def aio_objects(objects):
    return aio.ObjectQueue(objects._mq)


SENDING = {
    "send": lambda mq: functools.partial(mq.send, MESSAGE),
    "send_message": lambda mq: functools.partial(mq.send_message, MESSAGE),
    "sendall": lambda mq: functools.partial(mq.sendall, MESSAGE),
    "send_many": lambda mq: functools.partial(mq.send_many, [MESSAGE]),
    "fill": lambda mq: lambda: mq.fill(bytearray(MESSAGE)),
}
RECEIVING = {
    "receive": lambda mq: mq.receive,
    "receive_message": lambda mq: mq.receive_message,
    "receive_into": lambda mq: functools.partial(mq.receive_into, bytearray(64)),
    "receive_many": lambda mq: mq.receive_many,
    "drain": lambda mq: lambda: mq.drain(bytearray()),
    "__anext__": lambda mq: mq.__anext__,
}


def add_sending(name, method):
    @aio_kind(f"aio {name}", AWAITED)
    def _():
        queue = new_queue()
        send, take = method(aio.MessageQueue(queue)), take_message(queue)

        async def call():
            await send()
            take()

        return call

    @aio_kind(f"aio {name}, waiting", SLOW)
    def _():
        queue = full_queue()
        send, take = method(aio.MessageQueue(queue)), take_message(queue)

        async def call():
            later(take)
            await send()

        return call


def add_receiving(name, method):
    @aio_kind(f"aio {name}", AWAITED)
    def _():
        queue = new_queue()
        receive, put = method(aio.MessageQueue(queue)), put_message(queue)

        async def call():
            put()
            await receive()

        return call

    @aio_kind(f"aio {name}, waiting", SLOW)
    def _():
        queue = new_queue()
        receive, put = method(aio.MessageQueue(queue)), put_message(queue)

        async def call():
            later(put)
            await receive()

        return call


for _name, _method in SENDING.items():
    add_sending(_name, _method)
for _name, _method in RECEIVING.items():
    add_receiving(_name, _method)


async def turns():
    """Lets other tasks run until they wait for a descriptor."""
    for _ in range(4):
        await asyncio.sleep(0)


async def cancelled(coroutine):
    task = asyncio.ensure_future(coroutine)
    await turns()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    raise AssertionError("it did not wait")


@aio_kind("aio receive, cancelled", SLOW)
def _():
    mq = aio.MessageQueue(new_queue())
    return lambda: cancelled(mq.receive())


@aio_kind("aio send, cancelled", SLOW)
def _():
    mq = aio.MessageQueue(full_queue())
    return lambda: cancelled(mq.send(MESSAGE))


@aio_kind("aio receive, closed", AWAITED)
def _():
    mq = aio.MessageQueue(new_queue())
    mq.close()
    return refused_async(OSError, mq.receive)


@aio_kind("aio send, closed while waiting", SLOWEST)
def _():
    async def call():
        mq = aio.MessageQueue(full_queue())
        later(mq.close)
        await refused_async(OSError, mq.send, MESSAGE)()

    return call


@aio_kind("aio send_message, too long", AWAITED)
def _():
    return refused_async(OSError, aio.MessageQueue(new_queue()).send_message, bytes(65))


@aio_kind("aio wait_readable", SLOW)
def _():
    return aio.MessageQueue(full_queue()).wait_readable


@aio_kind("aio notify", SLOWEST)
def _():
    queue = new_queue()
    mq = aio.MessageQueue(queue)
    put, take = put_message(queue), take_message(queue)

    async def call():
        notified = asyncio.ensure_future(mq.notify())
        await turns()
        put()
        await notified
        take()

    return call


@aio_kind("aio notify, cancelled", SLOWEST)
def _():
    mq = aio.MessageQueue(new_queue())
    return lambda: cancelled(mq.notify())


@aio_kind("aio with", SLOW)
def _():
    async def call():
        async with aio.MessageQueue(new_queue()):
            pass

    return call


@aio_kind("aio open, missing", SLOW)
def _():
    async def call():
        aio.MessageQueue("/growth-none", os.O_RDWR)

    return refused_async(FileNotFoundError, call)


@aio_kind("aio put", AWAITED)
def _():
    objects = new_objects()
    queue, take = aio_objects(objects), take_message(objects)

    async def call():
        await queue.put("object")
        take()

    return call


@aio_kind("aio put, waiting", SLOW)
def _():
    objects = full_objects()
    queue, take = aio_objects(objects), take_message(objects)

    async def call():
        later(take)
        await queue.put("object")

    return call


@aio_kind("aio get", AWAITED)
def _():
    objects = new_objects()
    queue, put = aio_objects(objects), put_message(objects, PICKLED)

    async def call():
        put()
        await queue.get()

    return call


@aio_kind("aio get, waiting", SLOW)
def _():
    objects = new_objects()
    queue, put = aio_objects(objects), put_message(objects, PICKLED)

    async def call():
        later(put)
        await queue.get()

    return call
