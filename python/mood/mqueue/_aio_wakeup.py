"""A descriptor that any thread can make readable, once, to wake an event loop.

It works with every kind of loop, and also if the loop is closed by then: a call into the loop from
another thread does neither.
"""

from __future__ import annotations

import os


class WakeupFd:
    """A pipe that is closed with the last reference: a thread that can still call wake() never
    writes to another file that has got its number.

    There is no lock: a thread that the end of the interpreter stops would keep it.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        # The program may close descriptors that it does not know of, and open others. All eventfds
        # have one inode, so only a pipe can be told from a file that got its number.
        self._pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._stat = os.fstat(self._pipe[0])

    def fileno(self) -> int:
        return self._pipe[0]

    def wake(self) -> None:
        # A forked child shares it, and what happens to the child is no news to the parent. Writing
        # to a pipe that nobody can read from would send a signal.
        if self._process == os.getpid() and all(map(self._is_open, self._pipe)):
            os.write(self._pipe[1], b"\0")

    def _is_open(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._stat)
        except OSError:
            return False

    def __del__(self) -> None:
        # Without descriptors left in the process there is no pipe.
        for fd in getattr(self, "_pipe", ()):
            if self._is_open(fd):
                os.close(fd)
