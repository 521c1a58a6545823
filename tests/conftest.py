"""What every test leans on: names that nobody else has, and proof that nothing stays behind."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import leftovers
import pytest

from mood.mqueue import MessageQueue, list_queues

CLONE_NEWIPC = 0x08000000

# RLIMIT_MSGQUEUE counts over all namespaces and fits nine default queues, so tests use small ones.
SMALL = {"maxmsg": 4, "msgsize": 64}

_has_failed = pytest.StashKey[bool]()


def pytest_configure(config):
    # A namespace of its own where that is allowed: there the limits can be changed, and a crash
    # leaves nothing behind. Before any thread starts, since it is the calling thread's.
    libc = ctypes.CDLL(None, use_errno=True)
    config.private_ipc = libc.unshare(CLONE_NEWIPC) == 0
    # A blocked signal runs no handler, and every thread and process inherits the mask.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_standard_streams(config.pluginmanager.getplugin("capturemanager"))


def _open_standard_streams(capture):
    """pytest needs all three, and a file that a test opens must not get one of their numbers."""
    capture.stop_global_capturing()  # else its end would restore the closed streams
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    capture.start_global_capturing()
    capture.suspend_global_capture()


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
    return leftovers.new_name


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
def list_queues_or_skip():
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
def start_blocked():
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.stash[_has_failed] = item.stash.get(_has_failed, False) or report.failed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Fail a test that leaves a queue or a file. A failed test may: both are removed."""
    failed = item.stash[_has_failed]
    if failed:
        # The traceback holds queue objects, and threads may wait in them.
        leftovers.close_all()
    try:
        result = yield
    finally:
        left = leftovers.remove_named()
    assert failed or left == []
    return result


@pytest.fixture(scope="module", autouse=True)
def leak_check(request):
    """Fail a test file that leaves queue objects, threads or descriptors in this process."""
    before, failed = leftovers.ProcessState(), request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        assert leftovers.left_since(before) == []
