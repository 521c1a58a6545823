"""What every test leans on: names that nobody else has, and proof that nothing stays behind."""

import contextlib
import ctypes
import gc
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from mood.mqueue import MessageQueue, list_queues, unlink

CLONE_NEWIPC = 0x08000000

# RLIMIT_MSGQUEUE counts over all namespaces and fits nine default queues, so tests use small ones.
SMALL = {"maxmsg": 4, "msgsize": 64}

_numbers = itertools.count()
_names: dict[str, str] = {}


def pytest_configure(config):
    # A namespace of its own where that is allowed: there the limits can be changed, and a crash
    # leaves nothing behind. Before any thread starts, since it is the calling thread's.
    libc = ctypes.CDLL(None, use_errno=True)
    config.private_ipc = libc.unshare(CLONE_NEWIPC) == 0


def pytest_report_header(config):
    return f"IPC namespace: {'private' if config.private_ipc else 'shared'}"


@pytest.fixture(scope="session")
def private_ipc(request):
    """For tests that change fs.mqueue sysctls."""
    if not request.config.private_ipc:
        pytest.skip("needs an IPC namespace of its own")


@pytest.fixture
def large_messages(private_ipc):
    """For tests of messages so large that the GIL is released first: of up to 100,000 bytes."""
    limit = Path("/proc/sys/fs/mqueue/msgsize_max")
    before = limit.read_text()
    try:
        limit.write_text("100000")
    except OSError as error:
        pytest.skip(f"the sysctls cannot be written: {error.strerror}")
    yield
    limit.write_text(before)


@pytest.fixture(scope="session")
def new_name():
    """Makes names that no other test, thread or process has."""

    def new():
        name = f"/mood-test-{os.getpid()}-{next(_numbers)}"
        _names[name] = os.environ.get("PYTEST_CURRENT_TEST", "a fixture")
        return name

    return new


@pytest.fixture(scope="session")
def new_queue(new_name):
    """Makes small queues of names of their own; dropped, they are gone."""

    def new(flags=os.O_RDWR | os.O_CREAT | os.O_EXCL, cls=MessageQueue, **sizes):
        return cls(new_name(), flags, **(SMALL | sizes))

    return new


@pytest.fixture(scope="session")
def new_objects(new_name):
    """Makes small object queues of names of their own; closed, they are gone with their files."""
    from mood.mqueue.objects import ObjectQueue

    def new(maxsize=4, msgsize=256, **arguments):
        objects = ObjectQueue(new_name(), maxsize, msgsize=msgsize, **arguments)
        objects.owner = True
        return objects

    return new


@pytest.fixture(scope="session")
def listed():
    """list_queues(), where this process may see the names."""
    with contextlib.suppress(FileNotFoundError):
        list_queues()
        return list_queues
    pytest.skip("the queue file system is not mounted")


@pytest.fixture(scope="session")
def run_python():
    """Runs a script in a process of its own, with arguments, and returns what it printed."""

    def run(script, *arguments, returncode=0, stderr="", timeout=30):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert (done.returncode, done.stderr) == (returncode, stderr), done
        return done.stdout

    return run


@pytest.fixture(scope="session")
def eventually():
    """Waits until a condition holds: `eventually(lambda: len(mq) == 1)`."""

    def wait(condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to pass"
            time.sleep(0.001)

    return wait


@pytest.fixture(scope="session")
def asleep():
    """Calls in a thread of a pool; returns the future once that call sleeps."""

    def state(thread_id):
        status = Path(f"/proc/self/task/{thread_id}/status").read_text()
        return re.findall(r"State:\s+(\w)|ntary.*:\s+(\d+)", status)

    def call(pool, function, *arguments):
        started, thread_id = threading.Event(), []

        def run():
            thread_id.append(threading.get_native_id())
            started.set()
            return function(*arguments)

        future = pool.submit(run)
        started.wait()
        # Asleep without waking, which a thread that waits for the GIL would not be.
        unchanged, before = 0, None
        while unchanged < 30:
            time.sleep(0.001)
            now = state(*thread_id)
            unchanged = unchanged + 1 if now == before and now[0][0] == "S" else 0
            before = now
        return future

    return call


def _descriptors():
    return {
        fd: os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    }


def _left_queues():
    left = []
    for name, test in _names.items():
        try:
            unlink(name)
        except FileNotFoundError:
            continue
        left.append((name, test))
    return left


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    """At the end: no queue, no descriptor, no thread and no object is left."""
    before = _descriptors()
    yield
    gc.collect()
    objects = [o for o in gc.get_objects() if isinstance(o, MessageQueue)]
    assert objects == []
    assert _left_queues() == []
    assert [file for file in os.listdir("/dev/shm") if f".mood-test-{os.getpid()}-" in file] == []
    queues = [link for link in _descriptors().values() if link.startswith("/mood-test-")]
    assert queues == []
    # The dispatcher of notifications keeps one socket, and one thread which Python does not know;
    # multiprocessing keeps a pipe to the process that cleans up behind it.
    tracker = {str(getattr(resource_tracker._resource_tracker, "_fd", None))}
    left = {fd: link for fd, link in _descriptors().items() if fd not in {*before, *tracker}}
    assert len(left) <= 1, left
    assert threading.enumerate() == [threading.main_thread()]
    assert len(os.listdir("/proc/self/task")) <= 2
