"""A machine, or a container, without /proc."""

import pytest

WITHOUT_PROC = """
import ctypes, os, sys

CLONE_NEWNS, CLONE_NEWUSER, MS_REC, MS_PRIVATE = 0x20000, 0x10000000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)

def refused():
    return (
        (libc.unshare(CLONE_NEWNS) and libc.unshare(CLONE_NEWNS | CLONE_NEWUSER))
        or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        or libc.mount(b"none", b"/proc", b"tmpfs", 0, None)
    )

if refused():
    print("refused")
    sys.exit()
assert os.listdir("/proc") == []
from mood.mqueue import MessageQueue
"""

CREATE_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, **eval(sys.argv[2])) as mq:
    mq.send(b"without /proc")
    print(mq.receive().decode())
"""
)

OPEN_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, **eval(sys.argv[2])) as mq:
    print(mq.maxmsg, mq.msgsize)
"""
)


@pytest.mark.parametrize("sizes", [{"maxmsg": 1, "msgsize": 64}, {}], ids=str)
def test_importing_and_creating_need_no_proc(run_python, new_name, sizes):
    printed = run_python(CREATE_WITHOUT_PROC, new_name(), sizes)
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    assert printed == "without /proc\n"


@pytest.mark.parametrize("sizes", [{}, {"maxmsg": 9}, {"msgsize": 9}], ids=str)
def test_opening_an_existing_queue_needs_no_proc(run_python, new_queue, sizes):
    with new_queue(maxmsg=2, msgsize=30) as mq:
        printed = run_python(OPEN_WITHOUT_PROC, mq.name, sizes)
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    assert printed == "2 30\n"


REFUSED_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
import resource
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
name = sys.argv[1]

def refused(call):
    try:
        call()
    except OSError as error:
        print(type(error).__name__, error.errno, error.filename, error.strerror, sep="|")

def create(**sizes):
    return lambda: MessageQueue(name, CREATE, **sizes)

mq = MessageQueue(name + "x", CREATE, maxmsg=1, msgsize=1)
refused(create(maxmsg=1))
refused(create(msgsize=1))
refused(create(maxmsg=70000, msgsize=1))
refused(create(maxmsg=70000, msgsize=20000000))
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (100, 100))
refused(create())
refused(create(maxmsg=2, msgsize=8))
refused(mq.reopen)
mq.close()
"""
)


def test_error_without_proc_is_not_that_there_is_no_queue(run_python, new_name):
    name = new_name()
    printed = run_python(REFUSED_WITHOUT_PROC, name)
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    lines = [line.split("|") for line in printed.splitlines()]
    one_size, other_size, capacity, both, defaults, small, reopened = lines
    for line, size in (one_size, "msgsize"), (other_size, "msg"):
        assert line[:3] == ["OSError", "22", name]
        assert f"/proc/sys/fs/mqueue/{size}_default" in line[3]
        assert line[3].endswith("give both, or mount /proc")
    assert capacity[:3] == both[:3] == ["LimitError", "22", name]
    assert "maxmsg 70000 exceeds fs.mqueue.msg_max (which /proc does not tell)" in capacity[3]
    assert "msgsize 20000000 exceeds fs.mqueue.msgsize_max" in both[3]
    assert defaults[:3] == small[:3] == ["LimitError", "24", name]
    assert "maxmsg=10, msgsize=8192 is charged 82880 bytes" in defaults[3]
    assert "maxmsg=2, msgsize=8 is charged 208 bytes" in small[3]
    # Without the queue's name, which would read as if it was not there.
    assert reopened[:3] == ["FileNotFoundError", "2", "None"]
    assert reopened[3].endswith("/proc/thread-self/fd: mount /proc")


ASK_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
from mood.mqueue import limits, list_queues
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as mq:
    print(mq.status().messages)
for call in limits, list_queues:
    try:
        print(call())
    except FileNotFoundError as error:
        print(error.errno, error.strerror)
"""
)


def test_the_status_needs_no_proc_and_what_does_says_so(run_python, new_name):
    printed = run_python(ASK_WITHOUT_PROC, new_name())
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    messages, limits, names = printed.splitlines()
    assert messages == "0"
    assert limits == (
        "2 No such file or directory: "
        "fs.mqueue.msg_default is read from /proc/sys/fs/mqueue/msg_default"
    )
    assert names.startswith("2 No such file or directory: ")
    assert "/proc" in names


CLOSE_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
import errno, signal, threading, time

def receive(mq, blocked, raised):
    signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        mq.receive()
    except OSError as error:
        raised.append(error.errno)

everything = signal.valid_signals()
for blocked in ({signal.SIGURG}, everything - {signal.SIGRTMIN}, everything):
    mq, raised = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8), []
    thread = threading.Thread(target=receive, args=(mq, blocked, raised), daemon=True)
    thread.start()
    time.sleep(0.02)  # most likely it waits then; if not, it is to end all the same
    mq.close()
    thread.join(10)
    print(raised == [errno.EBADF], end=" ")
"""
)


def test_close_wakes_threads_that_block_signals_without_proc(run_python, new_name):
    printed = run_python(CLOSE_WITHOUT_PROC, new_name())
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    assert printed == "True True True "
