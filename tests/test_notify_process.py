"""Notifications and the process: signals, many queues, the interpreter's end."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import os, queue, signal, sys, threading, time
from mood.mqueue import MessageQueue

mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=4, msgsize=8)
# Some of these end with a thread that still refers to it, so that it is never collected.
mq.unlink()
"""

SIGWAITINFO = """
signum = eval(sys.argv[2])
signal.pthread_sigmask(signal.SIG_BLOCK, [signum])
mq.notify(signum)
mq.send(b"")
info = signal.sigtimedwait([signum], 10)
print(info.si_signo == signum, info.si_code, info.si_pid == os.getpid())
mq.receive()
mq.send(b"")
print(signal.sigpending())
"""

HANDLER = """
told = []
signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
mq.notify(signal.SIGUSR1)
mq.send(b"")
while not told:
    time.sleep(0.001)
print(told == [signal.SIGUSR1], len(mq))
"""

UNREGISTERED_SIGNAL = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
mq.notify(signal.SIGUSR1)
mq.notify()
mq.send(b"")
print(signal.sigpending())
"""

# The dispatcher takes none: what no other thread takes stays pending.
MASKS = """
masks = queue.SimpleQueue()
mq.notify(lambda _: masks.put(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
mq.send(b"")
print(masks.get(timeout=10))
while len(os.listdir("/proc/self/task")) > 2:
    time.sleep(0.001)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
print(signal.sigpending() == {signal.SIGUSR1})
"""

EXITS = {
    "armed": "mq.notify(print)",
    "armed, with a reference to the queue": "mq.notify(lambda _, kept=mq: print(kept))",
    "fired, not yet run": "sys.setswitchinterval(100)\nmq.notify(lambda _: None)\nmq.send(b'')",
    "fired, again and again": """
def again(queue):
    queue.notify(again)
    queue.receive()
    queue.send(b'')
mq.notify(again)
mq.send(b'')
""",
    "running, asleep": """
started = threading.Event()
def callback(_):
    started.set()
    time.sleep(100)
mq.notify(callback)
mq.send(b'')
started.wait(10)
""",
    "running, busy": """
started = threading.Event()
def callback(_):
    started.set()
    while True:
        pass
mq.notify(callback)
mq.send(b'')
started.wait(10)
""",
    "running, in receive": """
started = threading.Event()
def callback(queue):
    queue.receive()
    started.set()
    queue.receive()
mq.notify(callback)
mq.send(b'')
started.wait(10)
""",
    "fired by the interpreter's end": """
class Last:
    def __del__(self, send=mq.send, sleep=time.sleep):
        send(b'')
        sleep(0.1)
mq.notify(lambda _: None)
sys.last = Last()
""",
    "a daemon in receive": """
threading.Thread(target=mq.receive, daemon=True).start()
time.sleep(0.1)
""",
    "a daemon in send": """
mq.sendall(bytes(32))
threading.Thread(target=mq.send, args=(b'',), daemon=True).start()
time.sleep(0.1)
""",
    "a daemon in receive, woken by the interpreter's end": """
class Last:
    def __del__(self, send=mq.send, sleep=time.sleep):
        send(b'')
        sleep(0.1)
threading.Thread(target=mq.receive, daemon=True).start()
time.sleep(0.1)
sys.last = Last()
""",
    "a daemon in receive, of a queue that the interpreter's end closes": """
class Last:
    def __del__(self, close=mq.close, sleep=time.sleep):
        close()
        sleep(0.1)
threading.Thread(target=mq.receive, daemon=True).start()
time.sleep(0.1)
sys.last = Last()
""",
}

# One dispatcher serves a hundred-odd registrations; the queues are more than is usual, too.
MANY_QUEUES = """
import os, queue, sys
from mood.mqueue import MessageQueue

flags = os.O_RDWR | os.O_CREAT
queues = [MessageQueue(f"{sys.argv[1]}-{n}", flags, maxmsg=1, msgsize=8) for n in range(300)]
told = queue.SimpleQueue()
for mq in queues:
    mq.notify(told.put)
for mq in queues:
    mq.send(b"")
print({told.get(timeout=20).name for _ in queues} == {mq.name for mq in queues}, told.empty())
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize("signum", ["signal.SIGUSR1", "signal.SIGRTMAX", "1", "64"])
def test_a_signal_number_has_the_signal_sent_once(script, signum):
    assert script(SIGWAITINFO, signum) == "True -3 True\nset()\n"


def test_the_signals_handler_runs(script):
    assert script(HANDLER) == "True 1\n"


def test_no_signal_is_sent_after_unregistering(script):
    assert script(UNREGISTERED_SIGNAL) == "set()\n"


def test_callbacks_leave_signals_to_the_threads_of_the_program(script):
    assert script(MASKS) == "set()\nTrue\n"


@pytest.mark.parametrize("state", EXITS)
def test_the_interpreter_exits_quietly(script, state):
    assert script(EXITS[state]) == ""


@pytest.fixture
def room_for_400_queues(private_ipc):
    path = "/proc/sys/fs/mqueue/queues_max"
    with open(path) as sysctl:
        before = sysctl.read()
    try:
        with open(path, "w") as sysctl:
            sysctl.write("400")
    except OSError:
        pytest.skip("fs.mqueue.queues_max cannot be raised here")
    yield
    with open(path, "w") as sysctl:
        sysctl.write(before)


@pytest.mark.thread_unsafe(reason="changes a sysctl")
@pytest.mark.usefixtures("room_for_400_queues")
def test_three_hundred_queues_notify_at_once(new_name, run_python):
    assert run_python(MANY_QUEUES, new_name()) == "True True\n"
