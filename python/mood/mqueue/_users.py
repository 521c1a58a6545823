"""Whether a queue is in use: each object queue has a lock on one byte of its queue, until its end.

The byte is a random one, so that users do not exclude each other, and nobody ever locks more than
that: who sweeps asks whether there is a lock, and takes none. So nobody waits for anybody. Only a
stranger can be in the way, by a lock on all bytes; who gets no lock then sends no large object.

These are open file description locks: the kernel drops one when the last descriptor of that
description is closed, however the process ends. Forked children share their parent's, and a
description does not see its own, so that only one opened for the purpose can ask.

See fcntl(2), "Open file description locks".
"""

import fcntl
import os
import struct

from ._native import MessageQueue

# Their numbers are the same on every architecture. The fcntl module has none if the C library that
# CPython was built with is older than they are.
_OFD_GETLK, _OFD_SETLK = 36, 37
# struct flock with 64-bit offsets: type, whence, start, length, process id.
_LOCK = struct.Struct("hhqqi0q")


def register(mq: MessageQueue) -> bool:
    """Lock a byte of the queue; return whether that worked. Does not wait."""
    mq.status()  # which a closed queue refuses
    fd = mq.fileno()
    write_only = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
    # A read lock needs a descriptor that can read, a write lock one that can write.
    kind = fcntl.F_WRLCK if write_only else fcntl.F_RDLCK
    byte = int.from_bytes(os.urandom(7), "little")
    try:
        fcntl.fcntl(fd, _OFD_SETLK, _LOCK.pack(kind, os.SEEK_SET, byte, 1, 0))
    except OSError:
        return False
    return True


def has_users(mq: MessageQueue) -> bool:
    """Whether there is a lock of another open file description on the queue."""
    every_byte = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = fcntl.fcntl(mq.fileno(), _OFD_GETLK, every_byte)
    kind: int = _LOCK.unpack(answer)[0]
    return kind != fcntl.F_UNLCK
