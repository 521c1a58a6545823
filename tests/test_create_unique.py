"""create_unique: a queue with a name that nobody has."""

import errno
import os
import pathlib
import re

import pytest
from observe import is_in_the_system

from mood.mqueue import LimitError, MessageQueue

SMALL = {"maxmsg": 1, "msgsize": 8}


class Named(MessageQueue):
    def __init__(self, purpose):
        raise AssertionError("it is not called")


def refused(code, match=None):
    return pytest.raises(OSError, match=match, check=lambda error: error.errno == code)


@pytest.fixture(scope="module")
def prefix(new_name):
    """Of names that this test alone makes."""
    return new_name() + "-"


def test_by_default_it_is_called_mq_and_something():
    with MessageQueue.create_unique(maxmsg=SMALL["maxmsg"], msgsize=SMALL["msgsize"]) as mq:
        assert re.fullmatch("/mq-[0-9a-f]{16}", mq.name)
        assert mq.flags == os.O_RDWR
        assert mq.owner
        assert mq.mode & 0o777 == 0o600
        assert mq.blocking
        assert is_in_the_system(mq.name)
        mq.send(b"message")
        assert mq.receive() == b"message"
    assert not is_in_the_system(mq.name)


def test_the_prefix_may_be_what_any_name_may_be(prefix):
    for given in prefix, prefix.encode(), pathlib.PurePosixPath(prefix):
        with MessageQueue.create_unique(given, **SMALL) as mq:
            assert re.fullmatch(re.escape(prefix) + "[0-9a-f]{16}", mq.name)


def test_the_prefix_may_be_in_no_encoding(prefix):
    with MessageQueue.create_unique(os.fsencode(prefix) + b"\xff", **SMALL) as mq:
        assert mq.name.startswith(prefix + "\udcff")
        assert is_in_the_system(mq.name)


def test_a_slash_is_prefix_enough():
    with MessageQueue.create_unique("/", **SMALL) as mq:
        assert re.fullmatch("/[0-9a-f]{16}", mq.name)


def test_a_prefix_that_just_fits_fits(prefix):
    longest = prefix + "x" * (256 - 16 - len(prefix))
    with MessageQueue.create_unique(longest, **SMALL) as mq:
        assert len(mq.name) == 256
    with refused(errno.ENAMETOOLONG):
        MessageQueue.create_unique(longest + "x", **SMALL)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("", errno.EINVAL),
        ("mq-", errno.EINVAL),
        (b"mq-", errno.EINVAL),
        ("/a/b", errno.EACCES),
        ("//", errno.EACCES),
        ("/" + "x" * 5000, errno.ENAMETOOLONG),
    ],
)
def test_a_prefix_of_no_name_is_refused(bad, code):
    with refused(code):
        MessageQueue.create_unique(bad, **SMALL)


@pytest.mark.parametrize("bad", [3, 3.0, [], object()], ids=repr)
def test_what_is_no_prefix_is_refused(bad):
    with pytest.raises(TypeError):
        MessageQueue.create_unique(bad, **SMALL)


def test_a_null_in_the_prefix_is_refused():
    with pytest.raises(ValueError, match="null"):
        MessageQueue.create_unique("/a\0b", **SMALL)


def test_a_thousand_names_differ(prefix):
    names = set()
    for _ in range(1000):
        mq = MessageQueue.create_unique(prefix, **SMALL)
        names.add(mq.name)
        mq.close()
    assert len(names) == 1000


@pytest.mark.thread_unsafe(reason="forks")
def test_a_forked_child_makes_other_names(prefix):
    MessageQueue.create_unique(prefix, **SMALL).close()
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            for _ in range(20):
                with MessageQueue.create_unique(prefix, **SMALL) as mq:
                    os.write(write, mq.name.encode() + b"\n")
            os._exit(0)
        finally:
            os._exit(1)
    ours = []
    for _ in range(20):
        with MessageQueue.create_unique(prefix, **SMALL) as mq:
            ours.append(mq.name)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(write)
    with open(read) as pipe:
        theirs = pipe.read().split()
    assert len({*ours, *theirs}) == 40


@pytest.mark.parametrize("more", [0, os.O_CREAT, os.O_EXCL, os.O_CREAT | os.O_EXCL])
def test_creating_exclusively_goes_without_saying(prefix, more):
    with MessageQueue.create_unique(prefix, os.O_WRONLY | os.O_NONBLOCK | more, **SMALL) as mq:
        assert mq.owner
        assert not mq.blocking
        mq.send(b"only")
        with refused(errno.EBADF):
            mq.receive()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"flags": os.O_ACCMODE}, OSError),
        ({"flags": os.O_RDWR | os.O_APPEND}, OSError),
        ({"flags": "r"}, TypeError),
        ({"flags": 2**40}, OverflowError),
        ({"mode": 0o10000}, OSError),
        ({"mode": -1}, OverflowError),
        ({"maxmsg": 2**40}, LimitError),
        ({"msgsize": 2**40}, LimitError),
        ({"maxmsg": 2.5}, TypeError),
    ],
    ids=str,
)
def test_other_arguments_are_refused_as_by_the_constructor(prefix, arguments, error):
    with pytest.raises(error):
        MessageQueue.create_unique(prefix, **(SMALL | arguments))


def test_mode_and_sizes_are_the_constructors(prefix):
    with MessageQueue.create_unique(prefix, mode=0o400, maxmsg=0, msgsize=7) as mq:
        assert mq.mode & 0o777 == 0o400
        assert (mq.maxmsg, mq.msgsize) == (1, 7)


def test_a_subclass_gets_its_own_object(prefix):
    with Named.create_unique(prefix, **SMALL) as mq:
        assert type(mq) is Named


class Refuses(MessageQueue):
    def __new__(cls):
        raise ZeroDivisionError


class Nothing(MessageQueue):
    def __new__(cls):
        return None


@pytest.mark.parametrize(("cls", "error"), [(Refuses, ZeroDivisionError), (Nothing, TypeError)])
def test_a_class_that_makes_no_object_leaves_no_queue(new_name, cls, error):
    # Those that were left would soon be as many as a namespace, or a user, may have.
    for _ in range(300):
        with pytest.raises(error):
            cls.create_unique(new_name(), maxmsg=10, msgsize=512)


def test_it_leaves_a_notification(new_queue, eventually):
    mq = new_queue()
    told = []
    mq.notify(told.append)
    with MessageQueue.create_unique(maxmsg=SMALL["maxmsg"], msgsize=SMALL["msgsize"]):
        mq.send(b"fires")
        eventually(lambda: told)
    told.clear()
