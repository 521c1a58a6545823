"""What send(), sendall() and receive() do with messages and priorities."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
BOTH = pytest.mark.parametrize("method", ["send", "sendall"])


@BOTH
def test_a_message_that_another_thread_resizes_is_sent_as_it_was(start_blocked, new_queue, method):
    message = bytearray(b"as it was")
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1) as mq:
        mq.send(b"in the way")
        sent = start_blocked(pool, getattr(mq, method), message)
        message[:] = bytes(100_000)
        message.clear()
        assert mq.receive() == b"in the way"
        sent.result()
        assert mq.receive() == b"as it was"


def test_send_cuts_a_message_longer_than_msgsize_and_returns_what_it_sent(new_queue):
    with new_queue(msgsize=4) as mq:
        assert mq.send(b"0123456789") == 4
        assert mq.send(bytearray(b"abcdef")) == 4
        assert (mq.receive(), mq.receive(), len(mq)) == (b"0123", b"abcd", 0)


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (b"0123", [b"0123"]),
        (b"01234", [b"0123", b"4"]),
        (b"01234567", [b"0123", b"4567"]),
        (b"0123456789", [b"0123", b"4567", b"89"]),
    ],
)
def test_sendall_splits_a_message_longer_than_msgsize(new_queue, convert, message, parts):
    with new_queue(msgsize=4) as mq:
        mq.sendall(convert(message))
        assert [mq.receive() for _ in range(len(mq))] == parts


def test_every_part_of_a_split_message_has_the_priority(new_queue):
    with new_queue(msgsize=2) as mq:
        mq.send(b"5", 5)
        mq.sendall(b"abcd", 7)
        mq.send(b"6", priority=6)
        assert [mq.receive() for _ in range(4)] == [b"ab", b"cd", b"6", b"5"]


def test_sendall_waits_for_room_in_between(new_queue):
    message = os.urandom(1000)
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=2, msgsize=8) as mq:
        sent = pool.submit(mq.sendall, message)
        assert b"".join(mq.receive() for _ in range(125)) == message
        sent.result()
        assert len(mq) == 0


def test_sendall_that_fails_midway_says_how_many_bytes_went(new_queue):
    with new_queue(NONBLOCKING, maxmsg=2, msgsize=4) as mq:
        with pytest.raises(BlockingIOError) as raised:
            mq.sendall(b"0123456789")
        assert raised.value.errno == errno.EAGAIN
        assert raised.value.filename == mq.name
        assert raised.value.characters_written == 8
        assert (mq.receive(), mq.receive(), len(mq)) == (b"0123", b"4567", 0)


@pytest.mark.parametrize("message", [b"0123", b"0123456789"])
def test_sendall_that_fails_at_once_has_sent_nothing(new_queue, message):
    with new_queue(NONBLOCKING, maxmsg=1, msgsize=4) as mq:
        mq.send(b"full")
        with pytest.raises(BlockingIOError) as raised:
            mq.sendall(message)
        assert getattr(raised.value, "characters_written", 0) == 0
        assert (mq.receive(), len(mq)) == (b"full", 0)


def test_sendall_interrupted_by_close_says_how_many_bytes_went(start_blocked, new_queue):
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=2, msgsize=4) as mq:
        sent = start_blocked(pool, mq.sendall, b"0123456789")
        mq.close()
        with pytest.raises(OSError, match="closed") as raised:
            sent.result()
        assert raised.value.errno == errno.EBADF
        assert getattr(raised.value, "characters_written", None) == 8


@BOTH
def test_send_on_a_read_only_queue_says_so(new_queue, method):
    with new_queue() as mq:
        reader = MessageQueue(mq.name, os.O_RDONLY)
        with pytest.raises(OSError, match=r"reading only.*O_RDONLY") as raised:
            getattr(reader, method)(b"?")
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        assert len(mq) == 0


def test_receive_on_a_write_only_queue_says_so(new_queue):
    with new_queue() as mq:
        mq.send(b"!")
        writer = MessageQueue(mq.name, os.O_WRONLY)
        with pytest.raises(OSError, match=r"writing only.*O_WRONLY") as raised:
            writer.receive()
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        assert len(mq) == 1


@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
@pytest.mark.parametrize("priority", [32768, 2**16, 2**31, 2**32 - 1])
def test_a_priority_over_32767_is_refused_with_the_range(new_queue, method, priority):
    with new_queue() as mq:
        with pytest.raises(OSError, match=rf"{priority}.*\b0\b.*\b32767\b") as raised:
            getattr(mq, method)(bytearray(b"?"), priority)
        assert (raised.value.errno, raised.value.filename) == (errno.EINVAL, mq.name)
        assert len(mq) == 0


@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
@pytest.mark.parametrize("priority", [-1, -32767, -(2**32), 2**32, 2**32 + 1, 2**64, 2**64 + 1])
def test_a_priority_that_no_c_unsigned_holds_is_an_overflow_error(new_queue, method, priority):
    with new_queue() as mq:
        with pytest.raises(OverflowError):
            getattr(mq, method)(bytearray(b"?"), priority)
        assert len(mq) == 0


@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
@pytest.mark.parametrize("priority", [None, 1.0, "1", b"1", []])
def test_a_priority_that_is_no_int_is_a_type_error(new_queue, method, priority):
    with new_queue() as mq:
        with pytest.raises(TypeError):
            getattr(mq, method)(bytearray(b"?"), priority)
        assert len(mq) == 0


@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
def test_priorities_go_from_0_to_32767_and_bools_are_ints(new_queue, method):
    with new_queue() as mq:
        for priority in (0, True, 32767):
            getattr(mq, method)(bytearray(str(int(priority)), "ascii"), priority)
        assert [mq.receive() for _ in range(3)] == [b"32767", b"1", b"0"]
    assert os.sysconf("SC_MQ_PRIO_MAX") - 1 == 32767


def test_a_message_of_every_length_arrives_whole(new_queue):
    data = os.urandom(300)
    with new_queue(msgsize=300) as mq:
        for length in range(301):
            assert mq.send(data[:length]) == length
            assert mq.receive() == data[:length]


def test_a_received_message_is_not_changed_by_the_next(new_queue):
    with new_queue() as mq:
        for message in (b"the longer one", b"short"):
            mq.send(message)
        one = mq.receive()
        other = mq.receive()
        assert (one, other) == (b"the longer one", b"short")


def test_queues_of_different_msgsize_are_received_from_in_turn(new_queue):
    with new_queue(msgsize=1) as small, new_queue(msgsize=8192) as large:
        for _ in range(3):
            small.send(b"s")
            large.send(b"l" * 8192)
            assert (small.receive(), large.receive()) == (b"s", b"l" * 8192)
