"""receive_many(): the first one is waited for, the others are taken as they are there."""

import contextlib
import errno
import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import Message, MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK

SENDER = """
import os, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_WRONLY)
for number in range(int(sys.argv[2])):
    mq.send(b"%d" % number, number % 3)
mq.send(b"end")
"""


def numbers(messages):
    return [int(message.data) for message in messages]


def test_it_takes_all_that_is_there_by_priority_and_age(new_queue):
    with new_queue(maxmsg=8) as mq:
        sent = [(b"%d" % number, number % 3) for number in range(8)]
        mq.send_many(sent)
        received = mq.receive_many()
        assert type(received) is list
        assert {type(message) for message in received} == {Message}
        assert received == sorted(sent, key=lambda message: -message[1])
        assert len(mq) == 0


@pytest.mark.parametrize(
    ("limit", "count"), [(1, 1), (2, 2), (3, 3), (4, 3), (1000, 3), (sys.maxsize, 3), (True, 1)]
)
def test_it_takes_as_many_as_it_is_told_at_most(new_queue, limit, count):
    with new_queue() as mq:
        mq.send_many([b"0", b"1", b"2"])
        assert numbers(mq.receive_many(limit)) == list(range(count))
        assert [mq.receive() for _ in range(len(mq))] == [b"0", b"1", b"2"][count:]


def test_of_0_messages_none_is_taken_or_waited_for(new_queue):
    with new_queue() as mq:
        assert mq.receive_many(0) == []
        mq.send(b"stays")
        assert (mq.receive_many(0), len(mq)) == ([], 1)
        mq.close()
        with pytest.raises(OSError, match="closed"):
            mq.receive_many(0)


@pytest.mark.parametrize("negative", [-1, -2, -(2**63)])
def test_a_negative_number_is_a_value_error_and_takes_nothing(new_queue, negative):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(ValueError, match=f"max_messages.*{negative}"):
            mq.receive_many(negative)
        assert mq.receive() == b"stays"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(1.0, TypeError), ("1", TypeError), (b"", TypeError), ([], TypeError), (2**63, OverflowError)],
)
def test_what_is_no_number_takes_nothing(new_queue, wrong, error):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(error):
            mq.receive_many(wrong)
        assert mq.receive() == b"stays"


@pytest.mark.parametrize("priority", [0, 1, 255, 256, 257, 32767])
def test_data_and_priorities_are_exact(new_queue, priority):
    messages = [(os.urandom(size), priority) for size in (64, 0, 1, 63)]
    with new_queue() as mq:
        mq.send_many(messages)
        assert mq.receive_many() == messages


def test_it_waits_for_the_first_and_for_no_other(new_queue, start_blocked):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        received = start_blocked(pool, mq.receive_many, 4)
        mq.send(b"one")
        assert received.result() == [(b"one", 0)]
        mq.send_many([b"two", b"three"])
        assert mq.receive_many(4) == [(b"two", 0), (b"three", 0)]


@pytest.mark.parametrize("limit", [None, 1, 5])
def test_without_a_message_it_raises_and_returns_no_empty_list(new_queue, limit):
    with new_queue(NONBLOCKING) as mq:
        with pytest.raises(BlockingIOError) as raised:
            mq.receive_many(limit)
        assert (raised.value.errno, raised.value.filename) == (errno.EAGAIN, mq.name)
        mq.blocking = True
        with pytest.raises(TimeoutError) as late:
            mq.receive_many(limit, timeout=0)
        assert (late.value.errno, late.value.filename) == (errno.ETIMEDOUT, mq.name)


def test_in_nonblocking_mode_it_takes_what_is_there(new_queue):
    with new_queue(NONBLOCKING) as mq:
        mq.send_many([b"0", b"1", b"2"])
        assert numbers(mq.receive_many()) == [0, 1, 2]


def test_a_closed_or_write_only_queue_says_so(new_queue):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(OSError, match="O_WRONLY") as raised:
            MessageQueue(mq.name, os.O_WRONLY).receive_many()
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        assert mq.receive() == b"stays"
        mq.close()
        with pytest.raises(OSError, match="closed") as raised:
            mq.receive_many()
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)


# Beside somebody who fills the queue again as fast as it is emptied.
def test_it_takes_no_more_at_a_time_than_the_queue_can_hold(new_queue):
    stop = threading.Event()

    def send_on(mq):
        with MessageQueue(mq.name, os.O_WRONLY) as other:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    other.send_many([b"x"] * 100, timeout=0.1)

    with ThreadPoolExecutor(2) as pool, new_queue(maxmsg=8) as mq:
        sending = [pool.submit(send_on, mq) for _ in range(2)]
        try:
            lengths = [len(mq.receive_many(timeout=30)) for _ in range(200)]
        finally:
            stop.set()
        for future in sending:
            future.result()
        assert 1 <= min(lengths) <= max(lengths) <= 8


# More than there can be at once, with a sender that runs meanwhile: other threads are let in.
def test_a_large_number_may_take_more_than_the_queue_can_hold(new_queue, run_python):
    count, received = 3000, []
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        sent = pool.submit(run_python, SENDER, mq.name, count)
        while b"end" not in (message.data for message in received[-1:]):
            received += mq.receive_many(1000)
        sent.result()
    assert received.pop() == (b"end", 0)
    for priority in range(3):
        of_it = numbers(message for message in received if message.priority == priority)
        assert of_it == list(range(priority, count, 3))


def test_threads_that_receive_many_share_them_out(new_queue):
    def take(mq):
        taken = []
        while (b"", 0) not in taken:
            taken += mq.receive_many(random.choice([None, 1, 2, 100]))
        # One for each thread.
        mq.send_many([b""] * (taken.count((b"", 0)) - 1))
        return [message for message in taken if message.data]

    messages = [(b"%d" % number, 1 + number % 3) for number in range(3000)]
    with ThreadPoolExecutor(4) as pool, new_queue() as mq:
        taking = [pool.submit(take, mq) for _ in range(4)]
        assert mq.send_many(messages) == len(messages)
        mq.send_many([b""] * 4)
        taken = [future.result() for future in taking]
    for each in taken:
        for priority in 1, 2, 3:
            of_it = numbers(message for message in each if message.priority == priority)
            assert of_it == sorted(of_it)
    together = [message for each in taken for message in each]
    assert sorted(together, key=lambda message: int(message.data)) == messages


def take_for_ever(mq, taken):
    while True:
        taken += mq.receive_many(random.choice([None, 100]))


# Whenever the close comes, a message is in the list or in the queue.
def test_a_close_at_any_moment_loses_nothing(new_queue):
    for _ in range(100):
        mq, taken = new_queue(), []
        other = MessageQueue(mq.name, os.O_RDWR)
        with ThreadPoolExecutor(1) as pool:
            taking = pool.submit(take_for_ever, mq, taken)
            count = random.randrange(100)
            for number in range(count):
                other.send(b"%d" % number)
            mq.close()
            with pytest.raises(OSError, match="closed"):
                taking.result()
        left = other.receive_many() if len(other) else []
        assert numbers(taken + left) == list(range(count))
        other.close()


def test_close_ends_it_with_nothing_taken(new_queue, start_blocked):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        received = start_blocked(pool, mq.receive_many)
        mq.close()
        with pytest.raises(OSError, match="closed while waiting") as raised:
            received.result()
        assert raised.value.errno == errno.EBADF


@pytest.mark.thread_unsafe(reason="RLIMIT_MSGQUEUE is everybody's")
def test_large_messages_are_received_together(new_queue, large_messages, start_blocked):
    messages = [(os.urandom(100_000 - n), 9 - n) for n in range(2)]
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=2, msgsize=100_000) as mq:
        received = start_blocked(pool, mq.receive_many, 1)
        mq.send_many(messages)
        assert received.result() == messages[:1]
        assert mq.receive_many(5) == messages[1:]
        mq.blocking = False
        with pytest.raises(BlockingIOError):
            mq.receive_many()
        mq.send_many(messages)
        assert mq.receive_many() == messages
