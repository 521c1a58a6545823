"""Object queues open at once, whatever locks others hold, and no sweep removes a live file."""

import asyncio
import errno
import fcntl
import os
import signal
import struct
import subprocess
import sys
from contextlib import contextmanager

import pytest
from payload_files import files

from mood.mqueue import MessageQueue, _users, aio
from mood.mqueue.objects import ObjectQueue, sweep

LARGE = b"large" * 1000
OFD_SETLK = 37
ALL_BYTES = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
pytestmark = pytest.mark.thread_unsafe(reason="sweep() looks at all there is")


def flocks(stranger):
    fcntl.flock(stranger.fileno(), fcntl.LOCK_EX)


def locks_all_bytes(stranger):
    fcntl.fcntl(stranger.fileno(), OFD_SETLK, ALL_BYTES)


@pytest.fixture
def name(new_queue):
    mq = new_queue(msgsize=256)
    yield mq.name
    mq.close()
    sweep()
    assert files(mq.name) == []


@contextmanager
def locked(name, lock=locks_all_bytes):
    """While a stranger who can only send holds a lock."""
    with MessageQueue(name, os.O_WRONLY) as stranger:
        lock(stranger)
        yield


@pytest.mark.parametrize("lock", [flocks, locks_all_bytes])
def test_the_constructors_do_not_wait_for_a_stranger(name, lock):
    async def main():
        async with aio.ObjectQueue(name) as objects:
            await objects.put("small")
            assert await objects.get() == "small"

    with locked(name, lock):
        with ObjectQueue(name) as objects:
            objects.put("small")
            assert objects.get() == "small"
        asyncio.run(main())


def test_put_of_a_large_object_needs_a_lock(name):
    busy = pytest.raises(OSError, match="lock", check=lambda error: error.errno == errno.EBUSY)
    with locked(name):
        objects = ObjectQueue[bytes](name)
        with busy:
            objects.put(LARGE)
        assert (objects.qsize(), files(name)) == (0, [])
    with objects:
        objects.put(LARGE)
        assert objects.get() == LARGE


def test_get_of_a_large_object_needs_no_lock(name):
    with ObjectQueue(name) as sender:
        sender.put(LARGE)
    with locked(name), ObjectQueue(name) as objects:
        assert objects.get() == LARGE


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
def test_a_user_of_any_access_mode_is_seen(name, flags):
    with MessageQueue(name, os.O_RDONLY) as looks:
        assert not _users.has_users(looks)
        with ObjectQueue(name, flags=flags), ObjectQueue(name, flags=flags):
            assert _users.has_users(looks)
        assert not _users.has_users(looks)


def test_a_user_that_is_killed_is_not_seen(name):
    script = "import os, sys\nfrom mood.mqueue.objects import ObjectQueue\n"
    script += "objects = ObjectQueue(sys.argv[1])\nos.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, name], check=False, timeout=30)
    with MessageQueue(name, os.O_RDONLY) as looks:
        assert not _users.has_users(looks)


def test_locks_outlast_another_descriptor_of_the_process(name):
    # Those of F_SETLK would go with the first one that is closed.
    with ObjectQueue(name), MessageQueue(name, os.O_RDONLY) as looks:
        MessageQueue(name, os.O_RDWR).close()
        assert _users.has_users(looks)


def test_only_the_first_user_looks_for_files(name, monkeypatch):
    # There may be many, and not all are ours.
    with ObjectQueue(name), monkeypatch.context() as patch:
        patch.setattr(os, "listdir", None)
        ObjectQueue(name).close()


STOPPED = """
import os, signal, sys
from mood.mqueue import _sweep
from mood.mqueue.objects import ObjectQueue
def stopping(step):
    def stops(*arguments):
        answer = step(*arguments)
        os.write(1, b"stops")
        os.kill(os.getpid(), signal.SIGSTOP)
        return answer
    return stops
module, name = sys.argv[2].split(".")
module = getattr(_sweep, module)
setattr(module, name, stopping(getattr(module, name)))
ObjectQueue(sys.argv[1]).close()
"""


@pytest.mark.parametrize("step", ["_users.has_users", "QueueId.of", "os.listdir"])
def test_an_opener_stopped_in_its_sweep_is_in_nobodys_way(name, step):
    with MessageQueue(name, os.O_RDONLY) as crashed, ObjectQueue(name) as objects:
        objects.put(LARGE)
        crashed.receive()
    assert len(files(name)) == 1
    arguments = [sys.executable, "-c", STOPPED, name, step]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as opener:
        assert opener.stdout is not None
        assert opener.stdout.read(5) == b"stops"
        with ObjectQueue(name) as objects:
            objects.put(LARGE, priority=2)
            objects.put(LARGE * 2)
            assert objects.get() == LARGE
            objects.put(LARGE * 3)
            while opener.poll() is None:
                opener.send_signal(signal.SIGCONT)
            assert objects.get() == LARGE * 2
            assert objects.get() == LARGE * 3
    assert opener.returncode == 0


@pytest.mark.parametrize("when", [1, 2])
def test_a_user_who_comes_during_a_sweep_keeps_its_object(name, monkeypatch, when):
    # It takes the message that names a file on the sweeper's list; the queue is empty then.
    with ObjectQueue(name) as sender:
        sender.put(LARGE)
    has_users, users, got = _users.has_users, [], []

    def meanwhile(mq):
        answer = has_users(mq)
        users.append(answer)
        if len(users) == when:
            late = MessageQueue(name, os.O_RDWR)
            _users.register(late)
            got.append((late, late.receive_message()))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(_users, "has_users", meanwhile)
        sweep()
    ((late, message),) = got
    late.send_message(*message)
    with ObjectQueue(name) as objects:
        assert objects.get() == LARGE
    late.close()


def test_an_object_put_back_during_a_sweep_keeps_its_file(name, monkeypatch):
    with ObjectQueue(name) as sender:
        sender.put(LARGE)
    len_of_empty = []

    class Empty(MessageQueue):
        def __len__(self):
            # Somebody takes the object just before the sweeper looks, and puts it back after.
            late = ObjectQueue(name)
            with monkeypatch.context() as patch:
                patch.setattr("mood.mqueue._payload_file.PayloadFile.__init__", fails)
                with pytest.raises(MemoryError):
                    late.get()
            len_of_empty.append(super().__len__())
            late.close()
            return len_of_empty[-1]

    def fails(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("mood.mqueue._sweep.MessageQueue", Empty)
        sweep()
    assert len_of_empty == [0]
    with ObjectQueue(name) as objects:
        assert objects.get() == LARGE
