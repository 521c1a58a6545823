"""The document, sentence by sentence: the name and the flags of the constructor."""

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mood.mqueue import MessageQueue

CREATE = os.O_RDWR | os.O_CREAT
NONBLOCK = CREATE | os.O_NONBLOCK


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


def is_asleep(thread):
    task = Path("/proc/self/task", str(thread))
    state = task.joinpath("stat").read_text().rpartition(")")[2].split()[0]
    # Python's own locks are futexes.
    return state == "S" and "futex" not in task.joinpath("wchan").read_text()


# name


def test_a_name_is_a_slash_and_one_or_more_characters(new_name):
    name = new_name() + " éü\n"
    with MessageQueue(name, CREATE, maxmsg=1, msgsize=1) as mq:
        assert mq.name == name


@pytest.mark.parametrize("name", ["", "/", "jobs", "jobs/", "//jobs", "/a/b", "/jobs/"])
def test_a_name_has_one_slash_at_its_start_and_more_after_it(name):
    with pytest.raises(OSError, match="name"):
        MessageQueue(name, CREATE, maxmsg=1, msgsize=1)


ANSWER = """
import os, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR)
print(mq.receive().decode())
mq.send(b"pong")
"""


def test_two_processes_operate_on_the_same_queue_by_the_same_name(new_queue, run_python):
    mq = new_queue()
    mq.send(b"ping")
    assert run_python(ANSWER, mq.name) == "ping\n"
    assert mq.receive() == b"pong"


# flags


@pytest.mark.parametrize("flags", [os.O_WRONLY | os.O_RDWR, os.O_ACCMODE | os.O_CREAT])
def test_exactly_one_access_mode_must_be_specified(new_name, flags):
    with refused(errno.EINVAL):
        MessageQueue(new_name(), flags)


def test_o_rdonly_opens_the_queue_to_receive(new_queue):
    mq = new_queue()
    mq.send(b"message")
    assert MessageQueue(mq.name, os.O_RDONLY).receive() == b"message"


def test_o_rdonly_does_not_send(new_queue):
    mq = new_queue(os.O_RDONLY | os.O_CREAT)
    with refused(errno.EBADF):
        mq.send(b"message")
    assert len(mq) == 0


def test_o_wronly_opens_the_queue_to_send(new_queue):
    mq = new_queue()
    assert MessageQueue(mq.name, os.O_WRONLY).send(b"message") == 7
    assert mq.receive() == b"message"


def test_o_wronly_does_not_receive(new_queue):
    mq = new_queue(os.O_WRONLY | os.O_CREAT)
    mq.send(b"message")
    with refused(errno.EBADF):
        mq.receive()
    assert len(mq) == 1


def test_o_rdwr_opens_the_queue_to_both_send_and_receive(new_queue):
    mq = new_queue()
    mq.send(b"message")
    assert mq.receive() == b"message"


DESCRIPTORS = """
import os
for entry in os.scandir("/proc/self/fd"):
    print(os.readlink(entry.path))
"""


def test_o_cloexec_enables_close_on_exec(new_queue):
    mq = new_queue(CREATE | os.O_CLOEXEC)

    def inherited():
        command = [sys.executable, "-c", DESCRIPTORS]
        return mq.name in subprocess.check_output(command, close_fds=False, text=True)

    assert not os.get_inheritable(mq.fileno())
    assert not inherited()
    os.set_inheritable(mq.fileno(), True)
    assert inherited()


def test_o_nonblock_makes_receive_raise_blocking_io_error_on_an_empty_queue(new_queue):
    with pytest.raises(BlockingIOError, check=lambda error: error.errno == errno.EAGAIN):
        new_queue(NONBLOCK).receive()


def test_o_nonblock_makes_send_raise_blocking_io_error_on_a_full_queue(new_queue):
    mq = new_queue(NONBLOCK, maxmsg=1)
    mq.send(b"first")
    with pytest.raises(BlockingIOError, check=lambda error: error.errno == errno.EAGAIN):
        mq.send(b"second")
    assert (len(mq), mq.receive()) == (1, b"first")


def test_o_nonblock_lets_receive_and_send_through_where_they_would_not_block(new_queue):
    mq = new_queue(NONBLOCK, maxmsg=1)
    assert (mq.send(b"message"), mq.receive()) == (7, b"message")


def test_without_o_nonblock_receive_waits_on_an_empty_queue(new_queue, eventually):
    mq = new_queue()
    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(threading.get_native_id).result()
        received = pool.submit(mq.receive)
        eventually(lambda: is_asleep(thread))
        mq.send(b"message")
        assert received.result(10) == b"message"


def test_without_o_nonblock_send_waits_on_a_full_queue(new_queue, eventually):
    mq = new_queue(maxmsg=1)
    mq.send(b"first")
    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(threading.get_native_id).result()
        sent = pool.submit(mq.send, b"second")
        eventually(lambda: is_asleep(thread))
        assert [mq.receive(), mq.receive(), sent.result(10)] == [b"first", b"second", 6]


def test_o_creat_creates_the_queue_if_it_does_not_exist(new_name):
    name = new_name()
    with pytest.raises(FileNotFoundError):
        MessageQueue(name, os.O_RDWR)
    mq = MessageQueue(name, CREATE, maxmsg=1, msgsize=1)
    assert MessageQueue(name, os.O_RDWR).name == mq.name


def test_o_creat_opens_the_queue_if_it_exists(new_queue):
    mq = new_queue()
    mq.send(b"message")
    assert MessageQueue(mq.name, CREATE).receive() == b"message"


def test_o_excl_raises_file_exists_error(new_queue):
    mq = new_queue()
    with pytest.raises(FileExistsError):
        MessageQueue(mq.name, CREATE | os.O_EXCL)
    assert MessageQueue(mq.name, os.O_RDWR).maxmsg == mq.maxmsg


def test_o_excl_with_o_creat_creates_a_queue_that_does_not_exist(new_queue):
    assert not new_queue(CREATE | os.O_EXCL).closed
