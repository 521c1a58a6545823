"""Every OSError says what happened: errno, words, and the name where there is one."""

import errno
import os
import pickle
from functools import partial

import pytest

from mood.mqueue import LimitError, MessageQueue, unlink

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
SMALL = {"maxmsg": 1, "msgsize": 8}

CLOSED = {
    "send": lambda mq: mq.send(b"?"),
    "sendall": lambda mq: mq.sendall(b"?"),
    "receive": lambda mq: mq.receive(),
    "drain": lambda mq: mq.drain(bytearray()),
    "fill": lambda mq: mq.fill(bytearray(b"?")),
    "len": len,
    "mode": lambda mq: mq.mode,
    "blocking": lambda mq: mq.blocking,
}


# Without its privileges even root may not open what the mode forbids.
FORBIDDEN = """
import ctypes, errno, os, sys
from mood.mqueue import MessageQueue

libc = ctypes.CDLL(None)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
assert libc.capset(header, (ctypes.c_uint32 * 6)()) == 0
try:
    MessageQueue(sys.argv[1], int(sys.argv[2]))
except PermissionError as error:
    assert error.errno == errno.EACCES
    print(error.filename, error.strerror, sep=": ")
"""


def refused(call, *arguments, **keywords):
    """What the error says: class, errno, strerror, filename. It is not kept, nor its traceback."""
    with pytest.raises(OSError) as raised:  # noqa: PT011 - which one is the caller's question
        call(*arguments, **keywords)
    error = raised.value
    assert error.args[0] == error.errno
    assert str(error).startswith(f"[Errno {error.errno}] {error.strerror}")
    return type(error), error.errno, error.strerror, error.filename


def test_a_queue_that_is_not_there_is_a_file_not_found_error(new_name):
    name = new_name()
    expected = (FileNotFoundError, errno.ENOENT, os.strerror(errno.ENOENT), name)
    assert refused(MessageQueue, name, os.O_RDWR) == expected
    assert refused(unlink, name) == expected


def test_a_queue_that_is_there_already_is_a_file_exists_error(new_queue):
    with new_queue() as mq:
        assert refused(MessageQueue, mq.name, CREATE) == (
            FileExistsError,
            errno.EEXIST,
            os.strerror(errno.EEXIST),
            mq.name,
        )


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT])
def test_a_queue_that_the_mode_forbids_is_a_permission_error(run_python, new_name, flags):
    with MessageQueue(new_name(), CREATE, 0, **SMALL) as mq:
        printed = run_python(FORBIDDEN, mq.name, flags)
        assert printed.startswith(f"{mq.name}: {os.strerror(errno.EACCES)}: ")


def test_nonblocking_full_or_empty_queue_is_a_blocking_io_error(new_queue):
    with new_queue(CREATE | os.O_NONBLOCK, **SMALL) as mq:
        expected = (BlockingIOError, errno.EAGAIN, "the queue is empty", mq.name)
        assert refused(mq.receive) == expected
        mq.send(b"1")
        expected = (BlockingIOError, errno.EAGAIN, "the queue is full", mq.name)
        assert refused(mq.send, b"2") == expected
        assert refused(mq.sendall, b"2") == expected
        assert refused(mq.fill, bytearray(b"2")) == expected


@pytest.mark.parametrize("use", CLOSED.values(), ids=CLOSED)
def test_a_closed_queue_says_that_it_is_closed_and_its_name(new_queue, use):
    with new_queue() as mq:
        mq.close()
        cls, number, words, name = refused(use, mq)
    assert (cls, number, name) == (OSError, errno.EBADF, mq.name)
    assert words.startswith(os.strerror(errno.EBADF))
    assert "the queue is closed" in words


@pytest.mark.parametrize("use", CLOSED.values(), ids=CLOSED)
def test_a_queue_that_was_never_opened_is_closed_and_has_no_name(use):
    cls, number, words, name = refused(use, MessageQueue.__new__(MessageQueue))
    assert (cls, number, name) == (OSError, errno.EBADF, None)
    assert words.startswith(os.strerror(errno.EBADF))


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        (os.O_ACCMODE, {}),
        (os.O_RDWR | os.O_APPEND, {}),
        (os.O_RDWR | os.O_CREAT, {"mode": 0o10000}),
    ],
    ids=["access mode", "flag", "mode"],
)
def test_an_argument_that_is_refused_is_explained_and_the_name_given(new_name, flags, keywords):
    name = new_name()
    cls, number, words, filename = refused(MessageQueue, name, flags, **keywords)
    assert (cls, number, filename) == (OSError, errno.EINVAL, name)
    assert words.startswith(os.strerror(errno.EINVAL) + ": ")


def test_unlink_removes_a_queue_once(new_queue):
    with new_queue() as mq:
        unlink(mq.name)
        assert refused(unlink, mq.name)[:2] == (FileNotFoundError, errno.ENOENT)
        assert refused(mq.unlink)[:2] == (FileNotFoundError, errno.ENOENT)


@pytest.mark.parametrize("arguments", [(), ("/none", 1)])
def test_unlink_takes_one_argument(arguments):
    with pytest.raises(TypeError):
        unlink(*arguments)


def test_filename_that_is_not_utf_8_is_fsdecoded(new_name):
    name = os.fsencode(new_name()) + b"\xff"
    assert refused(MessageQueue, name, os.O_RDWR)[3] == os.fsdecode(name)
    assert refused(unlink, name)[3] == os.fsdecode(name)


def test_a_limit_error_can_be_sent_to_another_process(new_name):
    with pytest.raises(LimitError) as raised:
        MessageQueue(new_name(), CREATE, maxmsg=2**62, msgsize=1)
    copy = pickle.loads(pickle.dumps(raised.value))
    assert type(copy) is LimitError
    assert (copy.errno, copy.strerror, copy.filename) == (
        raised.value.errno,
        raised.value.strerror,
        raised.value.filename,
    )


NO_PRIORITY = {
    "send": lambda mq, number: mq.send(b"", number),
    "sendall": lambda mq, number: mq.sendall(b"", number),
    "send_message": lambda mq, number: mq.send_message(b"", number),
    "fill": lambda mq, number: mq.fill(bytearray(1), number),
    "send_many": lambda mq, number: mq.send_many([], number),
    "send_many, one of them": lambda mq, number: mq.send_many([(b"", number)]),
}


@pytest.mark.parametrize("call", NO_PRIORITY)
@pytest.mark.parametrize("number", [-1, 2**32, -(2**70)])
def test_priority_out_of_c_range_is_an_overflow_error(new_queue, call, number):
    with new_queue() as mq:
        with pytest.raises(OverflowError, match=r"^priority is not between 0 and 32767\b"):
            NO_PRIORITY[call](mq, number)
        assert len(mq) == 0


@pytest.mark.parametrize("mode", [-1, 2**32])
def test_mode_out_of_c_range_is_an_overflow_error(new_name, mode):
    for make in partial(MessageQueue, new_name()), MessageQueue.create_unique:
        with pytest.raises(OverflowError, match=r"^mode is not between 0 and 0o7777\b"):
            make(flags=CREATE, mode=mode)
