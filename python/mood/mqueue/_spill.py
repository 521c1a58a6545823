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

What is left in 2 and 4 looks exactly like 3. No process id in the name could tell them apart, since
in 3 the sender may be dead as well; that an id is used again, and that a process in another pid
namespace cannot be seen, would come on top. Only the queue knows, and a queue cannot be searched.
There are two cases in which it need not be, and in these alone a file is swept:

- *Nobody uses the queue, and it is empty.* Every object queue has a shared lock (flock(2)) on the
  queue itself, from before its first message to its end; the kernel drops it with the process. Who
  has the lock exclusively knows that nobody is at any step, and the empty queue that no message
  names a file. Each object queue tries for it when it opens the queue. The lock belongs to an open
  file description: forked children share their parent's, and so only one that was opened for the
  purpose can say that there is no other.
- *The queue has lost its name.* Removing it gives up the large objects in it, and no other is put
  there. A queue is known by its device, which stands for the IPC namespace, and its inode. A file
  of the same device and the same queue name, but another inode, was of a queue that has been
  removed: if we have the name's present queue open, and it still has its name after the files were
  listed, then it had the name all the time, and the other one lost it before.
"""

import errno
import fcntl
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ._native import MessageQueue

DIRECTORY = "/dev/shm"

# Data link escape, then "@". What a serializer made and begins with an escape has it doubled.
ESCAPE = b"\x10"
REFERENCE = ESCAPE + b"@"

_NAME = re.compile(r"mood-mqueue\.([0-9a-f]+)\.([0-9a-f]+)\.[0-9a-f]{32}\.(.+)", re.DOTALL)
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
                os.link(f"/proc/self/fd/{fd}", self.path, src_dir_fd=fd)
            finally:
                os.close(fd)
        except OSError as error:
            text = f"{error.strerror}: an object of {self.payload.nbytes} bytes, for which a"
            text += f" message of this queue has no room, needs a file in {DIRECTORY}"
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
    found = _NAME.fullmatch(name)
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


def join(mq: MessageQueue, *, alone: bool) -> None:
    """Be known as a user of the queue; alone, with a descriptor just opened, sweep before that."""
    if alone:
        files = list(_files())
        _remove_former(mq, files)
        _remove_unreachable(mq, files)
    fcntl.flock(mq.fileno(), fcntl.LOCK_SH)


def remove_all(queue: Queue) -> int:
    """Remove the files of a queue that has lost its name."""
    return _remove_where(list(_files()), lambda owner: owner == queue)


def sweep() -> int:
    """Remove what is provably left over, of every queue; how many files."""
    removed = 0
    files = list(_files())
    for name in {queue.name for _, queue in files}:
        try:
            mq = MessageQueue(f"/{name}", os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            removed += _remove_nameless(name, files)
        except PermissionError:
            continue
        else:
            with mq:
                removed += _remove_former(mq, files) + _remove_unreachable(mq, files)
    return removed


def _files() -> Iterator[tuple[str, Queue]]:
    try:
        files = os.listdir(DIRECTORY)
    except FileNotFoundError:  # then there are none
        files = []
    for file in files:
        found = _NAME.fullmatch(file)
        if found is not None:
            yield f"{DIRECTORY}/{file}", Queue(int(found[1], 16), int(found[2], 16), found[3])


def _remove_where(files: list[tuple[str, Queue]], left: Callable[[Queue], bool]) -> int:
    return sum(remove(path) for path, queue in files if left(queue))


def _remove_former(mq: MessageQueue, files: list[tuple[str, Queue]]) -> int:
    now = Queue.of(mq)
    if os.fstat(mq.fileno()).st_nlink == 0:
        return 0
    return _remove_where(
        files,
        lambda queue: (queue.device, queue.name) == (now.device, now.name) and queue != now,
    )


def _remove_unreachable(mq: MessageQueue, files: list[tuple[str, Queue]]) -> int:
    try:
        fcntl.flock(mq.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    now = Queue.of(mq)
    return 0 if len(mq) else _remove_where(files, lambda queue: queue == now)


def _remove_nameless(name: str, files: list[tuple[str, Queue]]) -> int:
    # The queues of this IPC namespace have a device of their own, which any of them tells.
    with MessageQueue.create_unique("/mood-sweep-", maxmsg=1, msgsize=1) as probe:
        device = Queue.of(probe).device
    return _remove_where(files, lambda queue: (queue.device, queue.name) == (device, name))
