"""Every error says why: what refused, with its value, and what helps."""

import errno
import os
import re

import pytest
from calls import CALLS, SENDING, blocking_queue
from sandboxed import FIRST_CALL, REFUSE

from mood.mqueue import MessageQueue

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL

# What the kernel or a sandbox can give for each system call, and what helps against it.
SANDBOX = r"allow the mq_\* system calls"
MEMORY = "raise the memory limit"
PERMISSION = "mqctl|CAP_FOWNER|security module"
RAISE_BYTES = "raise the limit with `(prlimit --pid PID --msgqueue|ulimit -S -q)"
REFUSALS = {
    "mq_open": {
        "EACCES": PERMISSION,
        "EINVAL": "",
        "EMFILE": RAISE_BYTES + "|",
        "ENFILE": "sysctl -w fs.file-max",
        "ENOSPC": "sysctl -w fs.mqueue.queues_max|",
        "ENOMEM": MEMORY,
        "ENOSYS": SANDBOX,
        "EPERM": SANDBOX,
    },
    "mq_unlink": {
        "EACCES": SANDBOX,
        # Which libc turns into EACCES.
        "EPERM": SANDBOX,
        "ENOMEM": MEMORY,
        "ENOSYS": SANDBOX,
    },
    "mq_timedsend": {
        "EAGAIN": "^the queue is full$",
        "ENOMEM": MEMORY,
        "ENOSYS": SANDBOX,
        "EPERM": SANDBOX,
    },
    "mq_timedreceive": {
        "EAGAIN": "^the queue is empty$",
        "ENOSYS": SANDBOX,
        "EPERM": SANDBOX,
    },
    "mq_notify": {
        "EBUSY": "wait|must be notified|unregister",
        "ENOMEM": MEMORY,
        "ENOSYS": SANDBOX,
        "EPERM": SANDBOX,
    },
    "mq_getsetattr": {"EBADF": "", "ENOSYS": SANDBOX, "EPERM": SANDBOX},
}

# Prints how each operation on an existing queue fails. Each makes one of the six calls.
FAIL = (
    REFUSE
    + """
import errno, os, signal, sys
from mood.mqueue import MessageQueue, unlink

name, call, number = sys.argv[1], sys.argv[2], getattr(errno, sys.argv[3])
CREATE = os.O_RDWR | os.O_CREAT
mq = MessageQueue(name, os.O_RDWR)
SIZES = {"maxmsg": 1, "msgsize": 8}

OPERATIONS = {
    "mq_open": [
        lambda: MessageQueue(name, os.O_RDONLY),
        lambda: MessageQueue(name, CREATE, **SIZES),
        lambda: MessageQueue(name, CREATE | os.O_EXCL, **SIZES),
        lambda: MessageQueue(name, CREATE | os.O_EXCL),
        lambda: MessageQueue.create_unique(**SIZES),
    ],
    "mq_unlink": [lambda: unlink(name), mq.unlink],
    "mq_timedsend": [
        lambda: mq.send(b""),
        lambda: mq.send(b"", timeout=0),
        lambda: mq.send_message(b""),
        lambda: mq.sendall(b""),
        lambda: mq.send_many([b""]),
        lambda: mq.fill(bytearray(1)),
    ],
    "mq_timedreceive": [
        lambda: mq.receive(),
        lambda: mq.receive(timeout=0),
        lambda: mq.receive_message(),
        lambda: mq.receive_into(bytearray(64)),
        lambda: mq.receive_many(),
        lambda: mq.drain(bytearray()),
    ],
    "mq_notify": [
        lambda: mq.notify(None),
        lambda: mq.notify(signal.SIGUSR1),
        lambda: mq.notify(print),
    ],
    "mq_getsetattr": [
        lambda: len(mq),
        lambda: mq.status(),
        lambda: mq.blocking,
        lambda: MessageQueue(name, os.O_RDONLY),
    ],
}
refuse(call, number)
for operation in OPERATIONS[call]:
    try:
        operation()
    except OSError as error:
        print(error.errno, error.filename, error.strerror, sep="|")
    else:
        print("done")
"""
)

needs_seccomp = pytest.mark.skipif(FIRST_CALL is None, reason="system call numbers not known")


@needs_seccomp
@pytest.mark.parametrize(
    ("call", "name", "remedy"),
    [(call, name, remedy) for call, all_ in REFUSALS.items() for name, remedy in all_.items()],
)
def test_every_refusal_names_the_queue_and_has_a_remedy(run_python, new_queue, call, name, remedy):
    with new_queue() as mq:
        printed = run_python(FAIL, mq.name, call, name).splitlines()
    given = getattr(errno, name)
    if (call, name) == ("mq_unlink", "EPERM"):
        given = errno.EACCES
    assert printed
    for line in printed:
        number, filename, text = line.split("|")
        assert int(number) == given
        assert filename == mq.name or filename.startswith("/mq-")
        assert text
        assert "os error" not in text
        assert re.search(remedy, text), text


@pytest.mark.parametrize("call", CALLS)
def test_timeout_says_what_was_missing_and_how_long(new_queue, call):
    missing = "no room" if call in SENDING else "no message"
    with blocking_queue(new_queue, call) as mq:
        for timeout, text in [(0.05, "within 0.05 s"), (0, "and the timeout is 0")]:
            with pytest.raises(TimeoutError) as raised:
                CALLS[call](mq, timeout=timeout)
            assert raised.value.errno == errno.ETIMEDOUT
            assert re.fullmatch(f"{missing},? {text}", str(raised.value.strerror))
            assert raised.value.filename == mq.name


INTERRUPTED = """
import os, signal, sys
from mood.mqueue import MessageQueue

handled = []
signal.signal(signal.SIGALRM, lambda *_: handled.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as mq:
    try:
        mq.receive(timeout=0.1)
    except TimeoutError as error:
        print(error.strerror, bool(handled))
"""


def test_timeout_is_the_whole_one_however_often_a_signal_interrupted(run_python, new_name):
    assert run_python(INTERRUPTED, new_name()) == "no message within 0.1 s True\n"


@pytest.mark.parametrize("call", CALLS)
def test_nonblocking_call_says_that_the_queue_is_full_or_empty(new_queue, call):
    with blocking_queue(new_queue, call) as mq:
        mq.blocking = False
        with pytest.raises(BlockingIOError) as raised:
            CALLS[call](mq)
        state = "full" if call in SENDING else "empty"
        assert (raised.value.errno, raised.value.filename) == (errno.EAGAIN, mq.name)
        assert raised.value.strerror == f"the queue is {state}"


# A queue of one user, and another one who may not use it, where the queues are mounted or not.
STRANGER = """
import ctypes, os, sys, tempfile
from mood.mqueue import MessageQueue, unlink

CLONE_NEWNS, CLONE_NEWIPC, MS_REC, MS_PRIVATE = 0x20000, 0x8000000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)
mounted, mode = sys.argv[1] == "mounted", int(sys.argv[2], 8)

def mount(kind, point, flags=0):
    return libc.mount(b"none", point.encode(), kind, flags, None)

if (
    os.geteuid()
    or libc.unshare(CLONE_NEWNS | CLONE_NEWIPC)
    or mount(None, "/", MS_REC | MS_PRIVATE)
):
    print("refused")
    sys.exit()
with tempfile.TemporaryDirectory() as point:
    os.chmod(point, 0o755)
    assert not mounted or mount(b"mqueue", point) == 0
    os.umask(0)
    with MessageQueue("/theirs", os.O_RDWR | os.O_CREAT, mode, maxmsg=1, msgsize=8) as mq:
        if os.fork() == 0:
            os.setgroups([])
            os.setresgid(1, 1, 1)
            os.setresuid(1, 1, 1)
            for call in lambda: MessageQueue("/theirs", os.O_RDWR), lambda: unlink("/theirs"):
                try:
                    call()
                except PermissionError as error:
                    print(error.errno, error.filename, error.strerror, flush=True)
            os._exit(0)
        os.wait()
    assert not mounted or libc.umount2(point.encode(), 0) == 0
"""


def stranger(run_python, *arguments):
    printed = run_python(STRANGER, *arguments)
    if printed == "refused\n":
        pytest.skip("needs root and namespaces")
    return printed.splitlines()


@pytest.mark.parametrize("mode", ["0600", "0640", "0000"])
def test_refused_permission_names_owner_mode_and_who_asks(run_python, mode):
    opened, unlinked = stranger(run_python, "mounted", mode)
    whose = f"owned by uid 0 (root) and gid 0, mode {mode}; this process is uid 1; "
    start = f"13 /theirs Permission denied: {whose}"
    assert opened == start + "its owner or root can change the mode with `mqctl chmod`"
    assert unlinked == start + "only its owner or a process with CAP_FOWNER may unlink it"


def test_owner_is_seen_without_a_mount_if_the_queue_can_be_opened_otherwise(run_python):
    opened, unlinked = stranger(run_python, "not mounted", "0604")
    assert "owned by uid 0 (root) and gid 0, mode 0604; this process is uid 1; " in opened
    assert "owned by uid 0 (root) and gid 0, mode 0604; this process is uid 1; " in unlinked


def test_refused_permission_without_a_mount_says_how_to_see_the_owner(run_python):
    opened, unlinked = stranger(run_python, "not mounted", "0600")
    assert opened == (
        "13 /theirs Permission denied: "
        "uid 1 may not open it; `mqctl info`, as root, shows its owner and mode"
    )
    assert "this process is uid 1; if that is its owner, a sandbox refuses mq_unlink" in unlinked


# What the library looks up after a refusal must not end the notification of this very process.
REGISTERED = """
import contextlib, errno, os, sys
from mood.mqueue import MessageQueue

# Modes do not bind root, unless it has no capabilities, and then it cannot be another user.
with contextlib.suppress(PermissionError):
    os.setresuid(1, 1, 1)
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o200, maxmsg=1, msgsize=8) as mq:
    mq.notify(None)
    for open_again in lambda: MessageQueue(mq.name, os.O_RDONLY), lambda: mq.reopen(os.O_RDONLY):
        try:
            open_again()
        except PermissionError as error:
            print(error.filename, error.strerror)
    try:
        mq.notify(None)
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


def test_looking_for_the_owner_leaves_the_notification_alone(run_python, new_name):
    name = new_name()
    *refused, registered = run_python(REGISTERED, name).splitlines()
    assert len(refused) == 2
    for text in refused:
        assert text.startswith(f"{name} Permission denied: owned by uid ")
        assert "mode 0200; this process is uid " in text
    assert registered == "EBUSY"


# A service of root, whose system call filter kills for whatever queues do not need.
FILTERED = (
    REFUSE
    + """
import os, sys
from mood.mqueue import MessageQueue

header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc = ctypes.CDLL(None)
assert libc.capget(header, sets) == 0
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
sets[0] &= ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
assert libc.capset(header, sets) == 0
FSOPEN, FSMOUNT, MOUNT_SETATTR = 430, 432, 442
for call in FSOPEN, FSMOUNT, MOUNT_SETATTR:
    kill_for(call)
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, 0, maxmsg=1, msgsize=8) as mq:
    try:
        MessageQueue(mq.name, os.O_RDONLY)
    except PermissionError as error:
        print(error.strerror.startswith("Permission denied: "))
"""
)


@needs_seccomp
def test_looking_for_the_owner_makes_no_call_that_a_filter_may_kill_for(run_python, new_name):
    assert run_python(FILTERED, new_name()) == "True\n"


def test_refused_name_is_not_looked_up(new_name):
    with pytest.raises(PermissionError, match="one slash only"):
        MessageQueue(new_name() + "/x", os.O_RDONLY)
