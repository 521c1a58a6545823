"""Object queues do what queue.Queue does, between processes."""

import errno
import os
import pickle
import queue
import select
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from observe import is_in_the_system

from mood.mqueue import MessageQueue, unlink
from mood.mqueue.objects import JSON, PICKLE, DecodeError, ObjectQueue, Serializer


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


# put and get


@pytest.mark.parametrize("item", [None, 0, "text", b"\x10bytes", [1, {"a": (2.5, ...)}], {3, 4}])
def test_what_is_put_is_got(new_objects, item):
    with new_objects() as objects:
        objects.put(item)
        assert objects.get() == item


def test_the_highest_priority_comes_first_and_of_equals_the_oldest(new_objects):
    with new_objects() as objects:
        for item, priority in [("a", 1), ("b", 5), ("c", 1), ("d", 5)]:
            objects.put(item, priority=priority)
        assert [objects.get() for _ in range(4)] == ["b", "d", "a", "c"]


def test_sizes_are_those_of_queue(new_objects):
    with new_objects(maxsize=2) as objects:
        assert (objects.qsize(), objects.empty(), objects.full()) == (0, True, False)
        objects.put(1)
        assert (objects.qsize(), objects.empty(), objects.full()) == (1, False, False)
        objects.put(2)
        assert (objects.qsize(), objects.empty(), objects.full()) == (2, False, True)
        assert objects.maxsize == 2


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [{"block": False}, {"timeout": 0}, {"timeout": 0.01}, {"block": False, "timeout": 9}],
)
def test_a_full_queue_raises_full(new_objects, arguments, large):
    with new_objects(maxsize=1) as objects:
        objects.put(1)
        with pytest.raises(queue.Full):
            objects.put("x" * 1000 * large, **arguments)
        assert objects.get() == 1


@pytest.mark.parametrize(
    "arguments",
    [{"block": False}, {"timeout": 0}, {"timeout": 0.01}, {"block": False, "timeout": 9}],
)
def test_an_empty_queue_raises_empty(new_objects, arguments):
    with new_objects() as objects, pytest.raises(queue.Empty):
        objects.get(**arguments)


def test_the_nowait_calls_do_not_wait(new_objects):
    with new_objects(maxsize=1) as objects:
        objects.put_nowait("one", priority=3)
        with pytest.raises(queue.Full):
            objects.put_nowait("two")
        assert objects.get_nowait() == "one"
        with pytest.raises(queue.Empty):
            objects.get_nowait()


def test_a_nonblocking_queue_raises_full_and_empty(new_objects):
    with new_objects(maxsize=1, flags=os.O_RDWR | os.O_CREAT | os.O_NONBLOCK) as objects:
        with pytest.raises(queue.Empty):
            objects.get()
        objects.put(1)
        with pytest.raises(queue.Full):
            objects.put(2)


def test_a_negative_timeout_is_refused(new_objects):
    with new_objects() as objects:
        with pytest.raises(ValueError, match="timeout"):
            objects.put(1, timeout=-1)
        with pytest.raises(ValueError, match="timeout"):
            objects.get(timeout=-1)


@pytest.mark.thread_unsafe(reason="signals")
def test_a_timeout_error_of_a_signal_handler_is_not_taken_for_empty(run_python, new_name):
    script = """
import signal, sys
from mood.mqueue.objects import ObjectQueue
def handler(*_):
    raise TimeoutError("mine")
signal.signal(signal.SIGALRM, handler)
with ObjectQueue(sys.argv[1], 1, msgsize=64) as objects:
    objects.owner = True
    for call in objects.get, lambda: objects.put(1), lambda: objects.put(2):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            call()
        except TimeoutError as error:
            print(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
"""
    assert run_python(script, new_name()) == "mine\nmine\n"


def test_a_waiting_get_is_woken_by_close(new_objects, start_blocked):
    with ThreadPoolExecutor(1) as pool:
        objects = new_objects()
        got = start_blocked(pool, objects.get)
        objects.close()
        with refused(errno.EBADF):
            got.result()


@pytest.mark.parametrize("large", [False, True])
def test_a_closed_queue_refuses_every_call(new_objects, large):
    objects = new_objects()
    objects.close()
    objects.close()
    assert (objects.closed, objects.fileno()) == (True, -1)
    with refused(errno.EBADF):
        objects.put("x" * 1000 * large)
    for call in objects.get, objects.qsize, objects.unlink, objects.empty:
        with refused(errno.EBADF):
            call()


def test_a_message_queue_that_is_closed_is_refused(new_queue):
    mq = new_queue()
    mq.close()
    with refused(errno.EBADF):
        ObjectQueue(mq)


def test_it_can_be_selected(new_objects):
    with new_objects() as objects:
        assert select.select([objects], [], [], 0)[0] == []
        objects.put(1)
        assert select.select([objects], [], [], 0)[0] == [objects]


def test_threads_share_one_object(new_objects):
    with new_objects() as objects, ThreadPoolExecutor(4) as pool:
        items = [(number, "x" * (number % 2 * 1000)) for number in range(100)]
        puts = [pool.submit(objects.put, item) for item in items]
        got = [objects.get(timeout=20) for _ in items]
        assert [put.result() for put in puts] == [None] * len(items)
        assert sorted(got) == items


# The queue and its name


def test_the_queue_outlasts_those_who_use_it(new_name):
    name = new_name()
    with ObjectQueue(name, 4, msgsize=64) as objects:
        objects.put("still there")
    assert is_in_the_system(name)
    with ObjectQueue(name) as objects:
        assert (objects.maxsize, objects.msgsize) == (4, 64)
        assert objects.get() == "still there"
        objects.unlink()
    assert not is_in_the_system(name)


def test_a_unique_queue_goes_with_the_object_that_created_it():
    with ObjectQueue.create_unique("/mood-test-unique-", 2, msgsize=256) as objects:
        name = objects.name
        objects.put("x" * 1000)
        assert is_in_the_system(name)
    assert not is_in_the_system(name)
    assert [file for file in os.listdir("/dev/shm") if file.endswith(name[1:])] == []


def test_a_constructor_that_fails_late_leaves_no_queue(new_name, monkeypatch):
    def fails(*_):
        raise PermissionError(errno.EACCES, "no")

    name = new_name()
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", fails)
        with pytest.raises(PermissionError):
            ObjectQueue(name, 2, msgsize=64)
    assert not is_in_the_system(name)
    ObjectQueue(name, 2, msgsize=64).close()
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", fails)
        with pytest.raises(PermissionError):
            ObjectQueue(name)
    unlink(name)


def test_an_open_queue_can_be_given(new_queue):
    mq = new_queue(msgsize=256)
    with ObjectQueue(mq) as objects:
        objects.put([1, 2])
        assert (objects.get(), objects.name) == ([1, 2], mq.name)
    assert mq.closed


@pytest.mark.parametrize(
    "arguments", [{"maxsize": 4}, {"flags": os.O_RDONLY}, {"mode": 0o620}, {"msgsize": 64}]
)
def test_an_open_queue_takes_no_arguments_of_a_new_one(new_queue, arguments):
    mq = new_queue()
    with pytest.raises(TypeError, match="open already takes no maxsize, flags, mode or msgsize"):
        ObjectQueue(mq, **arguments)
    assert not mq.closed


@pytest.mark.parametrize("maxsize", ["4", 4.0])
def test_a_maxsize_that_is_no_number_is_refused(new_name, maxsize):
    for make in (
        lambda: ObjectQueue(new_name(), maxsize),
        lambda: ObjectQueue.create_unique("/mood-test-", maxsize),
    ):
        with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
            make()


@pytest.mark.parametrize("serializer", [None, 5, (pickle.dumps,), (1, 2), "json", pickle])
def test_a_serializer_that_is_none_is_refused_before_a_queue_is_made(new_name, serializer):
    name = new_name()
    with pytest.raises(TypeError, match="serializer must be two callables"):
        ObjectQueue(name, serializer=serializer)
    assert not is_in_the_system(name)


def test_repr_tells_what_it_is(new_objects):
    with new_objects() as objects:
        assert repr(objects) == (
            f"<mood.mqueue.objects.ObjectQueue {objects.name!r} maxsize=4 msgsize=256 owner>"
        )
    assert repr(objects).endswith("closed>")


# Serializers


def test_json_is_plain_in_the_message(new_objects):
    with new_objects(serializer=JSON) as objects, MessageQueue(objects.name, os.O_RDWR) as mq:
        objects.put({"plant": "fûchsia", "litres": 0.5})
        assert mq.receive() == '{"plant":"fûchsia","litres":0.5}'.encode()
        mq.send(b"[1, 2]")
        assert objects.get() == [1, 2]


def test_pickle_is_of_protocol_five():
    assert PICKLE.dumps(1)[:2] == b"\x80\x05"


def test_any_pair_of_callables_serves(new_objects):
    with new_objects(serializer=(str.encode, bytes.decode)) as objects:
        objects.put("text")
        objects.put("")
        assert (objects.get(), objects.get()) == ("text", "")


@pytest.mark.parametrize("size", range(253, 260))
@pytest.mark.parametrize("first", [b"\x10", b"\x10\x10", b"\x10@", b"x"])
def test_no_payload_is_taken_for_anything_else(new_objects, first, size):
    with new_objects(serializer=(bytes, bytes)) as objects:
        payload = first.ljust(size, b"\x10")
        for item in payload, first:
            objects.put(item)
            assert objects.get() == item


def test_dumps_may_return_any_buffer(new_objects):
    with new_objects(serializer=Serializer(bytearray, bytes)) as objects:
        objects.put(b"\x10" * 10)
        objects.put(b"x" * 1000)
        assert (objects.get(), objects.get()) == (b"\x10" * 10, b"x" * 1000)


def test_dumps_that_returns_text_is_refused(new_objects):
    with new_objects(serializer=(str, str)) as objects:
        with pytest.raises(TypeError, match="dumps returned 'str', where a bytes-like is needed"):
            objects.put("text")
        assert objects.empty()


def test_an_object_that_cannot_be_pickled_is_not_queued(new_objects):
    with new_objects() as objects:
        with pytest.raises((pickle.PicklingError, AttributeError)):
            objects.put(lambda: None)
        assert objects.empty()


def test_an_error_in_the_arguments_queues_nothing(new_objects):
    with new_objects() as objects:
        for item in "small", "large" * 1000:
            with refused(errno.EINVAL):
                objects.put(item, priority=32768)
            with pytest.raises(TypeError):
                objects.put(item, priority="high")
        assert objects.empty()


@pytest.mark.parametrize("serializer", [PICKLE, JSON])
def test_a_message_of_a_stranger_is_taken_and_given_with_the_error(new_objects, serializer):
    with new_objects(serializer=serializer) as objects:
        with MessageQueue(objects.name, os.O_WRONLY) as stranger:
            stranger.send(b"hello", priority=7)
        with pytest.raises(DecodeError) as caught:
            objects.get()
        assert (caught.value.data, caught.value.priority) == (b"hello", 7)
        assert str(caught.value).startswith("a message of 5 bytes is no object")
        assert caught.value.__cause__ is not None
        assert objects.empty()


def test_the_error_can_be_pickled():
    again = pickle.loads(pickle.dumps(DecodeError("no object", b"data", 3)))
    assert (str(again), again.data, again.priority) == ("no object", b"data", 3)


# Other processes


@pytest.mark.thread_unsafe(reason="starts processes")
@pytest.mark.parametrize("serializer", [PICKLE, JSON])
def test_it_can_be_passed_to_a_spawned_process(new_objects, serializer):
    with new_objects(serializer=serializer) as objects:
        script = "import pickle, sys; pickle.load(sys.stdin.buffer).put(['there', 'x' * 999])"
        subprocess.run(
            [sys.executable, "-c", script], input=pickle.dumps(objects), check=True, timeout=30
        )
        assert objects.get(timeout=10) == ["there", "x" * 999]


def test_its_pickle_never_owns_the_queue_and_keeps_the_serializer(new_objects):
    with new_objects(serializer=JSON) as objects:
        with pickle.loads(pickle.dumps(objects)) as again:
            assert not again.owner
            again.put([1])
        assert objects.get() == [1]


def test_an_unlinked_queue_cannot_be_pickled(new_objects):
    with new_objects() as objects:
        objects.unlink()
        with pytest.raises(TypeError, match="unlinked"):
            pickle.dumps(objects)


INTERRUPTED = """
import random, signal, sys
from mood.mqueue.objects import ObjectQueue
class Stop(Exception): pass
armed = False
def handler(*_):
    global armed
    if armed:
        armed = False
        raise Stop
signal.signal(signal.SIGALRM, handler)
def interrupted(call, at_most):
    global armed
    armed = True
    try:
        # Again and again: the first may come just before the thread sleeps, and not wake it.
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, at_most), 0.02)
        try:
            while True:
                call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Stop:
        pass
def item(number):
    return number, "x" * (number % 2 * 3000)
with ObjectQueue(sys.argv[1], 4, msgsize=256) as objects:
    objects.owner = True
"""


@pytest.mark.thread_unsafe(reason="signals")
def test_a_put_that_a_signal_handler_ends_leaves_an_object_or_none(run_python, new_name):
    script = (
        INTERRUPTED
        + """
    for number in range(2000):
        interrupted(lambda: objects.put(item(number)), 4e-4)
        while not objects.empty():
            assert objects.get(timeout=5) == item(number)
print("done")
"""
    )
    assert run_python(script, new_name(), timeout=50) == "done\n"


@pytest.mark.thread_unsafe(reason="signals")
def test_a_get_that_a_signal_handler_ends_loses_no_object(run_python, new_name):
    script = (
        INTERRUPTED
        + """
    for number in range(2000):
        put = [item(number * 4 + k) for k in range(4)]
        for each in put:
            objects.put(each)
        got = []
        interrupted(lambda: got.append(objects.get()), 2e-4)
        while not objects.empty():
            got.append(objects.get(timeout=5))
        assert got == put, ([n for n, _ in got], [n for n, _ in put])
print("done")
"""
    )
    assert run_python(script, new_name(), timeout=50) == "done\n"


def test_importing_the_package_does_not_import_it(run_python):
    script = (
        "import sys, mood.mqueue; print([m for m in sys.modules if 'object' in m or 'spill' in m])"
    )
    assert run_python(script) == "[]\n"
