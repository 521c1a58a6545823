"""Code that runs in the middle of a call: of arguments, of signal handlers, of callbacks."""

# mypy: disable-error-code="misc"

import errno
import os
import sys
from queue import SimpleQueue

import pytest
from observe import is_in_the_system

from mood.mqueue import MessageQueue

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL

has_buffer = pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")


class Asked:
    """Does something when it is asked for its value, and then has one."""

    def __init__(self, first, value):
        self.first = first
        self.value = value

    def answer(self, *arguments):
        self.first()
        return self.value

    __index__ = __bool__ = __fspath__ = answer

    def __float__(self):
        return float(self.answer())

    def __buffer__(self, flags):
        return memoryview(self.answer())


def closed():
    return pytest.raises(OSError, match="closed", check=lambda error: error.errno == errno.EBADF)


# Arguments

# The call, a value, and how many messages there are after it if there was one before.
CALLS = {
    "priority of send": (lambda mq, asked: mq.send(b"x", asked), 1, 2),
    "priority of sendall": (lambda mq, asked: mq.sendall(b"x", priority=asked), 1, 2),
    "priority of fill": (lambda mq, asked: mq.fill(bytearray(b"x"), asked), 1, 2),
    "timeout of send": (lambda mq, asked: mq.send(b"x", timeout=asked), 1, 2),
    "timeout of receive": (lambda mq, asked: mq.receive(asked), 1, 0),
    "timeout of drain": (lambda mq, asked: mq.drain(bytearray(), asked), 1, 0),
    "timeout of fill": (lambda mq, asked: mq.fill(bytearray(b"x"), timeout=asked), 1, 2),
    "blocking": (lambda mq, asked: setattr(mq, "blocking", asked), True, 1),
    "owner": (lambda mq, asked: setattr(mq, "owner", asked), True, 1),
}


@pytest.mark.parametrize("argument", CALLS)
def test_an_argument_may_close_the_queue(new_queue, argument):
    call, value, _ = CALLS[argument]
    mq = new_queue()
    mq.send(b"x")
    with closed():
        call(mq, Asked(mq.close, value))
    assert not is_in_the_system(mq.name)


@pytest.mark.parametrize("argument", CALLS)
def test_an_argument_may_use_the_queue(new_queue, argument):
    call, value, left = CALLS[argument]
    mq = new_queue()

    def use():
        mq.notify(None)
        mq.notify()
        mq.send(b"inner")
        mq.drain(bytearray())
        mq.send(b"left")

    call(mq, Asked(use, value))
    assert len(mq) == left


@has_buffer
@pytest.mark.parametrize("method", ["send", "sendall"])
@pytest.mark.parametrize(
    "use",
    [
        lambda mq: mq.notify(lambda _: None),
        lambda mq: mq.drain(bytearray()),
        lambda mq: mq.unlink(),
        lambda mq: setattr(mq, "owner", False),
        lambda mq: mq.send(Asked(mq.receive, b"inner")),
    ],
    ids=["notify", "drain", "unlink", "owner", "send"],
)
def test_the_message_may_use_the_queue(new_queue, method, use):
    mq = new_queue()
    mq.send(b"first")
    getattr(mq, method)(Asked(lambda: use(mq), b"last"))
    mq.owner = True
    received = [mq.receive() for _ in range(len(mq))]
    assert received[-1] == b"last"


ARGUMENTS = {
    "name": lambda name, asked: ((asked, NEW), {}),
    "flags": lambda name, asked: ((name, asked), {}),
    "mode": lambda name, asked: ((name, NEW), {"mode": asked}),
    "maxmsg": lambda name, asked: ((name, NEW), {"maxmsg": asked}),
    "msgsize": lambda name, asked: ((name, NEW), {"msgsize": asked}),
}


def arguments_of(argument, name, first):
    values = {"name": name, "flags": NEW, "mode": 0o600, "maxmsg": 1, "msgsize": 8}
    given, keywords = ARGUMENTS[argument](name, Asked(first, values[argument]))
    return given, {"maxmsg": 1, "msgsize": 8} | keywords


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_may_open_the_same_object_first(new_name, argument):
    name, inner = new_name(), new_name()
    mq = MessageQueue.__new__(MessageQueue)
    given, keywords = arguments_of(
        argument, name, lambda: MessageQueue.__init__(mq, inner, NEW, maxmsg=2, msgsize=16)
    )
    try:
        MessageQueue.__init__(mq, *given, **keywords)
    except RuntimeError:
        # Which of the two it is does not matter, but it must be one.
        assert (mq.name, mq.maxmsg, mq.msgsize) == (inner, 2, 16)
        assert not is_in_the_system(name)
    mq.send(b"works")
    assert mq.receive() == b"works"
    mq.close()
    assert not is_in_the_system(inner)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_may_make_the_queue_first(new_name, argument):
    name, made = new_name(), []
    given, keywords = arguments_of(
        argument, name, lambda: made.append(MessageQueue(name, NEW, maxmsg=1, msgsize=8))
    )
    with pytest.raises(FileExistsError):
        MessageQueue(*given, **keywords)
    made[0].send(b"works")


def test_the_number_of_a_signal_may_close_the_queue(new_queue):
    mq = new_queue()

    class Number(int):
        def __index__(self):
            mq.close()
            return 10

        __int__ = __index__

    # Python's own number counts, without a question to the class.
    mq.notify(Number(10))
    assert not mq.closed


# Callbacks


def ask(told):
    answer = told.get(timeout=10)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def arm(mq, told, call):
    def callback(queue):
        try:
            told.put(call(queue))
        except BaseException as error:
            told.put(error.with_traceback(None))

    mq.notify(callback)


IN_A_CALLBACK = {
    "receive": (lambda mq: mq.receive(), b"message"),
    "receive until a time": (lambda mq: mq.receive(timeout=10), b"message"),
    "drain": (lambda mq: (mq.drain(bytearray()), len(mq)), (False, 0)),
    "send": (lambda mq: (mq.send(b"another"), len(mq)), (7, 2)),
    "fill": (lambda mq: (mq.fill(bytearray(100)), len(mq)), (None, 3)),
    "notify()": (lambda mq: mq.notify(), None),
    "notify(None)": (lambda mq: (mq.notify(None), mq.notify()), (None, None)),
    "close": (lambda mq: (mq.close(), mq.closed), (None, True)),
    "unlink": (lambda mq: mq.unlink(), None),
    "set blocking": (lambda mq: (setattr(mq, "blocking", False), mq.blocking), (None, False)),
}


@pytest.mark.parametrize("what", IN_A_CALLBACK)
def test_a_callback_may_do_anything_with_its_queue(new_queue, what):
    mq, told = new_queue(), SimpleQueue()
    call, expected = IN_A_CALLBACK[what]
    arm(mq, told, call)
    mq.send(b"message")
    assert ask(told) == expected


def test_a_callback_may_register_for_another_queue(new_queue):
    queues, told = [new_queue() for _ in range(5)], SimpleQueue()

    def callback(mq):
        rest = queues[queues.index(mq) + 1 :]
        if rest:
            rest[0].notify(callback)
            rest[0].send(b"")
        else:
            told.put(mq.name)

    queues[0].notify(callback)
    queues[0].send(b"")
    assert ask(told) == queues[-1].name
    queues.clear()


def test_a_callback_may_set_off_the_next_itself(new_queue):
    mq, told, turns = new_queue(), SimpleQueue(), []

    def callback(queue):
        turns.append(queue.receive())
        if len(turns) < 50:
            queue.notify(callback)
            queue.send(b"%d" % len(turns))
        else:
            told.put(len(turns))

    mq.notify(callback)
    mq.send(b"0")
    assert ask(told) == 50
    assert turns == [b"%d" % n for n in range(50)]


def test_a_callback_may_close_one_queue_and_use_another_of_the_name(new_queue):
    mq, told = new_queue(), SimpleQueue()

    def again(queue):
        name = queue.name
        queue.close()
        with MessageQueue(name, NEW, maxmsg=1, msgsize=8) as other:
            other.send(b"other")
            return other.receive()

    arm(mq, told, again)
    mq.send(b"message")
    assert ask(told) == b"other"
    assert mq.closed


@pytest.mark.thread_unsafe(reason="replaces sys.unraisablehook")
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, BaseException, MemoryError])
def test_raising_callback_does_not_stop_the_next_one(new_queue, monkeypatch, error):
    raised, told = SimpleQueue(), SimpleQueue()
    monkeypatch.setattr("sys.unraisablehook", lambda args: raised.put(args.exc_type))
    mq = new_queue()

    def callback(_):
        raise error

    mq.notify(callback)
    mq.send(b"")
    assert raised.get(timeout=10) is error
    mq.receive()
    arm(mq, told, MessageQueue.receive)
    mq.send(b"next")
    assert ask(told) == b"next"
