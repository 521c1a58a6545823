"""Where memory runs out, no message is lost, doubled or changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

# Makes the allocation of a given number fail, one after the other, until the call needs no more.
PREPARE = """
import _testcapi, os, sys
from mood.mqueue import MessageQueue

name, size = sys.argv[1], int(sys.argv[2])
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL

def new():
    return MessageQueue(name, CREATE, maxmsg=4, msgsize=1024)

def failing(number, call, *arguments):
    _testcapi.set_nomemory(number, number + 1)
    try:
        return call(*arguments)
    finally:
        _testcapi.remove_mem_hooks()

def rest(mq):
    return [mq.receive() for _ in range(len(mq))]
"""

RECEIVE = (
    PREPARE
    + """
failures = 0
while True:
    with new() as mq:
        sent = [bytes([letter]) * size for letter in b"abc"]
        for message in sent:
            mq.send(message)
        try:
            assert failing(failures, mq.receive) == sent[0]
            break
        except MemoryError:
            failures += 1
        assert mq.receive() == sent[0]
        assert rest(mq) == sent[1:]
print(failures)
"""
)

SEVERAL_FAILURES = (
    PREPARE
    + """
with new() as mq:
    sent = [bytes([letter]) * size for letter in b"abc"]
    for message in sent:
        mq.send(message)
    for _ in sent:
        try:
            failing(0, mq.receive)
            raise AssertionError("memory did not run out")
        except MemoryError:
            pass
    assert [mq.receive() for _ in sent] == sent
"""
)

THEN_DRAIN = (
    PREPARE
    + """
with new() as mq:
    for letter in b"abc":
        mq.send(bytes([letter]) * size)
    try:
        failing(0, mq.receive)
        raise AssertionError("memory did not run out")
    except MemoryError:
        pass
    buffer = bytearray(b"> ")
    assert mq.drain(buffer) is False
    assert buffer == b"> " + b"a" * size + b"b" * size + b"c" * size, len(buffer)
    assert len(mq) == 0
"""
)

THEN_CLOSE = (
    PREPARE
    + """
import errno
mq = new()
mq.send(bytes(size))
try:
    failing(0, mq.receive)
    raise AssertionError("memory did not run out")
except MemoryError:
    pass
mq.close()
try:
    print("received", mq.receive())
except OSError as error:
    assert error.errno == errno.EBADF
"""
)

DRAIN = (
    PREPARE
    + """
failures = 0
while True:
    with new() as mq:
        for letter in b"abc":
            mq.send(bytes([letter]) * size)
        buffer = bytearray(b"> ")
        try:
            failing(failures, mq.drain, buffer)
            done = True
        except MemoryError:
            failures += 1
            done = False
        mq.blocking = False
        try:
            while True:
                buffer += mq.receive()
        except BlockingIOError:
            pass
        assert buffer == b"> " + b"a" * size + b"b" * size + b"c" * size, failures
    if done:
        break
print(failures)
"""
)

FILL = (
    PREPARE
    + """
failures = 0
while True:
    with new() as mq:
        data = b"a" * 1024 + b"b" * 1024 + b"c" * size
        buffer = bytearray(data)
        still_there = 0
        try:
            failing(failures, mq.fill, buffer)
            done = True
        except MemoryError as error:
            failures += 1
            done = False
            still_there = getattr(error, "characters_written", 0)
        sent = b"".join(rest(mq))
        assert sent + buffer[still_there:] == data, (failures, len(sent), len(buffer))
        assert not (done and buffer)
    if done:
        break
print(failures)
"""
)

SEND = (
    PREPARE
    + """
data = bytearray(b"a" * 1024 + b"b" * size)
for method in ("send", "sendall"):
    for number in range(8):
        with new() as mq:
            try:
                failing(number, getattr(mq, method), data)
                expected = data[:1024] if method == "send" else data
            except MemoryError:
                expected = b""
            assert b"".join(rest(mq)) == expected, (method, number)
"""
)

CREATE = (
    PREPARE
    + """
from mood.mqueue import unlink
failures = 0
while True:
    queue = None
    before = os.listdir("/proc/self/fd")
    try:
        queue = failing(failures, new)
    except MemoryError:
        failures += 1
    if queue is not None:
        break
    assert os.listdir("/proc/self/fd") == before
    try:
        unlink(name)
        raise AssertionError("a queue is left")
    except FileNotFoundError:
        pass
print(failures)
"""
)


@pytest.fixture(scope="module")
def run(run_python, new_name):
    pytest.importorskip("_testcapi")
    return lambda script, size: run_python(script, new_name(), size)


# Small ones come from Python's own allocator, those over 512 bytes from that of the system.
SIZES = pytest.mark.parametrize("size", [2, 300, 600, 1024])


@SIZES
def test_message_is_redelivered_after_a_memory_error(run, size):
    assert int(run(RECEIVE, size)) >= 1


@SIZES
def test_several_messages_that_there_was_no_memory_for_come_in_their_order(run, size):
    run(SEVERAL_FAILURES, size)


@SIZES
def test_drain_takes_what_a_receive_had_no_memory_for_and_the_rest(run, size):
    run(THEN_DRAIN, size)


def test_after_close_even_a_message_that_was_held_is_not_received(run):
    assert run(THEN_CLOSE, 600) == ""


@SIZES
def test_drain_without_memory_loses_nothing_and_leaves_no_rubbish_in_the_buffer(run, size):
    assert int(run(DRAIN, size)) >= 1


@SIZES
def test_fill_without_memory_removes_what_was_sent_or_says_how_much_it_is(run, size):
    run(FILL, size)


@SIZES
def test_send_without_memory_sends_what_it_says(run, size):
    run(SEND, size)


def test_a_queue_that_there_was_no_memory_for_is_not_left_behind(run):
    assert int(run(CREATE, 1)) >= 1


@pytest.mark.thread_unsafe(reason="the whole process has no memory for a moment")
def test_undelivered_messages_keep_their_order(new_queue, start_blocked):
    testcapi = pytest.importorskip("_testcapi")
    with ThreadPoolExecutor(2) as pool, new_queue() as mq:
        buffers = bytearray(), bytearray()
        drained = [start_blocked(pool, mq.drain, buffer) for buffer in buffers]
        # Neither buffer can take what its drain is about to be given.
        views = [memoryview(buffer) for buffer in buffers]
        for future, message in zip(drained, [b"first", b"second"], strict=True):
            mq.send(message)
            with pytest.raises(BufferError):
                future.result()
        receive, failed = mq.receive, False
        testcapi.set_nomemory(0, 1)
        try:
            receive()
        except MemoryError:
            failed = True
        finally:
            testcapi.remove_mem_hooks()
        assert failed
        assert [mq.receive(), mq.receive()] == [b"first", b"second"]
        del views
