"""What is left in shared memory is swept, and never what can still be asked for."""

import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import closing, suppress

import pytest
from payload_files import SHM, files, swept

from mood.mqueue import MessageQueue, unlink
from mood.mqueue.objects import ObjectQueue, sweep

LARGE = b"large" * 1000
pytestmark = pytest.mark.thread_unsafe(reason="sweep() looks at all there is")


@pytest.fixture
def name(new_name):
    name = new_name()
    ObjectQueue(name, 4, msgsize=256).close()
    yield name
    with suppress(FileNotFoundError):
        unlink(name)
    sweep()
    assert files(name) == []


@pytest.fixture
def left_over(name):
    """A file whose message somebody took and then died."""
    with ObjectQueue(name) as objects, MessageQueue(name, os.O_RDONLY) as mq:
        objects.put(LARGE)
        mq.receive_message()
    (file,) = files(name)
    return file


def test_opening_a_queue_that_nobody_uses_sweeps_what_is_left(name, left_over):
    with ObjectQueue(name):
        assert files(name) == []


def test_sweep_removes_what_is_left_and_says_how_much(name, monkeypatch, tmp_path):
    # Files of other runs are in /dev/shm, and the count includes them.
    monkeypatch.setattr("mood.mqueue._payload_file.DIRECTORY", str(tmp_path))
    with ObjectQueue(name) as objects, MessageQueue(name, os.O_RDONLY) as mq:
        for _ in range(2):
            objects.put(LARGE)
            mq.receive_message()
    assert len(list(tmp_path.iterdir())) == 2
    assert sweep() == 2
    assert list(tmp_path.iterdir()) == []
    assert sweep() == 0


def test_nothing_is_swept_of_a_queue_that_is_not_empty(name):
    with ObjectQueue(name) as objects, MessageQueue(name, os.O_RDONLY) as mq:
        objects.put(LARGE, priority=1)
        objects.put(LARGE * 2)
        mq.receive_message()  # by somebody who dies of it
    for _ in range(2):
        ObjectQueue(name).close()
        assert (swept(name), len(files(name))) == (0, 2)
    with ObjectQueue(name) as objects:
        assert objects.get() == LARGE * 2
    assert (len(files(name)), swept(name)) == (1, 1)


def test_nothing_is_swept_while_somebody_uses_the_queue(name):
    with ObjectQueue(name) as user, MessageQueue(name, os.O_RDWR) as mq:
        user.put(LARGE)
        # In the hand of one who is about to open the file: the queue is empty.
        message = mq.receive_message()
        ObjectQueue(name).close()
        assert swept(name) == 0
        mq.send_message(*message)
        assert user.get() == LARGE


def test_a_forked_child_that_uses_the_queue_keeps_its_files(run_python, name):
    # It shares the open file description, and with it the lock, that its parent had.
    script = """
import os, sys
from mood.mqueue import MessageQueue
from mood.mqueue.objects import ObjectQueue, sweep
name = sys.argv[1]
user = ObjectQueue(name)
user.put(b"large" * 1000)
with MessageQueue(name, os.O_RDWR) as mq:
    message = mq.receive_message()
    wait, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(wait, 1)
        os._exit(0)
    user.close()
    ObjectQueue(name).close()
    sweep()
    mq.send_message(*message)
    os.close(end)
    os.waitpid(child, 0)
print(len(ObjectQueue(name).get()))
"""
    assert run_python(script, name) == "5000\n"


def test_an_object_given_an_open_queue_sweeps_nothing(name):
    # Its descriptor may be shared with others: that it gets the lock would mean nothing.
    with ObjectQueue(name) as user, MessageQueue(name, os.O_RDWR) as mq:
        user.put(LARGE)
        message = mq.receive_message()
        shared = MessageQueue.from_fd(os.dup(user.fileno()))
        ObjectQueue(shared).close()
        mq.send_message(*message)
        assert user.get() == LARGE


def test_get_works_after_sender_died(name):
    script = """
import os, signal, sys
from mood.mqueue.objects import ObjectQueue
ObjectQueue(sys.argv[1]).put(b"large" * 1000)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script, name], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert swept(name) == 0
    with ObjectQueue(name) as objects:
        assert objects.get() == LARGE


def test_a_sender_killed_while_it_waits_leaves_what_is_swept(name, eventually):
    with ObjectQueue(name) as objects:
        for number in range(objects.maxsize):
            objects.put(number)
        process = multiprocessing.get_context("spawn").Process(target=objects.put, args=(LARGE,))
        process.start()
        eventually(lambda: files(name))
        process.kill()
        process.join()
        with closing(process):
            assert [objects.get() for _ in range(4)] == [0, 1, 2, 3]
    assert swept(name) == 1


@pytest.fixture
def forgotten(name, left_over):
    """The same, of a queue that is in use."""
    with ObjectQueue(name, flags=os.O_RDWR) as objects:
        # It was empty and nobody's, so that it was swept; again, with somebody there.
        with MessageQueue(name, os.O_RDONLY) as mq:
            objects.put(LARGE)
            mq.receive_message()
        yield objects
    vars(objects).clear()


def test_grace_period_sweeps_files_of_a_queue_in_use(name, forgotten):
    assert (swept(name), len(files(name))) == (0, 1)
    assert (swept(name, grace_period=0.01), files(name)) == (1, [])


@pytest.mark.parametrize("when", [1, 2])
def test_grace_period_keeps_an_in_flight_object(name, forgotten, monkeypatch, when):
    slept = []

    def meanwhile(seconds):
        slept.append(seconds)
        if len(slept) == when == 1:
            forgotten.put(LARGE)  # and with it what is forgotten stays
        elif len(slept) == when:
            forgotten.put(LARGE * 2)

    monkeypatch.setattr("time.sleep", meanwhile)
    assert swept(name, grace_period=5) == when - 1
    assert slept == [5, 5]
    assert forgotten.get() == LARGE * when
    monkeypatch.undo()
    assert swept(name, grace_period=0) == 2 - when


def test_grace_period_keeps_the_file_of_a_pending_message(name):
    with ObjectQueue(name) as objects:
        objects.put(LARGE)
        assert swept(name, grace_period=0) == 0
        assert objects.get() == LARGE


@pytest.mark.parametrize("grace_period", [-1, float("nan")])
def test_invalid_grace_period_is_rejected(grace_period):
    with pytest.raises(ValueError, match="grace_period must be a non-negative number of seconds"):
        sweep(grace_period)


def test_unlink_removes_the_large_objects_in_the_queue(name):
    with ObjectQueue(name) as objects:
        objects.put(LARGE)
        objects.unlink()
        assert files(name) == []


def test_files_of_a_removed_queue_are_swept(name):
    with ObjectQueue(name) as objects:
        objects.put(LARGE)
    unlink(name)
    assert (len(files(name)), swept(name)) == (1, 1)


def test_reusing_a_name_sweeps_files_of_the_removed_queue(name):
    with ObjectQueue(name) as objects:
        objects.put(LARGE)
    unlink(name)
    with ObjectQueue(name, 4, msgsize=256) as objects:
        assert files(name) == []
        objects.put(LARGE)
        with ObjectQueue(name):
            assert objects.get() == LARGE


def test_sweep_of_a_replaced_queue_keeps_files_of_the_new_one(name, monkeypatch):
    # It opens the old queue, and while it looks for files, the name becomes a new queue's.
    listdir, kept = os.listdir, []

    def meanwhile(path):
        if path == b"/dev/shm" and not kept:
            kept.append(None)
            unlink(name)
            kept.append(ObjectQueue(name, 4, msgsize=256))
            kept[1].put(LARGE)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", meanwhile)
    ObjectQueue(name).close()
    assert kept[1].get() == LARGE
    kept[1].close()


def test_another_namespaces_queue_of_the_same_name_keeps_its_files(run_python, name):
    script = """
import ctypes, sys
from mood.mqueue.objects import ObjectQueue, sweep
if ctypes.CDLL(None).unshare(0x08000000):
    print("refused")
    sys.exit()
sweep()
with ObjectQueue(sys.argv[1], 4, msgsize=256):
    sweep()
"""
    with ObjectQueue(name) as objects:
        objects.put(LARGE)
        out = run_python(script, name)
        if out == "refused\n":
            pytest.skip("another IPC namespace is not allowed here")
        assert objects.get() == LARGE


def test_files_that_are_none_of_ours_are_left(name):
    others = [SHM / f"mood-mqueue.{name[1:]}", SHM / f"mood-mqueue.1.2.x.{name[1:]}"]
    for file in others:
        file.touch()
    try:
        sweep()
        assert all(file.exists() for file in others)
    finally:
        for file in others:
            file.unlink()


def test_without_a_dev_shm_small_objects_travel(new_objects, monkeypatch, tmp_path):
    from mood.mqueue import _payload_file

    monkeypatch.setattr(_payload_file, "DIRECTORY", str(tmp_path / "missing"))
    with new_objects() as objects:
        objects.put("small")
        assert (objects.get(), sweep()) == ("small", 0)
        with pytest.raises(FileNotFoundError, match="needs a file in"):
            objects.put(LARGE)
        assert objects.empty()
