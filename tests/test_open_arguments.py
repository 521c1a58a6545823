"""Flags, mode and sizes that the constructor takes and refuses."""

# mypy: disable-error-code="arg-type"

import contextlib
import enum
import errno
import os
import re
import stat
from pathlib import Path

import pytest
from observe import descriptors_of

from mood.mqueue import MessageQueue, unlink

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
SMALL = {"maxmsg": 1, "msgsize": 1}


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def assert_nothing_was_made(name):
    assert descriptors_of(name) == set()
    with pytest.raises(FileNotFoundError):
        unlink(name)


@pytest.mark.parametrize("flags", [os.O_ACCMODE, os.O_ACCMODE | os.O_CREAT, CREATE | os.O_ACCMODE])
def test_access_mode_3_is_refused_before_anything_is_made(new_name, flags):
    name = new_name()
    with pytest.raises(OSError, match="exactly one of O_RDONLY, O_WRONLY and O_RDWR") as raised:
        MessageQueue(name, flags, **SMALL)
    assert raised.value.errno == errno.EINVAL
    assert_nothing_was_made(name)


@pytest.mark.parametrize(
    "flag",
    [
        "O_PATH",
        "O_APPEND",
        "O_TRUNC",
        "O_SYNC",
        "O_DIRECTORY",
        "O_NOFOLLOW",
        "O_TMPFILE",
        "O_ASYNC",
    ],
)
def test_a_flag_that_queues_do_not_have_is_refused_and_shown(new_name, flag):
    name = new_name()
    with pytest.raises(OSError, match=f"{getattr(os, flag):#o} mean nothing") as raised:
        MessageQueue(name, CREATE | getattr(os, flag), **SMALL)
    assert raised.value.errno == errno.EINVAL
    assert_nothing_was_made(name)


@pytest.mark.parametrize("flags", [1 << 30, -1, -(2**31), CREATE | 0o10, CREATE | 1 << 25])
def test_unknown_bits_in_flags_are_refused(new_name, flags):
    name = new_name()
    with pytest.raises(OSError, match="mean nothing to a message queue") as raised:
        MessageQueue(name, flags, **SMALL)
    assert raised.value.errno == errno.EINVAL
    assert_nothing_was_made(name)


def test_o_path_is_refused_for_a_queue_that_exists(new_queue):
    with new_queue() as mq:
        with pytest.raises(OSError, match="mean nothing"):
            MessageQueue(mq.name, os.O_PATH)
        assert descriptors_of(mq.name) == {mq.fileno()}


@pytest.mark.parametrize("argument", ["flags", "mode", "maxmsg", "msgsize"])
@pytest.mark.parametrize("value", [1.0, None, "1", b"1", [], 1j], ids=repr)
def test_what_is_no_int_is_a_type_error(new_name, argument, value):
    name = new_name()
    with pytest.raises(TypeError):
        MessageQueue(name, **{"flags": CREATE} | SMALL | {argument: value})
    assert_nothing_was_made(name)


@pytest.mark.parametrize("argument", ["flags", "mode", "maxmsg", "msgsize"])
@pytest.mark.parametrize("value", [2**63, 2**64, 2**64 + 1, 2**100, -(2**63) - 1, -(2**64)])
def test_what_no_c_long_holds_is_an_overflow_error(new_name, argument, value):
    name = new_name()
    with pytest.raises(OverflowError) as raised:
        MessageQueue(name, **{"flags": CREATE} | SMALL | {argument: value})
    assert not isinstance(raised.value, OSError)
    assert_nothing_was_made(name)


@pytest.mark.parametrize("flags", [2**31, 2**32, 2**32 | CREATE, -(2**31) - 1])
def test_flags_are_not_taken_modulo_2_to_the_32(new_name, flags):
    name = new_name()
    with pytest.raises(OverflowError):
        MessageQueue(name, flags, **SMALL)
    assert_nothing_was_made(name)


@pytest.mark.parametrize("mode", [-1, -0o600, 2**32, 2**32 + 0o600])
def test_a_mode_is_not_taken_modulo_2_to_the_32(new_name, mode):
    name = new_name()
    with pytest.raises(OverflowError):
        MessageQueue(name, CREATE, mode, **SMALL)
    assert_nothing_was_made(name)


@pytest.mark.parametrize("mode", [0o10000, stat.S_IFDIR | 0o600, 0o1000600, 2**31, 2**32 - 1])
def test_a_mode_over_7777_is_refused_with_the_range(new_name, mode):
    name = new_name()
    with pytest.raises(OSError, match=f"{mode:#o}.*7777") as raised:
        MessageQueue(name, CREATE, mode, **SMALL)
    assert (raised.value.errno, raised.value.filename) == (errno.EINVAL, name)
    assert_nothing_was_made(name)


# No permission that any umask in use would take away.
@pytest.mark.parametrize("mode", [0, 0o400, 0o200, 0o700, 0o1600, 0o4600, 0o7700])
def test_a_mode_up_to_7777_is_given_to_the_queue(new_name, mode):
    with MessageQueue(new_name(), CREATE, mode, **SMALL) as mq:
        assert stat.S_IMODE(mq.mode) == mode


def test_the_mode_attribute_of_a_queue_is_a_mode_for_another(new_name):
    with (
        MessageQueue(new_name(), CREATE, 0o640, **SMALL) as one,
        MessageQueue(new_name(), CREATE, one.mode, **SMALL) as other,
    ):
        assert other.mode == one.mode


@pytest.mark.parametrize("given", [0, False])
def test_a_size_of_0_means_1(new_name, given):
    with MessageQueue(new_name(), CREATE, maxmsg=given, msgsize=given) as mq:
        assert (mq.maxmsg, mq.msgsize) == (1, 1)
        assert mq.send(b"ab") == 1
        assert mq.receive() == b"a"


def test_a_bool_is_an_int(new_name):
    name = new_name()
    (umask,) = re.findall(r"^Umask:\s+(\d+)$", Path("/proc/self/status").read_text(), re.M)
    with MessageQueue(name, CREATE, mode=True, maxmsg=True, msgsize=True) as mq:
        assert stat.S_IMODE(mq.mode) == 1 & ~int(umask, 8)
        assert (mq.maxmsg, mq.msgsize) == (1, 1)
        os.fchmod(mq.fileno(), 0o600)
        assert MessageQueue(name, False).flags == os.O_RDONLY
        assert MessageQueue(name, True).flags == os.O_WRONLY


def test_whatever_has_an_index_is_an_int(new_name):
    class Flag(enum.IntFlag):
        NEW = CREATE

    with MessageQueue(new_name(), Flag.NEW, Index(0o600), Index(3), Index(5)) as mq:
        assert (mq.flags, mq.maxmsg, mq.msgsize) == (CREATE, 3, 5)


def test_what_an_index_raises_comes_through_and_nothing_is_made(new_name):
    class Broken:
        def __index__(self):
            raise LookupError("no number today")

    for argument in ("flags", "mode", "maxmsg", "msgsize"):
        name = new_name()
        with pytest.raises(LookupError, match="no number today"):
            MessageQueue(name, **{"flags": CREATE} | SMALL | {argument: Broken()})
        assert_nothing_was_made(name)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((), {}),
        (("/none",), {}),
        ((), {"flags": CREATE}),
        (("/none", CREATE, 0o600, 1, 1, 1), {}),
        (("/none", CREATE), {"size": 1}),
        (("/none", CREATE), {"name": "/none"}),
    ],
)
def test_arguments_that_are_missing_unknown_or_too_many_are_a_type_error(arguments, keywords):
    with pytest.raises(TypeError):
        MessageQueue(*arguments, **keywords)


def test_every_argument_can_be_a_keyword(new_name):
    name = new_name()
    with MessageQueue(msgsize=7, maxmsg=2, mode=0o400, flags=CREATE, name=name) as mq:
        assert (mq.name, mq.maxmsg, mq.msgsize, stat.S_IMODE(mq.mode)) == (name, 2, 7, 0o400)


@pytest.mark.parametrize("sizes", [{"maxmsg": 2**62, "msgsize": 2**62}, {"maxmsg": -7}, {}])
def test_sizes_are_ignored_for_a_queue_that_exists(new_queue, sizes):
    with new_queue(maxmsg=2, msgsize=9) as mq:
        for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT):
            other = MessageQueue(mq.name, flags, **sizes)
            assert (other.maxmsg, other.msgsize) == (2, 9)


def test_o_excl_finds_an_existing_queue_and_leaves_it_alone(new_queue):
    with new_queue() as mq:
        mq.send(b"still here")
        with pytest.raises(FileExistsError) as raised:
            MessageQueue(mq.name, CREATE, **SMALL)
        assert (raised.value.errno, raised.value.filename) == (errno.EEXIST, mq.name)
        assert descriptors_of(mq.name) == {mq.fileno()}
        assert mq.receive() == b"still here"


def test_an_object_that_is_initialised_again_stays_what_it_is(new_queue, new_name):
    name = new_name()
    with new_queue() as mq:
        with pytest.raises(RuntimeError, match="opened already"):
            mq.__init__(name, CREATE, **SMALL)
        assert mq.send(b"as before") == 9
    assert_nothing_was_made(name)


def test_a_subclass_whose_init_fails_after_ours_leaves_no_queue(new_name):
    class Failing(MessageQueue):
        def __init__(self, name):
            super().__init__(name, CREATE, **SMALL)
            raise LookupError("too late")

    name = new_name()
    # The exception's traceback would keep the object.
    with contextlib.suppress(LookupError):
        Failing(name)
    assert_nothing_was_made(name)
