"""drain() and fill() while other threads and processes use the queue or the bytearray."""

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

OTHER_CONSUMER = """
import os, sys
from mood.mqueue import MessageQueue

mq = MessageQueue(sys.argv[1], os.O_RDWR)
mq.send(b"ready")
taken = []
while (message := mq.receive()) != b"end":
    taken.append(message.decode())
print("".join(taken))
"""


def test_drain_waits_for_one_message_when_the_queue_is_empty(start_blocked, new_queue):
    buffer = bytearray(b"> ")
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        drained = start_blocked(pool, mq.drain, buffer)
        assert buffer == b"> "
        mq.send(b"one")
        assert drained.result() is False
        mq.send(b"two")
        assert (buffer, mq.receive()) == (b"> one", b"two")


def test_drain_waits_and_says_whether_the_message_was_empty(start_blocked, new_queue):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        drained = start_blocked(pool, mq.drain, bytearray())
        mq.send(b"")
        assert drained.result() is True


def test_drain_ended_by_close_is_an_os_error(start_blocked, new_queue):
    buffer = bytearray(b"as before")
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        drained = start_blocked(pool, mq.drain, buffer)
        mq.close()
        with pytest.raises(OSError, match="closed") as raised:
            drained.result()
        assert raised.value.errno == errno.EBADF
        buffer.extend(b", and not held by anybody")


def test_drain_does_not_wait_when_others_receive_its_backlog(new_queue, run_python):
    sent, drained = [], bytearray()
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=4) as mq:
        other = pool.submit(run_python, OTHER_CONSUMER, mq.name)
        assert mq.receive() == b"ready"
        mq.blocking = False
        for number in range(1000):
            message = b"%d " % number
            mq.send(message)
            sent.append(message)
            if len(mq) < 3:
                continue
            before = len(drained)
            try:
                mq.drain(drained)
            except BlockingIOError:
                assert len(drained) == before
        mq.blocking = True
        mq.send(b"end")
        taken = other.result().encode()
    assert sorted((drained + taken).split()) == sorted(b"".join(sent).split())


def test_a_view_made_while_drain_waits_loses_no_message(start_blocked, new_queue):
    buffer = bytearray(b"as before")
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        drained = start_blocked(pool, mq.drain, buffer)
        with memoryview(buffer):
            mq.send(b"first")
            with pytest.raises(BufferError):
                drained.result()
        mq.send(b"second")
        assert (buffer, mq.receive(), mq.receive()) == (b"as before", b"first", b"second")


def test_a_bytearray_cannot_be_resized_while_fill_waits_with_it(start_blocked, new_queue):
    buffer = bytearray(b"first")
    with ThreadPoolExecutor(1) as pool, new_queue(maxmsg=1) as mq:
        mq.send(b"in the way")
        filled = start_blocked(pool, mq.fill, buffer)
        with pytest.raises(BufferError):
            buffer.clear()
        assert mq.receive() == b"in the way"
        filled.result()
        assert (mq.receive(), buffer) == (b"first", b"")


def test_a_whole_bytearray_passes_through_fill_and_drain(new_queue):
    data = os.urandom(10_000)
    source, target = bytearray(data), bytearray()
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        filled = pool.submit(mq.fill, source)
        while len(target) < len(data):
            assert mq.drain(target) is False
        filled.result()
    assert (source, target) == (b"", data)


def test_a_bytearray_that_another_thread_changes_loses_and_doubles_nothing(new_queue):
    source, target, appended = bytearray(), bytearray(), bytearray()
    done = threading.Event()

    def append():
        for number in range(3000):
            piece = b"%06d" % number
            while True:
                try:
                    source.extend(piece)
                except BufferError:
                    # fill() has it; let it go on.
                    time.sleep(0)
                else:
                    break
            appended.extend(piece)
        done.set()

    def fill(mq):
        more = True
        while more:
            # Asked before the bytearray is: what was appended by then is in it.
            more = not done.is_set()
            mq.fill(source)
        mq.send(b"")

    with ThreadPoolExecutor(2) as pool, new_queue(msgsize=7) as mq:
        appending, filling = pool.submit(append), pool.submit(fill, mq)
        while not mq.drain(target):
            pass
        appending.result()
        filling.result()
    assert target == appended


def test_a_bytearray_that_another_thread_empties_gets_every_message_once(new_queue):
    buffer, taken = bytearray(), bytearray()
    data = os.urandom(20_000)
    done = threading.Event()

    def empty():
        while not done.is_set() or buffer:
            # One statement at a time: between the two lines something may be appended.
            length = len(buffer)
            taken.extend(buffer[:length])
            del buffer[:length]
            time.sleep(0)

    def produce(mq):
        mq.sendall(data)
        mq.send(b"")

    with ThreadPoolExecutor(2) as pool, new_queue() as mq:
        emptying, producing = pool.submit(empty), pool.submit(produce, mq)
        while not mq.drain(buffer):
            pass
        done.set()
        emptying.result()
        producing.result()
    assert taken == data
