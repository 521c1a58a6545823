"""Talks to a C program by queues, in both directions: python talk.py ./peer

Both directions are plain bytes to C. On the Python side they are text one way and JSON the other.
"""

import subprocess
import sys

from mood.mqueue.objects import JSON, ObjectQueue

# Any two functions are a serializer: this one is for text.
TEXT = str.encode, bytes.decode

with (
    ObjectQueue.create_unique("/requests-", maxsize=4, msgsize=128, serializer=TEXT) as requests,
    ObjectQueue.create_unique("/answers-", maxsize=4, msgsize=128, serializer=JSON) as answers,
):
    # A message waits in the queue for a program that is not there yet.
    requests.put("water the plants")
    requests.put("fire!", priority=9)
    peer = subprocess.Popen([sys.argv[1], requests.name, answers.name])
    print(answers.get(timeout=10))
    print(answers.get(timeout=10))
    requests.put("")  # an empty message: the end, for this peer
    print("it ended with", peer.wait(timeout=10))
