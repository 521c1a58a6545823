"""Queues to measure with, in an IPC namespace of their own where that is allowed."""

import contextlib
import errno
import itertools
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import native
from mood.mqueue import LimitError, MessageQueue

SYSCTLS = Path("/proc/sys/fs/mqueue")
WANTED = {"msg_max": 10_000, "queues_max": 1_100}

_numbers = itertools.count()


class Queue:
    """A new queue. Contenders open it by name inside a `with`; at its end the name is gone, so that
    nothing can be left in the kernel, whatever ends the process."""

    def __init__(self, maxmsg: int = 10, msgsize: int = 8192):
        self.process = os.getpid()
        self.number = next(_numbers)
        self.name = f"/bench-{self.process}-{self.number}"
        self.msgsize = msgsize
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self._creator = MessageQueue(self.name, flags, maxmsg=maxmsg, msgsize=msgsize)
        self.fd = self._creator.fileno()

    def __enter__(self) -> "Queue":
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._creator.unlink()


def isolate() -> str | None:
    """Gives this process an IPC namespace with high limits, or says why not."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (resource.RLIM_INFINITY,) * 2)
    try:
        if not native.unshare(native.CLONE_NEWIPC):
            # A failure half way would leave a process that can make no queues.
            _in_a_child(_enter_as_user)
            _enter_as_user()
        for name, value in WANTED.items():
            (SYSCTLS / name).write_text(str(value))
    except OSError as error:
        return f"no IPC namespace with higher limits is allowed here ({error.strerror})"
    return None


def _enter_as_user() -> None:
    """Where a user namespace may be had, its root may change the limits of an IPC namespace."""
    user, group = os.geteuid(), os.getegid()
    if not native.unshare(native.CLONE_NEWUSER | native.CLONE_NEWIPC):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    process = Path("/proc/self")
    (process / "setgroups").write_text("deny")
    (process / "uid_map").write_text(f"0 {user} 1")
    (process / "gid_map").write_text(f"0 {group} 1")


def _in_a_child(enter: Callable[[], None]) -> None:
    """Raises PermissionError if it fails there."""
    child = os.fork()
    if child == 0:
        try:
            enter()
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def deepest(msgsize: int, depths: Iterable[int]) -> int:
    """The largest of these that a queue may have here; 0 if none."""
    for depth in sorted(depths, reverse=True):
        try:
            with Queue(depth, msgsize):
                return depth
        except LimitError:
            continue
    return 0
