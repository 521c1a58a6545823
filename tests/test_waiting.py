"""Calls that wait: for a message, for room; and the mode that says whether they do."""

import contextlib
import fcntl
import os
import subprocess
import sys
import threading

import pytest

from mood.mqueue import MessageQueue

SEND = """
import os, sys
from mood.mqueue import MessageQueue
MessageQueue(sys.argv[1], os.O_WRONLY).send(b"from afar")
"""

RECEIVE = """
import os, sys
from mood.mqueue import MessageQueue
print(MessageQueue(sys.argv[1], os.O_RDONLY).receive())
"""

SET_NONBLOCKING_IN_A_CHILD = """
import os, sys
from mood.mqueue import MessageQueue

with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as mq:
    if os.fork() == 0:
        mq.blocking = False
        os._exit(0)
    os.wait()
    print(mq.blocking)
"""

# Looks at the flags of an inherited descriptor until its input ends.
WATCH_FLAGS = """
import fcntl, os, select, sys
fd, seen, looks = int(sys.argv[1]), 0, 0
print("watching", flush=True)
while looks < 1000 or not select.select([sys.stdin], [], [], 0)[0]:
    seen |= fcntl.fcntl(fd, fcntl.F_GETFL)
    looks += 1
print(bool(seen & os.O_NONBLOCK))
"""


class Call(threading.Thread):
    """A call in a thread of its own, and what it returned."""

    def __init__(self, call, *arguments):
        # A daemon, so that a call that never returns fails one test and not the whole run.
        super().__init__(daemon=True)
        self.call = call
        self.arguments = arguments
        self.returned = None
        self.start()

    def run(self):
        self.returned = self.call(*self.arguments)

    def sleeps_in(self, mq):
        with open(f"/proc/self/task/{self.native_id}/syscall") as state:
            return state.read().split()[1:2] == [hex(mq.fileno())]

    def end(self):
        self.join(10)
        assert not self.is_alive()
        return self.returned


@pytest.fixture
def full_queue(new_queue):
    def new(**sizes):
        mq = new_queue(**({"maxmsg": 1} | sizes))
        mq.send(b"first")
        return mq

    return new


def test_receive_waits_for_a_message(new_queue, eventually):
    mq = new_queue()
    call = Call(mq.receive)
    eventually(lambda: call.sleeps_in(mq))
    mq.send(b"here")
    assert call.end() == b"here"


def test_receive_waits_for_a_message_from_another_process(new_queue, eventually, run_python):
    mq = new_queue()
    call = Call(mq.receive)
    eventually(lambda: call.sleeps_in(mq))
    run_python(SEND, mq.name)
    assert call.end() == b"from afar"


def test_drain_waits_for_a_message(new_queue, eventually):
    mq = new_queue()
    buffer = bytearray(b"before ")
    call = Call(mq.drain, buffer)
    eventually(lambda: call.sleeps_in(mq))
    mq.send(b"here")
    assert call.end() is False
    assert buffer == b"before here"


def test_send_waits_for_room(full_queue, eventually):
    mq = full_queue()
    call = Call(mq.send, b"second")
    eventually(lambda: call.sleeps_in(mq))
    assert mq.receive() == b"first"
    assert call.end() == 6
    assert mq.receive() == b"second"


def test_send_waits_for_room_that_another_process_makes(full_queue, eventually, run_python):
    mq = full_queue()
    call = Call(mq.send, b"second")
    eventually(lambda: call.sleeps_in(mq))
    assert run_python(RECEIVE, mq.name) == "b'first'\n"
    assert call.end() == 6


@pytest.mark.parametrize("method", ["sendall", "fill"])
def test_sending_much_waits_for_room_again_and_again(full_queue, eventually, method):
    mq = full_queue(msgsize=8)
    call = Call(getattr(mq, method), bytearray(b"12345678abcdefgh-"))
    received = []
    for _ in range(3):
        eventually(lambda: call.sleeps_in(mq))
        received.append(mq.receive())
    assert call.end() is None
    assert [*received, mq.receive()] == [b"first", b"12345678", b"abcdefgh", b"-"]


def test_other_threads_run_while_one_waits(new_queue, eventually):
    mq = new_queue()
    waiting = Call(mq.receive)
    eventually(lambda: waiting.sleeps_in(mq))
    assert Call(sum, range(1000)).end() == 499500
    assert waiting.is_alive()
    mq.send(b"")
    waiting.end()


def test_a_large_message_is_waited_for_as_a_small_one(new_queue, eventually, private_ipc):
    with open("/proc/sys/fs/mqueue/msgsize_max") as limit:
        size = int(limit.read())
    mq = new_queue(maxmsg=1, msgsize=size)
    call = Call(mq.receive)
    eventually(lambda: call.sleeps_in(mq))
    message = bytes(range(256)) * (size // 256)
    mq.send(message)
    assert call.end() == message


@pytest.mark.parametrize(("flag", "blocking"), [(0, True), (os.O_NONBLOCK, False)])
def test_the_initial_blocking_mode_is_set_by_o_nonblock(new_queue, flag, blocking):
    assert new_queue(os.O_RDWR | os.O_CREAT | os.O_EXCL | flag).blocking is blocking


def test_a_nonblocking_receive_raises_blockingioerror(new_queue):
    mq = new_queue()
    mq.blocking = False
    with pytest.raises(BlockingIOError):
        mq.receive()


@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
def test_a_nonblocking_send_raises_blockingioerror(full_queue, method):
    mq = full_queue()
    mq.blocking = False
    with pytest.raises(BlockingIOError):
        getattr(mq, method)(bytearray(b"second"))
    assert (len(mq), mq.receive()) == (1, b"first")


def test_a_queue_put_back_in_blocking_mode_waits(new_queue, eventually):
    mq = new_queue(os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK)
    mq.blocking = True
    call = Call(mq.receive)
    eventually(lambda: call.sleeps_in(mq))
    mq.send(b"")
    assert call.end() == b""


# Not a fixture, which pytest would keep until all is counted at the end.
@contextlib.contextmanager
def duplicated(new_queue):
    """A queue, and a second descriptor of its open file description."""
    with new_queue() as mq:
        fd = os.dup(mq.fileno())
        yield mq, fd
        os.close(fd)


def test_blocking_tells_what_another_descriptor_has_set(new_queue):
    with duplicated(new_queue) as (mq, fd):
        os.set_blocking(fd, False)
        assert mq.blocking is False
        with pytest.raises(BlockingIOError):
            mq.receive()
        os.set_blocking(fd, True)
        assert mq.blocking is True


@pytest.mark.parametrize("blocking", [False, True])
def test_another_descriptor_sees_what_blocking_sets(new_queue, blocking):
    with duplicated(new_queue) as (mq, fd):
        os.set_blocking(fd, not blocking)
        mq.blocking = blocking
        assert os.get_blocking(fd) is blocking


def test_blocking_tells_what_a_child_has_set(new_name, run_python):
    assert run_python(SET_NONBLOCKING_IN_A_CHILD, new_name()) == "False\n"


def test_the_blocking_mode_is_not_that_of_the_queue(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDONLY)
    other.blocking = False
    assert mq.blocking is True


def test_setting_blocking_leaves_the_other_flags(new_queue):
    mq = new_queue()
    before = fcntl.fcntl(mq.fileno(), fcntl.F_GETFL)
    mq.blocking = False
    mq.blocking = True
    assert fcntl.fcntl(mq.fileno(), fcntl.F_GETFL) == before


# Looked at from another process: in this one the look would wait for the GIL, which a try holds.
def test_no_call_sets_o_nonblock_on_the_way(new_queue):
    mq = new_queue(maxmsg=1)
    fd = mq.fileno()
    with subprocess.Popen(
        [sys.executable, "-c", WATCH_FLAGS, str(fd)],
        pass_fds=[fd],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == "watching\n"
        sender = Call(lambda: [mq.send(b"") for _ in range(2000)])
        for _ in range(2000):
            mq.receive()
        sender.end()
        assert watch.communicate(timeout=30)[0] == "False\n"
