"""A queue known by its name, and calls that are made until they go through.

Threads share a line. Any of them may close the queue object or change its mode at any moment;
then a call fails with nothing sent and nothing taken, and is made again.
"""

import contextlib
import errno
import os
import select
import threading

from mood.mqueue import MessageQueue

LONGEST = 0.02
_PLAIN, _BLOCKING, _NONBLOCKING, _TIMED = range(4)


class Line:
    def __init__(self, name):
        self.name = name
        self.reopened = 0
        self._lock = threading.Lock()
        self._queue = self._open()

    def _open(self):
        return MessageQueue(self.name, os.O_RDWR)

    def queue(self):
        queue = self._queue
        if not queue.closed:
            return queue
        with self._lock:
            if self._queue.closed:
                self._queue = self._open()
                self.reopened += 1
            return self._queue

    def close(self):
        self._queue.close()

    def receiving(self, call, rng):
        return self._insist(call, rng, lambda queue: ([queue], []))

    def sending(self, call, rng):
        return self._insist(call, rng, lambda queue: ([], [queue]))

    def _insist(self, call, rng, waiting_for):
        """Makes the call, each time in a way that is drawn."""
        while True:
            queue = self.queue()
            way = rng.randrange(4)
            try:
                if way == _TIMED:
                    return call(queue, timeout=rng.uniform(0, LONGEST))
                if way != _PLAIN:
                    queue.blocking = way == _BLOCKING
                return call(queue)
            except BlockingIOError:
                _select(*waiting_for(queue))
            except TimeoutError:
                pass
            except OSError as error:
                if error.errno != errno.EBADF:
                    raise


def _select(readers, writers):
    # Closed before or meanwhile. Had its number gone to another file already, that would be waited
    # for, and not long.
    with contextlib.suppress(OSError, ValueError):
        select.select(readers, writers, [], LONGEST)
