"""drain() into a bytearray and fill() from one."""

import errno
import os
import sys

import pytest

from mood.mqueue import MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK


class Hostile(bytearray):
    """Lies about everything that a bytearray can be asked in Python."""

    def _lie(self, *arguments):
        raise AssertionError("a method of the subclass was called")

    __len__ = __getitem__ = __setitem__ = __delitem__ = __iter__ = __contains__ = _lie
    __add__ = __iadd__ = __mul__ = __imul__ = __bool__ = __eq__ = __repr__ = __bytes__ = _lie
    append = clear = extend = insert = pop = remove = reverse = copy = _lie
    __hash__ = None


class Lying(bytearray):
    def __len__(self):
        return 0

    def __bool__(self):
        return False


class Foreign(bytearray):
    def __buffer__(self, flags):
        return memoryview(b"what is not in it")


def contents(array):
    return bytearray.__getitem__(array, slice(None))


def test_drain_appends_the_backlog_to_what_is_there(new_queue):
    buffer = bytearray(b"there:")
    with new_queue() as mq:
        for message in (b"one", b"two", b"three"):
            mq.send(message)
        assert mq.drain(buffer) is False
        assert (buffer, len(mq)) == (b"there:onetwothree", 0)


def test_drain_takes_messages_by_priority(new_queue):
    buffer = bytearray()
    with new_queue() as mq:
        for priority in (1, 3, 2):
            mq.send(b"%d" % priority, priority)
        mq.drain(buffer)
    assert buffer == b"321"


def test_drain_stops_at_an_empty_message_and_says_so(new_queue):
    buffer = bytearray()
    with new_queue() as mq:
        for message in (b"one", b"", b"two"):
            mq.send(message)
        assert mq.drain(buffer) is True
        assert (buffer, len(mq)) == (b"one", 1)
        assert mq.drain(buffer) is False
        assert (buffer, len(mq)) == (b"onetwo", 0)


def test_drain_of_an_empty_message_alone_changes_nothing(new_queue):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        mq.send(b"")
        assert mq.drain(buffer) is True
    assert buffer == b"as before"


def test_drain_of_an_empty_nonblocking_queue_is_a_blocking_io_error(new_queue):
    buffer = bytearray(b"as before")
    with new_queue(NONBLOCKING) as mq:
        with pytest.raises(BlockingIOError) as raised:
            mq.drain(buffer)
        assert (raised.value.errno, raised.value.filename) == (errno.EAGAIN, mq.name)
        assert buffer == b"as before"


def test_drain_in_nonblocking_mode_takes_the_backlog(new_queue):
    buffer = bytearray()
    with new_queue(NONBLOCKING) as mq:
        mq.sendall(bytes(range(200)))
        assert mq.drain(buffer) is False
        assert buffer == bytes(range(200))


def test_drain_with_a_view_of_the_buffer_takes_nothing(new_queue):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        mq.send(b"still there")
        with memoryview(buffer), pytest.raises(BufferError):
            mq.drain(buffer)
        assert (buffer, len(mq)) == (b"as before", 1)
        assert mq.drain(buffer) is False
        assert buffer == b"as beforestill there"


@pytest.mark.parametrize("method", ["drain", "fill"])
@pytest.mark.parametrize("buffer", [b"bytes", memoryview(bytearray(5)), "text", None, [], 5])
def test_non_bytearray_is_a_type_error(new_queue, method, buffer):
    with new_queue() as mq:
        mq.send(b"still there")
        with pytest.raises(TypeError):
            getattr(mq, method)(buffer)
        assert (len(mq), mq.receive()) == (1, b"still there")


@pytest.mark.parametrize("method", ["drain", "fill"])
def test_a_closed_queue_leaves_the_buffer_as_it_is(new_queue, method):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        mq.close()
        with pytest.raises(OSError, match="the queue is closed") as raised:
            getattr(mq, method)(buffer)
        assert (raised.value.errno, buffer) == (errno.EBADF, b"as before")


def test_drain_of_a_write_only_queue_says_so_and_takes_nothing(new_queue):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        mq.send(b"still there")
        with pytest.raises(OSError, match="O_WRONLY") as raised:
            MessageQueue(mq.name, os.O_WRONLY).drain(buffer)
        assert (raised.value.errno, buffer, len(mq)) == (errno.EBADF, b"as before", 1)


def test_fill_sends_all_and_leaves_the_bytearray_empty(new_queue):
    buffer = bytearray(b"0123456789")
    with new_queue(msgsize=4) as mq:
        assert mq.fill(buffer) is None
        assert buffer == b""
        assert [mq.receive() for _ in range(len(mq))] == [b"0123", b"4567", b"89"]


def test_fill_from_an_empty_bytearray_sends_nothing(new_queue):
    with new_queue() as mq:
        mq.fill(bytearray())
        assert len(mq) == 0


def test_fill_gives_every_message_the_priority(new_queue):
    with new_queue(msgsize=2) as mq:
        mq.send(b"5", 5)
        mq.fill(bytearray(b"abcd"), 7)
        mq.fill(bytearray(b"6"), priority=6)
        assert [mq.receive() for _ in range(4)] == [b"ab", b"cd", b"6", b"5"]


def test_fill_keeps_unsent_bytes_in_the_bytearray(new_queue):
    buffer = bytearray(b"0123456789")
    with new_queue(NONBLOCKING, maxmsg=2, msgsize=4) as mq:
        with pytest.raises(BlockingIOError):
            mq.fill(buffer)
        assert buffer == b"89"
        assert (mq.receive(), mq.receive()) == (b"0123", b"4567")
        mq.fill(buffer)
        assert (buffer, mq.receive()) == (b"", b"89")


def test_fill_of_a_read_only_queue_says_so_and_sends_nothing(new_queue):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        with pytest.raises(OSError, match="O_RDONLY") as raised:
            MessageQueue(mq.name, os.O_RDONLY).fill(buffer)
        assert (raised.value.errno, buffer, len(mq)) == (errno.EBADF, b"as before", 0)


def test_fill_with_a_view_of_the_buffer_sends_nothing(new_queue):
    buffer = bytearray(b"as before")
    with new_queue() as mq:
        with memoryview(buffer), pytest.raises(BufferError):
            mq.fill(buffer)
        assert (buffer, len(mq)) == (b"as before", 0)
        mq.fill(buffer)
        assert (buffer, mq.receive()) == (b"", b"as before")


def test_fill_and_drain_take_a_subclass_for_the_bytearray_that_it_is(new_queue):
    with new_queue(msgsize=4) as mq:
        for cls in (Hostile, Lying):
            buffer = cls(b"0123456789")
            mq.fill(buffer)
            assert contents(buffer) == b""
            assert mq.drain(buffer) is False
            assert contents(buffer) == b"0123456789"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
def test_fill_ignores_the_buffer_method_of_a_subclass(new_queue):
    buffer = Foreign(b"abc")
    with new_queue() as mq:
        mq.fill(buffer)
        assert (contents(buffer), mq.receive(), len(mq)) == (b"", b"abc", 0)
