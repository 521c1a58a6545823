"""Numbers that lie, raise, close the queue or exit: each outcome is the exception expected."""

import math
import os

import pytest

from mood.mqueue import MessageQueue, unlink

EBADF = "closed"
NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK


def answering(method, answer):
    """An object of one special method."""
    return type("Hostile", (), {method: answer})()


def raising(error):
    def method(*_):
        raise error

    return method


def closing(mq, then):
    def method(*_):
        mq.close()
        return then

    return method


def works(mq):
    mq.send(b"fine", 3)
    return mq.receive() == b"fine" and len(mq) == 0


ESCAPES = [ZeroDivisionError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError]

CALLS = {
    "send": lambda mq, **given: mq.send(b"x", **given),
    "sendall": lambda mq, **given: mq.sendall(b"x", **given),
    "fill": lambda mq, **given: mq.fill(bytearray(b"x"), **given),
    "receive": lambda mq, **given: mq.receive(**given),
    "drain": lambda mq, **given: mq.drain(bytearray(), **given),
}
SENDING = pytest.mark.parametrize("call", ["send", "sendall", "fill"])
EVERY_CALL = pytest.mark.parametrize("call", CALLS)


@pytest.fixture
def mq_of(new_queue):
    return lambda: new_queue(NONBLOCKING)


NO_INDEX = [("5", TypeError), (None, TypeError), (5.0, TypeError), (object(), TypeError)]


@SENDING
@pytest.mark.parametrize(
    ("answer", "error"),
    [*NO_INDEX, (2**80, OverflowError), (-(2**80), OverflowError), (-1, OverflowError)],
)
def test_a_priority_whose_index_lies_is_refused(mq_of, call, answer, error):
    mq = mq_of()
    with pytest.raises(error):
        CALLS[call](mq, priority=answering("__index__", lambda _: answer))
    assert works(mq)


@SENDING
@pytest.mark.parametrize("error", ESCAPES)
def test_what_the_index_of_a_priority_raises_comes_through(mq_of, call, error):
    mq = mq_of()
    with pytest.raises(error):
        CALLS[call](mq, priority=answering("__index__", raising(error)))
    assert works(mq)


@SENDING
def test_a_priority_that_closes_the_queue_sends_nothing(mq_of, call):
    mq = mq_of()
    with pytest.raises(OSError, match=EBADF):
        CALLS[call](mq, priority=answering("__index__", closing(mq, 1)))


@pytest.mark.parametrize("argument", ["flags", "mode", "maxmsg", "msgsize"])
@pytest.mark.parametrize(
    ("method", "error"),
    [
        *((lambda _, answer=answer: answer, error) for answer, error in NO_INDEX),
        (lambda _: 2**80, OverflowError),
        *((raising(error), error) for error in ESCAPES),
    ],
)
def test_an_index_that_lies_or_raises_makes_no_queue(new_name, argument, method, error):
    name = new_name()
    given = {"flags": NONBLOCKING, argument: answering("__index__", method)}
    with pytest.raises(error):
        MessageQueue(name, **given)
    with pytest.raises(FileNotFoundError):
        unlink(name)


def test_an_int_subclass_is_the_number_that_it_holds(mq_of):
    methods = ["__index__", "__int__", "__eq__", "__hash__", "__bool__", "__repr__", "__lt__"]
    hostile = type("Hostile", (int,), dict.fromkeys(methods, raising(ZeroDivisionError)))
    mq = mq_of()
    mq.send(b"low", 1)
    mq.send(b"high", hostile(2))
    mq.notify(hostile(10))
    mq.notify()
    with pytest.raises(ValueError, match="signal number"):
        mq.notify(hostile(10**30))
    assert (mq.receive(), mq.receive()) == (b"high", b"low")


def test_a_signal_number_is_an_int_and_nothing_like_one(mq_of):
    mq = mq_of()
    for hostile in (
        answering("__index__", lambda _: 10),
        answering("__int__", lambda _: 10),
        answering("__class__", property(lambda _: int)),
    ):
        with pytest.raises(TypeError):
            mq.notify(hostile)
    assert works(mq)


@EVERY_CALL
@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        *(("__float__", answer, TypeError) for answer in ("5", None, 2**80, object())),
        *(("__float__", answer, ValueError) for answer in (math.nan, -math.inf, -1.0, -5e-324)),
        ("__index__", "5", TypeError),
        ("__index__", -1, ValueError),
        ("__index__", 10**400, OverflowError),
        ("__int__", 5, TypeError),
    ],
)
def test_a_timeout_that_lies_is_refused(mq_of, call, method, answer, error):
    mq = mq_of()
    with pytest.raises(error):
        CALLS[call](mq, timeout=answering(method, lambda _: answer))
    assert works(mq)


@EVERY_CALL
@pytest.mark.parametrize("method", ["__float__", "__index__"])
@pytest.mark.parametrize("error", ESCAPES)
def test_what_a_timeout_raises_comes_through(mq_of, call, method, error):
    mq = mq_of()
    with pytest.raises(error):
        CALLS[call](mq, timeout=answering(method, raising(error)))
    assert works(mq)


@EVERY_CALL
def test_a_timeout_that_closes_the_queue_finds_it_closed(mq_of, call):
    mq = mq_of()
    with pytest.raises(OSError, match=EBADF):
        CALLS[call](mq, timeout=answering("__float__", closing(mq, 1.0)))


def test_a_float_subclass_is_the_number_that_it_holds(mq_of):
    methods = ["__float__", "__index__", "__lt__", "__eq__", "__hash__", "__repr__"]
    hostile = type("Hostile", (float,), dict.fromkeys(methods, raising(ZeroDivisionError)))
    mq = mq_of()
    assert mq.send(b"x", timeout=hostile(0.5)) == 1
    with pytest.raises(ValueError, match="timeout"):
        mq.receive(timeout=hostile(-0.5))
    assert mq.receive(timeout=hostile(math.inf)) == b"x"


@pytest.mark.parametrize("attribute", ["blocking", "owner"])
@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        *(("__bool__", lambda _, answer=answer: answer, TypeError) for answer in (1, None, "")),
        *(("__bool__", raising(error), error) for error in ESCAPES),
        ("__len__", lambda _: -1, ValueError),
        ("__len__", lambda _: 2**80, OverflowError),
        ("__len__", lambda _: "5", TypeError),
    ],
)
def test_a_truth_that_lies_or_raises_changes_nothing(mq_of, attribute, method, answer, error):
    mq = mq_of()
    before = getattr(mq, attribute)
    with pytest.raises(error):
        setattr(mq, attribute, answering(method, answer))
    assert getattr(mq, attribute) == before
    assert works(mq)


@pytest.mark.parametrize("attribute", ["blocking", "owner"])
def test_a_truth_that_closes_the_queue_finds_it_closed(mq_of, attribute):
    mq = mq_of()
    with pytest.raises(OSError, match=EBADF):
        setattr(mq, attribute, answering("__bool__", closing(mq, True)))
