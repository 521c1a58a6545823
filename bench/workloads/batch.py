"""Messages by the batch, against as many pairs one after the other."""

from bench import code, contenders, native
from bench.contenders import INLINED, MINIMAL_MANY, MOOD, MOOD_MANY, POSIX_IPC, RAW
from bench.measure import Key, Results, alternate, in_lots, timed
from bench.queues import Queue, deepest
from bench.workloads import Workload

NAME = "batch"
SIZES = (10, 100, 1_000)
BYTES = 64
IN_C = {RAW: native.raw_bursts, INLINED: native.inlined_bursts}
IN_PYTHON = {
    MINIMAL_MANY: (code.PAIRS, contenders.minimal_many),
    MOOD: (code.BURSTS, contenders.mood),
    MOOD_MANY: (code.PAIRS, contenders.mood_many),
    POSIX_IPC: (code.BURSTS, contenders.posix_ipc),
}


def run(results: Results, seconds: float) -> None:
    maxmsg = deepest(BYTES, SIZES)
    if maxmsg < SIZES[-1]:
        results.note(f"batches over {maxmsg}: not available, a queue may not be deeper")
    turns = {}
    with Queue(maxmsg, BYTES) as queue:
        for size in filter(lambda size: size <= maxmsg, SIZES):
            for label in contenders.available((*IN_C, *IN_PYTHON), results):
                if label in IN_C:
                    turn = timed(IN_C[label], queue.fd, BYTES, BYTES, size)
                else:
                    template, make = IN_PYTHON[label]
                    names = {"burst": size, "messages": [b"x" * BYTES] * size}
                    turn = code.turn(template, make(queue, "mq"), b"x" * BYTES, **names)
                turns[Key(NAME, f"batches of {size}", label)] = in_lots(turn, size)
    pairs = contenders.native_pairs(RAW, queue, BYTES)
    alternate(pairs, turns, results, seconds=seconds)


WORKLOAD = Workload(NAME, "batches of 10, 100 and 1,000 messages", 5, run)
