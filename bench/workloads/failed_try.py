"""A try to receive from an empty queue, beside a pair that succeeds."""

import os

import posix_ipc

from bench import code, contenders, native
from bench.contenders import MINIMAL, MOOD, NIX, OURS_RUST, POSIX_IPC, POSIXMQ, RAW, RAW_TRY
from bench.measure import Key, Results, alternate, timed
from bench.queues import Queue
from bench.workloads import Workload
from mood.mqueue import MessageQueue

NAME = "failed try"
CASE = "empty queue"
SIZE = 64
NONBLOCKING = f"{MOOD}, O_NONBLOCK"
TRY = """
for _ in repeat(None, count):
    try:
        {line}
    except Error:
        pass
    else:
        raise AssertionError("the queue was not empty")
"""


def run(results: Results, seconds: float) -> None:
    with Queue() as queue:
        waiting = MessageQueue(queue.name, os.O_RDONLY)
        nonblocking = MessageQueue(queue.name, os.O_RDONLY | os.O_NONBLOCK)
        peer = posix_ipc.MessageQueue(queue.name)
        rust = {label: contenders.rust_handle(label, queue) for label in (POSIXMQ, NIX, OURS_RUST)}
    room = queue.msgsize
    minimal = {
        label: code.loop(
            TRY,
            {"mq": contenders.minimal_queue(queue), "Error": TimeoutError},
            line="mq.try_receive()",
        )
        for label in contenders.available([MINIMAL], results)
    }
    turns = {
        RAW_TRY: timed(native.raw_failed_tries, queue.fd, room),
        **minimal,
        **{label: timed(native.rust_failed_tries, it, room) for label, it in rust.items()},
        MOOD: code.loop(TRY, {"mq": waiting, "Error": TimeoutError}, line="mq.receive(timeout=0)"),
        NONBLOCKING: code.loop(
            TRY, {"mq": nonblocking, "Error": BlockingIOError}, line="mq.receive()"
        ),
        POSIX_IPC: code.loop(TRY, {"mq": peer, "Error": posix_ipc.BusyError}, line="mq.receive(0)"),
    }
    taking_part = {Key(NAME, CASE, label): turn for label, turn in turns.items()}
    pairs = contenders.native_pairs(RAW, queue, SIZE)
    alternate(pairs, taking_part, results, seconds=seconds)


WORKLOAD = Workload(NAME, "a try to receive from an empty queue", 3, run)
