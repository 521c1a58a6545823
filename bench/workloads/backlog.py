"""Many messages in a queue, with mixed priorities: the cost of each against how many there are."""

import ctypes
import random

from bench import code, contenders, native
from bench.contenders import MOOD, POSIX_IPC, RAW
from bench.measure import Key, Results, alternate, in_lots, timed
from bench.queues import Queue, deepest
from bench.workloads import Workload

NAME = "backlog"
# 5,000 fit into the usual RLIMIT_MSGQUEUE.
DEPTHS = (10, 1_000, 5_000, 10_000)
PYTHON = (MOOD, POSIX_IPC)
SIZE = 16
PRIORITIES = 32_768


def run(results: Results, seconds: float) -> None:
    maxmsg = deepest(SIZE, DEPTHS)
    depths = [depth for depth in DEPTHS if depth <= maxmsg]
    if maxmsg < DEPTHS[-1]:
        results.note(f"backlogs over {maxmsg} messages: not available, a queue may not be deeper")
    numbers = random.Random(0)
    turns = {}
    with Queue(maxmsg, SIZE) as queue:
        for depth in depths:
            case = f"{depth} deep"
            priorities = [numbers.randrange(PRIORITIES) for _ in range(depth)]
            array = (ctypes.c_uint32 * depth)(*priorities)
            backlogs = timed(native.raw_backlogs, queue.fd, SIZE, SIZE, array, depth)
            turns[Key(NAME, case, RAW)] = in_lots(backlogs, depth)
            for label in PYTHON:
                made = contenders.PYTHON[label](queue, "mq")
                names = {"priorities": priorities, "depth": depth}
                backlogs = code.turn(code.BACKLOGS, made, b"x" * SIZE, **names)
                turns[Key(NAME, case, label)] = in_lots(backlogs, depth)
    alternate(turns[Key(NAME, f"{depths[0]} deep", RAW)], turns, results, seconds=seconds)


WORKLOAD = Workload(NAME, "10 to 10,000 messages in the queue, mixed priorities", 5, run)
