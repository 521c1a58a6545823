"""POSIX message queues for asyncio, uvloop and trio.

MessageQueue has the methods of mood.mqueue.MessageQueue that wait, as coroutines, and ObjectQueue
is mood.mqueue.objects.ObjectQueue with put() and get() as coroutines.
It needs anyio: pip install "mood.mqueue[async]".
"""

from importlib.util import find_spec

if find_spec("anyio") is None:
    raise ModuleNotFoundError(
        "mood.mqueue.aio needs anyio: pip install 'mood.mqueue[async]'", name="anyio"
    )

from ._aio_objects import ObjectQueue
from ._aio_queue import MessageQueue

__all__ = ["MessageQueue", "ObjectQueue"]
