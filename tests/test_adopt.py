"""from_fd: a descriptor that came from elsewhere."""

import array
import errno
import os
import select
import socket
import subprocess
import sys

import pytest
from observe import descriptors_of, is_in_the_system

from mood.mqueue import MessageQueue


class Named(MessageQueue):
    def __init__(self, purpose, *, color):
        raise AssertionError("it is not called")


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def refused(code, match=None):
    return pytest.raises(OSError, match=match, check=lambda error: error.errno == code)


def test_a_duplicate_becomes_an_object_of_the_same_queue(new_queue):
    mq = new_queue(maxmsg=3, msgsize=40)
    mq.send(b"from the first", 5)
    fd = os.dup(mq.fileno())
    with MessageQueue.from_fd(fd) as adopted:
        assert adopted.fileno() == fd
        assert (adopted.name, adopted.owner, adopted.maxmsg, adopted.msgsize) == ("", False, 3, 40)
        assert adopted.flags == os.O_RDWR
        assert adopted.mode == mq.mode
        assert repr(adopted) == "<mood.mqueue.MessageQueue '' flags=0o2 maxmsg=3 msgsize=40 open>"
        assert adopted.receive_message() == (b"from the first", 5)
        adopted.send(b"back")
    assert mq.receive() == b"back"
    assert descriptors_of(mq.name) == {mq.fileno()}
    assert is_in_the_system(mq.name)


def test_its_flags_are_those_of_the_descriptor(new_queue):
    mq = new_queue()
    for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_NONBLOCK:
        other = MessageQueue(mq.name, flags)
        with MessageQueue.from_fd(other.detach()) as adopted:
            assert adopted.flags == flags
            assert adopted.blocking is not bool(flags & os.O_NONBLOCK)
            if flags == os.O_WRONLY:
                with refused(errno.EBADF):
                    adopted.receive()
            if flags == os.O_RDONLY:
                with refused(errno.EBADF):
                    adopted.send(b"")


def test_it_is_closed_on_exec(new_queue):
    mq = new_queue()
    fd = os.dup(mq.fileno())
    os.set_inheritable(fd, True)
    with MessageQueue.from_fd(fd):
        assert not os.get_inheritable(fd)
    assert os.get_inheritable(mq.fileno()) is False


def test_an_init_with_other_arguments_is_not_called(new_queue):
    mq = new_queue()
    with Named.from_fd(os.dup(mq.fileno())) as adopted:
        assert type(adopted) is Named
        with pytest.raises(RuntimeError):
            MessageQueue.__init__(adopted, mq.name, os.O_RDWR)


def test_an_index_is_taken_for_its_number(new_queue):
    class Index:
        def __index__(self):
            return fd

    mq = new_queue()
    fd = os.dup(mq.fileno())
    MessageQueue.from_fd(fd=Index()).close()
    assert descriptors_of(mq.name) == {mq.fileno()}


# What it cannot know


def test_it_has_no_name_to_remove(new_queue):
    mq = new_queue()
    with MessageQueue.from_fd(os.dup(mq.fileno())) as adopted:
        with refused(errno.ENOENT, match="adopted by its descriptor"):
            adopted.unlink()
        assert is_in_the_system(mq.name)


# What is refused, and stays open


@pytest.fixture(params=["file", "directory", "socket", "pipe", "path only", "event"])
def no_queue(request, tmp_path, new_queue):
    mq = new_queue()
    pair = socket.socketpair()
    ends = os.pipe()
    fds = {
        "file": lambda: os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT),
        "directory": lambda: os.open(tmp_path, os.O_RDONLY),
        "socket": lambda: os.dup(pair[0].fileno()),
        "pipe": lambda: os.dup(ends[0]),
        "path only": lambda: os.open(f"/proc/self/fd/{mq.fileno()}", os.O_PATH),
        "event": lambda: os.eventfd(0),
    }
    fd = fds[request.param]()
    yield fd
    os.close(fd)
    for end in ends:
        os.close(end)
    for half in pair:
        half.close()


def test_descriptor_of_no_queue_is_refused_and_unchanged(no_queue):
    os.set_inheritable(no_queue, True)
    with refused(errno.EBADF, match=f"descriptor {no_queue} is not that of a message queue"):
        MessageQueue.from_fd(no_queue)
    assert is_open(no_queue)
    assert os.get_inheritable(no_queue)


@pytest.mark.skipif(not os.path.isdir("/dev/mqueue"), reason="needs the queue file system")
def test_the_root_of_the_queue_file_system_is_refused():
    fd = os.open("/dev/mqueue", os.O_RDONLY)
    try:
        with refused(errno.EBADF, match="not that of a message queue"):
            MessageQueue.from_fd(fd)
        assert is_open(fd)
    finally:
        os.close(fd)


@pytest.mark.thread_unsafe(reason="another thread may get the number")
def test_a_closed_number_is_refused(new_queue):
    mq = new_queue()
    fd = os.dup(mq.fileno())
    os.close(fd)
    with refused(errno.EBADF, match=str(fd)):
        MessageQueue.from_fd(fd)


@pytest.mark.parametrize("number", [-1, -(2**31), 2**31 - 1])
def test_a_number_that_is_no_descriptor_is_refused(number):
    with refused(errno.EBADF, match=f"descriptor {number} is not that of a message queue"):
        MessageQueue.from_fd(number)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**64, 10**100])
def test_a_number_that_no_descriptor_can_have_is_refused(number):
    with pytest.raises(OverflowError):
        MessageQueue.from_fd(number)


@pytest.mark.parametrize("value", [True, False, None, "3", b"3", 3.0, [3]], ids=repr)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="fd"):
        MessageQueue.from_fd(value)


def test_the_descriptor_of_another_object_is_refused_and_stays_usable(new_queue):
    for mq in (first := new_queue()), first.reopen(), Named.from_fd(os.dup(first.fileno())):
        fd = mq.fileno()
        told = rf"descriptor {fd} belongs to another MessageQueue.*os\.dup\({fd}\).*reopen"
        with pytest.raises(ValueError, match=told):
            MessageQueue.from_fd(fd)
        mq.send(b"still")
        assert mq.receive() == b"still"
        mq.close()


def test_a_refusal_leaves_the_notification(new_queue, eventually):
    mq = new_queue()
    told = []
    mq.notify(told.append)
    with pytest.raises(ValueError, match="belongs"):
        MessageQueue.from_fd(mq.fileno())
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()


class Refuses(MessageQueue):
    def __new__(cls):
        raise ZeroDivisionError


class Takes(MessageQueue):
    def __new__(cls, name):
        return super().__new__(cls)


class Other(MessageQueue):
    def __new__(cls):
        return "another object"


class Single(MessageQueue):
    queue: MessageQueue

    def __new__(cls):
        return cls.queue


@pytest.mark.parametrize(
    ("cls", "error"),
    [
        (Refuses, ZeroDivisionError),
        (Takes, TypeError),
        (Other, TypeError),
        (Single, RuntimeError),
    ],
)
def test_a_class_that_gives_no_new_object_leaves_descriptor_and_notification(
    new_queue, eventually, cls, error
):
    mq = new_queue()
    if cls is Single:
        cls = type("Single", (Single,), {"queue": mq})
    fd = os.dup(mq.fileno())
    told = []
    mq.notify(told.append)
    with pytest.raises(error):
        cls.from_fd(fd)
    assert descriptors_of(mq.name) == {mq.fileno(), fd}
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()
    os.close(fd)


# From other processes

SEND = """
import array, os, socket, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=64)
mq.send(b"before it came", 9)
mq.unlink()
channel = socket.socket(fileno=int(sys.argv[2]))
channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [mq.fileno()]))])
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_a_descriptor_comes_over_a_socket(new_name):
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", SEND, new_name(), str(theirs.fileno())]
    with ours, theirs:
        subprocess.run(command, pass_fds=[theirs.fileno()], check=True, timeout=30)
        space = socket.CMSG_SPACE(array.array("i").itemsize)
        _, ancillary, _, _ = ours.recvmsg(1, space)
    (fd,) = array.array("i", ancillary[0][2])
    with MessageQueue.from_fd(fd) as adopted:
        # Only by its descriptor can the queue be had any more.
        assert adopted.receive_message() == (b"before it came", 9)
        assert select.select([adopted], [], [], 0)[0] == []


@pytest.mark.thread_unsafe(reason="forks")
def test_a_forked_child_may_close_what_was_adopted(new_queue):
    mq = new_queue()
    adopted = MessageQueue.from_fd(os.dup(mq.fileno()))
    if (pid := os.fork()) == 0:
        try:
            adopted.send(b"from the child")
            with pytest.raises(ValueError, match="belongs"):
                MessageQueue.from_fd(adopted.fileno())
            adopted.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert adopted.receive() == b"from the child"
    adopted.close()


def test_a_collected_object_closes_it(new_queue):
    mq = new_queue()
    fd = os.dup(mq.fileno())
    adopted = MessageQueue.from_fd(fd)
    assert descriptors_of(mq.name) == {mq.fileno(), fd}
    del adopted
    assert descriptors_of(mq.name) == {mq.fileno()}
