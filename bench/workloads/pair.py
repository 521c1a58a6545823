"""One message sent and received, in one process."""

from bench import code, contenders
from bench.contenders import (
    INLINED,
    MOOD_SPINNING,
    NIX,
    OURS_RUST,
    OURS_RUST_TRY,
    PIPE,
    POSIXMQ,
    RAW,
    RAW_TRY,
)
from bench.measure import Key, Results, Turn, alternate
from bench.queues import Queue
from bench.workloads import Workload

NAME = "pair"
SIZES = (0, 64, 1024, 8192)
NATIVE = (RAW, RAW_TRY, INLINED, POSIXMQ, NIX, OURS_RUST, OURS_RUST_TRY)
PYTHON = [label for label in contenders.PYTHON if label != MOOD_SPINNING]
# A queue whose messages are small.
SMALL = 64


def case(size: int, msgsize: int = 8192) -> str:
    return f"{size} B" if msgsize == 8192 else f"{size} B, msgsize {msgsize}"


def turns(queue: Queue, name: str, size: int, results: Results) -> dict[Key, Turn]:
    message = b"x" * size
    taking_part = {}
    for label in contenders.available((*NATIVE, *PYTHON), results):
        if label == PIPE and size == 0:
            continue
        if label in NATIVE:
            taking_part[Key(NAME, name, label)] = contenders.native_pairs(label, queue, size)
        else:
            made = contenders.PYTHON[label](queue, "mq")
            taking_part[Key(NAME, name, label)] = code.turn(code.PAIRS, made, message)
    return taking_part


def run(results: Results, seconds: float) -> None:
    cases = [(size, 8192) for size in SIZES] + [(SMALL, SMALL)]
    for size, msgsize in cases:
        with Queue(msgsize=msgsize) as queue:
            taking_part = turns(queue, case(size, msgsize), size, results)
        raw = contenders.native_pairs(RAW, queue, size)
        alternate(raw, taking_part, results, seconds=seconds / len(cases))


WORKLOAD = Workload(NAME, "a send and a receive in one process, by size", 10, run)
