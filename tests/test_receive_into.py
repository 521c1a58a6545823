"""receive_into(): into the caller's memory, or not at all."""

import array
import ctypes
import errno
import mmap
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
has_buffer = pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")


class Structure(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("rest", ctypes.c_char * 60)]


# What to receive into, of 64 bytes, and what shows them.
BUFFERS: dict[str, tuple[Callable, Callable]] = {
    "bytearray": (lambda: bytearray(64), bytes),
    "of bytearray": (lambda: type("Buffer", (bytearray,), {})(64), bytes),
    "memoryview": (lambda: memoryview(bytearray(64)), bytes),
    "of chars": (lambda: memoryview(bytearray(64)).cast("c"), bytes),
    "of two dimensions": (lambda: memoryview(bytearray(64)).cast("B", (8, 8)), bytes),
    "array of ints": (lambda: array.array("I", [0] * 16), array.array.tobytes),
    "mmap": (lambda: mmap.mmap(-1, 64), lambda mapped: mapped[:64]),
    "ctypes array": (ctypes.c_ubyte * 64, bytes),
    "ctypes string": (lambda: ctypes.create_string_buffer(64), lambda buffer: buffer.raw),
    "ctypes structure": (Structure, bytes),
}


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("size", [0, 1, 63, 64])
def test_a_message_is_received_into_what_can_be_written_to(new_queue, kind, size):
    make, shown = BUFFERS[kind]
    buffer, data = make(), os.urandom(size)
    memoryview(buffer).cast("B")[:] = b"\xee" * 64
    with new_queue() as mq:
        mq.send_message(data, 300)
        assert mq.receive_into(buffer) == (size, 300)
        assert len(mq) == 0
    # What lies behind the message is as it was.
    assert shown(buffer) == data.ljust(64, b"\xee")


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_larger_buffer_is_taken_and_touched_no_further_than_the_message(new_queue, kind):
    make, shown = BUFFERS[kind]
    buffer = make()
    with new_queue(msgsize=8) as mq:
        mq.send(b"12345678")
        assert mq.receive_into(buffer) == (8, 0)
        mq.send(b"abc")
        assert mq.receive_into(buffer) == (3, 0)
    assert shown(buffer) == b"abc45678".ljust(64, b"\0")


def test_a_part_of_a_bytearray_is_received_into(new_queue):
    buffer = bytearray(b"." * 100)
    with new_queue() as mq:
        mq.send(b"message")
        assert mq.receive_into(memoryview(buffer)[10:74]) == (7, 0)
    assert buffer == b"." * 10 + b"message" + b"." * 83


@pytest.mark.parametrize("priority", [0, 1, 255, 256, 257, 32767])
def test_the_answer_is_a_tuple_of_two_ints(new_queue, priority):
    with new_queue() as mq:
        mq.send(b"12345", priority)
        answer = mq.receive_into(bytearray(64))
    assert (type(answer), answer) == (tuple, (5, priority))
    assert [type(number) for number in answer] == [int, int]
    assert hash(answer) == hash((5, priority))


class Sub(bytes):
    pass


REFUSED = {
    "no byte": (bytearray(), ValueError),
    "one byte less": (bytearray(63), ValueError),
    "a view of one byte less": (memoryview(bytearray(64))[1:], ValueError),
    "an array of too few": (array.array("I", [0] * 15), ValueError),
    "bytes": (bytes(64), BufferError),
    "of bytes": (Sub(64), BufferError),
    "too few bytes": (b"", BufferError),
    "a view of bytes": (memoryview(bytes(64)), BufferError),
    "a read-only view": (memoryview(bytearray(64)).toreadonly(), BufferError),
    "every second byte": (memoryview(bytearray(128))[::2], BufferError),
    "backwards": (memoryview(bytearray(64))[::-1], BufferError),
    "str": ("x" * 64, TypeError),
    "None": (None, TypeError),
    "int": (64, TypeError),
    "list": ([0] * 64, TypeError),
    "class": (bytearray, TypeError),
}


# With an empty queue too: no message need be waited for to refuse it.
@pytest.mark.parametrize("messages", [0, 1])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_take_every_message_is_refused_before_one_is_taken(new_queue, kind, messages):
    buffer, error = REFUSED[kind]
    with new_queue() as mq:
        for _ in range(messages):
            mq.send(b"stays")
        with pytest.raises(error):
            mq.receive_into(buffer)
        assert [mq.receive() for _ in range(len(mq))] == [b"stays"] * messages


def test_a_buffer_that_is_too_small_is_told_both_sizes(new_queue):
    with new_queue() as mq, pytest.raises(ValueError, match=r"\b7\b.*\b64\b.*msgsize"):
        mq.receive_into(bytearray(7))


def test_a_released_view_is_refused(new_queue):
    view = memoryview(bytearray(64))
    view.release()
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(ValueError, match="released"):
            mq.receive_into(view)
        assert mq.receive() == b"stays"


def test_a_closed_or_write_only_queue_leaves_the_buffer_as_it_is(new_queue):
    buffer = bytearray(b"." * 64)
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(OSError, match="O_WRONLY") as raised:
            MessageQueue(mq.name, os.O_WRONLY).receive_into(buffer)
        assert raised.value.errno == errno.EBADF
        assert mq.receive() == b"stays"
        mq.close()
        with pytest.raises(OSError, match="closed") as raised:
            mq.receive_into(buffer)
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
    assert buffer == b"." * 64


def test_a_nonblocking_call_leaves_the_buffer_as_it_is_and_free(new_queue):
    buffer = bytearray(b"." * 64)
    with new_queue(NONBLOCKING) as mq, pytest.raises(BlockingIOError):
        mq.receive_into(buffer)
    assert buffer == b"." * 64
    buffer.clear()


def test_the_buffer_cannot_be_resized_while_the_call_waits(start_blocked, new_queue):
    buffer = bytearray(64)
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        received = start_blocked(pool, mq.receive_into, buffer)
        for resize in (buffer.clear, buffer.pop, lambda: buffer.extend(b"x" * 4096)):
            with pytest.raises(BufferError):
                resize()
        # To write to it is nobody's harm.
        buffer[:] = b"." * 64
        mq.send(b"message")
        assert received.result() == (7, 0)
    assert buffer == b"message".ljust(64, b".")
    buffer.clear()


def test_neither_a_view_nor_its_mmap_can_go_while_the_call_waits(start_blocked, new_queue):
    mapped = mmap.mmap(-1, 4096)
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        with memoryview(mapped) as view:
            received = start_blocked(pool, mq.receive_into, view)
            with pytest.raises(BufferError):
                view.release()
            with pytest.raises(BufferError):
                mapped.close()
            mq.send(b"message")
            assert received.result() == (7, 0)
        assert mapped[:8] == b"message\0"
    mapped.close()


def test_the_buffer_is_free_after_close_has_ended_the_call(start_blocked, new_queue):
    buffer = bytearray(64)
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        received = start_blocked(pool, mq.receive_into, buffer)
        mq.close()
        with pytest.raises(OSError, match="closed"):
            received.result()
    buffer.clear()


def test_two_calls_may_wait_with_one_buffer(start_blocked, new_queue):
    buffer = bytearray(64)
    with ThreadPoolExecutor(2) as pool, new_queue() as mq:
        received = [start_blocked(pool, mq.receive_into, buffer) for _ in range(2)]
        mq.send_many([b"a" * 64, b"b" * 64])
        assert [future.result() for future in received] == [(64, 0)] * 2
    assert buffer in (b"a" * 64, b"b" * 64)


@pytest.mark.thread_unsafe(reason="RLIMIT_MSGQUEUE is everybody's")
@pytest.mark.parametrize("size", [65536, 65537, 100_000])
def test_large_messages_are_received_into_it(new_queue, large_messages, start_blocked, size):
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1, msgsize=size) as mq:
        for length in (size, 1, size - 1):
            buffer, data = bytearray(b"." * (size + 1)), os.urandom(length)
            mq.send_message(data, 5)
            assert mq.receive_into(buffer) == (length, 5)
            assert buffer == data.ljust(size + 1, b".")
        received = start_blocked(pool, mq.receive_into, buffer)
        mq.send_message(data)
        assert received.result() == (length, 0)
        with pytest.raises(ValueError, match="msgsize"):
            mq.receive_into(bytearray(size - 1))


class Exporting:
    """Does something when it is asked for its memory, and when it gets it back."""

    def __init__(self, memory, first=None, last=None):
        self.memory = memory
        self.first = first
        self.last = last

    def __buffer__(self, flags):
        if self.first:
            self.first()
        return memoryview(self.memory)

    def __release_buffer__(self, view):
        view.release()
        if self.last:
            self.last()


@has_buffer
def test_a_buffer_that_closes_the_queue_when_it_is_asked_takes_nothing(new_queue):
    with new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        other.send(b"stays")
        with pytest.raises(OSError, match="closed"):
            mq.receive_into(Exporting(bytearray(64), mq.close))
        assert other.receive() == b"stays"


@has_buffer
def test_a_buffer_that_uses_the_queue_when_it_is_asked_comes_first(new_queue):
    memory, inner = bytearray(64), []
    with new_queue() as mq:
        mq.send_many([b"first", b"second", b"third"])
        buffer = Exporting(
            memory,
            lambda: inner.append(mq.receive()),
            lambda: inner.append(mq.receive()),
        )
        assert mq.receive_into(buffer) == (6, 0)
        assert (memory[:6], inner) == (b"second", [b"first", b"third"])


@has_buffer
@pytest.mark.parametrize(
    ("memory", "error"), [(bytes(64), BufferError), (bytearray(63), ValueError), (5, TypeError)]
)
def test_a_buffer_of_python_is_refused_as_any_other(new_queue, memory, error):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(error):
            mq.receive_into(Exporting(memory))
        assert mq.receive() == b"stays"
