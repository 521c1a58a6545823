"""A producer: sends its share of messages to all queues in turn, and reports how many."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import payload

# Few, so that there is an order to keep within each.
PRIORITIES = (1, 2, 3, 100, 32767)
LONGEST_PAUSE = 0.002
BATCH = 5
_BODIES = os.urandom(4096)


class Producer:
    def __init__(self, lines, role, rng):
        self._lines = lines
        self._number = role["number"]
        self._share = role["share"]
        self._seconds = role["seconds"]
        self._pauses = role["pauses"]
        self._report = Path(role["report"])
        self._rng = rng
        self._named = [0] * len(lines)
        self._anonymous: list[Counter[int]] = [Counter() for _ in lines]
        self._sent = 0

    def run(self):
        end = time.monotonic() + self._seconds
        while self._sent < self._share and time.monotonic() < end:
            queue = self._rng.randrange(len(self._lines))
            if self._rng.random() < 0.1:
                self._fill(queue)
            else:
                self._send(queue)
            if self._rng.random() < self._pauses:
                time.sleep(self._rng.uniform(0, LONGEST_PAUSE))
        self._write_report()

    def _message(self, queue, priority, size):
        self._sent += 1
        if size < payload.HEADER_SIZE:
            self._anonymous[queue][size] += 1
            return payload.anonymous(size)
        start = self._rng.randrange(len(_BODIES) - payload.MSGSIZE)
        body = _BODIES[start : start + size - payload.HEADER_SIZE]
        sequence = self._named[queue]
        self._named[queue] += 1
        return payload.named(queue, self._number, priority, sequence, body)

    def _send(self, queue):
        priority = self._rng.choice(PRIORITIES)
        message = self._message(queue, priority, self._rng.randrange(payload.MSGSIZE + 1))

        def send(mq, **timeout):
            sent = mq.send(message, priority, **timeout)
            if sent != len(message):
                raise AssertionError(f"{sent} of {len(message)} bytes were sent")

        def sendall(mq, **timeout):
            mq.sendall(bytearray(message), priority, **timeout)

        self._lines[queue].sending(self._rng.choice((send, sendall)), self._rng)

    def _fill(self, queue):
        """Several messages in one call: all but the last one are as long as they can be."""
        priority = self._rng.choice(PRIORITIES)
        sizes = [payload.MSGSIZE] * self._rng.randrange(BATCH)
        sizes.append(self._rng.randrange(1, payload.MSGSIZE + 1))
        unsent = bytearray().join(self._message(queue, priority, size) for size in sizes)
        # What was sent before it fails is gone from the bytearray.
        self._lines[queue].sending(
            lambda mq, **timeout: mq.fill(unsent, priority, **timeout), self._rng
        )

    def _write_report(self):
        report = json.dumps({"named": self._named, "anonymous": self._anonymous})
        unfinished = self._report.with_suffix(".unfinished")
        unfinished.write_text(report)
        unfinished.rename(self._report)
