"""What a queue's name may be, and what is said of one that it may not."""

import errno
import os
from pathlib import Path, PurePosixPath

import pytest

from mood.mqueue import MessageQueue, unlink

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
SIZES = {"maxmsg": 1, "msgsize": 1}

BAD_NAMES = [
    pytest.param("", errno.EINVAL, OSError, "empty", id="empty"),
    pytest.param("jobs", errno.EINVAL, OSError, "start with a slash", id="no slash"),
    pytest.param("jobs/", errno.EINVAL, OSError, "start with a slash", id="slash at the end"),
    pytest.param("/", errno.ENOENT, FileNotFoundError, "after the slash", id="slash alone"),
    pytest.param("/a/b", errno.EACCES, PermissionError, "one slash", id="two slashes"),
    pytest.param("//a", errno.EACCES, PermissionError, "one slash", id="double slash"),
    pytest.param("/a/", errno.EACCES, PermissionError, "one slash", id="slash behind"),
    pytest.param("/.", errno.EACCES, PermissionError, "no queue", id="dot"),
    pytest.param("/..", errno.EACCES, PermissionError, "no queue", id="two dots"),
    pytest.param("/" + "n" * 256, errno.ENAMETOOLONG, OSError, "256.*255", id="256 bytes"),
    pytest.param("/" + "é" * 128, errno.ENAMETOOLONG, OSError, "256.*255", id="256 bytes of UTF-8"),
]


class Named:
    """A path that answers what it is told to."""

    def __init__(self, name):
        self.name = name

    def __fspath__(self):
        return self.name


def opened(name):
    MessageQueue(name, CREATE, **SIZES)


@pytest.mark.parametrize(("name", "number", "error", "why"), BAD_NAMES)
@pytest.mark.parametrize("call", [opened, unlink])
def test_a_bad_name_is_refused_with_errno_filename_and_reason(call, name, number, error, why):
    with pytest.raises(error, match=why) as raised:
        call(name)
    assert (raised.value.errno, raised.value.filename) == (number, name)
    assert raised.type is error
    assert raised.value.strerror.startswith(os.strerror(number))


@pytest.mark.parametrize("call", [opened, unlink])
@pytest.mark.parametrize("convert", [os.fsencode, Named, lambda name: Named(os.fsencode(name))])
def test_a_bad_name_that_is_bytes_or_a_path_is_refused_alike(call, convert):
    with pytest.raises(PermissionError, match="one slash") as raised:
        call(convert("/a/b"))
    assert raised.value.filename == "/a/b"


@pytest.mark.parametrize("call", [opened, unlink])
@pytest.mark.parametrize(
    "name", ["/\0", "\0", "/a\0b", b"/a\0", Named("/a\0"), "/" + "n" * 300 + "\0"]
)
def test_nul_in_a_name_is_a_value_error(call, name):
    with pytest.raises(ValueError, match="null byte"):
        call(name)


@pytest.mark.parametrize("call", [opened, unlink])
@pytest.mark.parametrize("name", [None, 1, 1.5, True, [], object(), bytearray(b"/a"), Named(1)])
def test_invalid_name_type_is_a_type_error(call, name):
    with pytest.raises(TypeError):
        call(name)


@pytest.mark.parametrize("call", [opened, unlink])
def test_a_surrogate_that_stands_for_no_byte_is_an_encoding_error(call):
    with pytest.raises(UnicodeEncodeError):
        call("/\ud800")


@pytest.mark.parametrize("call", [opened, unlink])
def test_what_a_path_raises_when_asked_for_its_name_comes_through(call):
    class Broken:
        def __fspath__(self):
            raise LookupError("no path today")

    with pytest.raises(LookupError, match="no path today"):
        call(Broken())


@pytest.mark.parametrize(
    "end",
    ["é", "\udcff\udc80", " ", "\n", "'\"", ".x", "...", "\\", "%s", "\U0001f4ee"],
    ids=ascii,
)
def test_any_bytes_but_slash_and_nul_make_a_name(new_name, end):
    name = new_name() + end
    with MessageQueue(name, CREATE, **SIZES) as mq:
        assert mq.name == name
        assert len(MessageQueue(name, os.O_RDONLY)) == 0
    with pytest.raises(FileNotFoundError):
        unlink(name)


def test_a_name_of_255_bytes_after_the_slash_is_accepted(new_name):
    name = new_name().ljust(256, "n")
    with MessageQueue(name, CREATE, **SIZES) as mq:
        assert mq.name == name


@pytest.mark.parametrize(
    "convert", [os.fsencode, Path, PurePosixPath, Named, lambda n: Named(n.encode())]
)
def test_bytes_and_paths_name_the_queue_that_the_str_names(new_name, convert):
    name = new_name()
    with MessageQueue(convert(name), CREATE, **SIZES) as mq:
        mq.send(b"!")
        assert MessageQueue(name, os.O_RDONLY).receive() == b"!"


@pytest.mark.parametrize("convert", [os.fsencode, Path, Named])
def test_the_name_attribute_is_a_str_whatever_was_passed(new_name, convert):
    name = new_name()
    with MessageQueue(convert(name), CREATE, **SIZES) as mq:
        assert type(mq.name) is str
        assert mq.name == name


def test_name_that_is_not_utf_8_is_fsdecoded(new_name):
    name = os.fsencode(new_name()) + b"\xff\x80"
    with MessageQueue(name, CREATE, **SIZES) as mq:
        assert mq.name == os.fsdecode(name)
        assert len(MessageQueue(mq.name, os.O_RDONLY)) == 0


def test_unlink_takes_bytes_and_paths(new_name):
    for convert in (str, os.fsencode, Path, Named):
        name = new_name()
        with MessageQueue(name, CREATE, **SIZES):
            unlink(convert(name))
            with pytest.raises(FileNotFoundError):
                MessageQueue(name, os.O_RDONLY)


def test_subclasses_of_str_and_bytes_are_names(new_name):
    class Text(str):
        __slots__ = ()

        def __str__(self):
            return "/another"

    name = new_name()
    with MessageQueue(Text(name), CREATE, **SIZES) as mq:
        assert mq.name == name


def test_two_queues_whose_names_differ_in_one_undecodable_byte_are_two(new_name):
    name = os.fsencode(new_name())
    with (
        MessageQueue(name + b"\xfe", CREATE, **SIZES) as one,
        MessageQueue(name + b"\xff", CREATE, **SIZES) as other,
    ):
        one.send(b"1")
        assert (len(one), len(other)) == (1, 0)
