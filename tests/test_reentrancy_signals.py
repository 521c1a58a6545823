"""Signal handlers that use the very queue whose call they interrupted."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

# The main thread waits in a call, USR1 interrupts it once it is asleep, and the handler does
# something to the queue; RESCUE lets the call go on, where it still waits.
START = """
import errno, os, signal, sys, threading, time
from mood.mqueue import MessageQueue

CREATE = os.O_RDWR | os.O_CREAT
mq = MessageQueue(sys.argv[1], CREATE | os.O_EXCL, maxmsg=2, msgsize=8)
handled, told = [], threading.Event()

def asleep():
    # In a call of the queue, or in ppoll() of one descriptor: then the second argument is 1.
    with open(f"/proc/self/task/{threading.main_thread().native_id}/syscall") as state:
        arguments = state.read().split()[1:3]
    return arguments[:1] == [hex(mq.fileno())] or arguments[1:] == ["0x1"]

def when_asleep(call, *arguments):
    def run():
        while not asleep():
            time.sleep(0.001)
        call(*arguments)
    threading.Thread(target=run, daemon=True).start()

def interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

def handler(number, frame):
    handled.append(number)
    exec(sys.argv[3], globals())

signal.signal(signal.SIGUSR1, handler)
if "send" in sys.argv[2] or "fill" in sys.argv[2]:
    mq.send(b"1")
    mq.send(b"2")
when_asleep(interrupt)

def rescue():
    while not handled:
        time.sleep(0.001)
    time.sleep(0.01)
    if len(mq) == 0:
        mq.send(b"last")
    else:
        mq.receive()
"""

GOES_ON = (
    START
    + """
threading.Thread(target=rescue, daemon=True).start()
print(eval("mq." + sys.argv[2]), len(handled))
exec(sys.argv[4])
# A thread that was told may still have it, and would keep it from being collected.
mq.close()
"""
)

ENDS = (
    START
    + """
try:
    eval("mq." + sys.argv[2])
except OSError as error:
    print(error.errno == errno.EBADF, len(handled))
exec(sys.argv[4])
"""
)

RECEIVES = ["receive()", "receive(timeout=30)"]
SENDS = ["send(b'3')", "send(b'3', timeout=30)"]

# What the handler does; what is tried afterwards; what that prints.
USES = {
    "registers": (
        "mq.notify(lambda queue: told.set())",
        "mq.drain(bytearray()) if len(mq) else None\nmq.send(b'')\nprint(told.wait(10))",
        "True\n",
    ),
    "registers and cancels": (
        "mq.notify(lambda queue: told.set()); mq.notify()",
        "mq.notify(None); print('free')",
        "free\n",
    ),
    "opens and closes another": (
        "MessageQueue(sys.argv[1] + '-x', CREATE, maxmsg=1, msgsize=8).close()",
        "print(mq.closed)",
        "False\n",
    ),
    "gives the queue away": (
        "mq.owner = False; mq.unlink()",
        "print(mq.owner)",
        "False\n",
    ),
    "looks": ("len(mq), repr(mq), mq.mode, mq.blocking", "print(mq.closed)", "False\n"),
}

CLOSES = {
    "closes": ("mq.close()", "print(mq.closed)", "True\n"),
    "closes twice": ("mq.close(); mq.close()", "print(mq.fileno())", "-1\n"),
    # Which may well get the same number.
    "closes and opens another": (
        "mq.close(); other = MessageQueue(sys.argv[1], CREATE, maxmsg=2, msgsize=8)\n"
        "other.send(b'theirs')",
        "print(len(other), other.receive())\nother.close()",
        "1 b'theirs'\n",
    ),
    "registers and closes": (
        "mq.notify(lambda queue: told.set()); mq.close()",
        "print(told.is_set())",
        "False\n",
    ),
    "drops the last name of it": ("mq.close(); del mq", "print('mq' in globals())", "False\n"),
}

# Handlers within handlers, each of which waits on the same queue.
NESTED = (
    START.replace("exec(sys.argv[3], globals())", "nest()")
    + """
received = []

def nest():
    if len(handled) < 20:
        when_asleep(interrupt)
    elif len(handled) == 20:
        when_asleep(send_all)
    else:
        return
    received.append(mq.receive(**keywords))

def send_all():
    for number in range(21):
        mq.send(b"%d" % number)

keywords = eval(sys.argv[3])
received.append(mq.receive(**keywords))
print(len(received), [int(message) for message in received] == list(range(21)))
# The thread that sent may still have it.
mq.close()
"""
)


@pytest.mark.parametrize("call", RECEIVES + SENDS)
@pytest.mark.parametrize("use", USES)
def test_a_handler_may_use_the_queue_and_the_call_goes_on(run_python, new_name, call, use):
    handler, after, printed = USES[use]
    result = "b'last' 1\n" if "receive" in call else "1 1\n"
    assert run_python(GOES_ON, new_name(), call, handler, after) == result + printed


@pytest.mark.parametrize("call", [*RECEIVES, *SENDS, "drain(bytearray())", "fill(bytearray(9))"])
@pytest.mark.parametrize("use", CLOSES)
def test_a_handler_may_close_the_queue_and_the_call_ends(run_python, new_name, call, use):
    handler, after, printed = CLOSES[use]
    assert run_python(ENDS, new_name(), call, handler, after) == "True 1\n" + printed


@pytest.mark.parametrize("keywords", [{}, {"timeout": 20}], ids=["for ever", "until a time"])
def test_handlers_within_handlers_may_all_wait(run_python, new_name, keywords):
    assert run_python(NESTED, new_name(), "receive", keywords) == "21 True\n"
