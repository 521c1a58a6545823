"""Names and messages that lie, raise or exit: each outcome is the exception expected."""

import os
import sys

import pytest

from mood.mqueue import MessageQueue, unlink

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
ESCAPES = [ZeroDivisionError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError]


def answering(method, answer):
    """An object of one special method."""
    return type("Hostile", (), {method: answer})()


def raising(error):
    def method(*_):
        raise error

    return method


def works(mq):
    mq.send(b"fine", 3)
    return mq.receive() == b"fine" and len(mq) == 0


@pytest.fixture
def mq_of(new_queue):
    return lambda: new_queue(NONBLOCKING)


NO_PATH = [
    (lambda _: 5, TypeError),
    (lambda _: None, TypeError),
    (lambda _: bytearray(b"/x"), TypeError),
    (lambda self: self, TypeError),
    (lambda _: "/nul\0here", ValueError),
    (lambda _: b"/nul\0here", ValueError),
    (lambda _: "/\ud800", UnicodeEncodeError),
    (lambda self: os.fspath(self) + "/", RecursionError),
    *((raising(error), error) for error in ESCAPES),
]


@pytest.mark.parametrize("call", [unlink, lambda name: MessageQueue(name, NONBLOCKING)])
@pytest.mark.parametrize(("method", "error"), NO_PATH)
def test_a_path_that_lies_or_raises_is_no_name(call, method, error):
    with pytest.raises(error):
        call(answering("__fspath__", method))


def test_a_path_that_opens_the_object_first_wins(new_name):
    name, other = new_name(), new_name()
    mq = MessageQueue.__new__(MessageQueue)

    def open_first(_):
        MessageQueue.__init__(mq, name, NONBLOCKING, maxmsg=1, msgsize=8)
        return other

    with pytest.raises(RuntimeError):
        MessageQueue.__init__(mq, answering("__fspath__", open_first), NONBLOCKING)
    assert mq.name == name
    assert works(mq)
    with pytest.raises(FileNotFoundError):
        unlink(other)


def test_a_bytes_subclass_names_the_queue_of_the_bytes_that_it_holds(new_name):
    methods = {
        "__iter__": lambda _: iter(b"/other"),
        "__len__": lambda _: 2**62,
        "__getitem__": raising(ZeroDivisionError),
        "__bytes__": raising(ZeroDivisionError),
        "__buffer__": raising(ZeroDivisionError),
    }
    name = new_name()
    with MessageQueue(type("Hostile", (bytes,), methods)(name.encode()), NONBLOCKING) as mq:
        assert mq.name == name


# In a process of its own: a size that is believed is memory that is not there.
STR = """
import collections.abc, os, sys
from mood.mqueue import MessageQueue, unlink

class Long:
    def __len__(self):
        return int(sys.argv[1])
    def __getitem__(self, index):
        return 47
    def __iter__(self):
        return iter(b"/other")

collections.abc.Sequence.register(Long)

class Hostile(str):
    def encode(self, *_):
        return Long()

for call in (unlink, lambda name: MessageQueue(name, os.O_RDWR)):
    try:
        call(Hostile("/no-such-queue"))
    except TypeError:
        print("refused")
    except FileNotFoundError as error:
        print("refused" if error.filename == "/no-such-queue" else error)
"""


@pytest.mark.parametrize("size", [3, 2**40, 2**62])
def test_a_str_subclass_cannot_name_another_queue_or_claim_memory(run_python, size):
    assert run_python(STR, size) == "refused\nrefused\n"


def released(_):
    view = memoryview(b"x")
    view.release()
    return view


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ came with CPython 3.12")
@pytest.mark.parametrize("call", ["send", "sendall"])
@pytest.mark.parametrize(
    ("method", "error"),
    [
        *((lambda *_, answer=answer: answer, TypeError) for answer in (5, None, b"x", "x")),
        (lambda *_: memoryview(b"abcd")[::2], BufferError),
        (lambda *_: released(None), ValueError),
        (lambda self, _: memoryview(self), RecursionError),
        *((raising(error), error) for error in ESCAPES),
    ],
)
def test_a_buffer_that_lies_or_raises_sends_nothing(mq_of, call, method, error):
    mq = mq_of()
    with pytest.raises(error):
        getattr(mq, call)(answering("__buffer__", method))
    assert works(mq)


@pytest.mark.parametrize("base", [bytes, bytearray])
def test_a_subclass_of_bytes_is_sent_as_the_bytes_that_it_holds(mq_of, base):
    methods = ["__len__", "__iter__", "__getitem__", "__bytes__", "__eq__", "__hash__", "__bool__"]
    hostile = type("Hostile", (base,), dict.fromkeys(methods, raising(ZeroDivisionError)))
    mq = mq_of()
    assert mq.send(hostile(b"what it holds")) == 13
    mq.sendall(hostile(b"what it holds"))
    assert (mq.receive(), mq.receive()) == (b"what it holds", b"what it holds")


def test_drain_and_fill_use_what_a_subclass_of_bytearray_holds(mq_of):
    methods = ["__len__", "__iter__", "__getitem__", "__setitem__", "__delitem__", "__iadd__"]
    methods += ["extend", "append", "clear", "__buffer__", "__getattribute__"]
    hostile = type("Hostile", (bytearray,), dict.fromkeys(methods, raising(ZeroDivisionError)))
    mq = mq_of()
    buffer = hostile(b"what it holds")
    mq.fill(buffer)
    assert bytearray.__len__(buffer) == 0
    assert mq.drain(buffer) is False
    assert bytearray.__getitem__(buffer, slice(None)) == b"what it holds"


@pytest.mark.parametrize(
    ("call", "class_"), [("send", bytes), ("sendall", bytearray), ("drain", bytearray)]
)
def test_what_only_claims_to_be_of_a_class_is_a_type_error(mq_of, call, class_):
    mq = mq_of()
    with pytest.raises(TypeError):
        getattr(mq, call)(answering("__class__", property(lambda _: class_)))
    assert works(mq)
