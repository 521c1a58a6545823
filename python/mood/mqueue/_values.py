"""Plain values: what was received, and what a queue and the system are like."""

# Not typing.NamedTuple, which takes as long to import as all the rest.
from collections import namedtuple


class Message(namedtuple("Message", ["data", "priority"])):
    """A whole message: its bytes, and its priority from 0 (low) to PRIORITY_MAX (high).

    >>> from mood.mqueue import Message
    >>> data, priority = Message(b"hello", 7)
    >>> Message(b"hello", 7).data
    b'hello'

    Source: mq_receive(3).
    """

    # Where a pickle says it is to be imported from.
    __module__ = "mood.mqueue"
    __slots__ = ()


class Status(
    namedtuple(
        "Status",
        ["messages", "maxmsg", "msgsize", "mode", "uid", "gid", "modified", "unlinked"],
    )
):
    """What a queue is like now, of MessageQueue.status().

    messages: how many are in it; maxmsg: how many it can hold; msgsize: how many bytes each;
    mode: file type and permissions; uid, gid: its owner; modified: the last send or receive, in
    seconds since the epoch, whole ones; unlinked: whether its name was removed. Nobody can open an
    unlinked queue by name, so a process that opens the name now opens another queue.

    >>> mq.status().messages
    0

    Source: mq_getattr(3), inode(7).
    """

    __module__ = "mood.mqueue"
    __slots__ = ()


class Limits(
    namedtuple(
        "Limits",
        ["msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max", "rlimit"],
    )
):
    """The limits in force for this process, of limits().

    msg_default, msg_max: maxmsg of a new queue, if none is given and at most; msgsize_default,
    msgsize_max: the same for msgsize; queues_max: queues in this IPC namespace; rlimit: bytes that
    all queues of this user may be charged (RLIMIT_MSGQUEUE), None for no limit.

    >>> from mood.mqueue import limits
    >>> limits().msg_max >= 1
    True

    Source: mq_overview(7), getrlimit(2).
    """

    __module__ = "mood.mqueue"
    __slots__ = ()
