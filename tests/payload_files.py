"""The files of large objects, seen from outside."""

import os
from pathlib import Path

from mood.mqueue.objects import sweep

SHM = Path("/dev/shm")


def files(objects):
    """Those of one queue, by the name that it was opened with."""
    name = objects if isinstance(objects, str) else objects.name
    return [SHM / file for file in os.listdir(SHM) if file.endswith("." + name[1:])]


def swept(name, **arguments):
    """Call sweep() and count the files of this queue that it removed, not those of others."""
    before = files(name)
    sweep(**arguments)
    return len(set(before) - set(files(name)))
