# The plain values, which are tuples with names.

from typing import NamedTuple

class Message(NamedTuple):
    data: bytes
    priority: int

class Status(NamedTuple):
    messages: int
    maxmsg: int
    msgsize: int
    mode: int
    uid: int
    gid: int
    modified: float
    unlinked: bool

class Limits(NamedTuple):
    msg_default: int
    msg_max: int
    msgsize_default: int
    msgsize_max: int
    queues_max: int
    rlimit: int | None
