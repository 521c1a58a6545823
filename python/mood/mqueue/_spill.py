"""Objects that no message can hold: each travels in a file of its own, and the message names it.

The file is in shared memory, so that nothing is written to a disk, and only its user can open it.
Its life, and what a SIGKILL leaves at each step:

1. It is written without a name (O_TMPFILE). A sender that dies here leaves nothing.
2. It gets its name, and the message is sent. A sender that dies here leaves the file, and nobody
   can tell whether the message was sent: it may have died while it waited for room, or after.
3. The message is in the queue, and its sender may be gone: the file has to stay.
4. The message is taken, the file is opened and checked, and its name removed. A taker that dies
   before that leaves the file.
5. It is read. It has no name any more, so that a taker that dies here leaves nothing.

What is swept, and when, is in _sweep.py.
"""

import errno
import io
import os
import re
import stat
from typing import Any, NamedTuple

from ._native import MessageQueue

DIRECTORY = "/dev/shm"

# Data link escape, then "@". What a serializer made and begins with an escape has it doubled.
ESCAPE = b"\x10"
REFERENCE = ESCAPE + b"@"

NAME = re.compile(r"mood-mqueue\.([0-9a-f]+)\.([0-9a-f]+)\.[0-9a-f]{32}\.(.+)", re.DOTALL)
# The file may be as good as ever: the process, or the system, has no room to open it now.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}


class Queue(NamedTuple):
    """Which queue a file belongs to, as its name tells."""

    device: int
    inode: int
    name: str

    @classmethod
    def of(cls, mq: MessageQueue) -> "Queue":
        status = os.fstat(mq.fileno())
        return cls(status.st_dev, status.st_ino, mq.name.removeprefix("/"))


class BadFileError(Exception):
    """The file that a message names is not the one that was sent."""


class Plain:
    """An object that the message holds."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message

    def write(self) -> None:
        pass

    def remove(self) -> None:
        pass


class Spill:
    """An object in a file, on the sender's side. Until write() there is nothing to remove."""

    def __init__(self, queue: Queue, payload: memoryview) -> None:
        random = os.urandom(16).hex()
        file = f"mood-mqueue.{queue.device:x}.{queue.inode:x}.{random}.{queue.name}"
        self.path = f"{DIRECTORY}/{file}"
        self.payload = payload
        self.message = REFERENCE + b"%d %s" % (payload.nbytes, os.fsencode(file))

    def write(self) -> None:
        try:
            fd = os.open(DIRECTORY, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                self._fill(fd)
                # Never over what has the name, nor through a link. The descriptor makes it
                # linkat(2), which goes from /proc to the file itself as link(2) does not; it has no
                # other meaning, since both paths are absolute.
                # Not /proc/self, which shows no descriptors once the main thread has ended.
                os.link(f"/proc/thread-self/fd/{fd}", self.path, src_dir_fd=fd)
            finally:
                os.close(fd)
        except OSError as error:
            text = f"{error.strerror}: an object of {self.payload.nbytes} bytes, for which a"
            text += f" message of this queue has no room, needs a file in {DIRECTORY}"
            if error.errno == errno.ENOSPC:
                text += "; get() makes room there, and sweep() removes what crashes have left"
            raise OSError(error.errno, text, self.path) from error

    def _fill(self, fd: int) -> None:
        size = self.payload.nbytes
        # Room for all of it before the first byte: then no write can find that there is none.
        os.posix_fallocate(fd, 0, size)
        written = 0
        while written < size:
            written += os.write(fd, self.payload[written:])

    def remove(self) -> None:
        remove(self.path)


def open_named(message: bytes, queue: Queue, owners: set[int]) -> io.FileIO:
    """Open the file that the message names, if it can be the one that was sent."""
    size, _, file = message.removeprefix(REFERENCE).partition(b" ")
    name = os.fsdecode(file)
    found = NAME.fullmatch(name)
    if found is None or not size.isdigit() or "/" in name:
        raise BadFileError("it is no reference to a file of an object queue")
    if (int(found[1], 16), int(found[2], 16)) != queue[:2]:
        raise BadFileError("it refers to a file of another queue")
    path = f"{DIRECTORY}/{name}"
    # A pipe under that name must not keep us waiting.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        opened = io.FileIO(path, opener=lambda path, _: os.open(path, flags))
    except OSError as error:
        if error.errno in _PASSING:
            raise
        raise BadFileError(f"its file {path} cannot be opened: {error.strerror}") from error
    wrong = _what_is_wrong(os.fstat(opened.fileno()), int(size), owners)
    if wrong:
        opened.close()
        raise BadFileError(f"its file {path} {wrong}")
    return opened


def _what_is_wrong(status: os.stat_result, size: int, owners: set[int]) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_uid not in owners:
        return f"belongs to user {status.st_uid}, not to this one or the queue's owner"
    if status.st_nlink != 1:
        return f"has {status.st_nlink} names"
    if status.st_size != size:
        return f"has {status.st_size} bytes, and was sent with {size}"
    return None


def remove(path: str) -> bool:
    """Remove a file, if it is there and may be removed; whether it was."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
