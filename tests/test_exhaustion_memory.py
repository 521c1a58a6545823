"""Memory refused where a caller's size asks for it: MemoryError, nothing lost, and it goes on."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="one process after the other")

PREPARE = """
import contextlib, ctypes, os, resource, sys
from mood.mqueue import MessageQueue, unlink

name = sys.argv[1]
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
INFINITY = resource.RLIM_INFINITY
# As large as this user's queues may be together, of which the suite has others: 16 MiB if may be.
with contextlib.suppress(ValueError):
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (INFINITY, INFINITY))
BYTES = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[0] & (1 << 63) - 1
SIZE = min(16 << 20, BYTES // 8)
libc = ctypes.CDLL(None, use_errno=True)

@contextlib.contextmanager
def no_memory():
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), hard))
    taken = []
    try:
        # What the allocator has in hand too, down to pieces that are of no use to a message.
        with contextlib.suppress(MemoryError):
            while True:
                taken.append(bytearray(SIZE // 2))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

def refused(call, *arguments, kinds=MemoryError):
    with no_memory():
        for _ in range(3):
            try:
                call(*arguments)
            except kinds:
                continue
            raise AssertionError("memory was not refused")

def works(mq):
    mq.send(b"fine", 3)
    return mq.receive() == b"fine" and len(mq) == 0
"""

BIG = (
    PREPARE
    + """
assert libc.unshare(0x08000000) == 0
with open("/proc/sys/fs/mqueue/msgsize_max", "w") as file:
    file.write(str(SIZE))
flags = CREATE | os.O_NONBLOCK
mq = MessageQueue(name, flags, maxmsg=2, msgsize=SIZE)
data = bytearray(b"abc" * (SIZE // 2))
"""
)

SEND = """
refused(getattr(mq, sys.argv[2]), data)
assert len(mq) == 0 and works(mq)
getattr(mq, sys.argv[2])(data)
assert mq.receive() == data[:SIZE]
"""

FILL = """
data = bytearray(b"abcd" * (SIZE // 2))
copy = bytes(data)
refused(mq.fill, data)
assert data == copy and len(mq) == 0
mq.fill(data)
assert mq.receive() + mq.receive() == copy and not data
"""

BYTES = """
data = bytes(SIZE)
with no_memory():
    assert mq.send(data) == SIZE
assert mq.receive() == data
"""

NO_SCRATCH = """
mq.send(data)
for call in (mq.receive, lambda: mq.drain(buffer)):
    buffer = bytearray(b"> ")
    refused(call)
    assert len(mq) == 1 and buffer == b"> "
assert mq.receive() == data[:SIZE]
assert works(mq)
"""

NO_BYTES = """
assert works(mq)
for letter in b"ab":
    mq.send(bytes([letter]) * SIZE)
refused(mq.receive)
assert len(mq) == 2
assert mq.receive() == b"a" * SIZE and mq.receive() == b"b" * SIZE
assert works(mq)
"""

NO_ROOM_IN_THE_BUFFER = """
assert works(mq)
mq.send(bytes(SIZE))
mq.send(b"last")
buffer = bytearray(b"> ")
refused(mq.drain, buffer)
assert buffer == b"> " and len(mq) == 2
assert mq.drain(buffer) is False
assert buffer == b"> " + bytes(SIZE) + b"last" and len(mq) == 0
assert works(mq)
"""


@pytest.fixture(scope="module")
def big(private_ipc, run_python, new_name):
    return lambda script, *arguments: run_python(BIG + script, new_name(), *arguments)


@pytest.mark.parametrize("method", ["send", "sendall"])
def test_a_message_that_cannot_be_copied_is_not_sent(big, method):
    big(SEND, method)


def test_a_buffer_that_cannot_be_copied_is_not_emptied(big):
    big(FILL)


def test_a_bytes_is_sent_without_memory(big):
    big(BYTES)


def test_failed_allocation_leaves_the_message_in_the_queue(big):
    big(NO_SCRATCH)


def test_a_message_that_cannot_be_handed_over_comes_next(big):
    big(NO_BYTES)


def test_what_drain_cannot_append_comes_next(big):
    big(NO_ROOM_IN_THE_BUFFER)


NAMES = (
    PREPARE
    + """
with MessageQueue(name, CREATE, maxmsg=2, msgsize=8) as mq:
    long = eval(sys.argv[2])
    refused(unlink, long, kinds=(MemoryError, OSError))
    refused(MessageQueue, long, CREATE, kinds=(MemoryError, OSError))
    assert works(mq)
"""
)


@pytest.mark.parametrize("long", ["b'/' + b'x' * SIZE", "b'x' * SIZE", "'/' + 'x' * SIZE"])
def test_a_name_that_there_is_no_memory_for_is_refused(run_python, new_name, long):
    run_python(NAMES, new_name(), long)
