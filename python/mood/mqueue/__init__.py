"""Python POSIX message queues interface (Linux only).

POSIX message queues allow processes to exchange data in the form of messages.

See mq_overview(7).
"""

from ._native import LimitError, MessageQueue, __version__, unlink

__all__ = ["LimitError", "MessageQueue", "__version__", "unlink"]
