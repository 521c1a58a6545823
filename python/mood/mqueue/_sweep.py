"""What crashes have left in shared memory, and how to know that nobody will ask for it.

What a SIGKILL leaves in steps 2 and 4 of _spill.py looks exactly like 3, an object in the queue. No
process id in the name could tell them apart, since in 3 the sender may be dead as well; that an id
is used again, and that a process in another pid namespace cannot be seen, would come on top. Only
the queue knows, and a queue cannot be searched.
There are two cases in which it need not be, and in these alone a file is swept, unless sweep() is
given the time after which whoever has not asked for a file will not:

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

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from . import _spill
from ._native import MessageQueue
from ._spill import Queue


def join(mq: MessageQueue, *, alone: bool) -> None:
    """Be known as a user of the queue; alone, with a descriptor just opened, sweep before that."""
    if alone:
        files = list(_files())
        _remove_former(mq, files)
        if _is_alone(mq):
            _remove_unreachable(mq, files)
    fcntl.flock(mq.fileno(), fcntl.LOCK_SH)


def remove_all(queue: Queue) -> int:
    """Remove the files of a queue that has lost its name."""
    return _remove_where(list(_files()), lambda owner: owner == queue)


def sweep(patience: float | None = None) -> int:
    """Remove the files in shared memory that crashes have left, of every queue; return how many.

    Where a queue is not empty, or somebody has it open as an object queue, its files stay, unless
    it has lost its name. To look, the queues are opened, which ends a notification that this
    process has for one of them. What the permissions forbid is left.

    patience: a number of seconds. With it the files of queues that are in use go as well, if the
    queue is empty after so many seconds, and they are still there after as many more. Nobody will
    ask for them, unless a process has been stopped for so long in the middle of a put() or get():
    its object is lost then.

    Raises LimitError if there is no room for the queue that is made to know one's IPC namespace,
    where the queue of a file is gone.

    >>> from mood.mqueue.objects import sweep
    >>> removed = sweep()

    Source: flock(2), unlink(2).
    """
    if patience is not None and not patience >= 0:
        raise ValueError(f"patience must be a non-negative number of seconds, not {patience}")
    removed = 0
    files = list(_files())
    with ExitStack() as opened:
        in_use = []
        for name in {queue.name for _, queue in files}:
            try:
                mq = opened.enter_context(MessageQueue(f"/{name}", os.O_RDONLY | os.O_NONBLOCK))
            except FileNotFoundError:
                removed += _remove_nameless(name, files)
            except PermissionError:
                continue
            else:
                removed += _remove_former(mq, files)
                if _is_alone(mq):
                    removed += _remove_unreachable(mq, files)
                    mq.close()
                else:
                    in_use.append(mq)
        if in_use and patience is not None:
            removed += _remove_forgotten(in_use, files, patience)
    return removed


def _files() -> Iterator[tuple[str, Queue]]:
    try:
        files = os.listdir(_spill.DIRECTORY)
    except FileNotFoundError:  # then there are none
        files = []
    for file in files:
        found = _spill.NAME.fullmatch(file)
        if found is not None:
            yield (
                f"{_spill.DIRECTORY}/{file}",
                Queue(int(found[1], 16), int(found[2], 16), found[3]),
            )


def _remove_where(files: list[tuple[str, Queue]], left: Callable[[Queue], bool]) -> int:
    return sum(_spill.remove(path) for path, queue in files if left(queue))


def _remove_former(mq: MessageQueue, files: list[tuple[str, Queue]]) -> int:
    now = Queue.of(mq)
    if os.fstat(mq.fileno()).st_nlink == 0:
        return 0
    return _remove_where(
        files,
        lambda queue: (queue.device, queue.name) == (now.device, now.name) and queue != now,
    )


def _is_alone(mq: MessageQueue) -> bool:
    try:
        fcntl.flock(mq.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_unreachable(mq: MessageQueue, files: list[tuple[str, Queue]]) -> int:
    return 0 if len(mq) else _remove_where(files, lambda queue: queue == Queue.of(mq))


def _remove_forgotten(
    in_use: list[MessageQueue], files: list[tuple[str, Queue]], patience: float
) -> int:
    # Whoever was about to send a message that names one of the files has sent it after that. If the
    # queue is empty then, it was taken, and who took it has opened the file after the next.
    time.sleep(patience)
    empty = {Queue.of(mq) for mq in in_use if not len(mq)}
    time.sleep(patience)
    return _remove_where(files, lambda queue: queue in empty)


def _remove_nameless(name: str, files: list[tuple[str, Queue]]) -> int:
    # The queues of this IPC namespace have a device of their own, which any of them tells.
    with MessageQueue.create_unique("/mood-sweep-", maxmsg=1, msgsize=1) as probe:
        device = Queue.of(probe).device
    return _remove_where(files, lambda queue: (queue.device, queue.name) == (device, name))
