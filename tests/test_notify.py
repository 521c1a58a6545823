"""notify(): being told, once, that a message arrived on an empty queue."""

import errno
import functools
import threading
import weakref
from queue import SimpleQueue

import pytest
from observe import is_registered

from mood.mqueue import MessageQueue

BUSY = rf"^\[Errno {errno.EBUSY}\] .*registered"

BUSY_THERE = """
import os, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR)
mq.notify()
try:
    mq.notify(None)
except OSError as error:
    print(error.errno, "registered" in error.strerror, error.filename == sys.argv[1])
"""

REGISTER_THERE = """
import os, sys
from mood.mqueue import MessageQueue
MessageQueue(sys.argv[1], os.O_RDWR).notify(None)
"""


class Inbox:
    """Callbacks, and the queues that they were called with."""

    def __init__(self):
        self.queues: SimpleQueue = SimpleQueue()

    def __call__(self, mq):
        self.queues.put(mq)

    def method(self, mq):
        self.queues.put(mq)

    def wait(self):
        return self.queues.get(timeout=10)

    def empty(self):
        return self.queues.empty()


def test_a_callback_is_invoked_with_the_queue_as_sole_argument(new_queue):
    mq = new_queue()
    told: SimpleQueue = SimpleQueue()
    mq.notify(lambda *arguments, **keywords: told.put((arguments, keywords)))
    mq.send(b"")
    assert told.get(timeout=10) == ((mq,), {})


def test_a_callback_is_named_by_keyword_too(new_queue):
    mq, inbox = new_queue(), Inbox()
    mq.notify(callback=inbox)
    mq.send(b"")
    assert inbox.wait() is mq


def test_a_callback_is_invoked_in_a_new_thread(new_queue):
    mq = new_queue()
    told: SimpleQueue = SimpleQueue()
    mq.notify(lambda _: told.put(threading.get_ident()))
    mq.send(b"")
    assert told.get(timeout=10) != threading.get_ident()


def test_callbacks_run_at_the_same_time(new_queue):
    queues = [new_queue() for _ in range(3)]
    together = threading.Barrier(4)
    for mq in queues:
        mq.notify(lambda _: together.wait(10))
        mq.send(b"")
    assert together.wait(10) in range(4)


@pytest.mark.parametrize(
    "kind",
    [
        lambda inbox: inbox,
        lambda inbox: inbox.method,
        lambda inbox: inbox.queues.put,
        lambda inbox: functools.partial(inbox.queues.put),
        lambda inbox: type("Made", (), {"__init__": lambda _, mq: inbox.queues.put(mq)}),
    ],
    ids=["object", "method", "builtin", "partial", "class"],
)
def test_any_callable_will_do(new_queue, kind):
    mq, inbox = new_queue(), Inbox()
    mq.notify(kind(inbox))
    mq.send(b"")
    assert inbox.wait() is mq


def test_a_subclass_instance_is_what_the_callback_gets(new_queue):
    sub = type("Sub", (MessageQueue,), {})
    mq, inbox = new_queue(cls=sub), Inbox()
    mq.notify(inbox)
    mq.send(b"")
    assert inbox.wait() is mq


def test_a_message_from_another_process_notifies(new_queue, run_python):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    run_python(
        "import os, sys; from mood.mqueue import MessageQueue\n"
        "MessageQueue(sys.argv[1], os.O_WRONLY).send(b'')",
        mq.name,
    )
    assert inbox.wait() is mq


def test_notification_occurs_only_when_the_queue_was_empty(new_queue):
    mq, inbox = new_queue(), Inbox()
    mq.send(b"first")
    mq.notify(inbox)
    mq.send(b"second")
    assert is_registered(mq)
    mq.receive()
    mq.receive()
    assert inbox.empty()
    mq.send(b"third")
    inbox.wait()
    assert len(mq) == 1


def test_a_waiting_receive_gets_the_message_and_the_registration_remains(new_queue, eventually):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    received: SimpleQueue = SimpleQueue()
    thread = threading.Thread(target=lambda: received.put(mq.receive()), daemon=True)
    thread.start()

    def asleep():
        with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
            return state.read().split()[1:2] == [hex(mq.fileno())]

    eventually(asleep)
    mq.send(b"theirs")
    assert received.get(timeout=10) == b"theirs"
    thread.join()
    assert inbox.empty()
    assert is_registered(mq)
    mq.send(b"told")
    inbox.wait()


def test_notification_occurs_once(new_queue):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    mq.send(b"")
    inbox.wait()
    mq.receive()
    assert not is_registered(mq)
    mq.send(b"")
    assert inbox.empty()


def test_after_notification_another_process_can_register(new_queue, run_python):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    mq.send(b"")
    inbox.wait()
    run_python(REGISTER_THERE, mq.name)


def test_a_callback_may_register_again(new_queue):
    mq, inbox = new_queue(), Inbox()

    def callback(queue):
        queue.notify(callback)
        queue.receive()
        inbox(queue)

    mq.notify(callback)
    for _ in range(5):
        mq.send(b"")
        assert inbox.wait() is mq
    mq.notify()


def test_a_callback_may_close_the_queue(new_queue, eventually):
    mq = new_queue()
    mq.notify(MessageQueue.close)
    mq.send(b"")
    eventually(lambda: mq.closed)


def test_none_registers_and_sends_no_notification(new_queue, run_python):
    mq = new_queue()
    mq.notify(None)
    assert run_python(BUSY_THERE, mq.name) == "16 True True\n"
    mq.send(b"")
    run_python(REGISTER_THERE, mq.name)


@pytest.mark.parametrize("second", [None, 10, print], ids=["None", "signal", "callback"])
def test_a_second_registration_in_this_process_raises_ebusy(new_queue, second):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    with pytest.raises(OSError, match=BUSY) as caught:
        mq.notify(second)
    assert caught.value.filename == mq.name
    mq.send(b"")
    assert inbox.wait() is mq


def test_only_one_process_can_be_registered(new_queue, run_python):
    mq, inbox = new_queue(), Inbox()
    mq.notify(inbox)
    assert run_python(BUSY_THERE, mq.name) == "16 True True\n"
    mq.send(b"")
    assert inbox.wait() is mq


@pytest.mark.parametrize("value", [True, False])
def test_notify_refuses_a_bool_and_registers_nothing(new_queue, value):
    mq = new_queue()
    with pytest.raises(TypeError, match="a signal number or None is required, not bool"):
        mq.notify(value)
    assert not is_registered(mq)


@pytest.mark.parametrize("number", [0, 65, -1, 2**31, 2**70, -(2**70)])
def test_a_number_that_is_no_signal_raises_valueerror(new_queue, number):
    mq = new_queue()
    with pytest.raises(ValueError, match="signal number out of range"):
        mq.notify(number)
    assert not is_registered(mq)


@pytest.mark.parametrize("given", [1.0, "1", b"1", (), [print], ..., object()], ids=repr)
def test_what_is_no_callback_raises_typeerror(new_queue, given):
    mq = new_queue()
    with pytest.raises(TypeError):
        mq.notify(given)
    assert not is_registered(mq)


def test_more_than_one_argument_raises_typeerror(new_queue):
    mq = new_queue()
    with pytest.raises(TypeError):
        mq.notify(print, print)


@pytest.fixture
def unraisable(monkeypatch):
    """What sys.unraisablehook is told: types and texts."""
    told: SimpleQueue = SimpleQueue()
    monkeypatch.setattr(
        "sys.unraisablehook", lambda args: told.put((args.exc_type, str(args.exc_value)))
    )
    return told


@pytest.mark.thread_unsafe(reason="replaces sys.unraisablehook")
def test_callback_exception_goes_to_sys_unraisablehook(new_queue, unraisable):
    def callback(_):
        raise LookupError("in the callback")

    mq, inbox = new_queue(), Inbox()
    mq.notify(callback)
    mq.send(b"")
    assert unraisable.get(timeout=10) == (LookupError, "in the callback")
    mq.receive()
    mq.notify(inbox)
    mq.send(b"")
    assert inbox.wait() is mq


@pytest.mark.thread_unsafe(reason="replaces sys.unraisablehook")
def test_systemexit_in_a_callback_is_quiet(new_queue, unraisable, eventually):
    def callback(_):
        raise SystemExit(3)

    mq = new_queue()
    reference = weakref.ref(callback)
    mq.notify(callback)
    mq.send(b"")
    del callback
    eventually(lambda: reference() is None)
    assert unraisable.empty()
