"""What a get() that failed has received: the next one returns it, or it is dropped or put back."""

import asyncio
import errno
import gc
import io
import os
import warnings
from contextlib import contextmanager

import pytest
from payload_files import files

from mood.mqueue import MessageQueue, _payload_file, aio
from mood.mqueue.objects import DecodeError, ObjectQueue

LARGE = b"large" * 1000
pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")


def out_of_memory(*_):
    raise MemoryError


def out_of_descriptors(*_):
    raise OSError(errno.EMFILE, "Too many open files")


class Loads:
    """Fails as often as it is told to."""

    def __init__(self):
        self.errors = []

    def __call__(self, payload):
        if self.errors:
            raise self.errors.pop()
        return payload


@pytest.fixture
def loads():
    return Loads()


@pytest.fixture
def objects(new_objects, loads):
    with new_objects(serializer=(bytes, loads)) as objects:
        yield objects
    vars(objects).clear()


@pytest.fixture
def other(objects):
    """Another user of the queue."""
    with ObjectQueue(objects.name, serializer=(bytes, bytes)) as other:
        yield other
    vars(other).clear()


class ReadableOnceMore(io.BufferedReader):
    has_failed = False

    def read(self, size=-1, /):
        if not self.has_failed:
            self.has_failed = True
            raise MemoryError
        return super().read(size)


@pytest.fixture(params=["open", "open file", "read", "loads"])
def failing(request, monkeypatch, loads):
    """Makes a get() of a large object fail at one of its steps."""

    @contextmanager
    def failing():
        with monkeypatch.context() as patch:
            if request.param == "open":
                patch.setattr(os, "open", out_of_descriptors)
            elif request.param == "open file":
                patch.setattr(_payload_file.PayloadFile, "read", out_of_memory)
            elif request.param == "read":
                patch.setattr(io, "BufferedReader", ReadableOnceMore)
            else:
                loads.errors.append(MemoryError())
            with pytest.raises((OSError, MemoryError)):
                yield

    return failing


@pytest.mark.parametrize("item", [b"small", LARGE])
def test_an_object_that_loads_had_no_memory_for_comes_again(objects, loads, item):
    objects.put(item)
    loads.errors += [MemoryError(), MemoryError()]
    for _ in range(2):
        with pytest.raises(MemoryError):
            objects.get()
        assert (objects.undelivered, objects.qsize()) == (1, 1)
    assert objects.get() == item
    assert (objects.undelivered, objects.qsize(), files(objects)) == (0, 0, [])


@pytest.mark.parametrize("error", [RecursionError, OverflowError, UnicodeError, OSError])
def test_any_other_error_of_loads_is_an_error_once(objects, loads, error):
    objects.put(b"bad")
    objects.put(b"good")
    loads.errors.append(error())
    with pytest.raises(DecodeError) as caught:
        objects.get()
    assert (type(caught.value.__cause__), caught.value.data) == (error, b"bad")
    assert objects.get() == b"good"


def test_discard_drops_the_object_and_its_file(objects, failing):
    objects.put(LARGE, priority=3)
    (file,) = files(objects)
    objects.put(b"next")
    with failing():
        objects.get()
    assert objects.undelivered == 1
    message = objects.discard()
    assert message.priority == 3
    assert message.data in (LARGE, b"\x10@5000 " + os.fsencode(file.name))
    assert (objects.undelivered, objects.qsize(), files(objects)) == (0, 1, [])
    assert (objects.discard(), objects.get()) == (None, b"next")


def test_discard_returns_the_bytes_of_a_small_object(objects, loads):
    objects.put(b"\x10small", priority=2)
    loads.errors.append(MemoryError())
    with pytest.raises(MemoryError):
        objects.get()
    assert objects.discard() == (b"\x10small", 2)


def test_closing_puts_the_object_back_with_its_priority(objects, other, failing):
    other.put(LARGE, priority=3)
    other.put(b"next", priority=2)
    with failing():
        objects.get()
    objects.owner = False
    objects.close()
    assert other.qsize() == 2
    with MessageQueue(other.name, os.O_RDWR) as mq:
        message = mq.receive_message()
        assert message.priority == 3
        mq.send_message(*message)
        mq.owner = True
        assert (other.get(), other.get(), files(other)) == (LARGE, b"next", [])


def test_closing_puts_a_small_object_back(objects, other, loads):
    other.put(b"\x10small", priority=3)
    loads.errors.append(MemoryError())
    with pytest.raises(MemoryError):
        objects.get()
    objects.owner = False
    objects.close()
    assert other.get() == b"\x10small"
    other.owner = True


def test_a_message_that_names_no_file_is_put_back_as_it_is(objects, other, monkeypatch):
    with MessageQueue(other.name, os.O_WRONLY) as stranger:
        stranger.send(b"\x10@nothing")
    with monkeypatch.context() as patch:
        patch.setattr(_payload_file.Reference, "parse", out_of_memory)
        with pytest.raises(MemoryError):
            objects.get()
    objects.owner = False
    objects.close()
    with pytest.raises(DecodeError):
        other.get_nowait()
    other.owner = True


def test_closing_warns_of_an_object_that_finds_no_room(objects, other, failing):
    objects.put(LARGE, priority=3)
    with failing():
        objects.get()
    for number in range(4):
        other.put(b"%d" % number)
    with pytest.warns(RuntimeWarning, match="object of priority 3, received by a get.. that fail"):
        objects.close()
    assert files(other) == []


def test_closing_the_message_queue_first_warns(new_queue, loads):
    mq = new_queue()
    objects = ObjectQueue(mq, serializer=(bytes, loads))
    objects.put(b"small")
    loads.errors.append(MemoryError())
    with pytest.raises(MemoryError):
        objects.get()
    mq.close()
    with pytest.warns(RuntimeWarning, match="cannot be put back into the queue: OSError.*closed"):
        objects.close()
    assert objects.undelivered == 0


def test_a_get_that_close_overtakes_warns(new_objects):
    def closes(_):
        closing()
        raise MemoryError

    objects = new_objects(serializer=(bytes, closes))
    closing = objects.close
    objects.put(b"small")
    with (
        pytest.warns(RuntimeWarning, match="is closed, and an object of priority 0"),
        pytest.raises(MemoryError),
    ):
        objects.get()
    assert objects.undelivered == 0


def test_collection_puts_the_object_back(other, failing, new_objects, loads):
    def make():
        objects = ObjectQueue(other.name, serializer=(bytes, loads))
        vars(objects)["itself"] = objects  # what only the collector frees
        with failing():
            objects.get()

    other.put(LARGE)
    make()
    gc.collect()
    assert (other.get_nowait(), files(other)) == (LARGE, [])


def test_an_awaited_queue_does_the_same(other, failing, loads):
    async def main():
        for end in "get", "discard", "close":
            objects = aio.ObjectQueue(other.name, serializer=(bytes, loads))
            await objects.put(LARGE)
            with failing():
                await objects.get()
            assert (objects.undelivered, objects.qsize()) == (1, 1)
            if end == "get":
                assert await objects.get() == LARGE
            elif end == "discard":
                assert objects.discard() is not None
            objects.close()
            if end == "close":
                assert other.get_nowait() == LARGE
            assert (other.qsize(), files(other)) == (0, [])

    asyncio.run(main())


FORKS = """
import os, sys
from mood.mqueue.objects import ObjectQueue
errors = [MemoryError()]
def loads(payload):
    if errors:
        raise errors.pop()
    return payload
objects = ObjectQueue(sys.argv[1], 4, msgsize=256, serializer=(bytes, loads))
objects.put(b"once")
try:
    objects.get()
except MemoryError:
    pass
child = os.fork()
if child == 0:
    print(objects.undelivered, objects.qsize(), objects.discard(), flush=True)
    sys.exit()
os.waitpid(child, 0)
print(objects.undelivered)
"""


@pytest.mark.thread_unsafe(reason="forks")
def test_a_forked_child_does_not_return_its_parents_object(run_python, new_name):
    name = new_name()
    assert run_python(FORKS, name) == "0 0 None\n1\n"
    # At its exit the parent has put it back.
    with ObjectQueue(name, serializer=(bytes, bytes)) as objects:
        objects.owner = True
        assert (objects.qsize(), objects.get()) == (1, b"once")


def test_a_queue_without_undelivered_objects_closes_silently(new_objects):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with new_objects() as objects:
            objects.put(1)
            assert (objects.undelivered, objects.discard()) == (0, None)
