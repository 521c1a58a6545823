"""Every message accounted for: what was sent against what was received.

One byte for each named message, whatever else the run is like. A consumer is a list of records in
the order in which it received.
"""

from collections import Counter
from itertools import islice, repeat

import payload

SHOWN = 20
_BLOCK = 4096 * payload.HEADER_SIZE


def records_of(path):
    """The records of a consumer's file. One that is cut off would be of another length."""
    size = payload.HEADER_SIZE
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for start in range(0, len(block), size):
                yield block[start : start + size]


class Ledger:
    def __init__(self):
        self.sent = 0
        self.received = 0
        self.in_hand = []
        self._times = {}
        self._anonymous: Counter[tuple[int, int]] = Counter()
        self._defects = []
        self._count = 0

    @property
    def defects(self):
        more = self._count - len(self._defects)
        return [*self._defects, f"and {more} more"] if more else self._defects

    def defect(self, what, count=1):
        self._count += count
        if len(self._defects) < SHOWN:
            self._defects.append(what)

    def was_sent(self, queue, producer, named, anonymous):
        """How many named messages a producer sent to a queue, and how many anonymous ones of each
        length."""
        self.sent += named + sum(anonymous.values())
        self._times[queue, producer] = bytearray(named)
        for length, count in anonymous.items():
            self._anonymous[queue, int(length)] += count

    def was_received(self, queue, records):
        """What one consumer got."""
        latest: dict[tuple[int, int], int] = {}
        for record in records:
            if len(record) != payload.HEADER_SIZE:
                self.defect(f"queue {queue}: a record of {len(record)} bytes")
                continue
            self.received += 1
            kind, producer, priority, sequence = payload.read_record(record)
            if kind == payload.CORRUPT:
                self.defect(f"corrupt: queue {queue}, {record[1:].hex(' ')}")
            elif kind != payload.NAMED:
                self._anonymous[queue, kind] -= 1
            elif self._note(queue, producer, sequence):
                before = latest.get((producer, priority), -1)
                latest[producer, priority] = sequence
                if sequence < before:
                    name = _name(queue, producer, sequence)
                    self.defect(f"out of order: {name} after {before} of priority {priority}")

    def _note(self, queue, producer, sequence):
        """Whether it is the first time."""
        times = self._times.get((queue, producer), b"")
        if sequence >= len(times):
            self.defect(f"never sent: {_name(queue, producer, sequence)}")
            return False
        if times[sequence]:
            self.defect(f"twice: {_name(queue, producer, sequence)}")
            return False
        times[sequence] = 1
        return True

    def settle(self, kills):
        """Finds what is missing: in the hand of a killed consumer, one for each kill, or lost."""
        for (queue, length), count in sorted(self._anonymous.items()):
            if count < 0:
                self.defect(f"twice: {_anonymous(queue, length)}, {-count} more than sent", -count)
        for queue in sorted({queue for queue, _ in self._times}):
            count, names = self._missing(queue)
            if count <= kills.get(queue, 0):
                self.in_hand += names
                continue
            for name in islice(names, SHOWN):
                self.defect(f"lost: {name}", 0)
            self.defect(f"lost: {count} of queue {queue}, consumers killed: {kills.get(queue, 0)}")

    def _missing(self, queue):
        """How many, and their names."""
        lost = [(key[1], times) for key, times in self._times.items() if key[0] == queue]
        anonymous = [
            (length, count)
            for (of_queue, length), count in self._anonymous.items()
            if of_queue == queue and count > 0
        ]

        def names():
            for producer, times in lost:
                sequence = times.find(0)
                while sequence >= 0:
                    yield _name(queue, producer, sequence)
                    sequence = times.find(0, sequence + 1)
            for length, count in anonymous:
                yield from repeat(_anonymous(queue, length), count)

        named = sum(times.count(0) for _, times in lost)
        return named + sum(count for _, count in anonymous), names()


def _name(queue, producer, sequence):
    return f"queue {queue}, producer {producer}, message {sequence}"


def _anonymous(queue, length):
    return f"queue {queue}, message of {length} bytes"
