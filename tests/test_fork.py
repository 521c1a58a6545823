"""What a forked child may do with the queues of its parent, and what it cannot do to them."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import gc, multiprocessing, os, signal, sys, threading, time, traceback, warnings
from mood.mqueue import MessageQueue

# From 3.12 on Python warns of a fork beside other threads: that is what is tried here.
warnings.simplefilter("ignore", DeprecationWarning)

def new(name=sys.argv[1]):
    return MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=8)

def exists(name=sys.argv[1]):
    try:
        MessageQueue(name, os.O_RDONLY).close()
    except FileNotFoundError:
        return False
    return True

def in_child(call, *arguments):
    pid = os.fork()
    if pid == 0:
        # Whatever happens, a child that hangs does not outlive the test.
        signal.alarm(15)
        try:
            call(*arguments)
        except SystemExit:
            raise
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def until(condition):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.001)

def sleeps_in(thread, mq):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]

def fires(mq):
    "Has a callback run, and tells in which process."
    told = threading.Event()
    pids = []
    def callback(queue):
        pids.append(os.getpid())
        told.set()
    mq.notify(callback)
    mq.send(b"")
    if not told.wait(10):
        raise TimeoutError("no callback")
    mq.receive()
    return pids

mq = new()
"""

ENDINGS = {
    "close": "mq.close(); os._exit(0)",
    "with": "with mq: pass\nos._exit(0)",
    "del": "del mq; gc.collect(); os._exit(0)",
    "sys.exit": "sys.exit()",
    "os._exit": "os._exit(0)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
}

CHILD_ENDS = """
if os.fork() == 0:
    exec(sys.argv[2])
    sys.exit()
os.wait()
print(exists(), mq.owner)
mq.close()
print(exists())
"""

CHILD_USES = """
def child():
    mq.send(mq.receive().upper())

mq.send(b"question")
print(in_child(child), mq.receive())
"""

CHILD_OWNS = """
def nothing():
    print(mq.owner, exists())

def takes():
    mq.owner = True
    print(mq.owner)
    mq.close()

in_child(nothing)
print(in_child(takes), exists(), mq.owner)
mq.close()
"""

CHILD_CREATES = """
def child():
    own = new(sys.argv[2])
    print(own.owner, mq.owner)
    own.close()
    print(exists(sys.argv[2]))

print(in_child(child), exists())
"""

GRANDCHILD = """
def grandchild():
    print(mq.owner)
    mq.close()

def child():
    in_child(grandchild)
    mq.owner = True
    print(in_child(grandchild), exists())
    mq.close()
    print(exists())

in_child(child)
"""

CHILD_NOTIFIED = """
parents = []
mq.notify(lambda queue: parents.append(os.getpid()))

def child():
    own = new(sys.argv[2])
    pids = [pid for _ in range(40) for pid in fires(own)]
    print(pids == [os.getpid()] * 40, parents)
    own.close()

status = in_child(child)
print(status, parents)
mq.send(b"")
until(lambda: parents)
print(parents == [os.getpid()])
"""

CHILD_NOTIFIED_ON_INHERITED = """
fires(mq)

def child():
    print(fires(mq) == [os.getpid()])

print(in_child(child), fires(mq) == [os.getpid()])
"""

PARENT_STAYS_REGISTERED = """
fired = []
mq.notify(fired.append)

def closes():
    mq.close()

def unregisters():
    mq.notify()

def leaves():
    pass

for child in closes, unregisters, leaves:
    print(in_child(child), fired)
mq.send(b"")
until(lambda: fired)
print(fired == [mq])
"""

CHILD_FINDS_IT_BUSY = """
mq.notify(print)

def child():
    try:
        mq.notify(print)
    except OSError as error:
        print(error.errno)

in_child(child)
mq.notify()
in_child(fires, mq)
"""

OTHER_THREAD_RECEIVES = """
received = []
thread = threading.Thread(target=lambda: received.append(mq.receive()))
thread.start()
until(lambda: sleeps_in(thread, mq))

def closes():
    mq.close()

def exits():
    sys.exit()

print(in_child(closes), in_child(exits))
mq.send(b"parent")
thread.join()
print(received)
"""

BUSY_DISPATCHER = """
stop = threading.Event()

def keep_busy(name):
    with new(name) as own:
        while not stop.is_set():
            fires(own)

threads = [threading.Thread(target=keep_busy, args=(f"{sys.argv[2]}-{n}",)) for n in range(2)]
for thread in threads:
    thread.start()

def child():
    for _ in range(3):
        if fires(mq) != [os.getpid()]:
            raise AssertionError
    mq.close()

statuses = [in_child(child) for _ in range(50)]
stop.set()
for thread in threads:
    thread.join()
print(statuses == [0] * 50, fires(mq) == [os.getpid()])
"""

# Whatever the first notify() has yet to import waits until there was a fork.
FIRST_NOTIFY = """
import builtins

def slow(*arguments, **keywords):
    reached.set()
    forked.wait(10)
    return quick(*arguments, **keywords)

def first():
    mq.notify(print)
    mq.notify()
    reached.set()

def child():
    builtins.__import__ = quick
    mq.notify(print)

reached, forked = threading.Event(), threading.Event()
thread = threading.Thread(target=first)
quick, builtins.__import__ = builtins.__import__, slow
thread.start()
reached.wait(10)
print(in_child(child))
builtins.__import__ = quick
forked.set()
thread.join()
"""

FORK_IN_A_CALLBACK = """
def child():
    if fires(mq) != [os.getpid()]:
        raise AssertionError
    mq.close()

statuses = []
mq.notify(lambda queue: statuses.append((queue.receive(), in_child(child))))
mq.send(b"fork")
until(lambda: statuses)
print(statuses, fires(mq) == [os.getpid()])
"""

NESTED = """
def descend(depth):
    if fires(mq) != [os.getpid()]:
        raise AssertionError
    if depth and in_child(descend, depth - 1) != 0:
        raise AssertionError
    mq.close()

fires(mq)
print(in_child(descend, 4), fires(mq) == [os.getpid()], mq.owner)
"""

MULTIPROCESSING = """
def work(queue):
    queue.send(queue.receive()[::-1])

process = multiprocessing.get_context("fork").Process(target=work, args=(mq,))
process.start()
mq.send(b"stressed")
process.join()
print(process.exitcode, mq.receive(), exists())
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize("ending", ENDINGS)
def test_however_a_child_ends_the_queue_is_its_parents(script, ending):
    assert script(CHILD_ENDS, ENDINGS[ending]) == "True True\nFalse\n"


def test_a_child_may_use_the_queue_that_it_inherits(script):
    assert script(CHILD_USES) == "0 b'QUESTION'\n"


def test_a_child_owns_nothing_but_may_take_ownership(script):
    assert script(CHILD_OWNS) == "False True\nTrue\n0 False True\n"


def test_a_child_owns_what_it_creates(script, new_name):
    assert script(CHILD_CREATES, new_name()) == "True False\nFalse\n0 True\n"


def test_a_grandchild_does_not_own_its_parents_queue_either(script):
    assert script(GRANDCHILD) == "False\nFalse\n0 True\nFalse\n"


def test_a_childs_notifications_are_its_own(script, new_name):
    assert script(CHILD_NOTIFIED, new_name()) == "True []\n0 []\nTrue\n"


def test_a_child_is_notified_of_the_queue_that_it_inherits(script):
    assert script(CHILD_NOTIFIED_ON_INHERITED) == "True\n0 True\n"


def test_the_parent_stays_registered_whatever_its_children_do(script):
    assert script(PARENT_STAYS_REGISTERED) == "0 []\n" * 3 + "True\n"


def test_a_child_does_not_inherit_the_registration(script):
    assert script(CHILD_FINDS_IT_BUSY) == "16\n"


def test_a_fork_while_another_thread_receives_hangs_neither_process(script):
    assert script(OTHER_THREAD_RECEIVES) == "0 0\n[b'parent']\n"


def test_a_fork_while_callbacks_run_hangs_neither_process(script, new_name):
    assert script(BUSY_DISPATCHER, new_name()) == "True True\n"


def test_a_fork_during_the_first_notify_of_another_thread_hangs_no_child(script):
    assert script(FIRST_NOTIFY) == "0\n"


def test_a_callback_may_fork(script):
    assert script(FORK_IN_A_CALLBACK) == "[(b'fork', 0)] True\n"


def test_children_of_children_are_notified(script):
    assert script(NESTED) == "0 True True\n"


def test_a_queue_is_an_argument_of_a_forked_multiprocessing_process(script):
    assert script(MULTIPROCESSING) == "0 b'desserts' True\n"
