"""How a queue object comes to be, and how it goes."""

import copy
import errno
import gc
import os
import sys
import weakref

import pytest
from observe import descriptors_of, is_in_the_system

from mood.mqueue import LimitError, MessageQueue

CREATE = os.O_RDWR | os.O_CREAT


class Subclass(MessageQueue):
    pass


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


# __init__ again, and in vain


def test_a_second_init_is_refused_and_leaves_nothing(new_queue, new_name):
    mq, name = new_queue(), new_name()
    with pytest.raises(RuntimeError):
        MessageQueue.__init__(mq, name, CREATE, maxmsg=1, msgsize=1)
    assert not is_in_the_system(name)
    assert descriptors_of(name) == set()


def test_a_second_init_leaves_the_open_queue_as_it_was(new_queue):
    mq = new_queue()
    before = repr(mq), mq.fileno()
    mq.notify(None)
    with pytest.raises(RuntimeError):
        MessageQueue.__init__(mq, mq.name, CREATE | os.O_NONBLOCK)
    assert ((repr(mq), mq.fileno()), mq.blocking) == (before, True)
    assert descriptors_of(mq.name) == {mq.fileno()}
    with refused(errno.EBUSY):
        mq.notify(None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), TypeError),
        (("/jobs",), TypeError),
        ((None, CREATE), TypeError),
        (("/jobs", "r"), TypeError),
        (("jobs", CREATE), OSError),
        (("/jobs", os.O_ACCMODE), OSError),
        (("/jobs", CREATE, -1), OverflowError),
        (("/jobs", CREATE, 0o600, 2**70), OverflowError),
        (("/jobs", CREATE, 0o600, 2**40, 2**40), LimitError),
    ],
)
def test_an_init_that_fails_leaves_a_harmless_object(new_name, arguments, error):
    name = new_name()
    arguments = tuple(name if argument == "/jobs" else argument for argument in arguments)
    mq = MessageQueue.__new__(MessageQueue)
    with pytest.raises(error):
        MessageQueue.__init__(mq, *arguments)
    mq.close()
    assert (mq.closed, mq.fileno()) == (True, -1)
    with refused(errno.EBADF):
        mq.receive()
    assert not is_in_the_system(name)


def test_an_init_that_failed_can_be_tried_again(new_name):
    mq = MessageQueue.__new__(MessageQueue)
    with refused(errno.EINVAL):
        MessageQueue.__init__(mq, "no slash", CREATE)
    MessageQueue.__init__(mq, new_name(), CREATE, maxmsg=1, msgsize=8)
    assert (mq.send(b"message"), mq.receive()) == (7, b"message")


# What a class is asked for


def asked():
    """A class, and the names that it and its objects are asked for."""
    names = []

    class Asked(type):
        def __getattribute__(cls, name):
            names.append(name)
            return super().__getattribute__(name)

    class Queue(MessageQueue, metaclass=Asked):
        def __getattribute__(self, name):
            names.append(name)
            return super().__getattribute__(name)

    return Queue, names


# CPython remembers what it looked up by the address of the name, and so keeps it: a name made anew
# each time costs memory and drives other names out.
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda mq: type(mq).from_fd(os.dup(mq.fileno())), "__new__"),
        (lambda mq: type(mq).create_unique(maxmsg=1, msgsize=8), "__new__"),
        (lambda mq: mq.reopen(), "__new__"),
        (copy.copy, "__getstate__"),
    ],
    ids=["from_fd", "create_unique", "reopen", "copy"],
)
def test_the_names_that_are_looked_up_are_the_interpreters_own(new_queue, call, name):
    queue, names = asked()
    with new_queue(cls=queue) as mq:
        call(mq).close()
    assert name in names
    assert [name for name in names if name is not sys.intern(name)] == []


# Collection


def test_collection_closes_the_descriptor_and_removes_the_name(new_queue):
    mq = new_queue()
    name = mq.name
    assert descriptors_of(name) == {mq.fileno()}
    del mq
    assert descriptors_of(name) == set()
    assert not is_in_the_system(name)


def test_a_weak_reference_does_not_keep_the_queue(new_queue):
    mq = new_queue()
    told: list[object] = []
    gone = weakref.ref(mq, told.append)
    assert gone() is mq
    del mq
    assert gone() is None
    assert told == [gone]


def test_a_queue_in_a_cycle_with_its_callback_is_collected(new_queue, eventually):
    def make():
        mq = new_queue()
        mq.notify(lambda _: mq.send(b"message"))
        return mq.name, weakref.ref(mq)

    def is_gone():
        # It does nothing while another thread collects.
        gc.collect()
        return gone() is None

    name, gone = make()
    eventually(is_gone)
    assert descriptors_of(name) == set()
    assert not is_in_the_system(name)


def test_a_queue_in_a_cycle_with_itself_is_collected(new_queue, eventually):
    def make():
        mq = new_queue(cls=Subclass)
        mq.itself = mq
        return mq.name, weakref.ref(mq)

    def is_gone():
        gc.collect()
        return gone() is None

    name, gone = make()
    eventually(is_gone)
    assert not is_in_the_system(name)
