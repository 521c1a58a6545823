"""What crashes have left in shared memory, and how to know that nobody will ask for it.

What a SIGKILL leaves in steps 2 and 4 of _payload_file.py looks exactly like step 3, an object in
the queue. No process id in the name could tell them apart, since in step 3 the sender may be dead
as well. Besides, ids are used again, and a process in another pid namespace cannot be seen. Only
the queue knows, and a queue cannot be searched.
There are two cases in which it need not be, and in these alone a file is swept, unless sweep() is
given the time after which whoever has not asked for a file will not:

- *Nobody uses the queue, and it is empty.* Every object queue is registered with the queue, by a
  lock (_users.py), from before its first file or message to its end. The files are listed first,
  and then three things are seen to hold, one after the other: the queue has no user, it is empty,
  it has no user. No lock is needed for that, so that a sweep that is stopped halfway is in nobody's
  way. At the first, whoever had one of these files in hand has gone, so that it is in the queue or
  nowhere. At the second it is not in the queue any more: somebody who came later took it, and at
  the third has gone as well. It cannot have been put back, since what is put back has its file
  renamed, and is not on the list.
- *The queue has lost its name.* Removing it gives up the large objects in it, and no other is put
  there. A queue is known by its device, which stands for the IPC namespace, and its inode. A file
  of the same device and the same queue name, but another inode, was of a queue that has been
  removed: if we have the name's present queue open, and it still has its name after the files were
  listed, then it had the name all the time, and the other one lost it before.

Each object queue does both for its own queue when it opens it, if it is the only user.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

from . import _payload_file, _users
from ._native import MessageQueue
from ._payload_file import QueueId

_Files = list[tuple[bytes, QueueId]]


def sweep_queue(mq: MessageQueue) -> int:
    """Remove what is left of the queue, of which the descriptor has just been opened."""
    # Another user has done so, and the directory may be a large one.
    if _users.has_users(mq):
        return 0
    name = QueueId.of(mq).name
    return _sweep_open(mq, [(path, queue) for path, queue in _files() if queue.name == name])


def remove_files(queue: QueueId) -> int:
    """Remove the files of a queue that has lost its name."""
    return _remove(_files(), queue.__eq__)


def sweep(grace_period: float | None = None) -> int:
    """Remove the files in shared memory that crashes have left, of every queue; return how many.

    Where a queue is not empty, or somebody has it open as an object queue, its files stay, unless
    it has lost its name. To look, the queues are opened, which ends a notification that this
    process has for one of them. What the permissions forbid is left.

    grace_period: a number of seconds. With it the files of queues that are in use are removed as
    well, if the queue is empty after this time, and the files are still there after the same time
    again. No process needs them, unless one has been stopped for that long in the middle of a put()
    or get(): then its object is lost.

    Raises LimitError if there is no room for the queue that is made to know one's IPC namespace,
    where the queue of a file is gone.

    >>> from mood.mqueue.objects import sweep
    >>> removed = sweep()

    Source: fcntl(2), unlink(2).
    """
    if grace_period is not None and not grace_period >= 0:
        raise ValueError(
            f"grace_period must be a non-negative number of seconds, not {grace_period}"
        )
    by_name: dict[bytes, _Files] = defaultdict(list)
    for path, queue in _files():
        by_name[queue.name].append((path, queue))
    removed, without_queue = 0, []
    with ExitStack() as opened:
        in_use: list[tuple[MessageQueue, _Files]] = []
        for name, files in by_name.items():
            try:
                mq = MessageQueue(b"/" + name, os.O_RDONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                without_queue += files
            except PermissionError:
                continue
            else:
                removed += _sweep_open(mq, files)
                if _users.has_users(mq):
                    in_use.append((opened.enter_context(mq), files))
                else:
                    mq.close()
        if in_use and grace_period is not None:
            removed += _remove_abandoned(in_use, grace_period)
    return removed + _remove_unlinked(without_queue)


def _files() -> Iterator[tuple[bytes, QueueId]]:
    directory = os.fsencode(_payload_file.DIRECTORY)
    try:
        files = os.listdir(directory)
    except FileNotFoundError:  # then there are none
        files = []
    for file in files:
        found = _payload_file.FILE.fullmatch(file)
        if found is not None:
            yield directory + b"/" + file, QueueId(int(found[1], 16), int(found[2], 16), found[3])


def _remove(files: Iterable[tuple[bytes, QueueId]], which: Callable[[QueueId], bool]) -> int:
    return sum(_payload_file.remove(path) for path, queue in files if which(queue))


def _sweep_open(mq: MessageQueue, files: _Files) -> int:
    now = QueueId.of(mq)
    removed = 0
    if os.fstat(mq.fileno()).st_nlink:
        removed += _remove(
            files, lambda queue: queue.device == now.device and queue.inode != now.inode
        )
    if not _users.has_users(mq) and not len(mq) and not _users.has_users(mq):
        removed += _remove(files, lambda queue: queue == now)
    return removed


def _remove_abandoned(in_use: list[tuple[MessageQueue, _Files]], grace_period: float) -> int:
    # Whoever was about to send a message that names one of the files has sent it after that. If the
    # queue is empty then, it was taken, and who took it has opened the file after the next.
    time.sleep(grace_period)
    empty = [(QueueId.of(mq), files) for mq, files in in_use if not len(mq)]
    time.sleep(grace_period)
    return sum(_remove(files, now.__eq__) for now, files in empty)


def _remove_unlinked(files: _Files) -> int:
    if not files:
        return 0
    # The queues of this IPC namespace have a device of their own, which any of them tells.
    with MessageQueue.create_unique("/mood-sweep-", maxmsg=1, msgsize=1) as probe:
        device = QueueId.of(probe).device
    return _remove(files, lambda queue: queue.device == device)
