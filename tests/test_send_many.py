"""send_many(): what it takes for messages, and that it looks at all of them first."""

import array
import collections
import errno
import mmap
import os
import sys

import pytest

from mood.mqueue import Message, MessageQueue

has_buffer = pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
ROOM = {"maxmsg": 8}


def take(mq):
    return [tuple(mq.receive_message()) for _ in range(len(mq))]


def lazily(items):
    yield from items


class OldStyle:
    """Iterable by numbers, from 0 on."""

    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        return self.items[index]


@pytest.mark.parametrize(
    "iterable",
    [
        list,
        tuple,
        collections.deque,
        iter,
        lazily,
        dict.fromkeys,
        lambda items: dict.fromkeys(items).keys(),
        lambda items: dict(enumerate(items)).values(),
        lambda items: map(bytes, items),
        OldStyle,
    ],
)
def test_any_iterable_of_messages_is_sent_in_its_order(new_queue, iterable):
    with new_queue(**ROOM) as mq:
        assert mq.send_many(iterable([b"one", b"", b"two"])) == 3
        assert take(mq) == [(b"one", 0), (b"", 0), (b"two", 0)]


@pytest.mark.parametrize("iterable", [set, frozenset])
def test_a_set_is_sent_in_whatever_order(new_queue, iterable):
    with new_queue(**ROOM) as mq:
        assert mq.send_many(iterable([b"one", b"", b"two"])) == 3
        assert sorted(take(mq)) == [(b"", 0), (b"one", 0), (b"two", 0)]


@pytest.mark.parametrize("iterable", [list, tuple, dict, set, iter, lazily])
@pytest.mark.parametrize("timeout", [None, 0, 5])
def test_send_many_of_nothing_returns_0_without_blocking(new_queue, iterable, timeout):
    with new_queue(maxmsg=1) as mq:
        mq.send(b"full")
        assert mq.send_many(iterable([]), timeout=timeout) == 0
        assert take(mq) == [(b"full", 0)]


@pytest.mark.parametrize(
    "item",
    [
        b"bytes",
        bytearray(b"bytes"),
        memoryview(b"bytes"),
        memoryview(b"..bytes..")[2:7],
        array.array("B", b"bytes"),
        type("Sub", (bytes,), {})(b"bytes"),
        type("Sub", (bytearray,), {})(b"bytes"),
    ],
    ids=lambda item: type(item).__name__,
)
@pytest.mark.parametrize("how", [tuple, Message._make, type("Pair", (tuple,), {})])
def test_a_message_is_any_bytes_like_object_with_or_without_a_priority(new_queue, item, how):
    with new_queue(**ROOM) as mq:
        assert mq.send_many([item, how((item, 9)), item], priority=2) == 3
        assert take(mq) == [(b"bytes", 9), (b"bytes", 2), (b"bytes", 2)]


def test_what_was_received_can_be_sent_on(new_queue):
    with new_queue(**ROOM) as mq, new_queue(**ROOM) as other:
        mq.send_many([(b"low", 1), (b"high", 32767), b"none"])
        assert other.send_many(mq.receive_many()) == 3
        assert other.receive_many() == [(b"high", 32767), (b"low", 1), (b"none", 0)]


def test_a_priority_may_be_whatever_is_an_int(new_queue):
    class Index:
        def __index__(self):
            return 300

    with new_queue(**ROOM) as mq:
        assert mq.send_many([(b"one", True), (b"three hundred", Index())], priority=Index()) == 2
        assert take(mq) == [(b"three hundred", 300), (b"one", 1)]


def test_reused_buffer_is_sent_as_it_was(new_queue):
    def numbers():
        buffer = bytearray(1)
        for number in range(5):
            buffer[0] = number
            yield buffer
        buffer.clear()

    with new_queue(**ROOM) as mq:
        assert mq.send_many(numbers()) == 5
        assert take(mq) == [(bytes([number]), 0) for number in range(5)]


# A message alone, by mistake: what it is made of is not meant.
@pytest.mark.parametrize(
    "message",
    [
        "text",
        "",
        b"bytes",
        b"",
        bytearray(b"bytes"),
        memoryview(b"bytes"),
        memoryview(b"bytes").cast("c"),
        array.array("I", [1]),
        mmap.mmap(-1, 4),
    ],
    ids=lambda message: type(message).__name__,
)
def test_one_message_instead_of_several_is_refused(new_queue, message):
    with new_queue(**ROOM) as mq:
        with pytest.raises(TypeError, match=f"{type(message).__name__}.*send_message") as raised:
            mq.send_many(message)
        assert not hasattr(raised.value, "__notes__")
        assert len(mq) == 0


@pytest.mark.parametrize("wrong", [None, 1, 1.5, object(), len, int])
def test_non_iterable_is_a_type_error(new_queue, wrong):
    with new_queue() as mq:
        with pytest.raises(TypeError, match="iterable"):
            mq.send_many(wrong)
        assert len(mq) == 0


BAD = {
    "str": ("text", TypeError, "bytes-like"),
    "None": (None, TypeError, "bytes-like"),
    "int": (5, TypeError, "bytes-like"),
    "a list of two": ([b"x", 1], TypeError, "bytes-like"),
    "no tuple of two": ((b"x",), TypeError, "bytes-like.*priority.*tuple of 1"),
    "a tuple of three": ((b"x", 1, 2), TypeError, "bytes-like.*priority.*tuple of 3"),
    "an empty tuple": ((), TypeError, "bytes-like.*priority.*tuple of 0"),
    "a pair without bytes": (("x", 1), TypeError, "bytes-like"),
    "a pair the wrong way": ((1, b"x"), TypeError, "integer"),
    "a priority of None": ((b"x", None), TypeError, "integer"),
    "a priority with a point": ((b"x", 1.0), TypeError, "integer"),
    "a negative priority": ((b"x", -1), OverflowError, None),
    "a priority over all": ((b"x", 2**32), OverflowError, None),
    "a priority over 32767": ((b"x", 32768), OSError, "32768.*32767"),
    "too long": (bytes(65), OSError, r"\b65\b.*\b64\b"),
    "too long with a priority": ((bytearray(66), 1), OSError, r"\b66\b.*\b64\b"),
    "not contiguous": (memoryview(b"abcd")[::2], BufferError, "contiguous"),
}


@pytest.mark.parametrize("position", [0, 1, 99])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_message_anywhere_sends_nothing_and_is_told_by_its_place(new_queue, bad, position):
    item, error, match = BAD[bad]
    with new_queue() as mq:
        with pytest.raises(error, match=match) as raised:
            mq.send_many([*[b"good"] * position, item, b"good"])
        (note,) = raised.value.__notes__
        assert str(position) in note.split()
        assert "nothing was sent" in note
        if isinstance(raised.value, OSError):
            expected = errno.EMSGSIZE if "long" in bad else errno.EINVAL
            assert (raised.value.errno, raised.value.filename) == (expected, mq.name)
        assert len(mq) == 0


@pytest.mark.parametrize(
    ("priority", "error"),
    [(32768, OSError), (-1, OverflowError), (2**32, OverflowError), ("1", TypeError)],
)
@pytest.mark.parametrize("messages", [[], [b"x"], [(b"x", 1)]])
def test_a_bad_priority_for_all_is_refused_whether_it_is_used_or_not(
    new_queue, priority, error, messages
):
    with new_queue() as mq:
        with pytest.raises(error):
            mq.send_many(messages, priority)
        assert len(mq) == 0


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit, OSError])
@pytest.mark.parametrize("before", [0, 1, 100])
def test_an_iterator_that_raises_sends_nothing(new_queue, error, before):
    def messages():
        yield from [b"good"] * before
        raise error

    with new_queue() as mq:
        with pytest.raises(error):
            mq.send_many(messages())
        assert len(mq) == 0


def test_iterable_is_read_completely_before_the_first_send(new_queue):
    lengths = []

    def messages():
        for number in range(4):
            lengths.append(len(mq))
            yield b"%d" % number

    with new_queue() as mq:
        assert mq.send_many(messages()) == 4
        assert (lengths, len(mq)) == ([0] * 4, 4)


def test_a_closed_queue_is_not_read_for(new_queue):
    mq = new_queue()
    mq.close()
    messages = iter([b"x"])
    with pytest.raises(OSError, match="closed") as raised:
        mq.send_many(messages)
    assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
    assert next(messages) == b"x"


def test_a_queue_opened_for_reading_only_says_so(new_queue):
    with new_queue() as mq:
        with pytest.raises(OSError, match="O_RDONLY") as raised:
            MessageQueue(mq.name, os.O_RDONLY).send_many([b"x"])
        assert raised.value.errno == errno.EBADF
        assert len(mq) == 0


# What the messages do while they are asked for


@pytest.mark.parametrize("place", [0, 1])
def test_messages_that_close_the_queue_are_not_sent(new_queue, place):
    def messages():
        yield from [b"x"] * place
        mq.close()
        yield b"x"

    with new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        with pytest.raises(OSError, match="closed") as raised:
            mq.send_many(messages())
        assert raised.value.errno == errno.EBADF
        assert len(other) == 0


def test_messages_may_use_the_queue(new_queue):
    def messages():
        yield b"outer"
        mq.send(b"taken")
        mq.drain(bytearray())
        assert mq.send_many([b"inner", (b"first", 1)]) == 2
        mq.notify(None)
        yield b"last"

    with new_queue(**ROOM) as mq:
        assert mq.send_many(messages()) == 2
        mq.notify()
        assert [data for data, _ in take(mq)] == [b"first", b"inner", b"outer", b"last"]


class Hostile:
    """A message, or a priority, that does something when it is asked for its value."""

    def __init__(self, first, value):
        self.first = first
        self.value = value

    def __index__(self):
        self.first()
        return self.value

    def __buffer__(self, flags):
        self.first()
        return memoryview(self.value)


def test_a_priority_that_closes_the_queue_sends_nothing(new_queue):
    with new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        with pytest.raises(OSError, match="closed"):
            mq.send_many([b"x", (b"y", Hostile(mq.close, 1)), b"z"])
        assert len(other) == 0


@has_buffer
@pytest.mark.parametrize("wrap", [lambda item: item, lambda item: (item, 1)])
def test_a_message_may_use_or_close_the_queue_when_it_is_asked(new_queue, wrap):
    with new_queue(**ROOM) as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        uses = Hostile(lambda: mq.send(b"inner", 2), b"outer")
        assert mq.send_many([wrap(uses), b"last"]) == 2
        assert [data for data, _ in take(mq)] == [b"inner", b"outer", b"last"]
        with pytest.raises(OSError, match="closed"):
            mq.send_many([b"x", wrap(Hostile(mq.close, b"y"))])
        assert len(other) == 0


def test_the_last_of_a_message_may_close_the_queue(new_queue):
    class Final(bytes):
        __slots__ = ()

        def __del__(self):
            mq.close()

    with new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        # The only references are those of the call.
        assert mq.send_many(Final(data) for data in (b"one", b"two")) == 2
        assert mq.closed
        assert take(other) == [(b"one", 0), (b"two", 0)]
