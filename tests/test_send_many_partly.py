"""send_many() that does not come to its end: what it says went has gone, and nothing else has."""

import errno
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
TEN = [b"%d" % number for number in range(10)]


def take(mq):
    return [mq.receive() for _ in range(len(mq))]


def test_at_the_timeout_it_returns_how_many_were_sent(new_queue):
    with new_queue() as mq:
        assert mq.send_many(TEN, timeout=0.01) == 4
        assert take(mq) == TEN[:4]
        assert mq.send_many(TEN, timeout=0) == 4
        assert take(mq) == TEN[:4]


def test_in_nonblocking_mode_it_returns_how_many_were_sent(new_queue):
    with new_queue(NONBLOCKING) as mq:
        mq.send(b"before")
        assert mq.send_many(TEN) == 3
        assert take(mq) == [b"before", *TEN[:3]]


@pytest.mark.parametrize(
    ("mode", "timeout", "error", "number"),
    [
        (False, None, BlockingIOError, errno.EAGAIN),
        (False, 5, BlockingIOError, errno.EAGAIN),
        (True, 0, TimeoutError, errno.ETIMEDOUT),
        (True, 0.01, TimeoutError, errno.ETIMEDOUT),
    ],
)
def test_it_raises_if_none_was_sent(new_queue, mode, timeout, error, number):
    with new_queue(maxmsg=1) as mq:
        mq.send(b"full")
        mq.blocking = mode
        with pytest.raises(error) as raised:
            mq.send_many(TEN, timeout=timeout)
        assert (raised.value.errno, raised.value.filename) == (number, mq.name)
        assert not hasattr(raised.value, "__notes__")
        assert take(mq) == [b"full"]


def test_unsent_messages_can_be_sent_again(new_queue):
    messages = [(os.urandom(random.randrange(64)), 3) for _ in range(500)]
    received = []
    with new_queue() as mq:
        rest = messages
        while rest:
            rest = rest[mq.send_many(rest, timeout=0) :]
            received += mq.receive_many(random.randrange(1, 5))
        received += mq.receive_many() if len(mq) else []
    assert received == messages


def test_priorities_are_kept_in_what_was_sent(new_queue):
    with new_queue() as mq:
        assert mq.send_many([(b"%d" % n, n) for n in range(10)], timeout=0) == 4
        assert take(mq) == [b"3", b"2", b"1", b"0"]


# As many as several bursts, which end where other threads are let in.
@pytest.mark.parametrize("count", [1, 63, 64, 65, 127, 128, 129, 1000])
def test_it_waits_for_room_again_and_again(new_queue, count):
    messages = [(b"%d" % number, 5) for number in range(count)]
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        sent = pool.submit(mq.send_many, messages)
        assert [mq.receive_message() for _ in messages] == messages
        assert (sent.result(), len(mq)) == (count, 0)


def test_a_queue_closed_meanwhile_returns_how_many_were_sent(start_blocked, new_queue):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        sent = start_blocked(pool, mq.send_many, TEN)
        mq.close()
        assert sent.result() == 4
        assert take(other) == TEN[:4]


def test_a_queue_closed_before_the_first_one_raises(start_blocked, new_queue):
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1) as mq:
        other = MessageQueue(mq.name, os.O_RDWR)
        mq.send(b"full")
        sent = start_blocked(pool, mq.send_many, TEN)
        mq.close()
        with pytest.raises(OSError, match="closed while waiting") as raised:
            sent.result()
        assert raised.value.errno == errno.EBADF
        assert take(other) == [b"full"]


# Whenever the close comes, what is said to have gone has gone, and no more.
def test_a_close_at_any_moment_is_accounted_for(new_queue):
    for _ in range(100):
        mq = new_queue(maxmsg=2)
        other = MessageQueue(mq.name, os.O_RDWR)
        with ThreadPoolExecutor(2) as pool:
            sent = pool.submit(mq.send_many, [b"%d" % number for number in range(1000)])
            taken = [other.receive() for _ in range(random.randrange(1, 150))]
            mq.close()
            taken += take(other)
            count = sent.result()
            # The call may have been in the middle of a last one.
            taken += take(other)
        assert taken == [b"%d" % number for number in range(count)]
        other.close()


def test_many_threads_send_many_and_all_of_it_arrives_in_order(new_queue):
    def messages(sender):
        return [b"%d %d" % (sender, number) for number in range(500)]

    def send(mq, sender):
        rest = messages(sender)
        while rest:
            rest = rest[mq.send_many(rest[: random.randrange(1, 100)], timeout=5) :]

    with ThreadPoolExecutor(3) as pool, new_queue() as mq:
        sending = [pool.submit(send, mq, sender) for sender in range(3)]
        received = [mq.receive() for _ in range(1500)]
        for future in sending:
            future.result()
        assert len(mq) == 0
    for sender in range(3):
        assert [m for m in received if m.startswith(b"%d " % sender)] == messages(sender)


@pytest.mark.thread_unsafe(reason="RLIMIT_MSGQUEUE is everybody's")
def test_large_messages_are_sent_and_counted(new_queue, large_messages):
    messages = [(os.urandom(100_000 - n), n) for n in range(5)]
    with new_queue(maxmsg=2, msgsize=100_000) as mq:
        assert mq.send_many(messages, timeout=0) == 2
        assert mq.receive_many() == messages[1::-1]
        mq.blocking = False
        assert mq.send_many(messages[2:]) == 2
        assert mq.receive_many() == messages[3:1:-1]


START = """
import os, signal, sys, threading, time
from mood.mqueue import MessageQueue

class Mine(Exception):
    pass

def handler(number, frame):
    raise Mine

def asleep():
    with open(f"/proc/self/task/{threading.main_thread().native_id}/syscall") as state:
        arguments = state.read().split()[1:3]
    return arguments[:1] == [hex(mq.fileno())] or arguments[1:] == ["0x1"]

signal.signal(signal.SIGUSR1, handler)
flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
mq = MessageQueue(sys.argv[1], flags, maxmsg=4, msgsize=8)
before, timeout = int(sys.argv[2]), eval(sys.argv[3])
messages = [b"%d" % number for number in range(200)]
"""

RAISES = (
    START
    + """
taken = []
def interrupt_after():
    while len(taken) < before:
        taken.append(mq.receive())
    while not asleep():
        time.sleep(0.001)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

thread = threading.Thread(target=interrupt_after)
thread.start()
try:
    mq.send_many(messages, timeout=timeout)
except Mine as raised:
    thread.join()
    taken += [mq.receive() for _ in range(len(mq))]
    print(raised.messages_sent, taken == messages[:raised.messages_sent], raised.args)
mq.close()
"""
)

UNMARKED = (
    START
    + """
class Mine(Exception):
    __slots__ = ()
    def __setattr__(self, *_):
        raise ZeroDivisionError

def interrupt():
    while not asleep():
        time.sleep(0.001)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

thread = threading.Thread(target=interrupt)
thread.start()
try:
    mq.send_many(messages, timeout=timeout)
except Mine as raised:
    print(hasattr(raised, "messages_sent"), [mq.receive() for _ in range(len(mq))] == messages[:4])
thread.join()
"""
)


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("timeout", ["None", "3600"])
@pytest.mark.parametrize("before", [0, 1, 100])
def test_handler_exception_has_messages_sent(run_python, new_name, before, timeout):
    expected = f"{before + 4} True ()\n"
    assert run_python(RAISES, new_name(), before, timeout) == expected


@pytest.mark.thread_unsafe(reason="starts a process")
def test_an_exception_that_refuses_to_be_marked_is_raised_as_it_is(run_python, new_name):
    assert run_python(UNMARKED, new_name(), 0, "None") == "False True\n"
