"""What the system refuses is explained, nothing is lost or left, and the queue goes on."""

import re

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="one process after the other")

PREPARE = """
import contextlib, ctypes, errno, os, resource, signal, sys, threading, weakref
from mood.mqueue import LimitError, MessageQueue, unlink

name = sys.argv[1]
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
libc = ctypes.CDLL(None, use_errno=True)

@contextlib.contextmanager
def limited(which, soft):
    before = resource.getrlimit(which)
    resource.setrlimit(which, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(which, before)

def free_descriptor():
    os.close(number := os.dup(0))
    return number

def threads():
    return len(os.listdir("/proc/self/task"))

def works(mq):
    mq.send(b"fine", 3)
    return mq.receive() == b"fine" and len(mq) == 0

def notifies(mq):
    told = threading.Event()
    mq.notify(lambda queue: told.set())
    mq.send(b"x")
    return told.wait(20) and mq.receive() == b"x"

def refused(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("nothing was refused")

def small(number=0):
    return MessageQueue(f"{name}-{number}", CREATE, maxmsg=2, msgsize=8)

# Without it the limits on queues and threads do not hold.
def give_up_privileges():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
"""

QUEUES = (
    PREPARE
    + """
if sys.argv[2] == "ENOSPC":
    assert libc.unshare(0x08000000) == 0
    with open("/proc/sys/fs/mqueue/queues_max", "w") as file:
        file.write("3")
give_up_privileges()
# The least limit that lets one in: other queues of this user count as well.
least = 128
while sys.argv[2] == "EMFILE":
    with limited(resource.RLIMIT_MSGQUEUE, least), contextlib.suppress(LimitError):
        small().close()
        break
    least *= 2
with limited(resource.RLIMIT_MSGQUEUE, least if sys.argv[2] == "EMFILE" else 800_000):
    queues = []
    try:
        while True:
            queues.append(small(len(queues)))
    except LimitError as error:
        assert errno.errorcode[error.errno] == sys.argv[2], error
    assert queues
    free = free_descriptor()
    for _ in range(3):
        refused(LimitError, small, len(queues))
    assert free_descriptor() == free
    refused(FileNotFoundError, unlink, f"{name}-{len(queues)}")
    assert all(works(mq) for mq in queues)
    queues.pop().close()
    with small(len(queues)) as mq:
        assert works(mq)
    for mq in queues:
        mq.close()
"""
)


def test_a_user_who_has_used_up_the_queues_goes_on_with_what_there_is(
    private_ipc, run_python, new_name
):
    run_python(QUEUES, new_name(), "ENOSPC")


def test_a_user_who_has_used_up_the_bytes_goes_on_with_what_there_is(run_python, new_name):
    run_python(QUEUES, new_name(), "EMFILE")


DESCRIPTORS = (
    PREPARE
    + """
with small() as mq:
    free, before = free_descriptor(), threads()
    with limited(resource.RLIMIT_NOFILE, free):
        for _ in range(3):
            refused(LimitError, MessageQueue, mq.name, os.O_RDWR)
            refused(LimitError, small, 1)
            said = refused(OSError, mq.notify, print)
        assert works(mq)
        # Nobody is registered, and this needs no descriptor.
        mq.notify(None)
        mq.notify()
    assert (free_descriptor(), threads()) == (free, before)
    assert notifies(mq)
    print(said)
"""
)


def test_a_callback_that_no_descriptor_is_left_for_is_explained(run_python, new_name):
    said = run_python(DESCRIPTORS, new_name())
    assert said.startswith("[Errno 24] this process has as many descriptors open")
    assert re.search(r"RLIMIT_NOFILE.*`(ulimit -S -n \d+|prlimit --pid PID --nofile=\d+)`", said)


NO_DISPATCHER = (
    PREPARE
    + """
class Callback:
    def __call__(self, mq):
        raise AssertionError("it was refused")

give_up_privileges()
with small() as mq:
    free, callback = free_descriptor(), Callback()
    gone = weakref.ref(callback)
    with limited(resource.RLIMIT_NPROC, 0):
        for _ in range(3):
            said = refused(OSError, mq.notify, callback)
        assert works(mq)
        mq.notify(None)
        mq.notify()
    assert (free_descriptor(), threads()) == (free, 1)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    del callback
    assert gone() is None
    assert notifies(mq)
    print(said)
"""
)


def test_a_callback_that_no_thread_is_left_for_is_explained(run_python, new_name):
    said = run_python(NO_DISPATCHER, new_name())
    assert said.startswith("[Errno 11]")
    assert re.search(r"thread.*ulimit -u", said)


NO_THREAD = (
    PREPARE
    + """
reported = threading.Semaphore(0)
kinds = []
def hook(unraisable):
    kinds.append(unraisable.exc_type)
    reported.release()
sys.unraisablehook = hook

class Callback:
    def __call__(self, mq):
        raise AssertionError("it was refused")

give_up_privileges()
with small() as mq:
    assert notifies(mq)
    free = free_descriptor()
    for number in range(1, 4):
        callback = Callback()
        gone = weakref.ref(callback)
        mq.notify(callback)
        del callback
        with limited(resource.RLIMIT_NPROC, 0):
            mq.send(b"x")
            assert reported.acquire(timeout=20)
        assert mq.receive() == b"x"
        assert kinds == [RuntimeError] * number
    assert notifies(mq)
    assert free_descriptor() == free
    assert gone() is None
"""
)


def test_a_callback_whose_own_thread_is_refused_is_reported(run_python, new_name):
    run_python(NO_THREAD, new_name())
