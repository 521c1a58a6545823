"""Whatever is done ten thousand times leaves nothing: no descriptor, thread, object or byte.

What waits for a thread each time is done a thousand times; MOOD_LIVES=10000 is the long form.
"""

import os

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

LIVES_WITH_A_THREAD = int(os.environ.get("MOOD_LIVES", "1000"))

START = """
import copy, ctypes, errno, functools, gc, os, pickle, sys, threading, time, weakref
from mood.mqueue import LimitError, MessageQueue

name = sys.argv[1]
CREATE = os.O_RDWR | os.O_CREAT
new = functools.partial(MessageQueue, name, CREATE, maxmsg=2, msgsize=64)

class Sub(MessageQueue):
    def __init__(self, *arguments):
        super().__init__(*arguments, maxmsg=2, msgsize=64)
        self.itself = self

class Allocated(ctypes.Structure):
    "struct mallinfo2"
    _fields_ = [(field, ctypes.c_size_t) for field in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keep".split()]

def refused(error, call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except error:
        pass
    else:
        raise AssertionError(error)

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0)

def heap():
    "Bytes in use that malloc() gave, where the C library tells."
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = Allocated
    info = mallinfo()
    return info.uordblks + info.hblkhd

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

# The cache keeps the names that it was asked for: pickle makes those of each object anew.
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache

def usage():
    gc.collect()
    clear_caches()
    return (
        len(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
        sys.getallocatedblocks(),
        heap(),
        resident(),
    )

# What the kernel and the interpreter still do on other threads has an end.
LIMITS = 0, 0, 300, 64 * 1024, 512 * 1024

def growth(before):
    return [now - then for now, then in zip(usage(), before, strict=True)]

def measure(life, count):
    for _ in range(count // 5):
        life()
    time.sleep(0.02)
    before = usage()
    for _ in range(count):
        life()
    grown = growth(before)
    end = time.monotonic() + 5
    while any(map(int.__gt__, grown, LIMITS)) and time.monotonic() < end:
        time.sleep(0.05)
        grown = growth(before)
    if any(map(int.__gt__, grown, LIMITS)):
        print("descriptors, threads, blocks, bytes of heap, bytes resident:", grown)

"""

# Each defines life(), one of ten thousand.
LIVES = {
    "open, close": """
def life():
    new().close()
""",
    "open, collect": """
def life():
    new()
""",
    "with, unlink": """
def life():
    with new() as mq:
        mq.unlink()
""",
    "a subclass in a cycle": """
lives = 0
def life():
    global lives
    Sub(name, CREATE).unlink()
    lives += 1
    # A cycle does not tell the collector how much of the system it holds.
    if lives % 50 == 0:
        gc.collect()
""",
    "open the same queue twice": """
mq = new()
def life():
    MessageQueue(name, os.O_RDONLY).close()
""",
    "send, receive": """
mq = new()
def life():
    mq.send(b"message", 3)
    mq.receive()
""",
    "send and receive with a timeout": """
mq = new()
def life():
    mq.send(bytearray(100), timeout=1)
    mq.receive(timeout=1.5)
""",
    "sendall, drain, fill": """
mq = new()
def life():
    mq.sendall(memoryview(b"x" * 100))
    buffer = bytearray(b"head")
    mq.drain(buffer)
    mq.fill(buffer)
    mq.drain(buffer)
""",
    "attributes": """
mq = new()
def life():
    mq.name, mq.flags, mq.mode, mq.maxmsg, mq.msgsize, mq.closed, mq.owner, len(mq), repr(mq)
    mq.blocking = not mq.blocking
    mq.owner = True
""",
    "would block, timed out": """
mq = new()
def life():
    refused(TimeoutError, mq.receive, timeout=0)
    refused(TimeoutError, mq.drain, bytearray(), timeout=1e-6)
    mq.sendall(bytes(128))
    refused(TimeoutError, mq.send, b"", timeout=0)
    mq.blocking = False
    refused(BlockingIOError, mq.sendall, b"")
    refused(BlockingIOError, mq.fill, bytearray(1))
    mq.drain(bytearray())
    mq.blocking = True
""",
    "constructors that fail": """
mq = new()
def life():
    refused(FileNotFoundError, MessageQueue, name + "-none", os.O_RDWR)
    refused(FileExistsError, MessageQueue, name, CREATE | os.O_EXCL)
    refused(PermissionError, MessageQueue, name + "/x", CREATE)
    refused(OSError, MessageQueue, "no slash", CREATE)
    refused(OSError, MessageQueue, name, os.O_RDWR | os.O_WRONLY)
    refused(ValueError, MessageQueue, name + chr(0), CREATE)
    refused(TypeError, MessageQueue, name)
    refused(OverflowError, MessageQueue, name, 2**70)
    refused(RuntimeError, mq.__init__, name, CREATE)
""",
    "a constructor that a limit refuses": """
def life():
    refused(LimitError, MessageQueue, name, CREATE, maxmsg=2**40)
""",
    "arguments that are refused": """
mq = new()
def life():
    refused(TypeError, mq.send, "text")
    refused(OSError, mq.send, b"", 32768)
    refused(OverflowError, mq.send, b"", -1)
    refused(ValueError, mq.receive, timeout=-1)
    refused(TypeError, mq.drain, b"")
    refused(ValueError, mq.notify, 65)
    refused(TypeError, mq.notify, "text")
    refused(TypeError, MessageQueue.from_fd, True)
    refused(OSError, MessageQueue.from_fd, 0)
    refused(ValueError, MessageQueue.from_fd, mq.fileno())
    refused(OSError, mq.reopen, os.O_CREAT)
    refused(OSError, MessageQueue.create_unique, "no slash")
""",
    "adopt": """
mq = new()
def life():
    MessageQueue.from_fd(os.dup(mq.fileno())).close()
""",
    "detach": """
def life():
    mq = new()
    mq.unlink()
    os.close(mq.detach())
""",
    "reopen": """
mq = new()
def life():
    mq.reopen(os.O_RDONLY).close()
""",
    "create_unique": """
def life():
    MessageQueue.create_unique(maxmsg=1, msgsize=8).close()
""",
    "pickle, copy": """
mq = new()
def life():
    pickle.loads(pickle.dumps(mq)).close()
    copy.copy(mq).close()
""",
    "pickle, refused": """
mq = new()
mq.unlink()
def life():
    refused(TypeError, pickle.dumps, mq)
""",
    "use after close": """
mq = new()
mq.close()
def life():
    refused(OSError, mq.detach)
    refused(OSError, mq.reopen)
    refused(OSError, pickle.dumps, mq)
    refused(OSError, mq.receive)
    refused(OSError, mq.notify, print)
    refused(OSError, mq.fill, bytearray(1))
""",
    "weak references": """
def life():
    mq = new()
    told = []
    gone = weakref.ref(mq, told.append)
    del mq
    if told != [gone]:
        raise AssertionError
""",
    "notify, cancel": """
mq = new()
def life():
    mq.notify(lambda queue: None)
    mq.notify()
""",
    "notify None, cancel": """
mq = new()
def life():
    mq.notify(None)
    mq.notify()
""",
    "notify, refused": """
mq = new()
mq.notify(None)
def life():
    refused(OSError, mq.notify, lambda queue: None)
""",
    "notify, close": """
def life():
    with new() as mq:
        mq.notify(lambda queue: None)
""",
    "notify, collect": """
def life():
    new().notify(lambda queue: None)
""",
    "notify, close another object": """
mq = new()
def life():
    mq.notify(lambda queue: None)
    MessageQueue(name, os.O_RDONLY).close()
""",
}

# Each waits for a thread each time.
SLOW_LIVES = {
    "notify, fire": """
mq = new()
def life():
    told = threading.Lock()
    told.acquire()
    mq.notify(lambda queue: told.release())
    mq.send(b"")
    told.acquire()
    mq.receive()
""",
    "notify, fire, cancel": """
mq = new()
def life():
    mq.notify(lambda queue: None)
    mq.send(b"")
    mq.notify()
    mq.receive()
""",
    "a callback registers again": """
mq = new()
told = threading.Lock()
told.acquire()
def again(queue):
    queue.notify(again)
    queue.receive()
    told.release()
mq.notify(again)
def life():
    mq.send(b"")
    told.acquire()
""",
    "a callback closes": """
def life():
    closed = threading.Lock()
    closed.acquire()
    def close(queue):
        queue.close()
        closed.release()
    mq = new()
    mq.notify(close)
    mq.send(b"")
    closed.acquire()
""",
    "a callback has the last reference": """
def life():
    mq = new()
    gone = weakref.ref(mq)
    mq.notify(lambda queue: None)
    mq.send(b"")
    del mq
    until(lambda: gone() is None)
""",
    "closed while a receive waits": """
def receive(mq, started):
    started.release()
    refused(OSError, mq.receive)

def life():
    with new() as mq:
        started = threading.Lock()
        started.acquire()
        thread = threading.Thread(target=receive, args=(mq, started))
        thread.start()
        started.acquire()
    thread.join()
""",
}


@pytest.fixture
def script(run_python, new_name):
    def run(body, count):
        return run_python(START + body + f"measure(life, {count})", new_name(), timeout=55)

    return run


@pytest.mark.parametrize("life", LIVES)
def test_ten_thousand_lives_leave_nothing(script, life):
    assert script(LIVES[life], 10_000) == ""


@pytest.mark.parametrize("life", SLOW_LIVES)
def test_lives_with_a_thread_in_each_leave_nothing(script, life):
    assert script(SLOW_LIVES[life], LIVES_WITH_A_THREAD) == ""
