"""The document, sentence by sentence: what notify() can be called with."""

import os
import queue
import signal
import threading

import pytest
from observe import is_registered

ELSEWHERE = """
import errno, os, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR)
try:
    print(mq.notify(*[None] * (sys.argv[2] == "register")))
except OSError as error:
    print(errno.errorcode[error.errno])
"""


@pytest.fixture(scope="session")
def elsewhere(run_python):
    """Registers or unregisters another process, which ends at once."""

    def notify(mq, what):
        return run_python(ELSEWHERE, mq.name, what).strip()

    return notify


def mailbox():
    return queue.SimpleQueue()


def test_without_argument_the_registration_is_removed(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.notify(lambda _: calls.put("removed"))
    mq.notify()
    assert not is_registered(mq)
    mq.notify(lambda _: calls.put("registered"))
    mq.send(b"message")
    assert calls.get(timeout=10) == "registered"
    assert calls.empty()


def test_without_argument_another_process_can_then_register(new_queue, elsewhere):
    mq = new_queue()
    mq.notify(None)
    assert elsewhere(mq, "register") == "EBUSY"
    mq.notify()
    assert elsewhere(mq, "register") == "None"


def test_without_argument_a_process_that_is_not_registered_changes_nothing(new_queue, elsewhere):
    mq = new_queue()
    mq.notify()
    mq.notify(None)
    assert elsewhere(mq, "unregister") == "None"
    assert elsewhere(mq, "register") == "EBUSY"
    assert is_registered(mq)


def test_none_registers_and_sends_no_notification(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.notify(calls.put)
    mq.notify()
    mq.notify(None)
    assert is_registered(mq)
    mq.send(b"message")
    assert not is_registered(mq)
    assert calls.empty()


@pytest.mark.thread_unsafe(reason="signal handlers belong to the process")
@pytest.mark.parametrize(
    "number", [signal.SIGUSR1, int(signal.SIGUSR2), signal.SIGRTMIN, signal.SIGRTMAX]
)
def test_a_signal_number_notifies_the_process_by_that_signal(new_queue, eventually, number):
    mq, caught = new_queue(), []
    before = signal.signal(number, lambda number, _: caught.append(number))
    try:
        mq.notify(number)
        mq.send(b"message")
        eventually(lambda: caught)
    finally:
        signal.signal(number, before)
    assert caught == [number]


def test_a_callable_is_invoked_with_the_queue_as_sole_argument(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.notify(lambda *args, **keywords: calls.put((args, keywords)))
    mq.send(b"message")
    assert calls.get(timeout=10) == ((mq,), {})


def test_a_callable_is_invoked_in_a_new_thread(new_queue):
    mq, threads = new_queue(), mailbox()
    mq.notify(lambda _: threads.put(threading.get_native_id()))
    before = {int(thread) for thread in os.listdir("/proc/self/task")}
    mq.send(b"message")
    assert threads.get(timeout=10) not in before


def test_a_callable_is_invoked_upon_message_delivery(new_queue):
    mq, seen = new_queue(), mailbox()
    mq.notify(lambda mq: seen.put(len(mq)))
    assert seen.empty()
    mq.send(b"message")
    assert seen.get(timeout=10) == 1
