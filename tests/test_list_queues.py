"""list_queues(): every queue of the namespace, or an error; never a list that lies."""

import errno
import os

import pytest
from observe import is_registered

from mood.mqueue import MessageQueue, list_queues

COMMAND = "`mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue`"


def test_a_queue_is_listed_as_long_as_it_has_its_name(list_queues_or_skip, new_queue):
    mq = new_queue()
    assert mq.name in list_queues_or_skip()
    mq.unlink()
    assert mq.name not in list_queues_or_skip()


def test_names_are_sorted_by_their_bytes_and_any_bytes_are_told(list_queues_or_skip, new_name):
    name = os.fsencode(new_name())
    ends = [b" ", b"-\n", b"A", b"a", "\N{SNOWMAN}".encode(), b"\xff"]
    queues = [MessageQueue(name + end, os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=1) for end in ends]
    names = [os.fsdecode(name + end) for end in ends]
    assert [
        queue for queue in list_queues_or_skip() if queue.startswith(os.fsdecode(name))
    ] == names
    for queue in queues:
        queue.close()


def test_it_is_a_new_list_of_str_each_time(list_queues_or_skip, new_queue):
    with new_queue():
        first, again = list_queues_or_skip(), list_queues_or_skip()
        assert type(first) is list
        assert {*map(type, first)} == {str}
        assert first is not again


def test_listing_queues_leaves_the_notification_registered(
    list_queues_or_skip, new_queue, eventually
):
    mq, told = new_queue(), []
    mq.notify(told.append)
    for _ in range(3):
        assert mq.name in list_queues_or_skip()
        assert mq.status().messages == 0
    assert is_registered(mq)
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()


def test_it_takes_no_argument():
    with pytest.raises(TypeError):
        list_queues("/dev/mqueue")  # type: ignore[call-arg]


# Mounts and namespaces, each in a process that has its own

START = """
import ctypes, os, subprocess, sys
from mood.mqueue import MessageQueue, list_queues

CLONE_NEWNS, CLONE_NEWIPC, MS_REC, MS_PRIVATE = 0x20000, 0x8000000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)
name, = sys.argv[1:]

def leave(namespace):
    if libc.unshare(namespace):
        print("refused")
        sys.exit()

def mount():
    # Some directory that everybody may enter; what is in it comes back with the process's end.
    if libc.mount(b"none", b"/dev/shm", b"mqueue", 0, None):
        print("refused")
        sys.exit()

def give_up_privileges():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)

def create(name):
    return MessageQueue(name, os.O_RDWR | os.O_CREAT, 0o666, maxmsg=1, msgsize=1)

def show():
    try:
        print(list_queues())
    except FileNotFoundError as error:
        print(error.errno, error.filename, error.strerror)

# Nothing is mounted that shows queues, and whatever is will go with the process.
leave(CLONE_NEWNS | CLONE_NEWIPC)
libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
for line in reversed(open("/proc/self/mountinfo").readlines()):
    if " - mqueue " in line and libc.umount2(line.split()[4].encode(), 2):
        print("refused")
        sys.exit()
"""

needs_a_process = pytest.mark.thread_unsafe(reason="starts a process")


@pytest.fixture
def script(run_python, new_name):
    def run(body):
        name = new_name()
        printed = run_python(START + body, name)
        if printed.endswith("refused\n"):
            pytest.skip("needs namespaces of its own")
        return name, printed

    return run


@needs_a_process
def test_without_a_mount_a_process_that_may_mount_lists_them_and_mounts_nothing(script):
    name, printed = script("""
show()
mounted = open("/proc/self/mountinfo").read()
with create(name):
    show()
show()
print(open("/proc/self/mountinfo").read() == mounted)
""")
    assert printed == f"[]\n['{name}']\n[]\nTrue\n"


@needs_a_process
@pytest.mark.parametrize("queues", [0, 1])
def test_without_a_mount_any_other_has_the_command_that_makes_one(script, queues):
    _, printed = script(
        f"mq = [create(name) for _ in range({queues})]\ngive_up_privileges()\nshow()"
    )
    assert printed.startswith(f"{errno.ENOENT} None No such file or directory: ")
    assert COMMAND in printed


@needs_a_process
def test_a_mount_of_this_namespace_is_enough_for_any_process(script):
    name, printed = script("""
mount()
give_up_privileges()
show()
with create(name):
    show()
""")
    assert printed == f"[]\n['{name}']\n"


@needs_a_process
@pytest.mark.parametrize("theirs", [0, 1])
@pytest.mark.parametrize("ours", [0, 1])
def test_a_mount_of_another_namespace_is_found_out(script, theirs, ours):
    # Both may have a queue of that name, and the mount shows the wrong one.
    _, printed = script(f"""
mount()
theirs = [create(name) for _ in range({theirs})]
for queue in theirs:
    queue.owner = False
leave(CLONE_NEWIPC)
ours = [create(name) for _ in range({ours})]
give_up_privileges()
show()
""")
    assert printed.startswith(f"{errno.ENOENT} None ")
    assert "shows the queues of another IPC namespace" in printed
    assert COMMAND in printed


EMFILE = """
import os, resource
from mood.mqueue import LimitError, list_queues
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
files = []
try:
    while True:
        files.append(os.open("/", os.O_RDONLY))
except OSError:
    pass
try:
    list_queues()
except LimitError as error:
    print(error.errno, error.strerror)
"""


@needs_a_process
def test_the_limit_on_descriptors_is_named(run_python):
    printed = run_python(EMFILE)
    assert printed.startswith(f"{errno.EMFILE} this process has as many descriptors open")
    assert "RLIMIT_NOFILE" in printed
