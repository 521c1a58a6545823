"""Notifications that are not wanted any more, and what is kept of them."""

import gc
import os
import weakref
from queue import SimpleQueue

import pytest
from observe import is_registered

from mood.mqueue import MessageQueue

REGISTER_THERE = """
import os, sys
from mood.mqueue import MessageQueue
MessageQueue(sys.argv[1], os.O_RDWR).notify(None)
"""

# next(numbers, queue) is one call of C: a function in Python could be stopped after it started and
# before its first line.
UNREGISTER_RACE = """
import functools, operator, os, sys, time, weakref
from mood.mqueue import MessageQueue

mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
callbacks, counts = [], []

def race():
    numbers = iter(range(9))
    callback = functools.partial(next, numbers)
    callbacks.append(weakref.ref(callback))
    mq.notify(callback)
    mq.send(b"")
    mq.notify()
    counts.append((numbers, operator.length_hint(numbers)))
    mq.receive()

for number in range(600):
    race()
    if number % 3 == 0:
        time.sleep(0)
while any(callback() for callback in callbacks):
    time.sleep(0.001)
print(sum(operator.length_hint(numbers) != then for numbers, then in counts))
"""


class Inbox:
    """A callback, and the queues that it was called with."""

    def __init__(self):
        self.queues: SimpleQueue = SimpleQueue()

    def __call__(self, mq):
        self.queues.put(mq)


def test_notify_without_an_argument_removes_the_registration(new_queue, run_python):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    mq.notify()
    run_python(REGISTER_THERE, mq.name)
    mq.send(b"")
    assert inbox.queues.empty()


def test_to_unregister_without_being_registered_does_nothing(new_queue):
    mq = new_queue()
    assert mq.notify() is None


# In a process of its own: so many registrations at once need more than one dispatcher.
@pytest.mark.thread_unsafe(reason="starts a process")
def test_no_callback_starts_once_notify_has_unregistered_it(new_name, run_python):
    assert run_python(UNREGISTER_RACE, new_name()) == "0\n"


def test_another_object_of_the_queue_may_unregister(new_queue, eventually):
    mq, inbox = new_queue(), Inbox()
    other = MessageQueue(mq.name, os.O_RDONLY)
    reference, queues = weakref.ref(inbox), inbox.queues
    mq.notify(inbox)
    del inbox
    other.notify()
    assert not is_registered(mq)
    eventually(lambda: reference() is None)
    mq.send(b"")
    assert queues.empty()


# A trap of the kernel, and documented.
def test_closing_any_object_of_the_queue_unregisters(new_queue, eventually):
    mq, inbox = new_queue(), Inbox()
    reference = weakref.ref(inbox)
    mq.notify(inbox)
    del inbox
    MessageQueue(mq.name, os.O_RDONLY).close()
    assert not is_registered(mq)
    eventually(lambda: reference() is None)


def test_close_drops_the_callback(new_queue, eventually):
    mq, inbox = new_queue(), Inbox()
    reference = weakref.ref(inbox)
    mq.notify(inbox)
    del inbox
    mq.close()
    eventually(lambda: reference() is None)


def test_a_queue_collected_while_registered_is_unregistered(new_queue, run_python):
    owner = new_queue()
    mq = MessageQueue(owner.name, os.O_RDWR)
    mq.notify(print)
    del mq
    gc.collect()
    run_python(REGISTER_THERE, owner.name)


def test_a_callback_that_refers_to_its_queue_does_not_keep_it(new_queue, eventually):
    mq = new_queue()
    reference = weakref.ref(mq)

    def callback(_, kept=mq):
        return kept

    mq.notify(callback)
    del mq, callback

    def gone():
        gc.collect()
        return reference() is None

    eventually(gone)


def test_nothing_is_kept_after_the_callback_has_run(new_queue, eventually):
    mq, inbox = new_queue(), Inbox()
    references = weakref.ref(inbox), weakref.ref(mq)
    mq.notify(inbox)
    mq.send(b"")
    inbox.queues.get(timeout=10)
    del inbox, mq
    eventually(lambda: [reference() for reference in references] == [None, None])


def test_a_refused_callback_is_not_kept(new_queue):
    mq, inbox = new_queue(), Inbox()
    reference = weakref.ref(inbox)
    mq.notify(None)
    with pytest.raises(OSError, match="registered"):
        mq.notify(inbox)
    del inbox
    gc.collect()
    assert reference() is None
