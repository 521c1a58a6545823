"""send_message() and receive_message(): whole or not at all, and with the priority."""

import array
import errno
import mmap
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from mood.mqueue import PRIORITY_MAX, Message, MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
# Where a byte, a short and a C string end.
PRIORITIES = [0, 1, 127, 128, 255, 256, 257, 32766, 32767]

LARGE = pytest.mark.thread_unsafe(reason="RLIMIT_MSGQUEUE is everybody's")

KINDS = pytest.mark.parametrize(
    "kind",
    [
        bytes,
        bytearray,
        memoryview,
        lambda data: memoryview(b"<" + data + b">")[1:-1],
        lambda data: array.array("B", data),
        type("Bytes", (bytes,), {}),
        type("ByteArray", (bytearray,), {}),
    ],
    ids=["bytes", "bytearray", "memoryview", "slice", "array", "of bytes", "of bytearray"],
)


@KINDS
@pytest.mark.parametrize("size", [0, 1, 63, 64])
def test_a_message_of_up_to_msgsize_goes_whole(new_queue, kind, size):
    data = os.urandom(size)
    with new_queue() as mq:
        assert mq.send_message(kind(data)) is None
        assert (len(mq), mq.receive_message()) == (1, (data, 0))


@KINDS
@pytest.mark.parametrize("size", [65, 66, 128, 100_000])
@pytest.mark.parametrize("maxmsg", [1, 2])
def test_a_longer_message_is_refused_and_not_cut(new_queue, kind, size, maxmsg):
    # In a queue that is full too: it need not be waited for to be refused.
    with new_queue(maxmsg=maxmsg) as mq:
        mq.send(b"before")
        with pytest.raises(OSError, match=rf"\b{size}\b.*\b64\b") as raised:
            mq.send_message(kind(bytes(size)))
        assert (raised.value.errno, raised.value.filename) == (errno.EMSGSIZE, mq.name)
        assert (len(mq), mq.receive()) == (1, b"before")


def test_a_mmap_goes_whole_or_not_at_all(new_queue):
    with mmap.mmap(-1, mmap.PAGESIZE) as mapped:
        mapped[-3:] = b"end"
        with new_queue(msgsize=mmap.PAGESIZE) as mq:
            mq.send_message(mapped)
            assert mq.receive_message().data == mapped[:]
        with new_queue(msgsize=mmap.PAGESIZE - 1) as mq:
            with pytest.raises(OSError, match="too long"):
                mq.send_message(mapped)
            assert len(mq) == 0


@pytest.mark.parametrize(
    ("message", "error"),
    [
        *((wrong, TypeError) for wrong in ("text", None, 1, [b"x"], (b"x", 1), object())),
        (memoryview(b"abcdef")[::2], BufferError),
        (memoryview(b"abcdef")[::-1], BufferError),
        (memoryview(b"abcdef").cast("B", (2, 3))[::-1], BufferError),
    ],
)
def test_what_is_no_contiguous_bytes_sends_nothing(new_queue, message, error):
    with new_queue() as mq:
        with pytest.raises(error):
            mq.send_message(message)
        assert len(mq) == 0


def test_a_bytearray_is_free_while_the_call_waits(start_blocked, new_queue):
    message = bytearray(b"as it was")
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1) as mq:
        mq.send(b"in the way")
        sent = start_blocked(pool, mq.send_message, message)
        message[:] = bytes(100_000)
        message.clear()
        assert mq.receive() == b"in the way"
        sent.result()
        assert mq.receive() == b"as it was"


@pytest.mark.parametrize("priority", PRIORITIES)
@pytest.mark.parametrize("size", [0, 1, 64])
def test_data_and_priority_arrive_exactly(new_queue, priority, size):
    data = os.urandom(size)
    with new_queue() as mq:
        mq.send_message(data, priority)
        message = mq.receive_message()
    assert (message.data, message.priority) == (data, priority)
    assert (type(message), type(message.data), type(message.priority)) == (Message, bytes, int)


def test_messages_come_by_priority_and_the_oldest_of_equals_first(new_queue):
    with new_queue(maxmsg=8) as mq:
        sent = [Message(b"%d" % n, n % 3) for n in range(8)]
        for message in sent:
            mq.send_message(*message)
        expected = sorted(sent, key=lambda message: -message.priority)
        assert [mq.receive_message() for _ in sent] == expected


@pytest.mark.parametrize(
    ("priority", "error"),
    [
        (32768, OSError),
        (2**32 - 1, OSError),
        (2**32, OverflowError),
        (-1, OverflowError),
        *((wrong, TypeError) for wrong in (None, 1.0, "1", b"1")),
    ],
)
def test_what_is_no_priority_sends_nothing(new_queue, priority, error):
    with new_queue() as mq:
        with pytest.raises(error) as raised:
            mq.send_message(b"?", priority)
        assert getattr(raised.value, "errno", None) == (errno.EINVAL if error is OSError else None)
        assert len(mq) == 0
    assert PRIORITY_MAX == 32767


def test_a_queue_opened_for_the_other_direction_says_so(new_queue):
    with new_queue() as mq:
        mq.send(b"!")
        reader, writer = (MessageQueue(mq.name, flags) for flags in (os.O_RDONLY, os.O_WRONLY))
        with pytest.raises(OSError, match="O_RDONLY") as raised:
            reader.send_message(b"?")
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        with pytest.raises(OSError, match="O_WRONLY") as raised:
            writer.receive_message()
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        assert (len(mq), mq.receive()) == (1, b"!")


def send_and_receive_all_lengths(mq, size):
    # Short ones and full ones in turn.
    for length in (size, 0, size, size - 1, size // 2, size, size):
        data = os.urandom(length)
        mq.send_message(data, 7)
        assert mq.receive_message() == (data, 7)
        mq.send_message(bytearray(data), 7)
        assert mq.receive() == data
    with pytest.raises(OSError, match="too long"):
        mq.send_message(bytes(size + 1))
    assert len(mq) == 0


@pytest.mark.parametrize("size", [1, 512, 2047, 2048, 2049, 4096])
def test_messages_of_every_size_of_queue_arrive_whole(new_queue, size):
    with new_queue(maxmsg=1, msgsize=size) as mq:
        send_and_receive_all_lengths(mq, size)


@LARGE
@pytest.mark.parametrize("size", [65535, 65536, 65537, 100_000])
def test_large_messages_arrive_whole(new_queue, large_messages, size):
    with new_queue(maxmsg=1, msgsize=size) as mq:
        send_and_receive_all_lengths(mq, size)


@LARGE
def test_a_large_message_is_waited_for_on_both_sides(new_queue, large_messages, start_blocked):
    data = os.urandom(100_000)
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1, msgsize=len(data)) as mq:
        received = start_blocked(pool, mq.receive_message)
        mq.send_message(data, 3)
        assert received.result() == (data, 3)
        mq.send_message(b"in the way")
        sent = start_blocked(pool, mq.send_message, data)
        assert mq.receive() == b"in the way"
        sent.result()
        assert mq.receive() == data


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
@pytest.mark.parametrize("size", [5, 500])
def test_message_whose_buffer_method_closes_the_queue_is_not_sent(new_queue, size):
    class Closing:
        def __init__(self, queue):
            self.queue = queue

        def __buffer__(self, flags):
            self.queue.close()
            return memoryview(bytes(size))

    with new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        with pytest.raises(OSError, match="closed") as raised:
            mq.send_message(Closing(mq))
        assert raised.value.errno == errno.EBADF
        assert len(other) == 0


def test_a_received_message_is_not_changed_by_the_next(new_queue):
    with new_queue() as mq:
        mq.send_message(b"the longer one", 2)
        mq.send_message(b"short", 1)
        messages = [mq.receive_message(), mq.receive_message()]
    assert messages == [(b"the longer one", 2), (b"short", 1)]


def test_threads_that_receive_messages_share_them_out(new_queue):
    with ThreadPoolExecutor(4) as pool, new_queue() as mq:
        receive = partial(iter, mq.receive_message, (b"", 0))
        taking = [pool.submit(lambda: list(receive())) for _ in range(3)]
        for number in range(2000):
            mq.send_message(b"%d" % number, number % 5)
        for _ in taking:
            mq.send_message(b"")
        taken = [message for future in taking for message in future.result()]
    assert sorted(taken, key=lambda m: int(m.data)) == [
        (b"%d" % number, number % 5) for number in range(2000)
    ]
