"""Classes, objects and calls made to break things: each outcome is the exception expected."""

import contextlib
import os

import pytest

from mood.mqueue import MessageQueue, unlink

NONBLOCKING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK
METHODS = [
    name
    for name, member in vars(MessageQueue).items()
    if callable(member) and type(member).__name__ != "classmethod_descriptor"
]
METHODS.remove("__new__")
ATTRIBUTES = ["name", "flags", "mode", "maxmsg", "msgsize", "closed", "blocking", "owner"]


def raising(*_args, **_keywords):
    raise ZeroDivisionError


def works(mq):
    MessageQueue.send(mq, b"fine", 3)
    return MessageQueue.receive(mq) == b"fine" and MessageQueue.__len__(mq) == 0


def unprintable():
    """An instance of a class that cannot be asked for anything."""
    names = ["__repr__", "__str__", "__eq__", "__hash__", "__instancecheck__", "__getattribute__"]
    liar = type("Liar", (type,), dict.fromkeys(names, raising))
    return liar("Unprintable", (), dict.fromkeys(names, raising))()


@pytest.fixture
def mq_of(new_queue):
    return lambda cls=MessageQueue: new_queue(NONBLOCKING, cls=cls)


@pytest.mark.parametrize(
    "call",
    [
        lambda mq, wrong: mq.send(wrong),
        lambda mq, wrong: mq.sendall(wrong),
        lambda mq, wrong: mq.drain(wrong),
        lambda mq, wrong: mq.fill(wrong),
        lambda mq, wrong: mq.notify(wrong),
        lambda mq, wrong: mq.send(b"", wrong),
        lambda mq, wrong: mq.receive(wrong),
        lambda mq, wrong: unlink(wrong),
        lambda mq, wrong: MessageQueue(wrong, os.O_RDWR),
        lambda mq, wrong: MessageQueue("/x", wrong),
    ],
)
def test_an_object_that_cannot_be_printed_is_refused_without_noise(mq_of, call):
    mq = mq_of()
    with pytest.raises(TypeError):
        call(mq, unprintable())
    assert works(mq)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "make", [lambda: None, lambda: 5, lambda: MessageQueue, object, unprintable]
)
def test_a_method_refuses_a_self_that_is_no_queue(method, make):
    with pytest.raises(TypeError):
        getattr(MessageQueue, method)(make())


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("wrong", [5, object()])
def test_an_attribute_refuses_a_self_that_is_no_queue(attribute, wrong):
    descriptor = vars(MessageQueue)[attribute]
    with pytest.raises(TypeError):
        descriptor.__get__(wrong)
    with pytest.raises((TypeError, AttributeError)):
        descriptor.__set__(wrong, True)


def test_what_only_claims_to_be_a_queue_is_none():
    fake = type("Fake", (), {"__class__": property(lambda _: MessageQueue)})()
    assert isinstance(fake, MessageQueue)
    with pytest.raises(TypeError):
        MessageQueue.send(fake, b"")


@pytest.mark.parametrize(
    "make",
    [
        lambda: object.__new__(MessageQueue),
        MessageQueue.__new__,
        lambda: MessageQueue.__new__(int),
        lambda: MessageQueue.__new__("MessageQueue"),  # type: ignore[arg-type]
        lambda: type.__call__(MessageQueue),
        lambda: type.__call__(MessageQueue, n=1),
        lambda: type("Both", (MessageQueue, int), {}),
        lambda: type("Both", (MessageQueue, OSError), {}),
    ],
)
def test_what_cannot_be_made_is_a_type_error(make):
    with pytest.raises(TypeError):
        make()


CALLS = [
    *((method, ()) for method in ("send", "sendall", "drain", "fill")),
    *((method, (b"", 0, None, 1)) for method in ("send", "sendall")),
    *((method, (bytearray(), 0, None, 1)) for method in ("drain", "fill")),
    ("receive", (1, 2)),
    ("notify", (None, None)),
    *((method, (1,)) for method in ("close", "unlink", "fileno", "__enter__", "__len__")),
    ("__init__", ()),
    ("__init__", ("/x", 0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_a_wrong_number_of_arguments_is_a_type_error(mq_of, method, arguments):
    mq = mq_of()
    with pytest.raises(TypeError):
        getattr(mq, method)(*arguments)
    assert works(mq)


@pytest.mark.parametrize("method", ["send", "sendall", "receive", "drain", "fill", "notify"])
@pytest.mark.parametrize("keyword", ["self", "", "x" * 1000, "\ud800", "nul\0", 1, None])
def test_an_unknown_keyword_is_a_type_error(mq_of, method, keyword):
    mq = mq_of()
    required = [] if method in ("receive", "notify") else [bytearray()]
    with pytest.raises(TypeError):
        getattr(mq, method)(*required, **{keyword: 1})
    assert works(mq)


def test_an_argument_given_twice_is_a_type_error(mq_of):
    mq = mq_of()
    with pytest.raises(TypeError):
        mq.send(b"", message=b"")
    with pytest.raises(TypeError):
        mq.notify(None, callback=None)
    assert works(mq)


def evil_class():
    """A subclass that overrides all there is with what raises, but for opening."""
    names = [*METHODS, *ATTRIBUTES, "__getattribute__", "__getattr__", "__setattr__", "__eq__"]
    names += ["__hash__", "__bool__", "__iter__", "__str__", "__dir__", "__format__", "__sizeof__"]
    names += ["__reduce_ex__", "__getstate__", "__index__", "__fspath__", "__float__", "__call__"]
    names.remove("__init__")
    return type("Evil", (MessageQueue,), dict.fromkeys(names, raising))


def test_a_subclass_that_overrides_everything_is_a_queue_all_the_same(mq_of):
    mq = mq_of(evil_class())
    assert works(mq)
    name = MessageQueue.name.__get__(mq)
    del mq
    with pytest.raises(FileNotFoundError):
        unlink(name)


def test_a_subclass_that_overrides_everything_is_closed_by_its_base(mq_of):
    mq = mq_of(evil_class())
    with pytest.raises(ZeroDivisionError), mq:
        pass
    MessageQueue.close(mq)
    assert MessageQueue.closed.__get__(mq) is True
    with pytest.raises(OSError, match="closed"):
        MessageQueue.send(mq, b"")


@pytest.mark.parametrize("module", [5, None, "", "\ud800", property(raising)])
def test_repr_of_a_strange_class_is_a_str_or_an_exception(mq_of, module):
    mq = mq_of(type("Strange", (MessageQueue,), {"__module__": module}))
    with contextlib.suppress(TypeError, UnicodeEncodeError, ZeroDivisionError):
        assert isinstance(repr(mq), str)
    assert works(mq)


def test_pickling_what_cannot_be_printed_is_refused_without_noise(mq_of):
    meta = type("Meta", (type(MessageQueue),), {"__repr__": raising, "__str__": raising})
    mq = mq_of(meta("Strange", (MessageQueue,), {}))
    mq.unlink()
    with pytest.raises(TypeError):
        mq.__reduce__()
    assert works(mq)


def test_a_queue_that_its_finaliser_revives_goes_on(mq_of):
    saved = []

    class Revived(MessageQueue):
        def __del__(self):
            saved.append(self)

    mq_of(Revived)
    [mq] = saved
    assert works(mq)
    saved.clear()


def test_an_object_may_change_its_class(mq_of):
    class Other(MessageQueue):
        def receive(self, *_):
            return "theirs"

    mq = mq_of(type("Some", (MessageQueue,), {}))
    mq.__class__ = Other
    assert mq.receive() == "theirs"
    assert works(mq)
    with pytest.raises(TypeError):
        mq.__class__ = int
