"""busy_poll: for how long a call that has to wait tries again before it sleeps."""

import errno
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from calls import CALLS, SENDING, blocking_queue, is_unchanged, unblock

from mood.mqueue import MessageQueue

EVERY = pytest.mark.parametrize("call", CALLS)
# Whoever sleeps within that time does not wake in the time that a test has.
AN_HOUR = 3600


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


@pytest.fixture
def spinning(eventually):
    """Calls in a thread of a pool; returns the future once that call uses the processor."""

    def run_ready_tasks(thread_id):
        fields = Path(f"/proc/self/task/{thread_id}/stat").read_text().rsplit(") ")[1].split()
        return int(fields[11]) + int(fields[12])

    def call(pool, function):
        thread_id = pool.submit(threading.get_native_id).result()
        before = run_ready_tasks(thread_id)
        future = pool.submit(function)
        eventually(lambda: run_ready_tasks(thread_id) >= before + 2, seconds=30)
        return future

    return call


# The attribute


def test_busy_poll_is_initially_0_and_always_a_float(new_queue):
    with new_queue() as mq:
        assert (mq.busy_poll, type(mq.busy_poll)) == (0.0, float)
        for value, seconds in [(0.00005, 0.00005), (2, 2.0), (True, 1.0), (0, 0.0), (1e-9, 1e-9)]:
            mq.busy_poll = value
            assert (mq.busy_poll, type(mq.busy_poll)) == (seconds, float)


def test_huge_timeout_waits_forever(new_queue):
    with new_queue() as mq:
        for value in math.inf, 1e300:
            mq.busy_poll = value
            assert mq.busy_poll > 500 * 365 * 24 * AN_HOUR


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((number, ValueError) for number in (-1, -1e-9, math.nan, -math.inf)),
        *((wrong, TypeError) for wrong in ("1", None, b"")),
        (10**400, OverflowError),
    ],
    ids=lambda value: str(value)[:10],
)
def test_invalid_busy_poll_is_rejected(new_queue, value, error):
    with new_queue() as mq:
        mq.busy_poll = 0.5
        with pytest.raises(error):
            mq.busy_poll = value
        assert mq.busy_poll == 0.5


def test_it_cannot_be_deleted(new_queue):
    with new_queue() as mq, pytest.raises((AttributeError, TypeError)):
        del mq.busy_poll


def test_it_belongs_to_the_object_and_not_to_the_queue(new_queue):
    with new_queue() as mq, MessageQueue(mq.name, os.O_RDWR) as other:
        mq.busy_poll = 0.5
        assert other.busy_poll == 0.0


def test_a_closed_queue_has_none(new_queue):
    mq = new_queue()
    mq.close()
    with refused(errno.EBADF):
        mq.busy_poll  # noqa: B018
    with refused(errno.EBADF):
        mq.busy_poll = 1


# Calls


@EVERY
def test_a_call_that_has_to_wait_tries_again_without_sleeping(new_queue, spinning, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = AN_HOUR
    with ThreadPoolExecutor(1) as pool:
        future = spinning(pool, partial(CALLS[call], mq))
        # That this thread runs shows that the other one does not keep Python to itself.
        unblock(mq, call)
        outcome = future.result(30)
    assert (mq.receive(timeout=0) if call in SENDING else outcome) == b"more"


@EVERY
def test_a_call_sleeps_once_the_time_is_over(new_queue, start_blocked, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = 0.001
    with ThreadPoolExecutor(1) as pool:
        future = start_blocked(pool, partial(CALLS[call], mq))
        unblock(mq, call)
        outcome = future.result(20)
    assert (mq.receive(timeout=0) if call in SENDING else outcome) == b"more"


@EVERY
@pytest.mark.parametrize("timeout", [0, 1e-9, 0.02])
def test_a_timeout_ends_it_and_not_early(new_queue, call, timeout):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = AN_HOUR
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        CALLS[call](mq, timeout=timeout)
    assert time.monotonic() - start >= timeout
    assert is_unchanged(mq, call)


@EVERY
def test_in_nonblocking_mode_nothing_is_tried_again(new_queue, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = AN_HOUR
    mq.blocking = False
    with pytest.raises(BlockingIOError):
        CALLS[call](mq)
    assert is_unchanged(mq, call)


@EVERY
def test_close_ends_it(new_queue, spinning, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = AN_HOUR
    with ThreadPoolExecutor(1) as pool:
        future = spinning(pool, partial(CALLS[call], mq))
        mq.close()
        with refused(errno.EBADF):
            future.result(30)


INTERRUPTED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from calls import CALLS, is_unchanged, blocking_queue
from mood.mqueue import MessageQueue

def new_queue(**options):
    return MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, msgsize=64, **options)

def handler(number, frame):
    ran.append(number)
    if len(ran) == 3:
        raise KeyboardInterrupt

ran = []
call = sys.argv[3]
mq = blocking_queue(new_queue, call)
mq.busy_poll = 3600
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
try:
    CALLS[call](mq)
except KeyboardInterrupt:
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(len(ran), is_unchanged(mq, call))
"""


@EVERY
@pytest.mark.thread_unsafe(reason="starts a process")
def test_signal_handlers_run_meanwhile_and_one_that_raises_ends_it(run_python, new_name, call):
    assert run_python(INTERRUPTED, new_name(), Path(__file__).parent, call) == "3 True\n"


# A signal that another thread gets interrupts no system call of the main thread: it has to look.
SIGNALED = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[2])
from calls import CALLS, is_unchanged, unblock, blocking_queue
from mood.mqueue import MessageQueue

def new_queue(**options):
    return MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, msgsize=64, **options)

def used():
    "Processor time of the main thread, in run_ready_tasks."
    fields = open(f"/proc/self/task/{os.getpid()}/stat").read().rsplit(") ")[1].split()
    return int(fields[11]) + int(fields[12])

def until(condition):
    while not condition():
        time.sleep(0.001)

def until_it_spins():
    before = used()
    until(lambda: used() >= before + 2)

def handler(number, frame):
    ran.append(number)
    if len(ran) == 3:
        raise KeyboardInterrupt

ran = []
call = sys.argv[3]
mq = blocking_queue(new_queue, call)
mq.busy_poll = 3600
signal.signal(signal.SIGINT, handler)
"""

RAISES = (
    SIGNALED
    + """
def interrupt():
    for count in 1, 2, 3:
        until_it_spins()
        signal.raise_signal(signal.SIGINT)
        until(lambda: len(ran) == count)

thread = threading.Thread(target=interrupt)
thread.start()
try:
    CALLS[call](mq)
except KeyboardInterrupt:
    thread.join()
    print(len(ran), is_unchanged(mq, call))
"""
)

RETURNS = (
    SIGNALED
    + """
def interrupt():
    until_it_spins()
    signal.raise_signal(signal.SIGINT)
    until(lambda: ran)
    until_it_spins()
    unblock(mq, call)

thread = threading.Thread(target=interrupt)
thread.start()
CALLS[call](mq)
thread.join()
print(len(ran))
"""
)


@EVERY
@pytest.mark.thread_unsafe(reason="starts a process")
def test_spin_ends_when_a_signal_handler_raises(run_python, new_name, call):
    assert run_python(RAISES, new_name(), Path(__file__).parent, call) == "3 True\n"


@EVERY
@pytest.mark.thread_unsafe(reason="starts a process")
def test_spin_goes_on_when_a_signal_handler_returns(run_python, new_name, call):
    assert run_python(RETURNS, new_name(), Path(__file__).parent, call) == "1\n"


@EVERY
def test_spin_of_many_slices_ends_in_a_sleep(new_queue, start_blocked, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = 0.05
    with ThreadPoolExecutor(1) as pool:
        future = start_blocked(pool, partial(CALLS[call], mq))
        unblock(mq, call)
        outcome = future.result(20)
    assert (mq.receive(timeout=0) if call in SENDING else outcome) == b"more"


@EVERY
def test_spin_of_many_slices_ends_at_the_timeout(new_queue, call):
    mq = blocking_queue(new_queue, call)
    mq.busy_poll = AN_HOUR
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        CALLS[call](mq, timeout=0.05)
    assert time.monotonic() - start >= 0.05
    assert is_unchanged(mq, call)
