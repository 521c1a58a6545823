"""Messages from one process to another, as fast as they go."""

from bench import contenders, links, processes
from bench.contenders import (
    MOOD,
    MOOD_SPINNING,
    NIX,
    OURS_RUST,
    PIPE,
    POSIX_IPC,
    RAW,
    SEQPACKET,
    SIMPLE_QUEUE,
)
from bench.measure import Key, Results, alternate
from bench.queues import Queue
from bench.workloads import Workload

NAME = "stream"
SIZES = (64, 1024)
CONTENDERS = (
    *(RAW, NIX, OURS_RUST, MOOD, MOOD_SPINNING, POSIX_IPC, SEQPACKET, SIMPLE_QUEUE, PIPE),
)
MESSAGES = 10_000


def run(results: Results, seconds: float) -> None:
    topologies = processes.topologies(results)
    for topology, (here, there) in topologies.items():
        processes.pin(here)
        for size in SIZES:
            message = b"x" * size
            turns = {}
            with Queue() as queue:
                for label in contenders.available(CONTENDERS, results):
                    ends = links.stream(label, queue, message)
                    key = Key(NAME, f"{topology}, {size} B", label)
                    turns[key] = links.stream_turn(ends, there)
            raw = turns[Key(NAME, f"{topology}, {size} B", RAW)]
            share = seconds / len(topologies) / len(SIZES)
            alternate(raw, turns, results, seconds=share, count=MESSAGES)


WORKLOAD = Workload(NAME, "from one process to another, one way", 14, run)
