"""Eight processes send to one."""

import time
from contextlib import ExitStack

from bench import links
from bench.contenders import MOOD, PIPE, POSIX_IPC, RAW, SEQPACKET, SIMPLE_QUEUE
from bench.measure import Key, Results, Turn, alternate
from bench.processes import Child
from bench.queues import Queue
from bench.workloads import Workload

NAME = "fan-in"
CONTENDERS = (RAW, MOOD, POSIX_IPC, SEQPACKET, SIMPLE_QUEUE, PIPE)
PRODUCERS = 8
MESSAGES = 8_000
MESSAGE = b"x" * 64


def turn_of(ends: links.Ends) -> Turn:
    """From the first message sent to the last received."""

    def turn(count: int) -> float:
        with ExitStack() as stack:
            children = [Child(lambda: ends.here(count // PRODUCERS)) for _ in range(PRODUCERS)]
            for child in children:
                stack.callback(child.join)
            start = time.perf_counter()
            ends.there(count)
            return time.perf_counter() - start

    return turn


def run(results: Results, seconds: float) -> None:
    turns = {}
    with Queue() as queue:
        for label in CONTENDERS:
            ends = links.stream(label, queue, MESSAGE)
            turns[Key(NAME, f"{PRODUCERS} to 1", label)] = turn_of(ends)
    raw = turns[Key(NAME, f"{PRODUCERS} to 1", RAW)]
    alternate(raw, turns, results, seconds=seconds, count=MESSAGES)


WORKLOAD = Workload(NAME, "eight processes send to one", 6, run)
