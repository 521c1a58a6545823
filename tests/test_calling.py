"""The four methods that carry one message take arguments as any function of Python does."""

import inspect
import os

import pytest

from mood.mqueue import MessageQueue

METHODS = ["send", "send_message", "receive", "receive_message"]


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Float:
    def __float__(self):
        return 0.0


class Subclass(MessageQueue):
    def send(self, message, priority=0, timeout=None):
        return -super().send(message, priority, timeout)


def not_interned(name):
    return "".join(list(name))


SENDS = {
    "in order": ((b"x", 7, 0), {}),
    "no timeout": ((b"x", 7), {}),
    "None": ((b"x", 7, None), {}),
    "priority by name": ((b"x",), {"priority": 7}),
    "both by name": ((b"x",), {"timeout": 0.5, "priority": 7}),
    "timeout by name": ((b"x", 7), {"timeout": 0}),
    "all by name": ((), {"priority": 7, "message": b"x", "timeout": None}),
    "a name made at run time": ((b"x",), {not_interned("priority"): 7}),
    "an index": ((b"x", Index(7)), {}),
    "a float of another class": ((b"x", 7, Float()), {}),
    "a bytearray": ((bytearray(b"x"), 7), {}),
}
RECEIVES = {
    "nothing": ((), {}),
    "None": ((None,), {}),
    "zero": ((0,), {}),
    "a float": ((1.5,), {}),
    "a bool": ((True,), {}),
    "an index": ((Index(1),), {}),
    "a float of another class": ((Float(),), {}),
    "by name": ((), {"timeout": 0}),
    "a name made at run time": ((), {not_interned("timeout"): 0}),
}


@pytest.mark.parametrize(("args", "names"), SENDS.values(), ids=SENDS)
@pytest.mark.parametrize(("method", "answer"), [("send", 1), ("send_message", None)])
def test_a_message_is_sent(new_queue, method, answer, args, names):
    with new_queue() as queue:
        assert getattr(queue, method)(*args, **names) == answer
        assert queue.receive_message() == (b"x", 7)


@pytest.mark.parametrize(("args", "names"), RECEIVES.values(), ids=RECEIVES)
@pytest.mark.parametrize(("method", "answer"), [("receive", b"x"), ("receive_message", (b"x", 7))])
def test_a_message_is_received(new_queue, method, answer, args, names):
    with new_queue() as queue:
        queue.send(b"x", 7)
        assert getattr(queue, method)(*args, **names) == answer


WRONG_SENDS = {
    "nothing": ((), {}, TypeError, "'message'"),
    "too many": ((b"x", 0, None, 1), {}, TypeError, "from 1 to 3 positional"),
    "an unknown name": ((b"x",), {"timeuot": 0}, TypeError, "'timeuot'"),
    "twice": ((b"x", 1), {"priority": 1}, TypeError, "'priority'"),
    "twice the first": ((b"x",), {"message": b"x"}, TypeError, "'message'"),
    "a text": (("x",), {}, TypeError, "bytes-like"),
    "a text for a priority": ((b"x", "1"), {}, TypeError, "'str'"),
    "a float for a priority": ((b"x", 1.0), {}, TypeError, "'float'"),
    "a priority below zero": ((b"x", -1), {}, OverflowError, None),
    "a huge priority": ((b"x", 2**64), {}, OverflowError, None),
    "a text for a timeout": ((b"x", 0, "1"), {}, TypeError, "real number"),
    "no number": ((b"x", 0, float("nan")), {}, ValueError, "non-negative"),
    "a time below zero": ((b"x", 0, -1), {}, ValueError, "non-negative"),
    "a huge int for a timeout": ((b"x", 0, 10**400), {}, OverflowError, None),
}


@pytest.mark.parametrize(("args", "names", "error", "text"), WRONG_SENDS.values(), ids=WRONG_SENDS)
@pytest.mark.parametrize("method", ["send", "send_message"])
def test_nothing_is_sent_by_a_wrong_call(new_queue, method, args, names, error, text):
    with new_queue() as queue:
        with pytest.raises(error, match=text):
            getattr(queue, method)(*args, **names)
        assert len(queue) == 0


WRONG_RECEIVES = {
    "too many": ((0, 0), {}, TypeError, "from 0 to 1 positional"),
    "an unknown name": ((), {"timeuot": 0}, TypeError, "'timeuot'"),
    "a name of another method": ((), {"priority": 0}, TypeError, "'priority'"),
    "twice": ((0,), {"timeout": 0}, TypeError, "'timeout'"),
    "a text": (("1",), {}, TypeError, "real number"),
    "a time below zero": ((), {"timeout": -0.5}, ValueError, "non-negative"),
}


@pytest.mark.parametrize(
    ("args", "names", "error", "text"), WRONG_RECEIVES.values(), ids=WRONG_RECEIVES
)
@pytest.mark.parametrize("method", ["receive", "receive_message"])
def test_nothing_is_taken_by_a_wrong_call(new_queue, method, args, names, error, text):
    with new_queue() as queue:
        queue.send(b"x")
        with pytest.raises(error, match=text):
            getattr(queue, method)(*args, **names)
        assert len(queue) == 1


@pytest.mark.parametrize("method", METHODS)
def test_the_object_has_to_be_a_queue(method):
    with pytest.raises(TypeError, match="MessageQueue"):
        getattr(MessageQueue, method)(object(), b"x")
    with pytest.raises(TypeError):
        getattr(MessageQueue, method)()


@pytest.mark.parametrize("method", METHODS)
def test_an_object_that_was_not_opened_is_closed(method):
    with pytest.raises(OSError, match="closed"):
        getattr(MessageQueue.__new__(MessageQueue), method)(*([b"x"] if "send" in method else []))


@pytest.mark.parametrize("method", METHODS)
def test_they_are_documented(method):
    function = getattr(MessageQueue, method)
    sends = "message, priority=0, timeout=None"
    expected = f"(self, /, {sends})" if "send" in method else "(self, /, timeout=None)"
    assert str(inspect.signature(function)) == expected
    assert "Source: mq_" in function.__doc__
    assert function.__qualname__ == f"MessageQueue.{method}"


def test_a_subclass_replaces_and_calls_them(new_name):
    with Subclass(new_name(), os.O_RDWR | os.O_CREAT, maxmsg=4, msgsize=64) as queue:
        assert queue.send(b"xyz", timeout=0) == -3
        assert queue.receive(timeout=0) == b"xyz"


def test_expected_exceptions_are_new_each_time(new_queue):
    with new_queue() as queue:
        errors = []
        for _ in range(2):
            with pytest.raises(TimeoutError) as raised:
                queue.receive(timeout=0)
            errors.append(raised.value)
        first, second = errors
        assert first is not second
        assert first.args == second.args
        assert first.filename == second.filename == queue.name
