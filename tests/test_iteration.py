"""for message in mq: receives, and when there is an end to it."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from mood.mqueue import MessageQueue

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
NOTHING = object()


def test_in_nonblocking_mode_it_ends_where_the_queue_is_empty(new_queue):
    with new_queue(NONBLOCKING) as mq:
        mq.send_many([b"low", b"", (b"high", 1)])
        assert list(mq) == [b"high", b"low", b""]
        assert len(mq) == 0


def test_after_the_end_it_goes_on_with_what_comes(new_queue):
    with new_queue(NONBLOCKING) as mq:
        messages = iter(mq)
        for number in range(3):
            assert next(messages, NOTHING) is NOTHING
            mq.send(b"%d" % number)
            assert next(messages) == b"%d" % number
        mq.send(b"again")
        assert list(mq) == [b"again"]
        assert list(mq) == []


def test_it_gives_bytes_one_at_a_time(new_queue):
    with new_queue(NONBLOCKING) as mq:
        mq.send_many([b"one", b"two"])
        for message in mq:
            assert type(message) is bytes
            break
        assert (message, len(mq)) == (b"one", 1)


def test_the_queue_is_its_own_iterator(new_queue):
    with new_queue() as mq:
        mq.send_many([b"one", b"two"])
        assert iter(mq) is mq
        assert (next(mq), mq.__next__()) == (b"one", b"two")


def test_in_blocking_mode_it_waits_for_each(new_queue, start_blocked):
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        received = start_blocked(pool, lambda: list(islice(mq, 3)))
        for number in range(3):
            mq.send(b"%d" % number)
        assert received.result() == [b"0", b"1", b"2"]


def test_it_ends_where_the_mode_is_changed_in_the_middle(new_queue):
    received = []
    with new_queue() as mq:
        mq.send_many([b"one", b"two"])
        for message in mq:
            received.append(message)
            mq.blocking = False
    assert received == [b"one", b"two"]


def test_what_is_sent_in_the_loop_comes_in_the_loop(new_queue):
    received = []
    with new_queue(NONBLOCKING) as mq:
        mq.send(b"1")
        for message in mq:
            received.append(message)
            if len(received) < 100:
                mq.send(b"%d" % (len(received) + 1))
    assert received == [b"%d" % number for number in range(1, 101)]


def test_it_can_be_unpacked_and_joined_and_filtered(new_queue):
    with new_queue(NONBLOCKING) as mq:
        mq.send_many([b"a", b"b"])
        first, *rest = mq
        assert (first, rest) == (b"a", [b"b"])
        mq.send_many([b"a", b"b"])
        assert b"".join(mq) == b"ab"
        mq.send_many([b"a", b"", b"b"])
        assert list(filter(None, mq)) == [b"a", b"b"]
        mq.send_many([b"a", b"b"])
        assert [pair[1] for pair in zip([1, 2], mq, strict=True)] == [b"a", b"b"]


def test_a_queue_is_true_though_it_is_empty_only_if_it_has_messages(new_queue):
    with new_queue() as mq:
        assert not mq
        mq.send(b"")
        assert mq


@pytest.mark.parametrize("wanted", [b"one", b"", None, 1, "text"])
def test_in_operator_is_a_type_error_and_receives_nothing(new_queue, wanted):
    with new_queue() as mq:
        mq.send_many([b"one", b"two"])
        with pytest.raises(TypeError, match="searched"):
            wanted in mq  # noqa: B015
        with pytest.raises(TypeError, match="searched"):
            wanted not in mq  # noqa: B015
        assert [mq.receive(), mq.receive()] == [b"one", b"two"]


@pytest.mark.parametrize("use", [reversed, lambda mq: mq[0], lambda mq: mq[:], lambda mq: mq * 2])
def test_a_queue_is_no_sequence(new_queue, use):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(TypeError):
            use(mq)
        assert mq.receive() == b"stays"


def test_a_closed_queue_raises_and_does_not_end(new_queue):
    mq = new_queue(NONBLOCKING)
    messages = iter(mq)
    mq.close()
    for use in (lambda: next(messages), lambda: list(mq), lambda: next(mq, NOTHING)):
        with pytest.raises(OSError, match="closed") as raised:
            use()
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)


@pytest.mark.parametrize("flag", [0, os.O_NONBLOCK])
def test_a_write_only_queue_raises_and_does_not_end(new_queue, flag):
    with new_queue() as mq:
        mq.send(b"stays")
        with pytest.raises(OSError, match="O_WRONLY") as raised:
            list(MessageQueue(mq.name, os.O_WRONLY | flag))
        assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)
        assert mq.receive() == b"stays"


def test_close_in_another_thread_raises_in_the_loop(new_queue, start_blocked):
    received = []
    with ThreadPoolExecutor(1) as pool, new_queue() as mq:
        mq.send(b"one")
        looping = start_blocked(pool, received.extend, mq)
        mq.close()
        with pytest.raises(OSError, match="closed while waiting") as raised:
            looping.result()
        assert raised.value.errno == errno.EBADF
    assert received == [b"one"]


def test_threads_that_iterate_share_the_messages_out(new_queue):
    def loop(mq):
        return list(iter(mq.__next__, b"end"))

    with ThreadPoolExecutor(4) as pool, new_queue() as mq:
        looping = [pool.submit(loop, mq) for _ in range(4)]
        mq.send_many([b"%d" % number for number in range(2000)])
        mq.send_many([b"end"] * 4)
        received = [message for future in looping for message in future.result()]
    assert sorted(map(int, received)) == list(range(2000))


def test_a_subclass_may_iterate_in_its_own_way(new_queue):
    class Shouting(MessageQueue):
        def __next__(self):
            return super().__next__().upper()

    with new_queue(NONBLOCKING, cls=Shouting) as mq:
        mq.send_many([b"a", b"b"])
        assert list(mq) == [b"A", b"B"]


START = """
import os, signal, sys, threading, time
from mood.mqueue import MessageQueue

flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | int(sys.argv[2])
mq = MessageQueue(sys.argv[1], flags, maxmsg=1, msgsize=int(sys.argv[3]))
"""

# That it is a handler's is no reason to take it for the end.
RAISED_WHILE_WAITING = (
    START
    + """
mine = BlockingIOError("a handler's")

def handler(number, frame):
    raise mine

def asleep():
    with open(f"/proc/self/task/{threading.main_thread().native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]

def interrupt():
    while not asleep():
        time.sleep(0.001)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

signal.signal(signal.SIGUSR1, handler)
thread = threading.Thread(target=interrupt)
thread.start()
try:
    for message in mq:
        print(message)
    print("it ended")
except BlockingIOError as error:
    print(error is mine)
thread.join()
mq.close()
"""
)

# Handlers run inside of the call where a message may be large. In nonblocking mode it cannot be
# seen of one error which it was, so each is counted.
RAISED_BESIDE_THE_END = (
    START
    + """
raised, caught, ends, armed = 0, 0, 0, False

def handler(number, frame):
    global raised, armed
    if armed:
        armed = False
        raised += 1
        raise BlockingIOError

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
while raised < 1000:
    try:
        armed = True
        for _ in range(10):
            for message in mq:
                print(message)
            ends += 1
        armed = False
    except BlockingIOError:
        caught += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(caught == raised, ends > 0)
mq.close()
"""
)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_a_blocking_io_error_of_a_signal_handler_is_not_the_end(run_python, new_name):
    assert run_python(RAISED_WHILE_WAITING, new_name(), 0, 8) == "True\n"


@pytest.mark.thread_unsafe(reason="starts a process")
def test_a_blocking_io_error_of_a_signal_handler_is_never_swallowed(
    run_python, new_name, large_messages
):
    arguments = new_name(), os.O_NONBLOCK, 100_000
    assert run_python(RAISED_BESIDE_THE_END, *arguments) == "True True\n"
