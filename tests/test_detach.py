"""detach: the descriptor leaves the object."""

import errno
import gc
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from observe import descriptors_of, is_in_the_system, is_registered

from mood.mqueue import MessageQueue, unlink


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


def test_the_number_stays_and_stays_open(new_queue):
    mq = new_queue()
    name, fd = mq.name, mq.fileno()
    mq.send(b"message")
    assert mq.detach() == fd
    assert (mq.closed, mq.fileno()) == (True, -1)
    assert descriptors_of(name) == {fd}
    with MessageQueue.from_fd(fd) as again:
        assert again.receive() == b"message"
    assert descriptors_of(name) == set()
    unlink(name)


def test_the_object_is_closed(new_queue):
    mq = new_queue()
    mq.unlink()
    fd = mq.detach()
    for use in mq.receive, mq.detach, mq.reopen, mq.status, mq.unlink, mq.__enter__, mq.notify:
        with refused(errno.EBADF):
            use()
    mq.close()
    del mq
    gc.collect()
    os.close(fd)


def test_an_object_that_was_never_opened_has_nothing_to_give():
    with refused(errno.EBADF):
        MessageQueue.__new__(MessageQueue).detach()


def test_the_name_stays_although_the_owner_gave_it_away(new_queue):
    mq = new_queue()
    name = mq.name
    assert mq.owner
    os.close(mq.detach())
    del mq
    gc.collect()
    assert is_in_the_system(name)
    unlink(name)


def test_the_notification_has_ended(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    told = []
    mq.notify(told.append)
    fd = mq.detach()
    assert not is_registered(other)
    other.send(b"unnoticed")
    os.close(fd)
    other.unlink()
    assert told == []


CALLS = {
    "receive": lambda mq: mq.receive(),
    "receive until a time": lambda mq: mq.receive(timeout=30),
    "receive_message": lambda mq: mq.receive_message(),
    "receive_into": lambda mq: mq.receive_into(bytearray(64)),
    "receive_many": lambda mq: mq.receive_many(),
    "drain": lambda mq: mq.drain(bytearray()),
    "next": next,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_thread_that_waits_is_woken_and_the_number_stays(new_queue, start_blocked, call, threads):
    mq = new_queue()
    name, fd = mq.name, mq.fileno()
    with ThreadPoolExecutor(threads) as pool:
        waiting = [start_blocked(pool, CALLS[call], mq) for _ in range(threads)]
        assert mq.detach() == fd
        assert descriptors_of(name) == {fd}
        for future in waiting:
            with refused(errno.EBADF):
                future.result(20)
    with MessageQueue.from_fd(fd) as again:
        again.send(b"works")
        assert again.receive() == b"works"
    assert descriptors_of(name) == set()
    unlink(name)


@pytest.mark.thread_unsafe(reason="sets a signal handler")
def test_under_a_signal_handler_it_is_a_duplicate(new_queue):
    mq = new_queue()
    name, number = mq.name, mq.fileno()
    given = []
    before = signal.signal(signal.SIGUSR1, lambda *_: given.append(mq.detach()))
    main = threading.main_thread().ident
    sender = threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGUSR1))
    try:
        sender.start()
        with refused(errno.EBADF):
            mq.receive()
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    (fd,) = given
    assert fd != number
    assert descriptors_of(name) == {fd}
    with MessageQueue.from_fd(fd) as again:
        again.send(b"works")
        assert again.receive() == b"works"
    unlink(name)


NO_DESCRIPTOR = """
import os, resource, signal, sys
from mood.mqueue import LimitError, MessageQueue

mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=2, msgsize=8)

def detach(*_):
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    try:
        mq.detach()
    except LimitError as error:
        print(error.strerror, mq.closed, mq.owner)
    for fd in taken:
        os.close(fd)
    mq.send(b"goes on")

signal.signal(signal.SIGALRM, detach)
signal.setitimer(signal.ITIMER_REAL, 0.05)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
print(mq.receive())
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_without_room_for_a_duplicate_nothing_changes(run_python, new_name):
    refusal, message = run_python(NO_DESCRIPTOR, new_name()).splitlines()
    assert refusal.startswith("this process has as many descriptors open")
    assert refusal.endswith(" False True")
    assert message == "b'goes on'"


AT_EXIT = """
import atexit, os, sys

def check():
    # What has the number by now is another file: nothing may have closed it.
    os.write(fd, b"untouched")
    print(os.pread(fd, 9, 0).decode(), flush=True)

atexit.register(check)  # before the module does: so it runs after it
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=2, msgsize=8)
fd = mq.detach()
os.close(fd)
assert os.open(sys.argv[2], os.O_RDWR | os.O_CREAT) == fd
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_the_end_of_the_interpreter_closes_and_removes_nothing(run_python, new_name, tmp_path):
    name = new_name()
    assert run_python(AT_EXIT, name, tmp_path / "file") == "untouched\n"
    assert is_in_the_system(name)
    unlink(name)


def test_collection_closes_no_file_that_has_the_number_since(new_queue, tmp_path):
    mq = new_queue()
    mq.unlink()
    fd = mq.detach()
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.dup2(file, fd)
    mq.close()
    del mq
    gc.collect()
    assert os.write(fd, b"untouched") == 9
    os.close(fd)
    os.close(file)
