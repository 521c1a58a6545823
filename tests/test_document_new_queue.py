"""The document, sentence by sentence: mode, maxmsg and msgsize of a new queue."""

import errno
import os
import stat
from pathlib import Path

import pytest

from mood.mqueue import MessageQueue

CREATE = os.O_RDWR | os.O_CREAT
NONBLOCK = CREATE | os.O_NONBLOCK


def sysctl(name):
    return int(Path("/proc/sys/fs/mqueue", name).read_text())


def test_three_additional_arguments_can_be_supplied_with_o_creat(new_name):
    mq = MessageQueue(new_name(), CREATE, 0o400, 3, 32)
    assert (stat.S_IMODE(mq.mode), mq.maxmsg, mq.msgsize) == (0o400, 3, 32)


def test_the_additional_arguments_are_not_for_a_queue_that_exists(new_queue):
    mq = new_queue(mode=0o600)
    again = MessageQueue(mq.name, os.O_RDWR, 0o400, 1, 1)
    assert (again.mode, again.maxmsg, again.msgsize) == (mq.mode, mq.maxmsg, mq.msgsize)


# An ordinary user, whom permissions bind.
PERMISSIONS = """
import os, sys
from mood.mqueue import MessageQueue
if os.geteuid() == 0:
    os.setuid(65534)
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, int(sys.argv[2]), 1, 1)
for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR:
    try:
        print(MessageQueue(mq.name, flags).flags == flags)
    except PermissionError:
        print("PermissionError")
"""


@pytest.mark.parametrize(
    ("mode", "readable", "writable"),
    [(0o600, True, True), (0o400, True, False), (0o200, False, True), (0, False, False)],
)
def test_mode_specifies_the_permissions_of_the_new_queue(
    new_name, run_python, mode, readable, writable
):
    allowed = [readable, writable, readable and writable]
    shown = run_python(PERMISSIONS, new_name(), mode).split()
    assert shown == ["True" if yes else "PermissionError" for yes in allowed]


# The umask belongs to the whole process.
MODE = """
import os, sys
from mood.mqueue import MessageQueue
name, umask, *mode = sys.argv[1], *map(int, sys.argv[2:])
os.umask(umask)
print(MessageQueue(name, os.O_RDWR | os.O_CREAT, *mode, maxmsg=1, msgsize=1).mode & 0o7777)
"""


@pytest.mark.parametrize("umask", [0, 0o022, 0o027, 0o077, 0o777])
def test_mode_is_masked_against_the_umask(new_name, run_python, umask):
    assert int(run_python(MODE, new_name(), umask, 0o666)) == 0o666 & ~umask


def test_mode_is_0o600_if_omitted(new_name, run_python):
    assert int(run_python(MODE, new_name(), 0)) == 0o600


@pytest.mark.parametrize(
    "mode",
    [
        stat.S_IRWXU,
        stat.S_IRUSR,
        stat.S_IWUSR,
        stat.S_IXUSR,
        stat.S_IRWXG,
        stat.S_IRGRP,
        stat.S_IWGRP,
        stat.S_IXGRP,
        stat.S_IRWXO,
        stat.S_IROTH,
        stat.S_IWOTH,
        stat.S_IXOTH,
        stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IXOTH,
        stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO,
    ],
    ids=oct,
)
def test_mode_takes_each_permission_and_any_combination(new_name, run_python, mode):
    assert int(run_python(MODE, new_name(), 0, mode)) == mode


def test_maxmsg_is_an_upper_limit_on_the_number_of_messages(new_queue):
    mq = new_queue(NONBLOCK, maxmsg=3)
    for _ in range(3):
        mq.send(b"message")
    with pytest.raises(BlockingIOError):
        mq.send(b"message")
    assert len(mq) == 3


def test_maxmsg_omitted_is_msg_default(new_name):
    assert MessageQueue(new_name(), CREATE, msgsize=8).maxmsg == sysctl("msg_default")


@pytest.mark.parametrize("maxmsg", [-1, -2, -(2**63)])
def test_maxmsg_negative_is_msg_default(new_name, maxmsg):
    mq = MessageQueue(new_name(), CREATE, maxmsg=maxmsg, msgsize=8)
    assert mq.maxmsg == sysctl("msg_default")


def test_msgsize_is_an_upper_limit_on_the_size_of_messages(new_queue):
    mq = new_queue(msgsize=8)
    assert (mq.send(b"eight bytes"), mq.receive()) == (8, b"eight by")


def test_msgsize_omitted_is_msgsize_default(new_name):
    assert MessageQueue(new_name(), CREATE, maxmsg=1).msgsize == sysctl("msgsize_default")


@pytest.mark.parametrize("msgsize", [-1, -2, -(2**63)])
def test_msgsize_negative_is_msgsize_default(new_name, msgsize):
    mq = MessageQueue(new_name(), CREATE, maxmsg=1, msgsize=msgsize)
    assert mq.msgsize == sysctl("msgsize_default")


# In a namespace of its own, so that the sysctls of nobody else change.
DEFAULTS = """
import ctypes, os, sys
from mood.mqueue import MessageQueue
assert ctypes.CDLL(None).unshare(0x08000000) == 0
for maxmsg, msgsize in (3, 256), (5, 128):
    for name, value in ("msg_default", maxmsg), ("msgsize_default", msgsize):
        with open("/proc/sys/fs/mqueue/" + name, "w") as file:
            file.write(str(value))
    for sizes in (), (-1, -1), (-1, 64), (2, -1):
        with MessageQueue("/defaults", os.O_RDWR | os.O_CREAT, 0o600, *sizes) as mq:
            print(mq.maxmsg, mq.msgsize)
"""


@pytest.mark.usefixtures("private_ipc")
def test_the_defaults_are_what_the_sysctls_hold_when_the_queue_is_created(run_python):
    shown = [tuple(map(int, line.split())) for line in run_python(DEFAULTS).splitlines()]
    assert shown == [
        *[(3, 256), (3, 256), (3, 64), (2, 256)],
        *[(5, 128), (5, 128), (5, 64), (2, 128)],
    ]


# A new namespace has the kernel's small maximums, and an ordinary user is bound by them.
MAXIMUMS = """
import ctypes, os, sys
from mood.mqueue import MessageQueue
name, sysctl, argument, other = sys.argv[1:]
ctypes.CDLL(None).unshare(0x08000000)
if os.geteuid() == 0:
    os.setuid(65534)
with open("/proc/sys/fs/mqueue/" + sysctl) as file:
    maximum = int(file.read())
with MessageQueue(name, os.O_RDWR | os.O_CREAT, **{argument: maximum, other: 1}) as mq:
    print(getattr(mq, argument) == maximum)
try:
    MessageQueue(name, os.O_RDWR | os.O_CREAT, **{argument: maximum + 1, other: 1})
except OSError as error:
    print(error.errno, sysctl in str(error), str(maximum) in str(error))
"""


@pytest.mark.parametrize(
    ("sysctl", "argument", "other"),
    [("msg_max", "maxmsg", "msgsize"), ("msgsize_max", "msgsize", "maxmsg")],
)
def test_the_maximum_value_is_defined_in_the_sysctl(new_name, run_python, sysctl, argument, other):
    shown = run_python(MAXIMUMS, new_name(), sysctl, argument, other)
    assert shown == f"True\n{errno.EINVAL} True True\n"
