"""Callbacks made to break things: what they raise is reported, and the queue goes on."""

import contextlib
import os
import queue

import pytest

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK


def raising(*_):
    raise ZeroDivisionError


def works(mq):
    mq.send(b"fine", 3)
    return mq.receive() == b"fine" and len(mq) == 0


@pytest.fixture
def mq_of(new_queue):
    return lambda: new_queue(NONBLOCKING)


class Callable:
    """A callback that can be called and nothing else."""

    __eq__ = __hash__ = __repr__ = __str__ = __bool__ = __getattribute__ = raising

    def __init__(self, call=None):
        object.__setattr__(self, "_call", call)

    def __call__(self, mq):
        object.__getattribute__(self, "_call")(mq)


def test_a_callback_is_called_and_asked_for_nothing_else(mq_of):
    mq = mq_of()
    got: queue.SimpleQueue = queue.SimpleQueue()
    mq.notify(Callable(got.put))
    mq.send(b"x")
    assert got.get(timeout=20) is mq


def test_a_callback_that_is_refused_is_asked_for_nothing(mq_of):
    mq = mq_of()
    mq.notify(None)
    with pytest.raises(OSError, match="registered"):
        mq.notify(Callable())
    mq.notify()
    assert works(mq)


@pytest.mark.parametrize("end", ["notify", "close", "refused", "called"])
@pytest.mark.parametrize("act", ["close", "notify", "again", "len"])
def test_the_finaliser_of_a_callback_may_use_the_queue(mq_of, eventually, end, act):
    mq, gone = mq_of(), []

    acts = {
        "close": mq.close,
        "notify": mq.notify,
        "again": lambda: mq.notify(None),
        "len": mq.__len__,
    }

    class Final(Callable):
        def __del__(self):
            with contextlib.suppress(OSError):
                acts[act]()
            gone.append(True)

    if end == "refused":
        mq.notify(None)
        with pytest.raises(OSError, match="registered"):
            mq.notify(Final())
    else:
        mq.notify(Final(lambda _: None))
        {"notify": mq.notify, "close": mq.close, "called": lambda: mq.send(b"x")}[end]()
    eventually(lambda: gone)
    mq.close()


# What a thread raises is reported by CPython in the order that it likes: so by a hook of our own.
REPORTED = """
import os, sys, threading
from mood.mqueue import MessageQueue

reported = threading.Semaphore(0)
kinds = []
def hook(unraisable):
    kinds.append(unraisable.exc_type.__name__)
    reported.release()
sys.unraisablehook = hook

def raising(*_):
    raise ZeroDivisionError

class Raises:
    __call__ = __repr__ = __str__ = __eq__ = __hash__ = __del__ = raising

class Unusable(Exception):
    __str__ = __repr__ = __setattr__ = __getattribute__ = raising

def unusable(_):
    raise Unusable(5)

def recurses(mq):
    recurses(mq)

class Class:
    def __new__(cls, mq):
        raise KeyboardInterrupt

flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
with MessageQueue(sys.argv[1], flags, maxmsg=1, msgsize=8) as mq:
    mq.notify(Raises())
    mq.send(b"x")
    # Called, and then dropped.
    assert reported.acquire(timeout=20) and reported.acquire(timeout=20), kinds
    assert mq.receive() == b"x"
    for callback in unusable, recurses, Class, int:
        mq.notify(callback)
        mq.send(b"x")
        assert reported.acquire(timeout=20), kinds
        assert mq.receive() == b"x"
print(*kinds)
"""


def test_what_callbacks_raise_is_reported_once_each(run_python, new_name):
    printed = "ZeroDivisionError ZeroDivisionError Unusable RecursionError KeyboardInterrupt"
    assert run_python(REPORTED, new_name()) == printed + " TypeError\n"


# The exception of a signal handler is marked with what was sent, where it lets that happen.
UNMARKABLE = """
import os, signal, sys
from mood.mqueue import MessageQueue

class Unmarkable(Exception):
    def __setattr__(self, *_):
        raise ZeroDivisionError

def handler(*_):
    raise Unmarkable

signal.signal(signal.SIGALRM, handler)
flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
with MessageQueue(sys.argv[1], flags, maxmsg=1, msgsize=4) as mq:
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        mq.sendall(b"sentrest")
    except Unmarkable:
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(mq.receive())
"""


def test_an_exception_that_refuses_to_be_marked_is_raised_as_it_is(run_python, new_name):
    assert run_python(UNMARKABLE, new_name()) == "b'sent'\n"
