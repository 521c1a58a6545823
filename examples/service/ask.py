"""Asks the service of serve.py: python ask.py /requests "it burns" 9

It has a queue of its own for the answer, and sends its name along.
"""

import os
import sys

from mood.mqueue.objects import JSON, ObjectQueue

name, text, priority = sys.argv[1:]
with (
    ObjectQueue(name, flags=os.O_WRONLY, serializer=JSON) as requests,
    ObjectQueue.create_unique("/reply-", maxsize=1, msgsize=1024, serializer=JSON) as replies,
):
    requests.put({"reply_to": replies.name, "text": text}, priority=int(priority))
    # The service may be on its way: the request waits for it in the queue.
    print(replies.get(timeout=30))
