"""A queue as a Python object: its class, its state, its life."""

# mypy: disable-error-code="override"

import errno
import inspect
import os
import weakref

import pytest

from mood.mqueue import MessageQueue, unlink

CREATE = os.O_RDWR | os.O_CREAT
USES = {
    "len": len,
    "bool": bool,
    "enter": lambda mq: mq.__enter__(),
    "send": lambda mq: mq.send(b"message"),
    "sendall": lambda mq: mq.sendall(b"message"),
    "receive": lambda mq: mq.receive(),
    "drain": lambda mq: mq.drain(bytearray()),
    "fill": lambda mq: mq.fill(bytearray(b"message")),
    "notify": lambda mq: mq.notify(),
    "notify None": lambda mq: mq.notify(None),
    "notify callable": lambda mq: mq.notify(id),
    "unlink": lambda mq: mq.unlink(),
    "mode": lambda mq: mq.mode,
    "blocking": lambda mq: mq.blocking,
    "set blocking": lambda mq: setattr(mq, "blocking", True),
    "owner": lambda mq: mq.owner,
    "set owner": lambda mq: setattr(mq, "owner", False),
}
FACTS = ["name", "flags", "maxmsg", "msgsize"]


class Forgetful(MessageQueue):
    def __init__(self):
        pass


class Jobs(MessageQueue):
    def __init__(self, name, *, limit):
        super().__init__(name, CREATE, maxmsg=limit, msgsize=16)
        self.limit = limit

    def send(self, message, priority=0):
        return super().send(message.upper(), priority)


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


# Subclasses


def test_a_subclass_has_arguments_attributes_and_methods_of_its_own(new_name):
    jobs = Jobs(new_name(), limit=2)
    assert jobs.send(b"job") == 3
    assert (jobs.limit, jobs.maxmsg, jobs.receive()) == (2, 2, b"JOB")
    assert isinstance(jobs, MessageQueue)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_use_of_an_object_that_forgot_to_open_says_so(use):
    with refused(errno.EBADF):
        use(Forgetful())


@pytest.mark.parametrize("fact", FACTS)
def test_an_object_that_forgot_to_open_knows_nothing(fact):
    with refused(errno.EBADF):
        getattr(Forgetful(), fact)


def test_an_object_that_forgot_to_open_is_closed():
    mq = Forgetful()
    mq.close()
    assert (mq.closed, mq.fileno()) == (True, -1)
    assert "Forgetful" in repr(mq)


def test_an_object_that_forgot_to_open_can_be_collected():
    mq = Forgetful()
    gone = weakref.ref(mq)
    del mq
    assert gone() is None


# Arguments


def test_the_signature_is_that_of_the_document():
    parameters = inspect.signature(MessageQueue).parameters.values()
    assert [(p.name, p.default) for p in parameters] == [
        ("name", inspect.Parameter.empty),
        ("flags", inspect.Parameter.empty),
        ("mode", 0o600),
        ("maxmsg", -1),
        ("msgsize", -1),
    ]


def test_every_argument_can_be_given_by_keyword(new_name):
    mq = MessageQueue(name=new_name(), flags=CREATE, mode=0o600, maxmsg=2, msgsize=4)
    assert (mq.maxmsg, mq.msgsize) == (2, 4)
    assert mq.send(message=b"low", priority=1) == 3
    mq.sendall(message=b"high", priority=2)
    assert [mq.receive(), mq.receive()] == [b"high", b"low"]
    mq.fill(buffer=bytearray(b"data"), priority=3)
    buffer = bytearray()
    mq.drain(buffer=buffer)
    assert buffer == b"data"
    mq.notify(callback=None)
    unlink(name=mq.name)
    with pytest.raises(FileNotFoundError):
        unlink(mq.name)


# State


def test_leaving_the_context_closes(new_queue):
    with new_queue() as mq:
        assert not mq.closed
    assert mq.closed
    with pytest.raises(FileNotFoundError):
        unlink(mq.name)


def test_leaving_the_context_by_an_exception_closes_and_does_not_hide_it(new_queue):
    mq = new_queue()
    with pytest.raises(ZeroDivisionError), mq:
        raise ZeroDivisionError
    assert mq.closed


def test_entering_gives_the_same_object(new_queue):
    mq = new_queue()
    with mq as entered:
        assert entered is mq


def test_a_context_may_be_left_closed(new_queue):
    with new_queue() as mq:
        mq.close()
    assert mq.closed


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_use_of_a_closed_queue_says_so(new_queue, use):
    mq = new_queue()
    mq.close()
    with pytest.raises(OSError, match="closed", check=lambda error: error.errno == errno.EBADF):
        use(mq)


def test_a_closed_queue_still_knows_what_it_was(new_name):
    name = new_name()
    mq = MessageQueue(name, CREATE, maxmsg=2, msgsize=4)
    mq.close()
    assert [getattr(mq, fact) for fact in FACTS] == [name, CREATE, 2, 4]


def test_repr_shows_class_name_flags_sizes_and_state(new_queue):
    mq = new_queue(CREATE, maxmsg=3, msgsize=48)
    start = f"<mood.mqueue.MessageQueue '{mq.name}' flags=0o102 maxmsg=3 msgsize=48 "
    assert repr(mq) == start + "owner>"
    mq.close()
    assert repr(mq) == start + "closed>"


def test_repr_of_what_only_opened_the_queue_says_open(new_queue):
    mq = new_queue()
    assert repr(MessageQueue(mq.name, os.O_RDWR)).endswith(" open>")


def test_repr_shows_the_subclass(new_name):
    jobs = Jobs(new_name(), limit=2)
    assert repr(jobs).startswith(f"<{__name__}.Jobs '{jobs.name}' ")


def test_an_empty_queue_is_false_like_any_empty_collection(new_queue):
    mq = new_queue()
    assert not mq
    mq.send(b"")
    assert mq


def test_equality_and_hash_are_of_the_object(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    assert mq == mq  # noqa: PLR0124
    assert mq != other
    assert len({mq, other, mq}) == 2


@pytest.mark.parametrize("attribute", ["blocking", "owner", *FACTS, "mode", "closed"])
def test_an_attribute_cannot_be_deleted(new_queue, attribute):
    mq = new_queue()
    with pytest.raises(AttributeError):
        delattr(mq, attribute)


def test_an_attribute_that_is_not_there_cannot_be_made(new_queue):
    mq, misspelt = new_queue(), "max_msg"
    with pytest.raises(AttributeError):
        setattr(mq, misspelt, 1)
