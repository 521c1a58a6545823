"""The plain values: Message, Status, Limits, PRIORITY_MAX; status() and limits()."""

import copy
import errno
import gc
import operator
import os
import pickle
import resource
import stat
import sys
import time
from pathlib import Path

import pytest
from observe import is_registered

import mood.mqueue
from mood.mqueue import PRIORITY_MAX, Limits, Message, MessageQueue, Status, limits

PROTOCOLS = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


def received(new_queue, data=b"hello", priority=7):
    with new_queue() as mq:
        mq.send_message(data, priority)
        return mq.receive_message()


def received_with_others(new_queue, data=b"hello", priority=7):
    with new_queue() as mq:
        mq.send_many([(data, priority), b"other"])
        return mq.receive_many()[0]


def made(_, data=b"hello", priority=7):
    return Message(data, priority)


# The extension makes them by a shorter way than the class does; they are to be the same.
ORIGINS = pytest.mark.parametrize("origin", [received, received_with_others, made])


@ORIGINS
def test_a_message_is_a_tuple_of_two_with_names(new_queue, origin):
    message = origin(new_queue)
    assert type(message) is Message is mood.mqueue.Message
    assert isinstance(message, tuple)
    assert (len(message), message[0], message[1], message[-1]) == (2, b"hello", 7, 7)
    assert (message.data, message.priority) == (b"hello", 7)
    data, priority = message
    assert (data, priority) == (b"hello", 7)
    assert message._fields == ("data", "priority")
    assert message._asdict() == {"data": b"hello", "priority": 7}
    assert list(message) == [b"hello", 7]


@ORIGINS
def test_a_message_compares_and_hashes_as_the_tuple(new_queue, origin):
    for data, priority in ((b"", 0), (b"hello", 7), (b"hello", 32767), (b"\0" * 64, 256)):
        message, plain = origin(new_queue, data, priority), (data, priority)
        assert message == plain
        assert plain == message
        assert hash(message) == hash(plain) == hash(Message(data, priority))
        assert {plain: "found"}[message] == "found"
        assert message != (data, priority + 1)
        assert message < (data, priority + 1)
        assert sorted([(data, priority + 1), message]) == [message, (data, priority + 1)]


@ORIGINS
def test_a_message_shows_what_it_is(new_queue, origin):
    assert repr(origin(new_queue)) == str(origin(new_queue)) == "Message(data=b'hello', priority=7)"
    assert eval(repr(origin(new_queue))) == (b"hello", 7)


@ORIGINS
@PROTOCOLS
def test_a_message_unpickles(new_queue, origin, protocol):
    message = origin(new_queue)
    dumped = pickle.dumps(message, protocol)
    again = pickle.loads(dumped)
    assert type(again) is Message
    assert again == message
    # Where it is defined is nobody's business, and must not stand in a file.
    assert b"_values" not in dumped


@ORIGINS
@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda m: m._replace()])
def test_a_message_copies(new_queue, origin, make):
    message = origin(new_queue)
    again = make(message)
    assert (type(again), again, hash(again)) == (Message, message, hash(message))


@ORIGINS
def test_a_message_is_replaced_and_matched_by_name(new_queue, origin):
    changed = origin(new_queue)._replace(priority=9)
    assert (type(changed), changed) == (Message, (b"hello", 9))
    match changed:
        case Message(data=b"hello", priority=priority):
            assert priority == 9
        case _:
            pytest.fail("no match")
    match origin(new_queue):
        case Message(data, 7):
            assert data == b"hello"
        case _:
            pytest.fail("no match")


@ORIGINS
def test_a_message_is_as_any_other_to_the_collector(new_queue, origin):
    message = origin(new_queue)
    assert gc.is_tracked(message)
    assert gc.get_referents(message) == gc.get_referents(Message(b"hello", 7))
    assert sys.getsizeof(message) == sys.getsizeof(Message(b"hello", 7))


@ORIGINS
def test_a_message_cannot_be_changed(new_queue, origin):
    message = origin(new_queue)
    for name in ("data", "priority", "other"):
        with pytest.raises(AttributeError):
            setattr(message, name, b"")
    with pytest.raises(TypeError):
        operator.setitem(message, 0, b"")
    with pytest.raises(TypeError):
        operator.delitem(message, 0)


def test_messages_come_and_go_without_a_trace(new_queue):
    with new_queue() as mq:
        references = sys.getrefcount(Message)
        for number in range(10_000):
            mq.send_message(b"%d" % number, 300)
            mq.receive_message()
        # Other threads may have a few in hand.
        assert sys.getrefcount(Message) < references + 1000


def test_a_message_is_made_by_keyword():
    assert Message(priority=1, data=b"x") == (b"x", 1)
    assert Message._make([b"x", 1]) == (b"x", 1)
    for arguments in ([], [b"x"], [b"x", 1, 2]):
        with pytest.raises(TypeError):
            Message(*arguments)
    assert sys.getsizeof(Message(b"", 0)) == sys.getsizeof((b"", 0)), "it has a __dict__"


@pytest.mark.parametrize("value", [Message, Status, Limits])
def test_a_value_says_where_it_is_to_be_imported_from(value):
    assert value.__module__ == "mood.mqueue"
    assert getattr(mood.mqueue, value.__qualname__) is value
    assert value.__doc__
    assert not hasattr(value(*value._fields), "__dict__")


@PROTOCOLS
@pytest.mark.parametrize("make", [MessageQueue.status, lambda _: limits()])
def test_status_and_limits_unpickle(new_queue, make, protocol):
    value = make(new_queue())
    again = pickle.loads(pickle.dumps(value, protocol))
    assert (type(again), again) == (type(value), value)


def test_priority_max_is_the_highest_that_is_sent(new_queue):
    assert (type(PRIORITY_MAX), PRIORITY_MAX) == (int, os.sysconf("SC_MQ_PRIO_MAX") - 1)
    with new_queue() as mq:
        mq.send(b"", PRIORITY_MAX)
        with pytest.raises(OSError, match="priority"):
            mq.send(b"", PRIORITY_MAX + 1)
        assert mq.receive_message().priority == PRIORITY_MAX


# status()


def test_status_tells_what_the_queue_is_like(new_queue):
    with new_queue(maxmsg=3, msgsize=17, mode=0o640) as mq:
        before = int(time.time())
        mq.send(b"x")
        status = mq.status()
        assert type(status) is Status
        assert (status.messages, status.maxmsg, status.msgsize) == (1, 3, 17)
        assert (status.mode, stat.S_ISREG(status.mode)) == (mq.mode, True)
        assert (status.uid, status.gid) == (os.geteuid(), os.getegid())
        # The kernel's clock for such times may be a moment behind.
        assert before - 1 <= status.modified <= time.time() + 1
        assert type(status.modified) is float
        mq.receive()
        assert mq.status().messages == 0


def test_status_agrees_with_fstat(new_queue):
    with new_queue() as mq:
        seen, status = os.fstat(mq.fileno()), mq.status()
        assert (status.mode, status.uid, status.gid) == (seen.st_mode, seen.st_uid, seen.st_gid)
        assert int(status.modified) == int(seen.st_mtime)


def test_status_says_that_the_queue_was_unlinked_and_made_anew_is_another(new_queue):
    with new_queue() as mq, MessageQueue(mq.name, os.O_WRONLY) as sender:
        assert mq.status().unlinked is sender.status().unlinked is False
        mq.unlink()
        assert mq.status().unlinked is sender.status().unlinked is True
        with MessageQueue(mq.name, os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as again:
            assert again.status().unlinked is False
            # It goes to the queue that nobody can open any more, and nothing fails.
            sender.send(b"lost")
            assert (len(again), len(mq)) == (0, 1)
            assert sender.status().unlinked is True


def test_status_of_a_closed_queue_is_refused(new_queue):
    mq = new_queue()
    mq.close()
    with pytest.raises(OSError, match="closed") as raised:
        mq.status()
    assert (raised.value.errno, raised.value.filename) == (errno.EBADF, mq.name)


def test_status_leaves_a_notification_registered(new_queue):
    with new_queue() as mq:
        mq.notify(None)
        other = MessageQueue(mq.name, os.O_RDONLY)
        for _ in range(3):
            assert mq.status() == other.status()
            assert is_registered(other)


def test_status_works_for_an_unlinked_queue_and_for_every_access(new_queue):
    with new_queue() as mq:
        reader, writer = (MessageQueue(mq.name, flags) for flags in (os.O_RDONLY, os.O_WRONLY))
        mq.unlink()
        assert mq.status() == reader.status() == writer.status()


# limits()


def test_limits_are_those_of_the_system():
    now = limits()
    sysctls = Path("/proc/sys/fs/mqueue")
    names = ["msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max"]
    assert type(now) is Limits
    assert list(now[:5]) == [int((sysctls / name).read_text()) for name in names]
    soft = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[0]
    assert now.rlimit == (None if soft == resource.RLIM_INFINITY else soft)
    assert Limits._fields == (*names, "rlimit")


CHANGED = """
import resource
from mood.mqueue import limits
soft, hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (4096, hard))
print(limits().rlimit)
try:
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (resource.RLIM_INFINITY,) * 2)
    print(limits().rlimit)
except ValueError:
    print(None)
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_limits_are_read_anew_each_time(run_python):
    assert run_python(CHANGED) == "4096\nNone\n"


def test_limits_takes_no_argument():
    with pytest.raises(TypeError):
        limits(1)  # type: ignore[call-arg]
