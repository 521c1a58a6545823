"""A descriptor that any thread makes readable, once: how a loop learns what its thread cannot see.

Unlike a call into the loop from outside, it is the same for every kind of loop, and nothing goes
wrong if the loop is closed by then.
"""

from __future__ import annotations

import os
import threading


class Bell:
    def __init__(self) -> None:
        # Taken again if a signal handler comes in between.
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        return self._fd

    def ring(self) -> None:
        # A forked child shares it, and what happens to the child is no news to the parent.
        if self._process == os.getpid():
            with self._lock:
                if self._fd >= 0:
                    os.eventfd_write(self._fd, 1)

    def close(self) -> None:
        with self._lock:
            # First the number: who rings late must not write into what has it next.
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)
