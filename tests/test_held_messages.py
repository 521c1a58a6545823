"""A message that was received and could not be handed over is held, and comes first."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import MessageQueue


@pytest.fixture
def queue_that_holds(new_queue, start_blocked):
    """Makes a queue of which b"held" was received in vain, with others still in the kernel."""

    def new():
        mq, buffer = new_queue(), bytearray()
        with ThreadPoolExecutor(1) as pool:
            drained = start_blocked(pool, mq.drain, buffer)
            with memoryview(buffer):
                mq.send(b"held", 5)
                with pytest.raises(BufferError):
                    drained.result()
        mq.send_many([b"low", (b"high", 9)])
        return mq

    return new


HELD, HIGH, LOW = (b"held", 5), (b"high", 9), (b"low", 0)


def test_what_is_held_counts(queue_that_holds):
    mq = queue_that_holds()
    assert (len(mq), mq.status().messages) == (3, 3)
    assert mq.receive_many(1) == [HELD]
    assert (len(mq), mq.status().messages) == (2, 2)


@pytest.mark.parametrize("limit", [None, 1, 2, 3, 100])
@pytest.mark.parametrize("blocking", [True, False])
def test_what_is_held_comes_first(queue_that_holds, limit, blocking):
    mq = queue_that_holds()
    mq.blocking = blocking
    received = mq.receive_many(limit)
    assert received == [HELD, HIGH, LOW][:limit]
    assert [tuple(mq.receive_message()) for _ in range(len(mq))] == [HELD, HIGH, LOW][
        len(received) :
    ]


def test_undelivered_message_comes_first_in_every_call(queue_that_holds):
    buffer = bytearray(64)
    assert queue_that_holds().receive_message() == HELD
    assert (queue_that_holds().receive_into(buffer), buffer[:4]) == ((4, 5), b"held")
    assert next(queue_that_holds()) == b"held"


def test_what_is_held_is_not_waited_for(new_queue, queue_that_holds):
    mq = queue_that_holds()
    with MessageQueue(mq.name, os.O_RDONLY) as other:
        other.receive_many()
    assert (len(mq), mq.receive_many(timeout=0)) == (1, [HELD])
    with pytest.raises(TimeoutError):
        mq.receive_many(timeout=0)


def test_undelivered_message_survives_a_refused_call(queue_that_holds):
    mq = queue_that_holds()
    for refused in (
        lambda: mq.receive_many(-1),
        lambda: mq.receive_many(timeout=-1),
        lambda: mq.receive_into(bytearray(1)),
    ):
        with pytest.raises(ValueError, match=r"negative|msgsize"):
            refused()
    assert mq.receive_many(0) == []
    assert mq.receive_many() == [HELD, HIGH, LOW]
