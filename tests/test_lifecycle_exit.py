"""The interpreter's end, whatever its other threads are doing: status 0, nothing said, no hang."""

import contextlib

import pytest

from mood.mqueue import unlink

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import atexit, os, signal, sys, threading, time
from mood.mqueue import MessageQueue

def new():
    mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=2, msgsize=8)
    # Some of these end with a thread that still refers to it, so that it is never collected.
    mq.unlink()
    return mq

def asleep(thread):
    # In ppoll() too, where the queue's descriptor is not to be seen.
    with open(f"/proc/self/task/{thread.native_id}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"

mq = new()
started = threading.Event()
"""

BLOCKED = (
    START
    + """
if sys.argv[2].startswith(("send", "fill")):
    mq.sendall(bytes(16))

def block():
    started.set()
    eval("mq." + sys.argv[2])

threads = [threading.Thread(target=block, daemon=True) for _ in range(int(sys.argv[3]))]
for thread in threads:
    thread.start()
started.wait(10)
while not all(map(asleep, threads)):
    time.sleep(0.001)
"""
)

# A callback that is running when the interpreter ends.
RUNNING = (
    START
    + """
def callback(queue):
    queue.receive()
    started.set()
    exec(sys.argv[2])

mq.notify(callback)
mq.send(b"")
started.wait(10)
# So that it has got where it stays.
time.sleep(0.02)
"""
)

CALLS = {
    "receive": "receive()",
    "receive until a time": "receive(timeout=100)",
    "drain": "drain(bytearray())",
    "drain until a time": "drain(bytearray(), timeout=100)",
    "send": "send(b'')",
    "send until a time": "send(b'', timeout=100)",
    "sendall": "sendall(bytearray(99))",
    "fill": "fill(bytearray(99))",
    "fill until a time": "fill(bytearray(99), timeout=100)",
}

RUNS = {
    "receive": "queue.receive()",
    "receive until a time": "queue.receive(timeout=100)",
    "receives that time out": "while True:\n    try: queue.receive(timeout=1e-4)\n"
    "    except TimeoutError: pass",
    "send": "queue.sendall(bytes(99))",
    "drain": "queue.drain(bytearray())",
    "a loop": "while True: pass",
    "a loop of calls": "while True: len(queue), queue.send(b'x'), queue.receive()",
    "a loop of registrations": "while True: queue.notify(print); queue.notify()",
    "a loop of openings": "while True: new()",
    "sleep": "time.sleep(100)",
    "a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "another thread": "thread = threading.Thread(target=queue.receive, daemon=True)\n"
    "thread.start(); thread.join()",
    "another callback": "queue.notify(lambda queue: time.sleep(100)); queue.send(b'')\n"
    "time.sleep(100)",
}

# What the end itself sets going.
AT_EXIT = {
    # CPython 3.12 starts no thread any more by then: nobody is told, and that is no error.
    "an atexit function that may be told": """
def last():
    told = threading.Event()
    mq.notify(lambda queue: told.set())
    mq.send(b"")
    told.wait(0.2)
atexit.register(last)
""",
    "an atexit function that closes under a receive": """
thread = threading.Thread(target=mq.receive, daemon=True)
thread.start()
while not asleep(thread):
    time.sleep(0.001)
threading.excepthook = lambda args: None
atexit.register(mq.close)
""",
    "an atexit function that ends a registration": "mq.notify(print); atexit.register(mq.notify)",
    "a finaliser that sends to an armed queue": """
class Last:
    def __del__(self, send=mq.send):
        send(b"")
mq.notify(print)
last = Last()
sys.last = Last()
""",
    "a finaliser that registers": """
class Last:
    def __del__(self, mq=mq, error=OSError):
        try:
            mq.notify(print)
            mq.send(b"")
        except error:
            pass
last = Last()
sys.last = Last()
""",
    "many that were told at once": """
queues = [new() for _ in range(50)]
sys.setswitchinterval(100)
for each in queues:
    each.notify(lambda queue: None)
    each.send(b"")
""",
    "many that go on being told": """
def again(queue):
    queue.notify(again)
    queue.receive()
    queue.send(b"")
queues = [new() for _ in range(8)]
for each in queues:
    each.notify(again)
    each.send(b"")
time.sleep(0.01)
""",
    "daemons whose receives time out meanwhile": """
threading.excepthook = lambda args: None
for number in range(20):
    arguments = {"timeout": 0.02 + number / 5000}
    threading.Thread(target=mq.receive, kwargs=arguments, daemon=True).start()
time.sleep(0.015)
""",
    "a thread that registers and cancels": """
def work():
    while True:
        mq.notify(lambda queue: None)
        mq.send(b"")
        mq.notify()
        mq.receive()
threading.Thread(target=work, daemon=True).start()
time.sleep(0.01)
""",
    "a thread that opens and closes": """
def work():
    while True:
        new().close()
threading.Thread(target=work, daemon=True).start()
time.sleep(0.01)
""",
    "a rain of signals on a blocked daemon": """
signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
thread = threading.Thread(target=mq.receive, daemon=True)
thread.start()
time.sleep(0.01)
atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
""",
}


@pytest.fixture
def name(new_name):
    name = new_name()
    yield name
    # A thread may have been stopped just when it had made a queue.
    with contextlib.suppress(FileNotFoundError):
        unlink(name)


@pytest.mark.parametrize("threads", [1, 6])
@pytest.mark.parametrize("call", CALLS)
def test_blocked_daemons_do_not_hold_up_the_end(run_python, name, call, threads):
    assert run_python(BLOCKED, name, CALLS[call], threads) == ""


@pytest.mark.parametrize("what", RUNS)
def test_a_running_callback_does_not_hold_up_the_end(run_python, name, what):
    assert run_python(RUNNING, name, RUNS[what]) == ""


@pytest.mark.parametrize("what", AT_EXIT)
def test_what_happens_at_the_end_is_quiet(run_python, name, what):
    assert run_python(START + AT_EXIT[what], name) == ""


# CPython counts as not initialized by then, and PyO3 refuses to attach.
FINALIZED = """
import os, sys
from mood.mqueue import MessageQueue

class Last:
    "Is collected when the modules are torn down."
    def __init__(self):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self.mq = MessageQueue(sys.argv[1], flags, maxmsg=2, msgsize=8)

    def __del__(self, call=eval("lambda mq: " + sys.argv[2]), write=os.write):
        try:
            answer = repr(call(self.mq))
        except BaseException as error:
            answer = type(error).__name__
        write(1, answer.encode())
        self.mq.close()

sys.modules["last"] = Last()
"""


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ("mq.send(b'')", "0"),
        ("mq.receive(timeout=0)", "TimeoutError"),
        ("mq.receive_message(timeout=0)", "TimeoutError"),
        ("mq.receive(timeout=0.001)", "TimeoutError"),
        ("mq.sendall(bytes(24), timeout=0)", "TimeoutError"),
        ("mq.fill(bytearray(24), timeout=0)", "TimeoutError"),
        ("mq.send_many(3 * [b''], timeout=0)", "2"),
        ("[setattr(mq, 'blocking', False), *mq]", "[None]"),
        ("mq.send_message(bytes(9))", "OSError"),
        ("mq.send(b'', 32768)", "OSError"),
        ("mq.send(b'', 2**32)", "OverflowError"),
        ("mq.send_many([(b'', 2**32)])", "OverflowError"),
        ("mq.send_many([()])", "TypeError"),
        ("mq.send_many(b'')", "TypeError"),
        ("mq.receive(timeout=-1)", "ValueError"),
        ("mq.notify(True)", "TypeError"),
        ("mq.from_fd(True)", "TypeError"),
    ],
)
def test_finalizer_at_the_end_gets_the_usual_outcome(run_python, new_name, call, outcome):
    assert run_python(FINALIZED, new_name(), call) == outcome
