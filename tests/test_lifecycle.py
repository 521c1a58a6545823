"""Other programs, other processes, sudden ends, and descriptors that are opened under a close."""

import errno
import os
import socket
import threading
import time

import pytest
from observe import is_in_the_system, is_registered

from mood.mqueue import MessageQueue, unlink

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL

START = """
import gc, os, signal, subprocess, sys, threading, time
from mood.mqueue import MessageQueue

name = sys.argv[1]
mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=8)

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.001)

def asleep(thread):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]
"""

# Says which descriptors it has of the queue, and whether it could be registered for it.
AFTERWARDS = """
import os, signal, sys
from mood.mqueue import MessageQueue
links = [os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if entry.is_symlink()
         and os.path.lexists(entry.path)]
mq = MessageQueue(sys.argv[1], os.O_RDWR)
mq.notify(None)
mq.notify()
mq.send(b"new")
print(links.count(sys.argv[1]), mq.owner, [mq.receive() for _ in range(len(mq))][-1])
"""

EXEC = (
    START
    + f"""
def execute():
    os.execv(sys.executable, [sys.executable, "-c", {AFTERWARDS!r}, name])

mq.send(b"old")
"""
)

EXECS = {
    "idle": "execute()",
    "armed": "mq.receive(); mq.notify(print); mq.send(b'old'); mq.notify(); mq.notify(print)\n"
    "execute()",
    "signal": "mq.receive(); mq.notify(signal.SIGUSR1)\nmq.fileno()\nexecute()",
    "a thread waits": "mq.receive()\nthread = threading.Thread(target=mq.receive)\n"
    "thread.start()\nuntil(lambda: asleep(thread))\nexecute()",
    "in a callback": "mq.receive(); mq.notify(lambda queue: execute()); mq.send(b'old')\n"
    "time.sleep(20)",
}

# A child that is another program from the start.
SUBPROCESS = """
told = []
mq.notify(told.append)
for keywords in {}, {"close_fds": False}, {"pass_fds": [mq.fileno()]}:
    code = "import os, sys; print(sys.argv[1] in map(os.readlink, map(" \\
           "'/proc/self/fd/{}'.format, os.listdir('/proc/self/fd')[:-1])))"
    done = subprocess.run([sys.executable, "-c", code, name], stdout=subprocess.PIPE, **keywords)
    print(done.stdout.decode().strip(), told)
mq.send(b"")
until(lambda: told)
# The thread that was told may still have it, and would keep it from being collected.
mq.close()
"""

WORK = """
import multiprocessing, os
from mood.mqueue import MessageQueue

def work(name):
    mq = MessageQueue(name, os.O_RDWR)
    mq.send(mq.receive()[::-1])
    mq.send(b"owner" if mq.owner else b"guest")

def main(method, name):
    context = multiprocessing.get_context(method)
    mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=8)
    mq.send(b"stressed")
    process = context.Process(target=work, args=(name,))
    process.start()
    process.join()
    print(process.exitcode, mq.receive(), mq.receive())
    mq.unlink()
    try:
        context.Process(target=work, args=(mq,)).start()
    except TypeError as error:
        print(error)
    mq.send(b"works on")
    print(mq.receive())
"""

EXIT_AT_ONCE = (
    START
    + """
mq.send(b"left")
def last_words(*arguments):
    os._exit(3)
"""
)

EXITS_AT_ONCE = {
    "main thread": "last_words()",
    "armed": "mq.notify(print); last_words()",
    "while a thread receives": "mq.receive()\nthread = threading.Thread(target=mq.receive)\n"
    "thread.start()\nuntil(lambda: asleep(thread))\n"
    "MessageQueue(name, os.O_WRONLY).send(b'taken')\nmq.send(b'left')\nthread.join()\n"
    "last_words()",
    "in a callback": "mq.receive(); mq.notify(last_words); mq.send(b'left'); time.sleep(20)",
    "in a handler that interrupted a send": "mq.sendall(bytes(24))\n"
    "signal.signal(signal.SIGALRM, last_words)\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\n"
    "mq.send(b'never')",
}


# Other programs


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("state", EXECS)
def test_a_program_that_is_executed_has_nothing_of_the_queue(run_python, new_name, state):
    name = new_name()
    try:
        assert run_python(EXEC + EXECS[state], name) == "0 False b'new'\n"
        # No owner was there to remove it.
        assert is_in_the_system(name)
    finally:
        unlink(name)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_other_programs_leave_the_registration_and_inherit_no_descriptor(run_python, new_name):
    printed = run_python(START + SUBPROCESS, new_name())
    assert printed == "False []\nFalse []\nTrue []\n"


@pytest.mark.thread_unsafe(reason="starts processes")
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_multiprocessing_child_opens_the_queue_by_its_name(
    run_python, new_name, tmp_path, method
):
    (tmp_path / "lifecycle_work.py").write_text(WORK)
    script = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "import lifecycle_work\nlifecycle_work.main(*sys.argv[2:])"
    )
    answer, refusal, after = run_python(script, tmp_path, method, new_name()).splitlines()
    assert answer == "0 b'desserts' b'guest'"
    assert "cannot pickle" in refusal
    assert "unlinked" in refusal
    assert after == "b'works on'"


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("state", EXITS_AT_ONCE)
def test_a_process_that_ends_at_once_leaves_its_queue(run_python, new_name, state):
    name = new_name()
    try:
        run_python(EXIT_AT_ONCE + EXITS_AT_ONCE[state], name, returncode=3)
        mq = MessageQueue(name, os.O_RDWR)
        assert len(mq) in (1, 4)
        assert not is_registered(mq)
    finally:
        unlink(name)


# Descriptors


class Blocked(threading.Thread):
    def __init__(self, call, *arguments, **keywords):
        super().__init__(daemon=True)
        self.call = call, arguments, keywords
        self.outcome = None
        self.start()

    def run(self):
        call, arguments, keywords = self.call
        del self.call
        try:
            self.outcome = call(*arguments, **keywords)
        except OSError as error:
            self.outcome = error.errno


class Files:
    """As many new descriptors as a thread can open, each with something in it to read."""

    def __init__(self, new_queue, path):
        self.new_queue = new_queue
        self.path = path
        self.path.write_bytes(b"untouched")
        self.opened = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.open_all)

    def open_all(self):
        while not self.stopped.is_set() and len(self.opened) < 60:
            queue = self.new_queue(maxmsg=2, msgsize=16)
            queue.send(b"untouched")
            read, write = os.pipe()
            os.write(write, b"untouched")
            one, other = socket.socketpair()
            one.send(b"untouched")
            other.send(b"untouched")
            self.opened.append((queue, read, write, one, other, os.open(self.path, os.O_RDWR)))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *exc_info):
        self.stopped.set()
        self.thread.join()

    def check(self):
        """Everything is as it was made; and closes it."""
        for queue, read, write, one, other, file in self.opened:
            os.set_blocking(read, False)
            one.setblocking(False)
            other.setblocking(False)
            seen = [len(queue), queue.receive(), os.read(read, 99), one.recv(99), other.recv(99)]
            assert seen == [1] + [b"untouched"] * 4
            assert os.read(file, 99) == b"untouched"
            for fd in (read, write, file):
                os.close(fd)
            one.close()
            other.close()


CALLS = {
    "receive": lambda mq: Blocked(mq.receive),
    "receive until a time": lambda mq: Blocked(mq.receive, timeout=30),
    "drain": lambda mq: Blocked(mq.drain, bytearray()),
    "send": lambda mq: Blocked(mq.send, b"stray"),
    "send until a time": lambda mq: Blocked(mq.send, b"stray", timeout=30),
    "fill": lambda mq: Blocked(mq.fill, bytearray(b"stray")),
}


@pytest.mark.thread_unsafe(reason="opens many descriptors")
@pytest.mark.parametrize("call", CALLS)
def test_a_close_under_a_call_lets_it_near_no_other_descriptor(new_queue, tmp_path, call):
    for turn in range(8):
        mq = new_queue(maxmsg=1)
        if "send" in call or "fill" in call:
            mq.send(b"full")
        blocked = [CALLS[call](mq) for _ in range(3)]
        files = Files(new_queue, tmp_path / str(turn))
        with files:
            # Whether they wait by now or have not begun: most do.
            time.sleep(0.002)
            mq.close()
            for thread in blocked:
                thread.join(20)
        assert [thread.outcome for thread in blocked] == [errno.EBADF] * 3
        files.check()
