"""What can be seen of a queue from outside, for tests of several behaviours."""

import contextlib
import errno
import os

from mood.mqueue import MessageQueue


def is_in_the_system(name):
    """Whether there is a queue by that name."""
    try:
        MessageQueue(name, os.O_RDONLY).close()
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    return True


def descriptors_of(name):
    """The descriptors of this process that are of the queue which has, or had, that name.

    A number alone tells nothing: once closed, it is the next descriptor of any other thread.
    """
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # another thread has closed it
            if os.readlink(f"/proc/self/fd/{fd}").removesuffix(" (deleted)") == name:
                found.add(int(fd))
    return found


def is_registered(mq):
    """Whether a process is registered for its notification. Where none is, none is after."""
    try:
        mq.notify(None)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return True
    mq.notify()
    return False
