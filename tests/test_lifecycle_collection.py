"""Queues and callbacks that are collected: in which order, where, and by whom."""

import errno
import gc
import os
import weakref
from queue import SimpleQueue

import pytest
from observe import is_in_the_system, is_registered

from mood.mqueue import MessageQueue

AT_EXIT = """
import atexit, builtins, contextvars, functools, os, sys, threading, types, weakref
from mood.mqueue import MessageQueue

def new(cls=MessageQueue, number=0):
    return cls(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)

class Sub(MessageQueue):
    pass
"""

# Where a queue is when the interpreter ends.
KEPT = {
    "in a list": "kept = [new()]",
    "in a class": "class Kept: mq = new()",
    "in a default argument": "def kept(mq=new()): pass",
    "in a closure": "kept = (lambda mq: lambda: mq)(new())",
    "in sys": "sys.kept = new()",
    "in builtins": "builtins.kept = new()",
    "in another module": "sys.modules['kept'] = types.ModuleType('kept')\n"
    "sys.modules['kept'].mq = new()",
    "in a thread's locals": "kept = threading.local()\nkept.mq = new()",
    "in a context": "kept = contextvars.ContextVar('kept')\nkept.set(new())",
    "in an atexit function": "atexit.register(lambda mq: None, new())",
    "in a suspended generator": "def kept():\n    with new():\n        yield\n"
    "kept = kept()\nnext(kept)",
    "in a cycle with its callback": "mq = new(Sub)\nmq.method = lambda queue: mq\n"
    "mq.notify(mq.method)",
    "in its callback": "mq = new()\nmq.notify(functools.partial(print, mq))\ndel mq",
    "with a callback that uses it when collected": """
class Callback:
    def __init__(self, mq):
        self.mq = mq
    def __call__(self, queue):
        pass
    def __del__(self):
        self.mq.notify()
        self.mq.send(b"")
        self.mq.receive()
        self.mq.close()
mq = new()
mq.notify(Callback(mq))
""",
    "used by its own finaliser": """
class Del(MessageQueue):
    def __del__(self):
        self.notify(self.close)
        self.notify()
        self.send(b"last")
        self.receive()
mq = new(Del)
mq.itself = mq
""",
    "armed by a finaliser": """
class Del(MessageQueue):
    def __del__(self):
        self.notify(print)
mq = new(Del)
""",
}


class Callback:
    """Refers to a queue, and does something when it is collected."""

    def __init__(self, mq=None, last=None):
        self.mq = mq
        self.last = last

    def __call__(self, mq):
        pass

    def __del__(self):
        if self.last is not None:
            self.last(self.mq)


class Sub(MessageQueue):
    def arrived(self, mq):
        pass


class Lazarus(MessageQueue):
    """Comes back once."""

    def __init__(self, *arguments, back, **sizes):
        super().__init__(*arguments, **sizes)
        self.back = back

    def __del__(self):
        if self.back is not None:
            back, self.back = self.back, None
            back.put(self)


def collected(reference):
    def is_gone():
        # It does nothing while another thread collects.
        gc.collect()
        return reference() is None

    return is_gone


def test_a_queue_may_go_before_its_callback(new_queue, eventually):
    other = new_queue()
    mq, callback = MessageQueue(other.name, os.O_RDWR), Callback()
    gone = weakref.ref(callback)
    mq.notify(callback)
    del mq
    assert not is_registered(other)
    del callback
    eventually(lambda: gone() is None)


def test_a_callback_may_be_the_queues_alone(new_queue, eventually):
    mq, told = new_queue(), SimpleQueue()
    mq.notify(lambda _: told.put("told"))
    gc.collect()
    mq.send(b"")
    assert told.get(timeout=10) == "told"


@pytest.mark.parametrize(
    "callback",
    [
        lambda mq: mq.arrived,
        Callback,
        lambda mq: [mq].append,
        lambda mq: lambda _: mq,
    ],
    ids=["its own method", "object", "method of a list", "closure"],
)
def test_a_queue_in_its_callback_is_collected_and_unregistered(new_queue, eventually, callback):
    other = new_queue()

    def make():
        mq = Sub(other.name, os.O_RDWR)
        mq.notify(callback(mq))
        return weakref.ref(mq)

    eventually(collected(make()))
    assert not is_registered(other)


def test_a_callback_in_itself_is_collected_with_its_queue(new_queue, eventually):
    def make():
        mq = new_queue()

        def again(queue):
            queue.notify(again)

        mq.notify(again)
        return weakref.ref(again)

    eventually(collected(make()))


def test_a_callback_that_runs_may_have_the_last_reference(new_queue, eventually):
    mq, told, go = new_queue(), SimpleQueue(), SimpleQueue()
    name = mq.name

    def callback(queue):
        told.put(queue.fileno())
        go.get(timeout=10)
        told.put(queue.receive())

    mq.notify(callback)
    mq.send(b"alone")
    told.get(timeout=10)
    del mq
    assert is_in_the_system(name)
    go.put(None)
    assert told.get(timeout=10) == b"alone"
    eventually(lambda: not is_in_the_system(name))


@pytest.mark.parametrize(
    "last",
    [
        MessageQueue.close,
        MessageQueue.notify,
        lambda mq: mq.notify(print),
        lambda mq: mq.send(b"last"),
        lambda mq: mq.unlink(),
    ],
    ids=["close", "notify()", "notify(callback)", "send", "unlink"],
)
@pytest.mark.parametrize("how", ["notify", "close", "collect"])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_callback_may_use_its_queue_when_it_is_collected(new_queue, eventually, last, how):
    done = []

    def guarded(mq):
        try:
            last(mq)
        except OSError as error:
            done.append(error.errno)
        else:
            done.append(None)

    def make():
        mq = new_queue()
        mq.notify(Callback(mq, guarded))
        if how != "collect":
            getattr(mq, how)()
        return weakref.ref(mq)

    eventually(collected(make()))
    # Closed already, or registered still.
    assert done in ([None], [errno.EBADF], [errno.EBUSY])


def test_a_queue_may_come_back_from_its_finaliser(new_queue, eventually):
    back = SimpleQueue()
    mq = new_queue(cls=lambda *arguments, **sizes: Lazarus(*arguments, back=back, **sizes))
    name = mq.name
    mq.itself = mq
    mq.notify(lambda _: None)
    del mq

    def is_back():
        gc.collect()
        return not back.empty()

    eventually(is_back)
    mq = back.get()
    del mq.itself
    assert is_registered(mq)
    mq.send(b"alive")
    assert mq.receive() == b"alive"
    del mq
    assert not is_in_the_system(name)


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("where", KEPT)
def test_a_queue_goes_with_the_interpreter_quietly(run_python, new_name, where):
    name = new_name()
    assert run_python(AT_EXIT + KEPT[where], name) == ""
    assert not is_in_the_system(name)
