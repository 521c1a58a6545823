"""The document, sentence by sentence: len(), close(), fileno(), send(), sendall(), receive()."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

CREATE = os.O_RDWR | os.O_CREAT
NONBLOCK = CREATE | os.O_NONBLOCK


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


def test_len_returns_the_number_of_messages_in_the_queue(new_queue):
    mq = new_queue()
    lengths = [len(mq)]
    for change in (mq.send, b"a"), (mq.send, b""), (mq.receive,):
        change[0](*change[1:])
        lengths.append(len(mq))
    assert lengths == [0, 1, 2, 1]


def test_close_closes_the_message_queue(new_queue):
    mq = new_queue()
    descriptor = f"/proc/self/fd/{mq.fileno()}"
    assert os.path.realpath(descriptor) == mq.name
    mq.close()
    # The number may be another file's by now.
    assert os.path.realpath(descriptor).removesuffix(" (deleted)") != mq.name


def test_fileno_returns_the_underlying_file_descriptor(new_queue):
    mq = new_queue()
    assert isinstance(mq.fileno(), int)
    assert os.readlink(f"/proc/self/fd/{mq.fileno()}") == mq.name


# send(), sendall(), receive()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_send_sends_one_bytes_like_message(new_queue, kind):
    mq = new_queue()
    mq.send(kind(b"message"))
    assert (len(mq), mq.receive()) == (1, b"message")


@pytest.mark.parametrize(("size", "sent"), [(0, 0), (1, 1), (63, 63), (64, 64), (65, 64)])
def test_send_returns_the_number_of_bytes_sent(new_queue, size, sent):
    mq = new_queue(msgsize=64)
    assert mq.send(bytes(size)) == sent == len(mq.receive())


def test_messages_are_delivered_highest_priority_first(new_queue):
    mq = new_queue()
    for priority in (1, 3, 0, 2):
        mq.send(b"%d" % priority, priority)
    assert [mq.receive() for _ in range(4)] == [b"3", b"2", b"1", b"0"]


def test_newer_messages_of_the_same_priority_come_after_older_ones(new_queue):
    mq = new_queue(maxmsg=6)
    for message, priority in zip([b"a", b"b", b"c", b"d", b"e", b"f"], [1, 2] * 3, strict=True):
        mq.send(message, priority)
    assert b"".join(mq.receive() for _ in range(6)) == b"bdface"


def test_priority_is_0_if_omitted(new_queue):
    mq = new_queue()
    for send in (mq.send, mq.sendall):
        mq.send(b"0 before", 0)
        send(b"omitted")
        mq.send(b"0 after", 0)
        mq.send(b"1", 1)
        assert [mq.receive() for _ in range(4)] == [b"1", b"0 before", b"omitted", b"0 after"]


def test_priorities_range_from_0_to_sc_mq_prio_max_less_one(new_queue):
    mq = new_queue()
    highest = os.sysconf("SC_MQ_PRIO_MAX") - 1
    for priority in (0, highest - 1, highest):
        mq.send(b"%d" % priority, priority)
    assert [int(mq.receive()) for _ in range(3)] == [highest, highest - 1, 0]


def test_a_priority_past_the_range_is_refused(new_queue):
    mq = new_queue()
    with refused(errno.EINVAL):
        mq.send(b"message", os.sysconf("SC_MQ_PRIO_MAX"))
    with pytest.raises(OverflowError):
        mq.send(b"message", -1)
    assert len(mq) == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_sendall_sends_one_bytes_like_message(new_queue, kind):
    mq = new_queue()
    mq.sendall(kind(b"message"))
    assert (len(mq), mq.receive()) == (1, b"message")


def test_sendall_sends_until_all_data_is_sent(new_queue):
    mq = new_queue(msgsize=4)
    mq.sendall(b"four and more")
    assert [mq.receive() for _ in range(4)] == [b"four", b" and", b" mor", b"e"]


def test_sendall_waits_for_room_until_all_data_is_sent(new_queue):
    mq = new_queue(maxmsg=1, msgsize=4)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(mq.sendall, b"four and more")
        assert [mq.receive() for _ in range(4)] == [b"four", b" and", b" mor", b"e"]
        assert sent.result(10) is None


def test_sendall_sends_all_with_the_priority(new_queue):
    mq = new_queue(msgsize=4)
    mq.send(b"low", 1)
    mq.sendall(b"halfhalf", 2)
    assert [mq.receive() for _ in range(3)] == [b"half", b"half", b"low"]


def test_receive_receives_and_returns_one_message(new_queue):
    mq = new_queue()
    mq.send(b"one")
    mq.send(b"two")
    message = mq.receive()
    assert (type(message), message, len(mq)) == (bytes, b"one", 1)
