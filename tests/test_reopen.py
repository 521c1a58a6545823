"""reopen: the same queue through an open file description of its own."""

import contextlib
import errno
import os

import pytest
from observe import is_in_the_system
from test_without_proc import WITHOUT_PROC

from mood.mqueue import LimitError, MessageQueue


class Named(MessageQueue):
    def __init__(self, purpose):
        super().__init__(purpose, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=64)


def refused(code, match=None):
    return pytest.raises(OSError, match=match, check=lambda error: error.errno == code)


def test_its_blocking_mode_is_its_own(new_queue):
    mq = new_queue()
    duplicate = MessageQueue.from_fd(os.dup(mq.fileno()))
    with mq.reopen(os.O_RDWR | os.O_NONBLOCK) as again, duplicate:
        assert (again.blocking, mq.blocking, duplicate.blocking) == (False, True, True)
        # As opposed to a duplicate's.
        duplicate.blocking = False
        assert (again.blocking, mq.blocking, duplicate.blocking) == (False, False, False)
        again.blocking = True
        assert (again.blocking, mq.blocking, duplicate.blocking) == (True, False, False)


def test_by_default_it_is_open_for_the_same(new_queue):
    mq = new_queue()
    for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR:
        with MessageQueue(mq.name, flags) as first:
            first.blocking = False
            with first.reopen() as again:
                assert again.flags == flags | os.O_NONBLOCK
                assert again.blocking is False
                assert again.name == mq.name
                assert not os.get_inheritable(again.fileno())


def test_it_may_be_open_for_less(new_queue):
    mq = new_queue()
    with mq.reopen(os.O_WRONLY) as writer, mq.reopen(os.O_RDONLY | os.O_CLOEXEC) as reader:
        writer.send(b"message")
        with refused(errno.EBADF, match="O_WRONLY"):
            writer.receive()
        with refused(errno.EBADF, match="O_RDONLY"):
            reader.send(b"")
        assert reader.receive() == b"message"


@pytest.mark.parametrize(
    "flags",
    [
        os.O_RDWR | os.O_CREAT,
        os.O_RDWR | os.O_EXCL,
        os.O_RDWR | os.O_CREAT | os.O_EXCL,
        os.O_RDWR | os.O_APPEND,
        os.O_ACCMODE,
        -1,
    ],
    ids=oct,
)
def test_other_flags_are_refused_by_the_queues_name(new_queue, eventually, flags):
    mq = new_queue()
    told = []
    mq.notify(told.append)
    with refused(errno.EINVAL, match="O_") as caught:
        mq.reopen(flags)
    assert caught.value.filename == mq.name
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()


def test_an_unlinked_queue_can_be_reopened(new_queue):
    mq = new_queue()
    mq.unlink()
    with mq.reopen() as again:
        mq.send(b"message")
        assert again.receive() == b"message"


def test_so_can_an_adopted_one(new_queue):
    mq = new_queue()
    with MessageQueue.from_fd(os.dup(mq.fileno())) as adopted, adopted.reopen() as again:
        assert again.name == ""
        again.send(b"message")
        assert mq.receive() == b"message"


def test_it_never_owns(new_queue):
    mq = new_queue()
    again = mq.reopen()
    assert (again.owner, mq.owner) == (False, True)
    again.close()
    assert is_in_the_system(mq.name)


def test_the_class_stays(new_name):
    with Named(new_name()) as mq, mq.reopen() as again:
        assert type(again) is Named
        assert again.name == mq.name


def test_busy_poll_is_carried_over_and_then_its_own(new_queue):
    mq = new_queue()
    mq.busy_poll = 0.25
    with mq.reopen() as again:
        assert again.busy_poll == 0.25
        again.busy_poll = 0.5
        assert mq.busy_poll == 0.25


def test_a_closed_queue_is_not_reopened(new_queue):
    mq = new_queue()
    mq.close()
    with refused(errno.EBADF):
        mq.reopen()


def test_to_reopen_leaves_the_notification(new_queue, eventually):
    mq = new_queue()
    told = []
    mq.notify(told.append)
    again = mq.reopen()
    again.send(b"fires")
    eventually(lambda: told)
    told.clear()
    again.close()


class Refuses(MessageQueue):
    def __new__(cls, *arguments, **sizes):
        if not arguments:
            raise ZeroDivisionError
        return super().__new__(cls)


def test_a_class_that_makes_no_object_leaves_descriptors_and_the_notification(
    new_queue, eventually
):
    mq = new_queue(cls=Refuses)
    before = mq.fileno()
    told = []
    mq.notify(told.append)
    with pytest.raises(ZeroDivisionError):
        mq.reopen()
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()
    assert mq.fileno() == before


PERMISSION = """
import os, sys
from mood.mqueue import MessageQueue
if os.getuid() == 0:  # whom no permission keeps out
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
with MessageQueue(sys.argv[1], flags, maxmsg=2, msgsize=8) as mq:
    os.fchmod(mq.fileno(), 0o400)
    try:
        mq.reopen()
    except PermissionError as error:
        print(error)
    with mq.reopen(os.O_RDONLY) as again:
        mq.send(b"read")
        print(again.receive())
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_the_permissions_of_now_count(run_python, new_name):
    name = new_name()
    refusal, message = run_python(PERMISSION, name).splitlines()
    assert refusal.startswith("[Errno 13] Permission denied: owned by uid ")
    assert refusal.endswith(f": '{name}'")
    assert message == "b'read'"


NO_DESCRIPTOR = """
import os, resource, sys
from mood.mqueue import LimitError, MessageQueue
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=2, msgsize=8) as mq:
    resource.setrlimit(resource.RLIMIT_NOFILE, (mq.fileno() + 1,) * 2)
    while True:
        try:
            os.dup(0)
        except OSError:
            break
    try:
        mq.reopen()
    except LimitError as error:
        print(error.errno, error.filename == mq.name, "RLIMIT_NOFILE" in error.strerror)
    mq.send(b"works")
    print(mq.receive())
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_the_limit_on_descriptors_is_named(run_python, new_name):
    assert issubclass(LimitError, OSError)
    printed = run_python(NO_DESCRIPTOR, new_name())
    assert printed == f"{errno.EMFILE} True True\nb'works'\n"


REOPEN_WITHOUT_PROC = (
    WITHOUT_PROC
    + """
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as mq:
    try:
        mq.reopen()
    except FileNotFoundError as error:
        print(error.strerror, error.filename)
"""
)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_without_proc_it_says_so(run_python, new_name):
    name = new_name()
    printed = run_python(REOPEN_WITHOUT_PROC, name)
    if printed == "refused\n":
        pytest.skip("needs a mount namespace")
    assert "/proc is not mounted" in printed
    # With the queue's name it would read as if there was no such queue.
    assert printed.endswith(" None\n")
    with contextlib.suppress(FileNotFoundError):
        MessageQueue(name, os.O_RDONLY).close()
