"""The socket that notifications arrive through: closed by the program, refused, or small."""

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import errno, os, queue, socket, struct, sys, time
from mood.mqueue import MessageQueue

def new(number):
    name = f"{sys.argv[1]}-{number}"
    mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=8)
    mq.unlink()
    return mq

def until(condition):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.001)

def notified(mq):
    "Registers, and returns what fills when the callback is called."
    calls = queue.SimpleQueue()
    mq.notify(calls.put)
    return calls

def fires(mq):
    calls = notified(mq)
    mq.send(b"")
    calls.get(timeout=10)
    mq.receive()

def sockets():
    "The descriptors of this process that are sockets."
    links = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            links[int(number)] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            pass
    return {number for number, link in links.items() if link.startswith("socket:")}

def threads():
    return len(os.listdir("/proc/self/task"))

def is_receiving():
    "Whether a thread is in the system call recvfrom."
    calls = []
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/syscall") as call:
            calls.append(call.read().split()[0])
    return {"x86_64": "45", "aarch64": "207"}[os.uname().machine] in calls

def close(number):
    "Closes a descriptor and gives its number to what the test asks for."
    exec(sys.argv[2], globals())
    if taken:
        os.dup2(taken.fileno(), number)
    else:
        os.close(number)

def check_soon(number):
    "Has the library check sooner, from the next call on, whether its socket is still open."
    with socket.socket(fileno=os.dup(number)) as duplicate:
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 20_000))

mq = new(0)
before = sockets()
"""

# What the program has open under the number of the library's socket.
TAKERS = {
    "nothing": "taken = None",
    "a file": "taken = open('/dev/null')",
    "a socket": "taken, peer = socket.socketpair(type=socket.SOCK_DGRAM)\npeer.send(b'mine')",
    "a netlink socket": "taken = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
}

CLOSED_WHILE_IDLE = """
fires(mq)
for _ in range(3):
    [number] = sockets() - before
    close(number)
    for _ in range(3):
        fires(mq)
    if taken:
        assert os.path.samestat(os.fstat(number), os.fstat(taken.fileno())), "closed"
        os.close(number)
    if isinstance(taken, socket.socket) and taken.family != socket.AF_NETLINK:
        assert taken.recv(8) == b"mine"
    taken = peer = None
print("done")
"""

CLOSED_WHILE_REGISTERED = """
other = new(1)
first, second = notified(mq), notified(other)
until(is_receiving)
[number] = sockets() - before
close(number)
# The system call under way still receives one cookie.
mq.send(b"")
print(first.get(timeout=10) is mq)
other.send(b"")
until(lambda: threads() == 1)
print(second.empty())
if isinstance(taken, socket.socket) and taken.family != socket.AF_NETLINK:
    print(taken.recv(8))
mq.receive()
other.receive()
fires(other)
fires(mq)
"""

# With two queues, more registrations than one socket has room for.
CLOSED_WHILE_FULL = """
other = new(1)
fires(other)
[number] = sockets() - before
waiting = notified(other)
close(number)
for _ in range(10):
    peer.send(b"mine")
for _ in range(300):
    mq.notify(print)
    mq.notify()
taken.setblocking(False)
print({taken.recv(8) for _ in range(10)})
"""

CLOSED_FOR_GOOD = """
fires(mq)
[number] = sockets() - before
check_soon(number)
fires(mq)
until(is_receiving)
os.close(number)
until(lambda: threads() == 1)
fires(mq)
print("done")
"""

AIO_CLOSED = """
import asyncio
from mood.mqueue import aio

def is_registered():
    try:
        mq.notify(None)
    except OSError as error:
        return error.errno == errno.EBUSY
    mq.notify()
    return False

async def main():
    async with aio.MessageQueue(mq) as queue:
        task = asyncio.create_task(queue.notify())
        while not is_registered():
            await asyncio.sleep(0)
        os.close(number)
        try:
            await asyncio.wait_for(task, 10)
        except OSError as error:
            print(errno.errorcode[error.errno])

fires(mq)
[number] = sockets() - before
check_soon(number)
fires(mq)
asyncio.run(main())
"""

# Refuses recvfrom(2), which recv(3) calls, to all threads of the process.
SECCOMP = """
import ctypes

RECVFROM = {"x86_64": 45, "aarch64": 207}.get(os.uname().machine)

def refuse_recv():
    libc = ctypes.CDLL(None, use_errno=True)
    code = [
        (0x20, 0, 0, 0),  # load the number of the system call
        (0x15, 0, 1, RECVFROM),
        (0x06, 0, 0, 0x00050000 | errno.EPERM),
        (0x06, 0, 0, 0x7FFF0000),
    ]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters))
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    seccomp = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
    if libc.syscall(seccomp, 1, 1, program) != 0:  # SECCOMP_SET_MODE_FILTER, for all threads
        print("no seccomp")
        sys.exit()

if RECVFROM is None:
    print("no seccomp")
    sys.exit()
"""

REFUSED_FROM_THE_START = """
refuse_recv()
for _ in range(3):
    try:
        mq.notify(print)
    except PermissionError as error:
        print(error.filename is not None, "seccomp" in str(error))
until(lambda: threads() == 1)
print(sockets() == before)
mq.notify(None)
"""

REFUSED_LATER = """
other = new(1)
first, second = notified(mq), notified(other)
until(is_receiving)
refuse_recv()
# The filter refuses the next call, not the one under way.
mq.send(b"")
print(first.get(timeout=10) is mq)
until(lambda: threads() == 1)
print(sockets() == before, second.empty())
other.notify()
other.notify(None)
try:
    mq.notify(print)
except PermissionError:
    print("refused")
"""

SMALL_BUFFER = """
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int socket(int domain, int type, int protocol)
{
    int fd = syscall(SYS_socket, domain, type, protocol);
    int size = 4096;
    if (fd >= 0 && domain == AF_NETLINK)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return fd;
}
"""

MANY_REGISTRATIONS = """
queues = [new(n) for n in range(1, 41)]
calls = [notified(mq) for mq in queues]
print("registered")
for each, mq in zip(calls, queues):
    mq.send(b"")
    each.get(timeout=10)
print(len(sockets() - before) > 1)
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize("taker", TAKERS)
def test_socket_closed_while_idle_is_replaced(script, taker):
    assert script(CLOSED_WHILE_IDLE, TAKERS[taker]) == "done\n"


@pytest.mark.parametrize("taker", TAKERS)
def test_socket_closed_while_registered_is_replaced(script, taker):
    mine = "b'mine'\n" if taker == "a socket" else ""
    assert script(CLOSED_WHILE_REGISTERED, TAKERS[taker]) == f"True\nTrue\n{mine}"


def test_dispatcher_of_a_closed_socket_ends(script):
    assert script(CLOSED_FOR_GOOD) == "done\n"


def test_socket_of_the_program_is_not_read_to_make_room(script):
    assert script(CLOSED_WHILE_FULL, TAKERS["a socket"]) == "{b'mine'}\n"


def test_aio_notify_ends_when_its_socket_is_closed(script):
    assert script(AIO_CLOSED) == "ECANCELED\n"


@pytest.fixture
def filtered_script(script):
    """Runs a script that can refuse system calls to itself."""

    def run(body):
        printed = script(SECCOMP + body)
        if "no seccomp" in printed:
            pytest.skip("seccomp filters cannot be installed here")
        return printed

    return run


def test_notify_raises_where_receiving_is_refused(filtered_script):
    assert filtered_script(REFUSED_FROM_THE_START) == "True True\n" * 3 + "True\n"


def test_dispatcher_ends_when_receiving_is_refused(filtered_script):
    assert filtered_script(REFUSED_LATER) == "True\nTrue True\nrefused\n"


@pytest.fixture(scope="module")
def small_buffer(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    library = tmp_path_factory.mktemp("socket") / "small.so"
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, "-x", "c", "-"]
    subprocess.run(command, input=SMALL_BUFFER, text=True, check=True)
    return str(library)


def test_notify_does_not_block_on_a_small_receive_buffer(script, small_buffer, monkeypatch):
    before = os.environ.get("LD_PRELOAD", "")
    monkeypatch.setenv("LD_PRELOAD", f"{before} {small_buffer}".strip())
    assert script(MANY_REGISTRATIONS) == "registered\nTrue\n"
