"""Pairs in several threads at once, each in a queue of its own."""

import sys
import threading
import time

from bench import code, contenders
from bench.contenders import MOOD, POSIX_IPC, RAW
from bench.measure import Key, Results, Turn, alternate, in_lots
from bench.queues import Queue
from bench.workloads import Workload

NAME = "threads"
COUNTS = (1, 2)
SIZE = 64
PYTHON = (MOOD, POSIX_IPC)
TURN_SECONDS = 0.05


def side_by_side(turns: list[Turn]) -> Turn:
    """Does all of them at once, each in a thread."""

    def turn(count: int) -> float:
        gate = threading.Barrier(len(turns) + 1)

        def wait_and_run(run: Turn) -> None:
            gate.wait()
            run(count)

        threads = [threading.Thread(target=wait_and_run, args=(run,)) for run in turns]
        for thread in threads:
            thread.start()
        gate.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        return time.perf_counter() - start

    return turn


def interpreter() -> str:
    """What there is to say of this one, and nothing if it is the usual one."""
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "" if has_gil else ", no GIL"


def run(results: Results, seconds: float) -> None:
    turns = {}
    for count in COUNTS:
        for label in PYTHON:
            pairs = []
            for _ in range(count):
                with Queue(msgsize=SIZE) as queue:
                    made = contenders.PYTHON[label](queue, "mq")
                pairs.append(code.turn(code.PAIRS, made, b"x" * SIZE))
            key = Key(NAME, f"threads: {count}", label + interpreter())
            turns[key] = in_lots(side_by_side(pairs), count)
    raw = contenders.native_pairs(RAW, queue, SIZE)
    alternate(raw, turns, results, seconds=seconds, turn_seconds=TURN_SECONDS)


WORKLOAD = Workload(NAME, "pairs in two threads at once", 3, run)
