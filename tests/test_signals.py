"""Signals that come while a call waits, or while it does not."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import os, signal, subprocess, sys, threading, time
from mood.mqueue import MessageQueue

def asleep(mq):
    with open(f"/proc/self/task/{threading.main_thread().native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]

def when(condition, call, *arguments):
    def run():
        while not condition():
            time.sleep(0.001)
        call(*arguments)
    threading.Thread(target=run).start()

def when_asleep(mq, call, *arguments):
    when(lambda: asleep(mq), call, *arguments)

def interrupt(signum=signal.SIGUSR1):
    os.kill(os.getpid(), signum)

def new(**sizes):
    sizes = {"maxmsg": 2, "msgsize": 8} | sizes
    return MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, **sizes)

mq = new()
"""

CTRL_C_IN_RECEIVE = """
signal.signal(signal.SIGINT, signal.default_int_handler)
when_asleep(mq, interrupt, signal.SIGINT)
try:
    mq.{receive}
except KeyboardInterrupt:
    mq.send(b"next")
    print(len(mq), mq.receive())
"""

CTRL_C_IN_SEND = """
signal.signal(signal.SIGINT, signal.default_int_handler)
mq.send(b"one")
mq.send(b"two")
when_asleep(mq, interrupt, signal.SIGINT)
try:
    mq.{send}
except KeyboardInterrupt:
    print(len(mq), mq.receive(), mq.receive())
    mq.blocking = False
    try:
        mq.receive()
    except BlockingIOError:
        print("no more")
"""

# Three times a handler returns, and only then there is a message, or room.
HANDLER_RETURNS = """
handled = []
signal.signal(getattr(signal, sys.argv[2]), lambda number, frame: handled.append(number))
# The kernel tells the thread that forked of a child's end: so here, in the one that waits.
READ = [sys.executable, "-S", "-c", "import os; os.read(0, 1)"]
children = [subprocess.Popen(READ, stdin=subprocess.PIPE) for _ in range(3)]

def signal_storm():
    while len(handled) < 3:
        before = len(handled)
        if sys.argv[2] == "SIGALRM":
            signal.setitimer(signal.ITIMER_REAL, 0.001)
        elif sys.argv[2] == "SIGCHLD":
            children[before].communicate()
        else:
            interrupt()
        while len(handled) == before:
            time.sleep(0.001)
    if sys.argv[3] == "receive":
        mq.send(b"late")
    else:
        mq.receive()

if sys.argv[3] == "receive":
    when_asleep(mq, signal_storm)
    print(mq.receive())
else:
    mq.send(b"one")
    mq.send(b"two")
    when_asleep(mq, signal_storm)
    print(mq.send(b"three"), mq.receive(), mq.receive())
for child in children:
    child.communicate()
"""

HANDLER_RAISES = """
class Mine(Exception):
    pass

mine = Mine("unchanged")

def handler(number, frame):
    raise mine

signal.signal(signal.SIGUSR1, handler)
if "send" in sys.argv[2] or "fill" in sys.argv[2]:
    mq.send(b"one")
    mq.send(b"two")
before = len(mq)
when_asleep(mq, interrupt)
try:
    eval(sys.argv[2])
except Mine as raised:
    print(raised is mine, raised.args, len(mq) == before)
"""

HANDLER_SENDS = """
signal.signal(signal.SIGUSR1, lambda number, frame: mq.send(b"handler"))
when_asleep(mq, interrupt)
print(mq.receive())
"""

HANDLER_RECEIVES = """
taken = []
def handler(number, frame):
    mq.send(b"inner")
    taken.append(mq.receive())

signal.signal(signal.SIGUSR1, handler)
when_asleep(mq, interrupt)
when(lambda: taken, mq.send, b"outer")
print(mq.receive(), taken)
"""

HANDLER_MAKES_ROOM = """
taken = []
signal.signal(signal.SIGUSR1, lambda number, frame: taken.append(mq.receive()))
mq.send(b"one")
mq.send(b"two")
when_asleep(mq, interrupt)
mq.send(b"three")
print(taken, mq.receive(), mq.receive())
"""

HANDLER_USES = """
def handler(number, frame):
    seen.append((len(mq), mq.blocking, mq.maxmsg, mq.closed, mq.owner, "owner" in repr(mq)))

seen = []
signal.signal(signal.SIGUSR1, handler)
when_asleep(mq, interrupt)
when(lambda: seen, mq.send, b"")
mq.receive()
print(*seen)
"""

HANDLER_CLOSES = """
signal.signal(signal.SIGUSR1, lambda number, frame: mq.close())
if "send" in sys.argv[2]:
    mq.send(b"one")
    mq.send(b"two")
when_asleep(mq, interrupt)
try:
    eval(sys.argv[2])
except OSError as error:
    print(error.errno, "closed" in error.strerror, error.filename == sys.argv[1])
"""

RAIN = """
drops = []
def signal_storm():
    signal.signal(signal.SIGALRM, lambda number, frame: drops.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

child = os.fork()
signal_storm()
if child == 0:
    for number in range(2000):
        mq.send(b"%d" % number)
    os._exit(0)
received = [int(mq.receive()) for _ in range(2000)]
signal.setitimer(signal.ITIMER_REAL, 0)
print(os.waitpid(child, 0)[1], received == list(range(2000)), len(mq))
"""

RAIN_ON_SENDALL = """
message = os.urandom(8 * 2000)
child = os.fork()
if child == 0:
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    mq.sendall(message)
    os._exit(0)
received = b"".join(mq.receive() for _ in range(2000))
print(os.waitpid(child, 0)[1], received == message, len(mq))
"""

INTERRUPTED_HALFWAY = """
class Mine(Exception):
    pass

def handler(number, frame):
    raise Mine

signal.signal(signal.SIGUSR1, handler)
message = bytearray(b"11111111222222223333")
when_asleep(mq, interrupt)
try:
    mq.{method}(message)
except Mine as raised:
    sent = getattr(raised, "characters_written", None)
    print(sent, mq.receive(), mq.receive(), bytes(message))
    mq.blocking = False
    try:
        mq.receive()
    except BlockingIOError:
        print("no more")
"""

SIGNAL_IN_ANOTHER_THREAD = """
handled, received = [], []
signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
thread = threading.Thread(target=lambda: received.append(mq.receive()))
thread.start()
for count in range(1, 4):
    signal.pthread_kill(thread.ident, signal.SIGUSR1)
    while len(handled) < count:
        time.sleep(0.001)
mq.send(b"survived")
thread.join()
print(received)
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize("receive", ["receive()", "drain(bytearray())"])
def test_ctrl_c_ends_a_receive_that_waits_and_nothing_is_taken(script, receive):
    assert script(CTRL_C_IN_RECEIVE.format(receive=receive)) == "1 b'next'\n"


@pytest.mark.parametrize(
    "send", ["send(b'three')", "sendall(b'three')", "fill(bytearray(b'three'))"]
)
def test_ctrl_c_ends_a_send_that_waits_and_nothing_is_sent(script, send):
    assert script(CTRL_C_IN_SEND.format(send=send)) == "2 b'one' b'two'\nno more\n"


@pytest.mark.parametrize("signal", ["SIGALRM", "SIGCHLD", "SIGUSR1"])
@pytest.mark.parametrize(
    ("method", "printed"), [("receive", "b'late'\n"), ("send", "5 b'two' b'three'\n")]
)
def test_a_handler_that_returns_lets_the_call_go_on(script, signal, method, printed):
    assert script(HANDLER_RETURNS, signal, method) == printed


@pytest.mark.parametrize(
    "call",
    [
        "mq.receive()",
        "mq.drain(bytearray())",
        "mq.send(b'three')",
        "mq.sendall(b'three')",
        "mq.fill(bytearray(b'three'))",
    ],
)
def test_handler_exception_reaches_the_caller_unchanged(script, call):
    assert script(HANDLER_RAISES, call) == "True ('unchanged',) True\n"


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        pytest.param(HANDLER_SENDS, "b'handler'\n", id="sends"),
        pytest.param(HANDLER_RECEIVES, "b'outer' [b'inner']\n", id="receives"),
        pytest.param(HANDLER_MAKES_ROOM, "[b'one'] b'two' b'three'\n", id="makes room"),
        pytest.param(HANDLER_USES, "(0, True, 2, False, True, True)\n", id="looks"),
    ],
)
def test_a_handler_may_use_the_queue_that_is_waited_for(script, body, printed):
    assert script(body) == printed


@pytest.mark.parametrize("call", ["mq.receive()", "mq.send(b'three')"])
def test_a_handler_may_close_the_queue_that_is_waited_for(script, call):
    assert script(HANDLER_CLOSES, call) == "9 True True\n"


def test_signal_storm_loses_no_messages(script):
    assert script(RAIN) == "0 True 0\n"


def test_signal_storm_does_not_split_sendall(script):
    assert script(RAIN_ON_SENDALL) == "0 True 0\n"


def test_sendall_interrupted_halfway_tells_how_many_bytes_are_sent(script):
    printed = "16 b'11111111' b'22222222' b'11111111222222223333'\nno more\n"
    assert script(INTERRUPTED_HALFWAY.format(method="sendall")) == printed


def test_fill_interrupted_halfway_leaves_what_is_not_sent(script):
    printed = script(INTERRUPTED_HALFWAY.format(method="fill"))
    assert printed.endswith(" b'11111111' b'22222222' b'3333'\nno more\n")


def test_a_signal_to_another_thread_that_waits_disturbs_nothing(script):
    assert script(SIGNAL_IN_ANOTHER_THREAD) == "[b'survived']\n"
