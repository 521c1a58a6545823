"""Sends beside a Python thread that only computes, against the same sends alone.

Who lets go of the GIL for a call has to wait for the other thread to be asked to do so, which it is
after the switch interval of 5 ms. The queue is emptied by C that keeps the GIL, so that nothing but
the sender is measured.
"""

import threading
import time

from bench import code, contenders, native
from bench.contenders import CTYPES, MOOD, POSIX_IPC
from bench.measure import Key, Results, Turn, rounds
from bench.queues import Queue
from bench.workloads import Workload

NAME = "convoy"
CASE = "beside a busy thread"
CONTENDERS = (MOOD, POSIX_IPC, CTYPES)
MESSAGE = b"x" * 64
MAXMSG = 10
ALONE_SECONDS = 0.05
BESIDE_SECONDS = 0.4
SENDS = f"""
for _ in repeat(None, {MAXMSG}):
    {{send}}
"""


def sends_in(sends: Turn, empty, seconds: float) -> float:
    """Seconds for each send."""
    count = 0
    start = time.perf_counter()
    while (now := time.perf_counter()) < start + seconds:
        sends(1)
        empty()
        count += MAXMSG
    return (now - start) / count


def compute(stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        for number in range(1000):
            number * 3


def beside_a_busy_thread(sends: Turn, empty) -> float:
    stop = threading.Event()
    busy = threading.Thread(target=compute, args=(stop,))
    busy.start()
    try:
        return sends_in(sends, empty, BESIDE_SECONDS)
    finally:
        stop.set()
        busy.join()


def run(results: Results, seconds: float) -> None:
    with Queue(MAXMSG) as queue:
        senders = {
            label: code.turn(SENDS, contenders.PYTHON[label](queue, "mq"), MESSAGE)
            for label in CONTENDERS
        }

    def empty():
        native.raw_receives_holding_the_gil(queue.fd, queue.msgsize, MAXMSG)

    for _ in rounds(seconds):
        for label, sends in senders.items():
            before = sends_in(sends, empty, ALONE_SECONDS)
            beside = beside_a_busy_thread(sends, empty)
            after = sends_in(sends, empty, ALONE_SECONDS)
            share = (before + after) / 2 / beside
            results.of(Key(NAME, CASE, label, "share")).add(beside * 1e9, share)


WORKLOAD = Workload(NAME, "sends beside a Python thread that computes", 5, run)
