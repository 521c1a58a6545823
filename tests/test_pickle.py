"""Copies and pickles: the queue opened again by its name, never as owner."""

import copy
import errno
import os
import pickle
import threading

import pytest
from observe import is_in_the_system

from mood.mqueue import MessageQueue, _native

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
} | {f"pickle {p}": lambda mq, p=p: pickle.loads(pickle.dumps(mq, p)) for p in PROTOCOLS}

by_any_way = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


class Named(MessageQueue):
    def __init__(self, name, flags, *, color="red", **sizes):
        super().__init__(name, flags, **sizes)
        self.color = color
        self.shades = ["dark", "light"]


class Slotted(MessageQueue):
    __slots__ = ("color", "shade")


class Careful(MessageQueue):
    """Has what cannot be pickled, and says how to do without, as any class may."""

    def __init__(self, *arguments, **sizes):
        super().__init__(*arguments, **sizes)
        self.lock = threading.Lock()
        self.color = "red"

    def __getstate__(self):
        return {"color": self.color}

    def __setstate__(self, state):
        self.color = state["color"]
        self.lock = threading.Lock()


def refused(code, match=None):
    return pytest.raises(OSError, match=match, check=lambda error: error.errno == code)


@by_any_way
def test_a_copy_opens_the_same_queue(new_queue, copied):
    mq = new_queue()
    mq.send(b"message")
    with copied(mq) as again:
        assert again is not mq
        assert again.fileno() != mq.fileno()
        assert (again.name, again.maxmsg, again.msgsize) == (mq.name, mq.maxmsg, mq.msgsize)
        assert again.receive() == b"message"


@by_any_way
def test_a_copy_never_owns(new_queue, copied):
    mq = new_queue()
    assert mq.owner
    again = copied(mq)
    assert not again.owner
    assert again.flags == os.O_RDWR
    again.close()
    assert is_in_the_system(mq.name)


@by_any_way
def test_access_and_modes_are_those_of_now(new_queue, copied):
    mq = new_queue()
    for access in os.O_RDONLY, os.O_WRONLY, os.O_RDWR:
        for mode in 0, os.O_NONBLOCK:
            with MessageQueue(mq.name, access) as first:
                first.blocking = not mode
                first.busy_poll = 0.25
                with copied(first) as again:
                    assert (again.flags, again.blocking) == (access | mode, not mode)
                    assert again.busy_poll == 0.25
                    # Its own from now on.
                    again.blocking = not again.blocking
                    assert first.blocking is not again.blocking


@by_any_way
def test_the_attributes_of_a_subclass_come_along(new_queue, copied):
    mq = new_queue(cls=Named)
    mq.color = "blue"
    with copied(mq) as again:
        assert type(again) is Named
        assert (again.color, again.shades) == ("blue", ["dark", "light"])


def test_a_deep_copy_is_deep(new_queue):
    mq = new_queue(cls=Named)
    with copy.copy(mq) as shallow, copy.deepcopy(mq) as deep:
        assert shallow.shades is mq.shades
        assert deep.shades is not mq.shades


@by_any_way
def test_slots_come_along(new_queue, copied):
    mq = new_queue(cls=Slotted)
    setattr(mq, "color", "blue")  # noqa: B010 - mypy knows no slots
    with copied(mq) as again:
        assert type(again) is Slotted
        assert getattr(again, "color") == "blue"  # noqa: B009
        assert not hasattr(again, "shade")


@by_any_way
def test_a_subclass_has_its_say_as_any_class(new_queue, copied):
    mq = new_queue(cls=Careful)
    mq.color = "blue"
    with copied(mq) as again:
        assert again.color == "blue"
        assert again.lock is not mq.lock


@by_any_way
def test_a_name_in_no_encoding_comes_along(new_name, copied):
    name = os.fsencode(new_name()) + b"\xff\n "
    mq = MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
    with mq, copied(mq) as again:
        assert os.fsencode(again.name) == name


# What cannot be copied


@by_any_way
def test_an_unlinked_queue_is_refused(new_queue, copied):
    mq = new_queue(cls=Named)
    mq.unlink()
    with pytest.raises(TypeError, match="cannot pickle 'Named' object: the queue is unlinked"):
        copied(mq)
    # Even where another queue has the name.
    namesake = MessageQueue(mq.name, os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
    with namesake, pytest.raises(TypeError, match="unlinked"):
        copied(mq)
    mq.send(b"works")


@by_any_way
def test_an_adopted_queue_is_refused(new_queue, copied):
    mq = new_queue()
    adopted = MessageQueue.from_fd(os.dup(mq.fileno()))
    refusal = "cannot pickle 'MessageQueue' object: it was adopted"
    with adopted, pytest.raises(TypeError, match=refusal):
        copied(adopted)


@by_any_way
def test_a_closed_queue_is_refused(new_queue, copied):
    mq = new_queue()
    mq.close()
    for closed in mq, MessageQueue.__new__(MessageQueue):
        with refused(errno.EBADF):
            copied(closed)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_queue_that_is_gone_is_named(new_queue, protocol):
    mq = new_queue()
    pickled = pickle.dumps(mq, protocol)
    mq.close()
    with pytest.raises(FileNotFoundError) as caught:
        pickle.loads(pickled)
    assert caught.value.filename == mq.name
    assert not is_in_the_system(mq.name)


@by_any_way
def test_it_leaves_the_notification(new_queue, eventually, copied):
    mq = new_queue()
    told = []
    mq.notify(told.append)
    assert mq.status().messages == 0
    again = copied(mq)
    again.send(b"fires")
    eventually(lambda: told)
    told.clear()
    again.close()


# Hostile pickles


class Refuses(MessageQueue):
    def __new__(cls):
        raise ZeroDivisionError


HOSTILE = {
    "no class": (("text", "/x", 2, 0.0), TypeError),
    "another class": ((int, "/x", 2, 0.0), TypeError),
    "the base of all": ((object, "/x", 2, 0.0), TypeError),
    "no arguments": ((), TypeError),
    "too many": ((MessageQueue, "/x", 2, 0.0, 1), TypeError),
    "a number for a name": ((MessageQueue, 3, 2, 0.0), TypeError),
    "no slash": ((MessageQueue, "x", 2, 0.0), OSError),
    "a null": ((MessageQueue, "/x\0y", 2, 0.0), ValueError),
    "a surrogate": ((MessageQueue, "/\ud800", 2, 0.0), UnicodeEncodeError),
    "a long name": ((MessageQueue, "/" + "x" * 10_000, 2, 0.0), OSError),
    "text for flags": ((MessageQueue, "/x", "2", 0.0), TypeError),
    "huge flags": ((MessageQueue, "/x", 2**70, 0.0), OverflowError),
    "no access": ((MessageQueue, "/x", 3, 0.0), OSError),
    "negative seconds": ((MessageQueue, "/x", 2, -1.0), ValueError),
    "no seconds": ((MessageQueue, "/x", 2, float("nan")), ValueError),
    "text for seconds": ((MessageQueue, "/x", 2, "0"), TypeError),
    "no object": ((Refuses, "/x", 2, 0.0), ZeroDivisionError),
}


class Crafted:
    def __init__(self, arguments, state=None):
        self.reduced = _native._open_pickled, arguments, state

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_pickle_is_refused(new_queue, eventually, case):
    arguments, error = HOSTILE[case]
    mq = new_queue()
    if len(arguments) > 1 and arguments[1] == "/x":
        # So that nothing but what is wrong is wrong.
        arguments = (arguments[0], mq.name, *arguments[2:])
    told = []
    mq.notify(told.append)
    pickled = pickle.dumps(Crafted(arguments))
    with pytest.raises(error):
        pickle.loads(pickled)
    # No descriptor of the queue was closed on the way.
    mq.send(b"fires")
    eventually(lambda: told)
    told.clear()


@pytest.mark.parametrize("flags", [os.O_CREAT, os.O_CREAT | os.O_EXCL])
def test_a_hostile_pickle_creates_no_queue(new_name, flags):
    name = new_name()
    pickled = pickle.dumps(Crafted((MessageQueue, name, os.O_RDWR | flags, 0.0)))
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)
    assert not is_in_the_system(name)


@pytest.mark.parametrize("state", [{"color": 1}, (None, {"name": "/other"}), 3, {1: 2}], ids=repr)
def test_a_state_that_the_class_cannot_take_is_refused(new_queue, state):
    mq = new_queue()
    pickled = pickle.dumps(Crafted((MessageQueue, mq.name, os.O_RDWR, 0.0), state))
    with pytest.raises((AttributeError, TypeError, pickle.UnpicklingError)):
        pickle.loads(pickled)
    mq.send(b"works")


def test_there_is_no_state_to_set_on_an_open_object(new_queue):
    mq = new_queue()
    assert not hasattr(mq, "__setstate__")


# Other processes

WORK = """
import multiprocessing, os
from mood.mqueue import MessageQueue

class Named(MessageQueue):
    def __init__(self, name):
        super().__init__(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=64)
        self.color = "red"

def work(mq):
    said = f"{type(mq).__name__} {mq.color} {mq.owner} {mq.blocking} {mq.flags:#o}"
    mq.close()
    with MessageQueue(mq.name, os.O_RDWR) as answers:
        answers.send(said.encode())

def double(mq, number):
    mq.send(b"%d" % number)
    return 2 * number

def main(method, name):
    context = multiprocessing.get_context(method)
    mq = Named(name)
    mq.color = "blue"
    mq.blocking = False
    process = context.Process(target=work, args=(mq,))
    process.start()
    process.join()
    print(process.exitcode, mq.receive().decode(), mq.owner)
    with context.Pool(2) as pool:
        print(pool.starmap(double, [(mq, 1), (mq, 2), (mq, 3)]))
    print(sorted(mq.receive() for _ in range(3)))
"""


@pytest.mark.thread_unsafe(reason="starts processes")
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_queue_is_an_argument_of_multiprocessing(run_python, new_name, tmp_path, method):
    (tmp_path / "pickle_work.py").write_text(WORK)
    script = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "import pickle_work\npickle_work.main(*sys.argv[2:])"
    )
    answer, doubled, sent = run_python(script, tmp_path, method, new_name()).splitlines()
    assert answer == "0 Named blue False False 0o4002 True"
    assert doubled == "[2, 4, 6]"
    assert sent == "[b'1', b'2', b'3']"
