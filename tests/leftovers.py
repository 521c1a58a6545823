"""Queues, files, objects, threads and descriptors that tests leave behind."""

import contextlib
import gc
import itertools
import os
import secrets
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path

from observe import is_in_the_system
from payload_files import SHM

from mood.mqueue import MessageQueue, unlink

THREAD_END_SECONDS = 20
DISPATCHER = "mq-notify"  # the library's thread that receives notifications

# Unique to this run: an earlier run that was killed left its queues, and process ids repeat.
RUN = f"mood-test-{os.getpid()}-{secrets.token_hex(4)}"
_numbers = itertools.count()
_names: list[str] = []


def new_name():
    name = f"/{RUN}-{next(_numbers)}"
    _names.append(name)
    return name


def remove_named():
    """Remove queues and files with names made since the last call. Return their names."""
    names = list(_names)
    del _names[: len(names)]
    if any(map(is_in_the_system, names)):
        gc.collect()  # a cycle may hold the owner
    left = []
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            unlink(name)
            left.append(name)
    for file in SHM.glob(f"*{RUN}-*"):
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
            left.append(str(file))
    return left


def close_all():
    """Close every queue object of this process. Its blocked threads wake and end."""
    for mq in _queues():
        MessageQueue.close(mq)


def _queues():
    return [o for o in gc.get_objects() if isinstance(o, MessageQueue)]


class ProcessState:
    """The queue objects, threads and descriptors that this process has now."""

    def __init__(self):
        gc.collect()
        self.queues = {id(mq): MessageQueue.__repr__(mq) for mq in _queues()}
        self.threads = dict(_threads())
        self.descriptors = dict(_descriptors())

    def has_dispatcher(self):
        return DISPATCHER in self.threads.values()

    def added_since(self, before):
        """List additions, except those that the library keeps on purpose."""
        queues = [self.queues[key] for key in self.queues.keys() - before.queues.keys()]
        started = self.threads.items() - before.threads.items()
        opened = self.descriptors.items() - before.descriptors.items()
        if self.has_dispatcher() and not before.has_dispatcher():
            # The dispatcher is one thread with one socket, and it never ends.
            started = {(number, name) for number, name in started if name != DISPATCHER}
            sockets = [item for item in opened if item[1].startswith("socket:")]
            opened -= set(sockets[:1])
        return queues + sorted(started) + sorted(opened)


def left_since(before):
    """List what this process holds and did not hold before, once its threads have ended."""
    end = time.monotonic() + THREAD_END_SECONDS
    while left := ProcessState().added_since(before):
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return left


def _threads():
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended
            number = int(task.name)
            yield number, names.get(number) or (task / "comm").read_text().strip()


def _descriptors():
    # multiprocessing keeps a pipe to its resource tracker.
    tracker = getattr(resource_tracker._resource_tracker, "_fd", None)
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # listdir has closed its own
            if number != tracker:
                yield number, os.readlink(f"/proc/self/fd/{number}")
