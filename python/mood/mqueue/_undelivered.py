"""What a failed get() has received, and the next one returns."""

import os
from collections import deque
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from ._payload_file import PayloadFile


class Undelivered:
    """Each is a list: a message, and as far as it came its payload file or its payload.

    They are of the process that received them. Its forked children must not return them as well.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._lists: deque[list[Any]] = deque()

    def __len__(self) -> int:
        if self._process != os.getpid():
            while self._lists:
                close_file(self._lists.popleft())
            self._process = os.getpid()
        return len(self._lists)

    def save(self, received: list[Any]) -> None:
        len(self)  # forgets what a parent has received
        self._lists.appendleft(received)

    def take(self, received: list[Any]) -> None:
        """Move the first one to an empty list, if there is one."""
        if self._lists and len(self):
            # In C, so that no signal handler can raise while it is in neither.
            with suppress(IndexError):
                received.extend(chain.from_iterable(islice(iter(self._lists.popleft, None), 1)))


def close_file(received: list[Any]) -> None:
    if isinstance(received[-1], PayloadFile):
        received[-1].close()
