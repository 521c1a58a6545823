"""Queues of objects."""

import atexit
import os
import pickle
from functools import partial

from kinds import (
    SIMPLE,
    SLOW,
    SLOWEST,
    after,
    before,
    kind,
    new_queue,
    put_message,
    refused,
    take_message,
)
from usage import payload_files, prefix

from mood.mqueue.objects import JSON, DecodeError, Empty, Full, ObjectQueue, sweep

PICKLED = pickle.dumps("object")
LARGE = bytes(100_000)
SIZES = {"maxsize": 1, "msgsize": 512}


def new_objects(**options):
    """For objects that fit a message: without a name, so that a run that is killed leaves none."""
    return ObjectQueue(new_queue(maxmsg=1), **options)


def unique_objects(**options):
    return ObjectQueue.create_unique(prefix(), **(SIZES | options))


def kept_objects():
    """Is closed at the end, and so removes its payload files."""
    objects = unique_objects()
    atexit.register(objects.close)
    return objects


def full_objects():
    objects = new_objects()
    objects.put("object")
    return objects


for _name in ("put", "put_nowait"):
    kind(_name)(
        lambda name=_name: before(
            take_message(objects := new_objects()), getattr(objects, name), "object"
        )
    )
for _name in ("get", "get_nowait"):
    kind(_name)(
        lambda name=_name: after(
            put_message(objects := new_objects(), PICKLED), getattr(objects, name)
        )
    )


@kind("put_nowait, full")
def _():
    return refused(Full, full_objects().put_nowait, "object")


@kind("put, full, short timeout", SLOW)
def _():
    return refused(Full, full_objects().put, "object", timeout=1e-6)


@kind("get_nowait, empty")
def _():
    return refused(Empty, new_objects().get_nowait)


@kind("get, empty, not blocking")
def _():
    return refused(Empty, new_objects().get, False)


@kind("get, empty, short timeout", SLOW)
def _():
    return refused(Empty, new_objects().get, timeout=1e-6)


@kind("get, not an object")
def _():
    objects = new_objects(serializer=JSON)
    return after(put_message(objects, b"{"), refused(DecodeError, objects.get))


@kind("put, cannot be serialized", SIMPLE)
def _():
    return refused(TypeError, new_objects(serializer=JSON).put, object())


@kind("put, priority too high objects", SIMPLE)
def _():
    return refused(OSError, new_objects().put, "object", priority=40_000)


for _name in ("put", "get"):
    kind(f"{_name}, closed objects", SIMPLE)(lambda name=_name: refused(OSError, closed(), name))


def closed():
    objects = new_objects()
    objects.close()
    return lambda name: objects.put("object") if name == "put" else objects.get()


@kind("put and get, large", SLOWEST)
def _():
    objects = kept_objects()
    return lambda: (objects.put(LARGE), objects.get())


@kind("put, large, full", SLOWEST)
def _():
    objects = kept_objects()
    objects.put(LARGE)
    return refused(Full, objects.put_nowait, LARGE)


@kind("put, large, unlinked", SLOWEST)
def _():
    return refused(OSError, new_objects().put, LARGE)


@kind("get, file removed", SLOWEST)
def _():
    objects = kept_objects()

    def call():
        objects.put(LARGE)
        for file in payload_files():
            os.unlink(file)
        refused(DecodeError, objects.get)()

    return call


@kind("put, large, unlink", SLOWEST)
def _():
    def call():
        objects = unique_objects()
        objects.put(LARGE)
        objects.unlink()
        objects.close()

    return call


@kind("create, close objects", SLOW // 5)
def _():
    return lambda: unique_objects().close()


@kind("open, close objects", SLOW // 5)
def _():
    objects = kept_objects()
    return lambda: ObjectQueue(objects.name).close()


@kind("pickle objects", SLOW)
def _():
    return partial(pickle.dumps, kept_objects())


@kind("qsize, empty, full", SIMPLE)
def _():
    objects = new_objects()
    return lambda: (objects.qsize(), objects.empty(), objects.full())


@kind("sweep", SLOWEST // 5)
def _():
    objects = kept_objects()
    objects.put(LARGE)
    return lambda: (objects, sweep())


@kind("flags that are refused", SLOW)
def _():
    return refused(FileNotFoundError, ObjectQueue, prefix(), flags=os.O_RDWR)
