"""timeout=, of every call that waits: never early, on no clock that is set, and nothing is lost."""

import errno
import fractions
import math
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from calls import CALLS, RECEIVING, SENDING, blocking_queue, is_unchanged, unblock

EVERY = pytest.mark.parametrize("call", CALLS)


def times_out(mq, call, timeout):
    """How long it took."""
    start = time.monotonic()
    with pytest.raises(TimeoutError) as raised:
        CALLS[call](mq, timeout=timeout)
    taken = time.monotonic() - start
    assert (raised.value.errno, raised.value.filename) == (errno.ETIMEDOUT, mq.name)
    return taken


@EVERY
@pytest.mark.parametrize("zero", [0, 0.0, -0.0, False, fractions.Fraction(0)])
def test_a_timeout_of_0_does_not_wait(new_queue, call, zero):
    mq = blocking_queue(new_queue, call)
    times_out(mq, call, zero)
    assert is_unchanged(mq, call)


@EVERY
def test_a_timeout_of_0_does_what_can_be_done_at_once(new_queue, call):
    mq = blocking_queue(new_queue, call)
    unblock(mq, call)
    outcome = CALLS[call](mq, timeout=0)
    assert (mq.receive(timeout=0) if call in SENDING else outcome) == b"more"


@EVERY
@pytest.mark.parametrize("timeout", [1e-9, 0.001, 0.02])
def test_a_timeout_is_never_early_and_sends_and_takes_nothing(new_queue, call, timeout):
    mq = blocking_queue(new_queue, call)
    assert times_out(mq, call, timeout) >= timeout
    assert is_unchanged(mq, call)


@EVERY
@pytest.mark.parametrize("timeout", [None, 30, 1e9, 10**18, 1e300, sys.float_info.max, math.inf])
def test_a_call_waits_within_its_timeout_however_long(new_queue, start_blocked, call, timeout):
    mq = blocking_queue(new_queue, call)
    with ThreadPoolExecutor(1) as pool:
        future = start_blocked(pool, partial(CALLS[call], mq, timeout=timeout))
        unblock(mq, call)
        outcome = future.result(20)
    assert (mq.receive(timeout=0) if call in SENDING else outcome) == b"more"


@EVERY
@pytest.mark.parametrize("timeout", [-1, -0.001, -5e-324, -math.inf, math.nan, -(10**18)])
def test_a_timeout_that_is_none_is_a_value_error(new_queue, call, timeout):
    mq = blocking_queue(new_queue, call)
    with pytest.raises(ValueError, match="timeout"):
        CALLS[call](mq, timeout=timeout)
    assert is_unchanged(mq, call)


@EVERY
@pytest.mark.parametrize("timeout", ["1", b"1", [], (), 1j, object(), float])
def test_a_timeout_that_is_no_number_is_a_type_error(new_queue, call, timeout):
    mq = blocking_queue(new_queue, call)
    with pytest.raises(TypeError):
        CALLS[call](mq, timeout=timeout)
    assert is_unchanged(mq, call)


@EVERY
def test_a_timeout_that_no_float_holds_is_an_overflow_error(new_queue, call):
    mq = blocking_queue(new_queue, call)
    with pytest.raises(OverflowError):
        CALLS[call](mq, timeout=10**400)
    assert is_unchanged(mq, call)


@EVERY
@pytest.mark.parametrize("timeout", [None, 0, 0.01, 30, math.inf])
def test_in_nonblocking_mode_no_timeout_is_waited_for(new_queue, call, timeout):
    mq = blocking_queue(new_queue, call)
    mq.blocking = False
    with pytest.raises(BlockingIOError) as raised:
        CALLS[call](mq, timeout=timeout)
    assert (raised.value.errno, raised.value.filename) == (errno.EAGAIN, mq.name)
    assert is_unchanged(mq, call)


# One is woken in vain each time that another one is quicker.
@pytest.mark.parametrize("call", RECEIVING)
def test_each_of_many_waiting_receivers_gets_one_message(new_queue, start_blocked, call):
    mq = new_queue()
    with ThreadPoolExecutor(4) as pool:
        futures = [start_blocked(pool, partial(CALLS[call], mq, timeout=30)) for _ in range(4)]
        for number in range(4):
            mq.send(b"%d" % number)
            while sum(future.done() for future in futures) <= number:
                time.sleep(0.001)
        assert sorted(future.result() for future in futures) == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("call", SENDING)
def test_each_of_many_waiting_senders_gets_room(new_queue, start_blocked, call):
    mq = blocking_queue(new_queue, call)
    with ThreadPoolExecutor(4) as pool:
        send = partial(SENDING[call], mq, timeout=30)
        futures = [start_blocked(pool, partial(send, b"%d" % number)) for number in range(4)]
        received = [mq.receive(timeout=30) for _ in range(5)]
        for future in futures:
            future.result(30)
    assert sorted(received) == [b"0", b"1", b"2", b"3", b"there"]


SHORT = 0.002


def at_about_the_timeout(call, *arguments):
    time.sleep(SHORT * random.uniform(0.5, 1.3))
    return call(*arguments)


@pytest.mark.parametrize("call", RECEIVING)
def test_a_message_that_comes_at_the_timeout_is_received_or_stays(new_queue, call):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        for number in range(100):
            message = b"%d" % number
            sent = pool.submit(at_about_the_timeout, mq.send, message)
            try:
                assert RECEIVING[call](mq, timeout=SHORT) == message
            except TimeoutError:
                assert mq.receive() == message
            sent.result()
            assert len(mq) == 0


@pytest.mark.parametrize("call", SENDING)
def test_a_message_that_finds_room_at_the_timeout_is_sent_or_is_not(new_queue, call):
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1) as mq:
        for number in range(100):
            mq.send(b"there")
            taken = pool.submit(at_about_the_timeout, mq.receive)
            expected = [b"%d" % number]
            try:
                SENDING[call](mq, expected[0], timeout=SHORT)
            except TimeoutError:
                expected = []
            assert taken.result() == b"there"
            assert [mq.receive() for _ in range(len(mq))] == expected


def fill(mq, data, **timeout):
    buffer = bytearray(data)
    try:
        mq.fill(buffer, **timeout)
    except TimeoutError:
        return len(data) - len(buffer)


def sendall(mq, data, **timeout):
    try:
        mq.sendall(data, **timeout)
    except TimeoutError as error:
        return getattr(error, "characters_written", None)


def send_many(mq, data, **timeout):
    return mq.send_many([data[n : n + 1] for n in range(len(data))], **timeout)


# If each part had the whole timeout, all would be sent in the end.
@pytest.mark.parametrize("call", [sendall, fill, send_many])
def test_the_timeout_is_for_all_parts_together(new_queue, call):
    parts, received = 100, []
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1, msgsize=1) as mq:

        def take_slowly():
            while message := mq.receive():
                received.append(message)
                time.sleep(0.01)

        taking = pool.submit(take_slowly)
        start = time.monotonic()
        sent = call(mq, bytes(parts), timeout=0.1)
        assert time.monotonic() - start >= 0.1
        mq.send(b"")
        taking.result()
    assert sent == len(received) < parts
