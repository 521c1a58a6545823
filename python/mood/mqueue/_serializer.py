"""Objects to bytes and back: by what, how it fails, and from whom it is safe."""

import errno
import json
import os
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

from ._native import MessageQueue


class Serializer(NamedTuple):
    """Two callables: an object to a bytes-like, and bytes to an object. Any pair of them will do.

    >>> from mood.mqueue.objects import Serializer
    >>> text = Serializer(str.encode, bytes.decode)
    >>> text.loads(text.dumps("hello"))
    'hello'
    """

    dumps: Callable[[Any], Any]
    loads: Callable[[bytes], Any]


def _pickled(obj: Any) -> bytes:
    return pickle.dumps(obj, protocol=5)


def _as_json(obj: Any) -> bytes:
    return json.dumps(obj, ensure_ascii=False, separators=(",", ":")).encode()


PICKLE = Serializer(_pickled, pickle.loads)
JSON = Serializer(_as_json, json.loads)


def pair(serializer: Any) -> Serializer:
    """What was given as a serializer, if it is one."""
    try:
        dumps, loads = serializer
    except (TypeError, ValueError):
        dumps = loads = None
    if not callable(dumps) or not callable(loads):
        raise TypeError(f"serializer must be two callables, (dumps, loads), not {serializer!r}")
    return Serializer(dumps, loads)


class DecodeError(Exception):
    """What was taken from the queue is no object.

    data: the bytes, as they were given to the serializer; where a large object's file was not read,
    the message that named it. priority: the message's. The exception of the serializer, where there
    is one, is the __cause__.

    >>> from mood.mqueue.objects import DecodeError
    >>> DecodeError("not JSON", b"hello", 3).data
    b'hello'
    """

    def __init__(self, reason: str, data: bytes = b"", priority: int = 0) -> None:
        super().__init__(reason, data, priority)
        self.reason = reason
        self.data = data
        self.priority = priority

    def __str__(self) -> str:
        return self.reason


def check_senders(mq: MessageQueue) -> None:
    """Refuse a queue to which others can send: who can send a pickle can run any code."""
    status = mq.status()
    problems = []
    if status.uid not in {0, os.geteuid()}:
        problems.append(f"it belongs to user {status.uid}")
    if status.mode & 0o022:
        problems.append(f"its mode is {status.mode & 0o7777:#o}")
    if problems:
        text = f"other users can send to this queue ({' and '.join(problems)}), and unpickling"
        text += " runs whatever code the sender likes: give trust=True if you trust them all,"
        text += " or serializer=JSON, or create the queue anew with mode=0o600"
        raise PermissionError(errno.EACCES, text, mq.name)
