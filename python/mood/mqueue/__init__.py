"""Python POSIX message queues interface (Linux only).

POSIX message queues allow processes to exchange data in the form of messages.

See mq_overview(7).
"""

from ._native import (
    PRIORITY_MAX,
    LimitError,
    MessageQueue,
    __version__,
    limits,
    list_queues,
    unlink,
)
from ._values import Limits, Message, Status

__all__ = [
    "PRIORITY_MAX",
    "LimitError",
    "Limits",
    "Message",
    "MessageQueue",
    "Status",
    "__version__",
    "limits",
    "list_queues",
    "unlink",
]
