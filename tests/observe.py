"""What can be seen of a queue from outside, for tests of several behaviours."""

import errno
import os

from mood.mqueue import MessageQueue


def is_in_the_system(name):
    """Whether there is a queue by that name."""
    try:
        MessageQueue(name, os.O_RDONLY).close()
    except FileNotFoundError:
        return False
    return True


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
