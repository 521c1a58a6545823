"""What a process holds: memory, descriptors, threads, references, payload files."""

import gc
import os
import sys
from dataclasses import dataclass

import mood.mqueue
from mood.mqueue import objects

SHARED_MEMORY = "/dev/shm"
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024

# From CPython 3.12 on, built-in classes and None are immortal: their counts never change.
REFERENCED = (
    *(BlockingIOError, TimeoutError, OSError, FileNotFoundError, FileExistsError),
    *(PermissionError, OverflowError, ValueError, TypeError, BufferError, MemoryError),
    *(RuntimeError, StopIteration, StopAsyncIteration, None, True, False, b"", ""),
    *(mood.mqueue.LimitError, mood.mqueue.MessageQueue, mood.mqueue.Message),
    *(mood.mqueue.Status, mood.mqueue.Limits, objects.DecodeError, objects.Empty, objects.Full),
)


def prefix():
    """Of the names of this process's queues, and so of its payload files."""
    return f"/growth-{os.getpid()}-"


def payload_files():
    mark = "." + prefix().removeprefix("/")
    return [f"{SHARED_MEMORY}/{file}" for file in os.listdir(SHARED_MEMORY) if mark in file]


@dataclass
class Usage:
    """Of one moment, or the difference of two."""

    resident_kib: int
    descriptors: int
    threads: int
    files: int
    references: int
    blocks: int


# What may remain of any number of calls. Python's own caches and free lists vary by some blocks.
LIMITS = Usage(resident_kib=512, descriptors=0, threads=0, files=0, references=50, blocks=300)


class Meter:
    def __init__(self):
        gc.collect()
        self._counts = self._reference_counts()
        self._before = self._now()

    def growth(self):
        # First of all what a garbage collection, which may run code of the extension, could change.
        now = self._now()
        differences = zip(self._reference_counts(), self._counts, strict=True)
        references = max((count - before for count, before in differences), key=abs)
        gc.collect()
        return Usage(
            now.resident_kib - self._before.resident_kib,
            len(os.listdir("/proc/self/fd")) - self._before.descriptors,
            len(os.listdir("/proc/self/task")) - self._before.threads,
            len(payload_files()) - self._before.files,
            references,
            sys.getallocatedblocks() - self._before.blocks,
        )

    @staticmethod
    def _reference_counts():
        return [sys.getrefcount(item) for item in REFERENCED]

    @staticmethod
    def _now():
        return Usage(
            _resident_kib(),
            len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")),
            len(payload_files()),
            0,
            sys.getallocatedblocks(),
        )


def _resident_kib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * PAGE_KIB
