"""The files of large objects, seen from outside."""

import os
from pathlib import Path

SHM = Path("/dev/shm")


def files(objects):
    """Those of one queue, by the name that it was opened with."""
    name = objects if isinstance(objects, str) else objects.name
    return [SHM / file for file in os.listdir(SHM) if file.endswith("." + name[1:])]
