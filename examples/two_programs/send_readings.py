"""Sends readings to whoever is there to take them: python send_readings.py /readings

It shares nothing with the consumer but the name of the queue. Either can be started first, and
either can be stopped and started again: what is in the queue stays there.
"""

import random
import sys

from mood.mqueue.objects import JSON, ObjectQueue

# The first of the two to come creates the queue; it holds eight readings. JSON, so that programs in
# other languages can take part.
with ObjectQueue(sys.argv[1], maxsize=8, serializer=JSON) as readings:
    for hour in range(24):
        celsius = round(random.gauss(21, 4), 1)
        # When the queue is full this waits, so that the producer is never far ahead. A high reading
        # is taken before all others.
        readings.put({"hour": hour, "celsius": celsius}, priority=9 if celsius > 30 else 0)
    # Of the lowest priority and the last: all the others are taken before it.
    readings.put(None)
