"""The limits of the system: read when a queue is made, and explained when they refuse one."""

import errno
import os
import re
from pathlib import Path

import pytest

from mood.mqueue import LimitError, MessageQueue

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
SYSCTLS = Path("/proc/sys/fs/mqueue")

# With CAP_SYS_RESOURCE the kernel grants more than the sysctls say, so scripts give it up.
PREPARE = """
import ctypes, errno, os, resource, sys
from mood.mqueue import LimitError, MessageQueue, unlink

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
CAP_SYS_RESOURCE = 24
libc = ctypes.CDLL(None, use_errno=True)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()
assert libc.capget(header, sets) == 0
sets[0] &= ~(1 << CAP_SYS_RESOURCE)
assert libc.capset(header, sets) == 0

def refused(name, flags=CREATE, **sizes):
    try:
        MessageQueue(name, flags, **sizes)
    except LimitError as error:
        assert isinstance(error, OSError) and isinstance(error, OverflowError)
        assert error.filename == name, error.filename
        assert error.strerror.startswith(os.strerror(error.errno)), error.strerror
        return errno.errorcode[error.errno] + " " + str(error)
    raise AssertionError("nothing was refused")

def gone(name):
    try:
        unlink(name)
    except FileNotFoundError:
        return True
"""

REFUSED = (
    PREPARE
    + """
name, maxmsg, msgsize = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
before = os.listdir("/proc/self/fd")
print(refused(name, maxmsg=maxmsg, msgsize=msgsize))
assert os.listdir("/proc/self/fd") == before
assert gone(name)
"""
)

BYTES_USED_UP = (
    PREPARE
    + """
name, maxmsg, msgsize = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[1]
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (100, hard))
print(refused(name, maxmsg=maxmsg, msgsize=msgsize))
assert gone(name)
"""
)

DESCRIPTORS_USED_UP = (
    PREPARE
    + """
name, flags, sizes = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
with MessageQueue(name + "x", CREATE, maxmsg=1, msgsize=1):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError as error:
        assert error.errno == errno.EMFILE
    print(refused(name if flags & os.O_CREAT else name + "x", flags, **sizes))
    os.close(taken.pop())
    assert gone(name)
"""
)

RAISED_MEANWHILE = (
    PREPARE
    + """
name, sysctl, value, sizes = sys.argv[1], sys.argv[2], int(sys.argv[3]), eval(sys.argv[4])
refused(name, **sizes)
with open("/proc/sys/fs/mqueue/" + sysctl, "w") as file:
    file.write(str(value))
with MessageQueue(name, CREATE, **sizes) as mq:
    print(mq.maxmsg, mq.msgsize)
"""
)

OPEN_WITH_EVERY_LIMIT_AT_ITS_LOWEST = (
    PREPARE
    + """
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT):
    for sizes in ({}, {"maxmsg": 9}, {"msgsize": 999}, {"maxmsg": 9, "msgsize": 999}):
        with MessageQueue(sys.argv[1], flags, **sizes) as mq:
            print(mq.maxmsg, mq.msgsize)
"""
)


@pytest.fixture
def set_sysctl(private_ipc):
    """Sets fs.mqueue sysctls for one test."""
    before = {file.name: file.read_text() for file in SYSCTLS.iterdir()}

    def write(name, value):
        try:
            (SYSCTLS / name).write_text(str(value))
        except OSError as error:
            pytest.skip(f"the sysctls cannot be written: {error.strerror}")

    yield write
    for name, value in before.items():
        if (SYSCTLS / name).read_text() != value:
            (SYSCTLS / name).write_text(value)


@pytest.fixture
def usual_sysctls(set_sysctl):
    for name, value in {
        "msg_default": 10,
        "msg_max": 10,
        "msgsize_default": 8192,
        "msgsize_max": 8192,
        "queues_max": 256,
    }.items():
        set_sysctl(name, value)
    return set_sysctl


pytestmark = pytest.mark.thread_unsafe(reason="changes limits")


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, (3, 300)),
        ({"maxmsg": 2}, (2, 300)),
        ({"msgsize": 20}, (3, 20)),
        ({"maxmsg": 2, "msgsize": 20}, (2, 20)),
        ({"maxmsg": -1, "msgsize": -1}, (3, 300)),
        ({"maxmsg": -(2**63), "msgsize": 20}, (3, 20)),
        ({"maxmsg": 0}, (1, 300)),
        ({"msgsize": 0}, (3, 1)),
    ],
)
def test_defaults_are_read_when_a_queue_is_created(usual_sysctls, new_name, sizes, expected):
    usual_sysctls("msg_default", 3)
    usual_sysctls("msgsize_default", 300)
    with MessageQueue(new_name(), CREATE, **sizes) as mq:
        assert (mq.maxmsg, mq.msgsize) == expected


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [({}, (3, 300)), ({"maxmsg": 2}, (2, 300)), ({"msgsize": 20}, (3, 20))],
)
def test_a_default_over_the_maximum_is_the_maximum(usual_sysctls, new_name, sizes, expected):
    usual_sysctls("msg_max", 3)
    usual_sysctls("msgsize_max", 300)
    with MessageQueue(new_name(), CREATE, **sizes) as mq:
        assert (mq.maxmsg, mq.msgsize) == expected


@pytest.mark.parametrize(
    ("maxmsg", "msgsize", "text"),
    [
        (
            11,
            1,
            r"11 messages.*/proc/sys/fs/mqueue/msg_max \(10\).*sysctl -w fs\.mqueue\.msg_max=11",
        ),
        (1, 8193, r"8193 bytes.*msgsize_max \(8192\).*sysctl -w fs\.mqueue\.msgsize_max=8193"),
        (65536, 1, r"65536 messages.*sysctl -w fs\.mqueue\.msg_max=65536"),
        (1, 16777216, r"16777216 bytes.*sysctl -w fs\.mqueue\.msgsize_max=16777216"),
        (65537, 1, r"65537 messages.*msg_max \(10\).*ceiling is 65536"),
        (1, 16777217, r"16777217 bytes.*msgsize_max \(8192\).*ceiling is 16777216"),
        (2**63 - 1, 1, r"9223372036854775807 messages.*ceiling is 65536"),
        (1, 2**63 - 1, r"9223372036854775807 bytes.*ceiling is 16777216"),
        (2**63 - 1, 2**63 - 1, r"ceiling is 65536"),
    ],
)
def test_a_size_over_its_sysctl_is_refused_with_the_numbers_and_the_remedy(
    usual_sysctls, run_python, new_name, maxmsg, msgsize, text
):
    said = run_python(REFUSED, new_name(), maxmsg, msgsize)
    assert said.startswith("EINVAL [Errno 22] Invalid argument")
    assert re.search(text, said)


def test_a_size_over_the_kernels_ceiling_names_no_command(usual_sysctls, run_python, new_name):
    assert "sysctl -w" not in run_python(REFUSED, new_name(), 65537, 1)


@pytest.mark.parametrize(
    "sizes", [{"maxmsg": 65537, "msgsize": 1}, {"maxmsg": 1, "msgsize": 2**24 + 1}]
)
def test_what_no_privilege_allows_is_a_limit_error_for_everybody(new_name, sizes):
    with pytest.raises(LimitError, match="ceiling") as raised:
        MessageQueue(new_name(), CREATE, **sizes)
    assert raised.value.errno == errno.EINVAL


@pytest.mark.parametrize(
    ("sysctl", "value", "sizes", "made"),
    [
        ("msg_max", 12, {"maxmsg": 12, "msgsize": 8}, "12 8"),
        ("msgsize_max", 9000, {"maxmsg": 1, "msgsize": 9000}, "1 9000"),
        ("queues_max", 256, {"maxmsg": 1, "msgsize": 8}, "1 8"),
    ],
)
def test_a_raised_limit_is_honoured_without_importing_again(
    usual_sysctls, run_python, new_name, sysctl, value, sizes, made
):
    if sysctl == "queues_max":
        usual_sysctls("queues_max", 0)
    assert run_python(RAISED_MEANWHILE, new_name(), sysctl, value, sizes) == made + "\n"


def test_too_many_queues_are_refused_with_the_number_and_the_remedy(
    usual_sysctls, run_python, new_queue, new_name
):
    with new_queue():
        usual_sysctls("queues_max", 1)
        said = run_python(REFUSED, new_name(), 1, 1)
    assert said.startswith("ENOSPC [Errno 28] No space left on device")
    assert re.search(r"queues_max.*\(1\).*sysctl -w fs\.mqueue\.queues_max=\d+", said)


@pytest.mark.parametrize(
    ("maxmsg", "msgsize", "charge"), [(4, 64, 640), (1, 5, 101), (10, 8192, 82880)]
)
def test_rlimit_msgqueue_is_named_with_the_charge_and_the_remedy(
    run_python, new_name, maxmsg, msgsize, charge
):
    said = run_python(BYTES_USED_UP, new_name(), maxmsg, msgsize)
    assert said.startswith("EMFILE [Errno 24] Too many open files")
    assert re.search(rf"RLIMIT_MSGQUEUE.*charged {charge} bytes.*\b100\b.*`ulimit -q \d+`", said)
    assert int(*re.findall(r"ulimit -q (\d+)", said)) >= charge
    assert "RLIMIT_NOFILE" not in said


@pytest.mark.parametrize("flags", [CREATE, os.O_RDWR | os.O_CREAT, os.O_RDWR])
@pytest.mark.parametrize(
    "sizes", [{}, {"maxmsg": 1}, {"msgsize": 1}, {"maxmsg": 1, "msgsize": 1}], ids=str
)
def test_rlimit_nofile_is_told_apart_from_rlimit_msgqueue(run_python, new_name, flags, sizes):
    said = run_python(DESCRIPTORS_USED_UP, new_name(), flags, sizes)
    assert said.startswith("EMFILE [Errno 24] Too many open files")
    assert re.search(r"RLIMIT_NOFILE.*ulimit -n", said)
    assert "RLIMIT_MSGQUEUE" not in said


def test_no_limit_keeps_an_existing_queue_from_being_opened(usual_sysctls, run_python, new_queue):
    with new_queue(maxmsg=4, msgsize=256) as mq:
        usual_sysctls("msg_max", 1)
        usual_sysctls("msgsize_max", 128)
        usual_sysctls("queues_max", 0)
        opened = run_python(OPEN_WITH_EVERY_LIMIT_AT_ITS_LOWEST, mq.name)
    assert opened == "4 256\n" * 8


def test_a_queue_goes_on_working_when_the_limits_are_lowered(usual_sysctls, new_queue):
    with new_queue(maxmsg=2, msgsize=256) as mq:
        usual_sysctls("msg_max", 1)
        usual_sysctls("msgsize_max", 128)
        mq.send(bytes(256))
        mq.send(bytes(256))
        assert (mq.receive(), mq.receive()) == (bytes(256), bytes(256))


def test_limit_error_is_an_os_error_and_an_overflow_error():
    assert LimitError.__bases__ == (OSError, OverflowError)
    assert LimitError.__module__ == "mood.mqueue"
