"""The document's attributes, sentence by sentence."""

import os
import stat

import pytest

from mood.mqueue import MessageQueue

READ_ONLY = ["name", "flags", "mode", "maxmsg", "msgsize", "closed"]


def test_name_is_this_queues_name(new_name):
    name = new_name()
    assert MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=1).name == name


@pytest.mark.parametrize("access", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
@pytest.mark.parametrize(
    "more", [0, os.O_EXCL, os.O_NONBLOCK, os.O_CLOEXEC, os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC]
)
def test_flags_is_the_argument_passed_to_the_constructor(new_queue, access, more):
    flags = access | os.O_CREAT | more
    assert new_queue(flags).flags == flags


def test_flags_stays_the_argument_when_the_blocking_mode_is_set(new_queue):
    mq = new_queue()
    before = mq.flags
    mq.blocking = False
    assert mq.flags == before == os.O_RDWR | os.O_CREAT | os.O_EXCL


def test_s_imode_of_mode_is_the_permissions(new_queue):
    mq = new_queue(mode=0o600)
    os.fchmod(mq.fileno(), 0o640)
    assert stat.S_IMODE(mq.mode) == 0o640


def test_s_ifmt_of_mode_is_the_type_of_a_regular_file(new_queue):
    assert stat.S_IFMT(new_queue().mode) == stat.S_IFREG


def test_mode_is_the_file_mode_of_the_descriptor(new_queue):
    mq = new_queue(mode=0o500)
    assert mq.mode == os.fstat(mq.fileno()).st_mode
    assert stat.filemode(mq.mode) == "-r-x------"


def test_maxmsg_is_the_maximum_number_of_messages(new_queue):
    mq = new_queue(maxmsg=3)
    assert mq.maxmsg == MessageQueue(mq.name, os.O_RDONLY).maxmsg == 3


def test_msgsize_is_the_maximum_message_size_in_bytes(new_queue):
    mq = new_queue(msgsize=48)
    assert mq.msgsize == MessageQueue(mq.name, os.O_WRONLY).msgsize == 48


def test_closed_is_false_until_close_has_been_called(new_queue):
    mq = new_queue()
    assert mq.closed is False
    mq.close()
    assert mq.closed is True


def test_closed_is_about_this_object_alone(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    other.close()
    assert (mq.closed, other.closed) == (False, True)


@pytest.mark.parametrize("attribute", READ_ONLY)
@pytest.mark.parametrize("close", [False, True])
def test_a_read_only_attribute_refuses_assignment(new_queue, attribute, close):
    mq = new_queue()
    if close:
        mq.close()
    with pytest.raises(AttributeError):
        setattr(mq, attribute, 1)


@pytest.mark.parametrize("attribute", [*READ_ONLY, "blocking"])
def test_no_attribute_can_be_deleted(new_queue, attribute):
    mq = new_queue()
    before = getattr(mq, attribute)
    with pytest.raises(AttributeError):
        delattr(mq, attribute)
    assert getattr(mq, attribute) == before


def test_blocking_is_initially_true_without_o_nonblock(new_queue):
    assert new_queue(os.O_RDWR | os.O_CREAT).blocking is True


def test_blocking_is_initially_false_with_o_nonblock(new_queue):
    assert new_queue(os.O_RDWR | os.O_CREAT | os.O_NONBLOCK).blocking is False


def test_blocking_set_to_false_puts_the_queue_in_nonblocking_mode(new_queue):
    mq = new_queue(maxmsg=1)
    mq.blocking = False
    assert mq.blocking is False
    with pytest.raises(BlockingIOError):
        mq.receive()
    mq.send(b"message")
    with pytest.raises(BlockingIOError):
        mq.send(b"message")


def test_blocking_set_to_true_puts_the_queue_in_blocking_mode(new_queue):
    mq = new_queue(os.O_RDWR | os.O_CREAT | os.O_NONBLOCK)
    mq.blocking = True
    assert mq.blocking is True
    assert os.get_blocking(mq.fileno())


def test_blocking_is_what_the_kernel_holds(new_queue):
    mq = new_queue()
    os.set_blocking(mq.fileno(), False)
    assert mq.blocking is False
    os.set_blocking(mq.fileno(), True)
    assert mq.blocking is True


def test_blocking_is_set_for_this_opening_of_the_queue_alone(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    other.blocking = False
    assert (mq.blocking, other.blocking) == (True, False)
