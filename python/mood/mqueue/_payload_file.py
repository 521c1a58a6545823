"""Payload files: an object that no message can hold is in a file, and its message names the file.

The file is in shared memory, so that nothing is written to a disk. It has mode 0600 and belongs to
the owner of the queue, whoever sent it: the owner and root can receive it, and nobody else.
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
from typing import Any, NamedTuple, Self

from ._native import MessageQueue

DIRECTORY = "/dev/shm"

# Data link escape, then "@". What a serializer made and begins with an escape has it doubled.
ESCAPE = b"\x10"
REFERENCE = ESCAPE + b"@"

_FILE = rb"mood-mqueue\.([0-9a-f]{1,16})\.([0-9a-f]{1,16})\.[0-9a-f]{32}\.([^/\0]{1,255})"
FILE = re.compile(_FILE)
_MESSAGE = re.compile(REFERENCE + rb"([0-9]{1,19}) (" + _FILE + rb")")

# The file may be as good as ever: the process, or the system, has no room to open it now. An error
# without a number is not a system call's, but raised by a signal handler.
_TRANSIENT = {None, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


class QueueId(NamedTuple):
    """Which queue a file belongs to, as its name tells."""

    device: int
    inode: int
    name: bytes

    @classmethod
    def of(cls, mq: MessageQueue) -> Self:
        status = os.fstat(mq.fileno())
        return cls(status.st_dev, status.st_ino, os.fsencode(mq.name.removeprefix("/")))


class PayloadFileError(Exception):
    """The file that a message names is not the one that was sent."""


class Reference(NamedTuple):
    """A message that stands for a large object: how many bytes, in which file."""

    size: int
    file: bytes
    queue: QueueId

    @classmethod
    def new(cls, queue: QueueId, size: int) -> Self:
        random = os.urandom(16).hex().encode()
        file = b"mood-mqueue.%x.%x.%s.%s" % (queue.device, queue.inode, random, queue.name)
        return cls(size, file, queue)

    @classmethod
    def parse(cls, message: bytes, mq: MessageQueue) -> Self:
        found = _MESSAGE.fullmatch(message)
        if found is None:
            raise PayloadFileError("the message is not a reference to a file of an object queue")
        size, file, device, inode, name = found.groups()
        queue = QueueId(int(device, 16), int(inode, 16), name)
        if queue[:2] != QueueId.of(mq)[:2]:
            raise PayloadFileError("the message refers to a file of another queue")
        return cls(int(size), file, queue)

    @property
    def message(self) -> bytes:
        return REFERENCE + b"%d %s" % (self.size, self.file)

    @property
    def path(self) -> bytes:
        return os.fsencode(DIRECTORY) + b"/" + self.file

    def __str__(self) -> str:
        # Escaped: the sender chose the name.
        return repr(os.fsdecode(self.path))


class InlinePayload:
    """An object that the message holds."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def write(self) -> None:
        pass

    def remove(self) -> None:
        pass


class FilePayload:
    """An object in a file, on the sender's side. Until write() there is nothing to remove."""

    def __init__(self, queue: QueueId, owner: int, payload: memoryview) -> None:
        self._reference = Reference.new(queue, payload.nbytes)
        self._owner = owner
        self._payload = payload
        self.message = self._reference.message

    def write(self) -> None:
        try:
            fd = os.open(DIRECTORY, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(fd, 0o600)  # whatever the umask
                if os.fstat(fd).st_uid != self._owner:
                    os.fchown(fd, self._owner, -1)
                self._fill(fd)
                # Never over what has the name, nor through a link. The descriptor makes it
                # linkat(2), which goes from /proc to the file itself as link(2) does not; it has no
                # other meaning, since both paths are absolute. Once the main thread has ended,
                # /proc/self has no descriptors.
                os.link(f"/proc/thread-self/fd/{fd}", self._reference.path, src_dir_fd=fd)
                self._check(fd)
            finally:
                os.close(fd)
        except OSError as error:
            text = f"{error.strerror}: an object of {self._reference.size} bytes, for which a"
            text += f" message of this queue has no room, needs a file in {DIRECTORY}"
            if error.errno == errno.ENOSPC:
                text += "; get() makes room there, and sweep() removes what crashes have left"
            elif error.errno == errno.ENOENT:
                text += ", and /proc: one of them is not mounted"
            elif error.errno == errno.EPERM:
                text += f" that belongs to the queue's owner, user {self._owner}: only processes of"
                text += " that user and of root can put one; use a queue with a larger msgsize"
            path = os.fsdecode(self._reference.path)
            raise OSError(error.errno, text, path) from error

    def _fill(self, fd: int) -> None:
        size = self._reference.size
        # Room for all of it before the first byte: then no write can find that there is none.
        os.posix_fallocate(fd, 0, size)
        written = 0
        while written < size:
            written += os.write(fd, self._payload[written:])

    def _check(self, fd: int) -> None:
        problem = _find_problem(os.fstat(fd), self._reference.size, self._owner)
        if problem:
            text = f"{os.strerror(errno.EOPNOTSUPP)} by its file system (receivers would refuse"
            raise OSError(errno.EOPNOTSUPP, f"{text} a file that {problem})")

    def remove(self) -> None:
        remove(self._reference.path)


class RenamedPayload:
    """A payload file that goes back into the queue, under a new name: a sweep under way, which saw
    the queue empty, may still remove the old one."""

    def __init__(self, reference: Reference) -> None:
        self._old = reference
        self._new = Reference.new(reference.queue, reference.size)
        self.message = self._new.message

    def write(self) -> None:
        os.rename(self._old.path, self._new.path)

    def remove(self) -> None:
        remove(self._new.path)


class PayloadFile:
    """An object in a file, on the receiver's side: opened, and found to be one that was sent."""

    def __init__(self, reference: Reference, owner: int) -> None:
        self._reference = reference
        # A pipe under that name must not keep us waiting.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            raw = io.FileIO(reference.path, opener=lambda path, _: os.open(path, flags))
        except OSError as error:
            if error.errno in _TRANSIENT:
                raise
            text = f"its file {reference} cannot be opened: {error.strerror}"
            raise PayloadFileError(text) from error
        self._file = io.BufferedReader(raw)
        problem = _find_problem(os.fstat(raw.fileno()), reference.size, owner)
        if problem:
            self.close()
            raise PayloadFileError(f"its file {reference} {problem}")

    def __len__(self) -> int:
        return self._reference.size

    def read(self) -> bytes:
        """The payload. The file loses its name first, so that a kill while it is read leaves none.

        After a MemoryError it has its name still, unless the memory went that very moment.
        """
        size = self._reference.size
        bytes(size)
        remove(self._reference.path)
        try:
            self._file.seek(0)
            payload = self._file.read(size)
        except OSError as error:
            if error.errno in _TRANSIENT:
                raise
            self.close()
            text = f"its file {self._reference} cannot be read: {error.strerror}"
            raise PayloadFileError(text) from error
        if len(payload) != size:
            self.close()
            raise PayloadFileError(f"its file {self._reference} was truncated while it was read")
        return payload

    def close(self) -> None:
        self._file.close()


def _find_problem(status: os.stat_result, size: int, owner: int) -> str | None:
    """Why this is not a payload file. Senders ask it of their own before they send the message."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_uid != owner:
        return f"belongs to user {status.st_uid}, and the queue to user {owner}"
    if status.st_nlink != 1:
        return f"has {status.st_nlink} names"
    if status.st_size != size:
        return f"has {status.st_size} bytes, and was sent with {size}"
    # Memory that its sender does not use must not be asked of the receiver.
    if status.st_blocks * 512 < size:
        return f"is sparse: it has {size} bytes, and uses {status.st_blocks * 512}"
    return None


def remove(path: bytes) -> bool:
    """Remove a file, if it is there and may be removed; whether it was."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
