"""No message of a stranger stops a queue: it is an error once, and then the others follow."""

import errno
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payload_files import SHM, files

from mood.mqueue import MessageQueue
from mood.mqueue.objects import JSON, DecodeError

pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
LARGE = ["large" * 10_000]
TOKENS = [b"\x10", b"@", b" ", b"0", b"9" * 19, b"9" * 4301, b".", b"/", b"\0", b"\n", b"..", b"a"]
TOKENS += [b"mood-mqueue.", b"<device>", b"<inode>", b"<random>", b"<name>", b"<file>", b"<size>"]
TOKENS += [b"f" * 17, b"x" * 300, b"\xff", b"\xed\xa0\x80", "é".encode(), b"-1", b"1e9", b"\xb2"]

messages = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join).map(lambda joined: joined[:8000]),
    # Like a good one, save for what stands in two of its places.
    st.lists(st.sampled_from(TOKENS), min_size=2, max_size=2).map(
        lambda ends: b"\x10@%s mood-mqueue.<device>.<inode>.<random>.%s" % tuple(ends)
    ),
    st.integers(0, 10**6).map(lambda size: b"\x10@%d <file>" % size),
)


@pytest.fixture
def objects(new_objects):
    with new_objects(msgsize=8192, serializer=JSON) as objects:
        yield objects
    vars(objects).clear()


def like_the_real(message, queue, file=b"gone"):
    of_queue = os.fstat(queue.fileno())
    for token, real in [
        (b"<device>", b"%x" % of_queue.st_dev),
        (b"<inode>", b"%x" % of_queue.st_ino),
        (b"<random>", b"0" * 32),
        (b"<name>", queue.name[1:].encode()),
        (b"<file>", file),
        (b"<size>", b"50004"),
    ]:
        message = message.replace(token, real)
    return message


def is_progress(objects, message, priority=5):
    """The message is an error once, with its bytes and priority, and the next object comes."""
    with MessageQueue(objects.name, os.O_WRONLY) as stranger:
        stranger.send_message(message, priority)
        stranger.send_message(b'{"job": 1}')
    with pytest.raises(DecodeError) as caught:
        objects.get_nowait()
    assert (caught.value.data, caught.value.priority) == (message, priority)
    assert objects.get_nowait() == {"job": 1}
    assert objects.empty()


@pytest.mark.parametrize(
    "message",
    [
        b"\x10@5 mood-mqueue.<device>.<inode>.<random>.a\0b",
        b"\x10@5 \0mood-mqueue.<device>.<inode>.<random>.a",
        b"\x10@" + b"9" * 5000 + b" mood-mqueue.<device>.<inode>.<random>.<name>",
        b"\x10@" + b"9" * 19 + b" mood-mqueue.<device>.<inode>.<random>.<name>",
        b"\x10@5 mood-mqueue." + b"f" * 5000 + b".<inode>.<random>.a",
        b"\x10@5 mood-mqueue.<device>.<inode>.<random>." + b"x" * 254,
        b"\x10@5 mood-mqueue.<device>.<inode>.<random>." + b"x" * 5000,
        b"\x10@5 mood-mqueue.<device>.<inode>.<random>.\xff\xed\xa0\x80",
        b"[" * 8000,
        b"9" * 8000,
        b'"\xff"',
        b'"\\ud800',
        b"",
    ],
    ids=lambda message: message[:20].hex(),
)
def test_a_hostile_message_is_an_error_once(objects, message):
    is_progress(objects, like_the_real(message, objects))


@settings(
    max_examples=EXAMPLES or 200,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(message=messages, large=st.booleans())
def test_get_makes_progress_on_any_message(objects, message, large):
    good = LARGE if large else ["small"]
    with MessageQueue(objects.name, os.O_WRONLY) as stranger:
        if large:
            objects.put_nowait(LARGE)
            (file,) = files(objects)
            message = like_the_real(message, objects, os.fsencode(file.name))[:8192]
        else:
            message = like_the_real(message, objects)[:8192]
        stranger.send_message(message, priority=7)
        if not large:
            objects.put_nowait(good)
    got = []
    for _ in range(2):
        try:
            got.append(objects.get_nowait())
        except DecodeError as error:
            got.append((error.data, error.priority))
    if got[0] == LARGE:
        # A right reference takes the object of another sender, whose own message is void then.
        assert got[1] == (b"\x10@50004 " + os.fsencode(file.name), 0)
    else:
        assert got[1] == good
        assert not isinstance(got[0], tuple) or got[0] in [(message, 7), (message[1:], 7)]
    assert (objects.qsize(), objects.undelivered) == (0, 0)
    for file in files(objects):
        file.unlink()


FINAL = ["EACCES", "EAGAIN", "EBADF", "EINTR", "EIO", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENODEV"]
FINAL += ["ENOENT", "ENOTDIR", "ENXIO", "EOVERFLOW", "EPERM", "ESTALE", "ETIMEDOUT", "ETXTBSY"]


@pytest.mark.parametrize("name", FINAL)
@pytest.mark.parametrize("step", ["open", "read"])
def test_an_error_of_the_file_is_an_error_once(objects, monkeypatch, name, step):
    code = getattr(errno, name)

    def fails(*_):
        raise OSError(code, os.strerror(code))

    class FailingReader(io.BufferedReader):
        read = fails

    objects.put(LARGE, priority=1)
    objects.put("next")
    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(os, "open", fails)
        else:
            patch.setattr(io, "BufferedReader", FailingReader)
        with pytest.raises(DecodeError, match=f"cannot be {step}"):
            objects.get_nowait()
    assert objects.get_nowait() == "next"
    assert (objects.qsize(), objects.undelivered) == (0, 0)
    for file in files(objects):
        file.unlink()


def test_a_message_that_names_a_strangers_file_is_an_error_once(objects):
    strange = SHM / like_the_real(b"mood-mqueue.<device>.<inode>.<random>.<name>", objects).decode()
    message = b"\x10@0 " + os.fsencode(strange.name)
    for make, remove in [
        (strange.mkdir, strange.rmdir),
        (lambda: strange.symlink_to(strange), strange.unlink),
        (lambda: os.mkfifo(strange), strange.unlink),
        (lambda: strange.symlink_to("/dev/tty"), strange.unlink),
    ]:
        make()
        try:
            is_progress(objects, message)
        finally:
            remove()
