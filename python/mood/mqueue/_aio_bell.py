"""A descriptor that any thread makes readable, once: how a loop learns what its thread cannot see.

Unlike a call into the loop from outside, it is the same for every kind of loop, and nothing goes
wrong if the loop is closed by then.
"""

from __future__ import annotations

import os


class Bell:
    """Closed with the last reference, so that who can ring it rings no other file's number.

    There is no lock: a thread that the end of the interpreter stops would keep it.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        return self._fd

    def ring(self) -> None:
        # A forked child shares it, and what happens to the child is no news to the parent.
        if self._process == os.getpid():
            os.eventfd_write(self._fd, 1)

    def __del__(self) -> None:
        # Where there was no descriptor to be had there is none.
        if hasattr(self, "_fd"):
            os.close(self._fd)
