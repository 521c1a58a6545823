"""Pairs in one of many open queues after the other."""

import ctypes

from bench import code, contenders, native
from bench.contenders import MOOD, POSIX_IPC, RAW
from bench.measure import Key, Results, alternate, in_lots, timed
from bench.queues import Queue
from bench.workloads import Workload

NAME = "open queues"
COUNTS = (1, 10, 100, 1_000)
PYTHON = (MOOD, POSIX_IPC)
SIZE = 64
ROUNDS = """
for _ in repeat(None, count):
    for mq in queues:
        mq.send(message)
        mq.receive()
"""


def opened(results: Results) -> list[tuple[Queue, list]]:
    """As many queues as may be, each with the object of each contender."""
    queues = []
    for _ in range(COUNTS[-1]):
        try:
            queue = Queue(1, SIZE)
        except OSError as error:
            results.note(f"over {len(queues)} open queues: not available, {error.strerror}")
            break
        with queue:
            objects = [contenders.PYTHON[label](queue, "mq").names["mq"] for label in PYTHON]
        queues.append((queue, objects))
    return queues


def run(results: Results, seconds: float) -> None:
    queues = opened(results)
    counts = [count for count in COUNTS if count <= len(queues)]
    turns = {}
    for count in counts:
        case = f"{count} open"
        fds = (ctypes.c_int * count)(*(queue.fd for queue, _ in queues[:count]))
        turns[Key(NAME, case, RAW)] = timed(native.raw_rounds, fds, count, SIZE, SIZE)
        for number, label in enumerate(PYTHON):
            names = {"queues": [objects[number] for _, objects in queues[:count]]}
            turn = code.loop(ROUNDS, names | {"message": b"x" * SIZE})
            turns[Key(NAME, case, label)] = in_lots(turn, count)
    alternate(turns[Key(NAME, "1 open", RAW)], turns, results, seconds=seconds)


WORKLOAD = Workload(NAME, "1 to 1,000 open queues", 5, run)
