"""The limits of the system: read when a queue is made, and explained when they refuse one."""

import errno
import os
import re
import subprocess
import sys
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
        # These words are about files and disks.
        assert os.strerror(error.errno) not in error.strerror
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
            r"maxmsg 11 exceeds fs\.mqueue\.msg_max \(10\); .*`sysctl -w fs\.mqueue\.msg_max=11`",
        ),
        (
            1,
            8193,
            r"msgsize 8193 .*msgsize_max \(8192\); .*`sysctl -w fs\.mqueue\.msgsize_max=8193`",
        ),
        (65536, 1, r"maxmsg 65536 .*`sysctl -w fs\.mqueue\.msg_max=65536`"),
        (1, 16777216, r"msgsize 16777216 .*`sysctl -w fs\.mqueue\.msgsize_max=16777216`"),
        (65537, 1, r"maxmsg 65537 .*msg_max \(10\), .*ceiling is 65536"),
        (1, 16777217, r"msgsize 16777217 .*msgsize_max \(8192\), .*ceiling is 16777216"),
        (2**63 - 1, 1, r"maxmsg 9223372036854775807 .*ceiling is 65536"),
        (1, 2**63 - 1, r"msgsize 9223372036854775807 .*ceiling is 16777216"),
        (2**63 - 1, 2**63 - 1, r"ceiling is 65536; .*ceiling is 16777216"),
        (
            11,
            8193,
            r"maxmsg 11 .*\(10\); msgsize 8193 .*\(8192\); raise both with "
            r"`sysctl -w fs\.mqueue\.msg_max=11 fs\.mqueue\.msgsize_max=8193` as root, .*"
            r"`docker run --sysctl fs\.mqueue\.msg_max=11 --sysctl fs\.mqueue\.msgsize_max=8193`",
        ),
        (65537, 8193, r"ceiling is 65536; msgsize .*`sysctl -w fs\.mqueue\.msgsize_max=8193`"),
    ],
)
def test_size_over_its_sysctl_error_has_numbers_and_remedy(
    usual_sysctls, run_python, new_name, maxmsg, msgsize, text
):
    said = run_python(REFUSED, new_name(), maxmsg, msgsize)
    assert said.startswith("EINVAL [Errno 22] m")
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
    assert said.startswith("ENOSPC [Errno 28] there are as many queues")
    assert re.search(r"queues_max.*\(1\).*sysctl -w fs\.mqueue\.queues_max=\d+", said)


@pytest.mark.parametrize(
    ("maxmsg", "msgsize", "charge"), [(4, 64, 640), (1, 5, 101), (10, 8192, 82880)]
)
def test_rlimit_msgqueue_is_named_with_the_charge_and_the_remedy(
    run_python, new_name, maxmsg, msgsize, charge
):
    said = run_python(BYTES_USED_UP, new_name(), maxmsg, msgsize)
    assert said.startswith("EMFILE [Errno 24] RLIMIT_MSGQUEUE")
    assert re.search(rf"charged {charge} bytes.*\b100\b.*`ulimit -S -q (\d+|unlimited)`", said)
    assert "RLIMIT_NOFILE" not in said


@pytest.mark.parametrize("flags", [CREATE, os.O_RDWR | os.O_CREAT, os.O_RDWR])
@pytest.mark.parametrize(
    "sizes", [{}, {"maxmsg": 1}, {"msgsize": 1}, {"maxmsg": 1, "msgsize": 1}], ids=str
)
def test_rlimit_nofile_is_told_apart_from_rlimit_msgqueue(run_python, new_name, flags, sizes):
    said = run_python(DESCRIPTORS_USED_UP, new_name(), flags, sizes)
    assert said.startswith("EMFILE [Errno 24] this process has as many descriptors open")
    assert re.search(r"RLIMIT_NOFILE allows \(20\).*`ulimit -S -n 40`", said)
    assert "RLIMIT_MSGQUEUE" not in said


HARD_LIMITS = (
    PREPARE
    + """
name = sys.argv[1]
with MessageQueue(name + "x", CREATE, maxmsg=1, msgsize=1):
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (1000, 1000))
    print(refused(name, maxmsg=10, msgsize=100))
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError as error:
        assert error.errno == errno.EMFILE
    print(refused(name, maxmsg=1, msgsize=1))
    for descriptor in taken:
        os.close(descriptor)
"""
)


def test_over_the_hard_limit_the_remedies_are_those_that_root_has(run_python, new_name):
    queues, descriptors = run_python(HARD_LIMITS, new_name()).splitlines()
    for said, limit, to in (queues, "msgqueue", 2960), (descriptors, "nofile", 40):
        # Whoever has no privilege would be refused.
        assert "ulimit" not in said.replace(f"--ulimit {limit}", "")
        for remedy in (
            f"`prlimit --pid PID --{limit}={to}` as root of the host",
            f"`Limit{limit.upper()}={to}` in a systemd unit",
            f"`docker run --ulimit {limit}={to}`",
            f"`USER - {limit} {to}` in /etc/security/limits.conf",
        ):
            assert remedy in said, said


# A user with no queues elsewhere, as the limit is on all of them together.
ROOM = """
import os, re, resource, sys
from mood.mqueue import LimitError, MessageQueue

name, limit, maxmsg, msgsize = sys.argv[1], *map(int, sys.argv[2:])
uid = 2_000_000_000 + os.getpid()
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (limit, limit))
os.setresuid(uid, uid, uid)

def create(number, maxmsg, msgsize):
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return MessageQueue(f"{name}-{number}", flags, maxmsg=maxmsg, msgsize=msgsize)

def how_many(maxmsg, msgsize):
    queues = []
    try:
        while True:
            queues.append(create(len(queues), maxmsg, msgsize))
    except LimitError as error:
        return len(queues), error.strerror

count, said = how_many(maxmsg, msgsize)
print(count, re.findall(r"room for (\\d+) such queues|$", said)[0] or "0")
room = said.partition(" room for ")[2].partition(";")[0]
for count, maxmsg, msgsize in re.findall(r"(?:(\\d+) of )?maxmsg=(\\d+), msgsize=(\\d+)", room):
    print(how_many(int(maxmsg), int(msgsize))[0], count or "1")
"""


@pytest.mark.parametrize(
    ("limit", "maxmsg", "msgsize", "numbers"),
    [
        (819200, 10, 8192, 2),
        (5000, 10, 8, 2),
        (5000, 1, 8, 2),
        (50000, 10, 8192, 3),
        (97, 10, 8192, 1),
        (96, 10, 8192, 1),
        (0, 1, 1, 1),
    ],
)
def test_numbers_of_queues_that_fit_are_those_that_the_kernel_grants(
    private_ipc, run_python, new_name, limit, maxmsg, msgsize, numbers
):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    printed = run_python(ROOM, new_name(), limit, maxmsg, msgsize).splitlines()
    assert len(printed) >= numbers
    for line in printed:
        granted, said = line.split()
        assert granted == said, printed


def test_advised_sysctl_lets_the_queue_be_created(usual_sysctls, run_python, new_name):
    for sizes in (11, 8193), (11, 1), (1, 8193):
        said = run_python(REFUSED, new_name(), *sizes)
        (command,) = re.findall(r"`(sysctl [^`]+)`", said)
        subprocess.run(command.split(), check=True, capture_output=True)
        with MessageQueue(new_name(), CREATE, maxmsg=sizes[0], msgsize=sizes[1]):
            pass
        usual_sysctls("msg_max", 10)
        usual_sysctls("msgsize_max", 8192)


def test_advised_ulimit_lets_the_queue_be_created(new_name):
    script = "import sys; from mood.mqueue import MessageQueue\n"
    script += "MessageQueue(sys.argv[1], 0o302, maxmsg=1, msgsize=8).close()"
    create = [sys.executable, "-c", script, new_name()]
    shell = 'ulimit -S -q 100 && {} && exec "$@"'

    def run(then):
        shell_command = ["bash", "-c", shell.format(then), "bash", *create]
        return subprocess.run(shell_command, capture_output=True, text=True, check=False)

    refused = run("true")
    command = re.search(r"`(ulimit [^`]+)`", refused.stderr)
    assert command, refused
    granted = run(command[1])
    assert (granted.returncode, granted.stderr) == (0, "")


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
