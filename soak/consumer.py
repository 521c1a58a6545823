"""A consumer: receives from one queue and notes at once what it got, until the end is announced.

Between the receive and the note it has one message in hand, which is lost if it is killed there.
"""

import os
import time

import payload

PAUSES = 1 / 256
LONGEST_PAUSE = 0.002


def receive(mq, **timeout):
    return [mq.receive(**timeout)]


def drain(mq, **timeout):
    buffer = bytearray()
    try:
        last_is_empty = mq.drain(buffer, **timeout)
    except OSError:
        # What was taken before it failed counts.
        if not buffer:
            raise
        last_is_empty = False
    return [*payload.split(buffer), *[b""] * last_is_empty]


class Consumer:
    def __init__(self, lines, role, rng):
        self._queue = role["queue"]
        self._line = lines[self._queue]
        # A drain has many messages in hand, so whoever may be killed makes none.
        self._calls = (receive,) if role["mortal"] else (receive, receive, receive, drain)
        self._records = role["records"]
        self._rng = rng

    def run(self):
        # Its existence says that the consumer is at work.
        records = os.open(self._records, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        try:
            while self._consume(records):
                if self._rng.random() < PAUSES:
                    time.sleep(self._rng.uniform(0, LONGEST_PAUSE))
        finally:
            os.close(records)
        self._line.sending(
            lambda mq, **timeout: mq.send(payload.END, payload.END_PRIORITY, **timeout), self._rng
        )

    def _consume(self, records):
        for message in self._line.receiving(self._rng.choice(self._calls), self._rng):
            if message == payload.END:
                return False
            os.write(records, payload.record(message, self._queue))
        return True
